//! Signed JSON Web Tokens in compact form: RFC 7515 and RFC 7519.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::{DecodeSliceError, Engine};
use bytes::Bytes;
use serde::de::MapAccess;

use super::algorithm::Algorithm;
use super::claims::{Claims, Expectations, Times};
use super::key::MAX_SIGNATURE_BYTES;
use super::key_set::KeySet;
use super::members::{self, Ignored, Members, Text};
use super::ring::{Keys, Ring, Wanted};
use super::{RejectReason, Rejected, jwt};
use crate::plan::PlanError;

/// The longest token that is looked at. It bounds the work that a stranger can ask for before the
/// signature is known; common proxies stop at half of it, 8 KiB for one header line.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// What a token must satisfy, as the plan says it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rules<'a> {
    /// Allow-list of algorithms, by their RFC 7518 names.
    pub algorithms: &'a [String],
    /// Accepted audiences; where any is given, a token must name one of them.
    pub audiences: &'a [String],
    /// Required issuer.
    pub issuer: Option<&'a str>,
    /// Tolerated clock difference, in seconds.
    pub leeway: u64,
    /// What the claim `token_type` must be; `None` is `access`, or no such claim.
    pub token_type: Option<&'a str>,
    /// The claim that names the user, and must be there; `None` is `sub`, which may be missing.
    pub user_id_claim: Option<&'a str>,
    /// Whether a token must have `jti`.
    pub is_revocable: bool,
}

/// Verifies tokens that one key signed, or one of several.
pub struct Verifier {
    allowed: Vec<Allowed>,
    keys: Keys,
    expected: Expectations,
}

/// An algorithm of the allow-list.
struct Allowed {
    algorithm: &'static Algorithm,
    /// Headers that say nothing but the algorithm, encoded: most tokens have one of them.
    headers: [String; 3],
}

impl Verifier {
    /// Binds a key to rules.
    ///
    /// # Errors
    ///
    /// No algorithm, an unknown one, or several that take keys of different kinds; a key of another
    /// kind, or none that should be used (see [`super::signing::TokenError`] for shared secrets); an
    /// empty audience or issuer. Paths are relative: `secret`, `algorithms[0]`.
    pub fn new(key: &[u8], rules: &Rules<'_>) -> Result<Self, PlanError> {
        Self::with_keys(&[key], rules)
    }

    /// Binds several keys of one kind to rules; a token may be signed by any of them.
    ///
    /// # Errors
    ///
    /// See [`Verifier::new`]; too many keys as well.
    pub fn with_keys(keys: &[&[u8]], rules: &Rules<'_>) -> Result<Self, PlanError> {
        let algorithms = find_algorithms(rules.algorithms)?;
        let ring = Ring::of_keys(keys, &algorithms)?;
        Self::build(algorithms, Keys::Fixed(ring), rules)
    }

    /// Binds a set of keys to rules.
    ///
    /// # Errors
    ///
    /// See [`Verifier::new`], as to algorithms, audiences and issuer.
    pub fn with_key_set(keys: Arc<KeySet>, rules: &Rules<'_>) -> Result<Self, PlanError> {
        let algorithms = find_algorithms(rules.algorithms)?;
        Self::build(algorithms, Keys::Shared(keys), rules)
    }

    fn build(
        algorithms: Vec<&'static Algorithm>,
        keys: Keys,
        rules: &Rules<'_>,
    ) -> Result<Self, PlanError> {
        // An empty name is what an unset variable looks like, and no name at all.
        if let Some(place) = rules.audiences.iter().position(String::is_empty) {
            let path = format!("audiences[{place}]");
            return Err(PlanError::new(path, "The audience is empty."));
        }
        let named = [
            ("issuer", "The issuer is empty.", rules.issuer),
            ("token_type", "The type is empty.", rules.token_type),
            ("user_id_claim", "The claim is empty.", rules.user_id_claim),
        ];
        for (path, message, name) in named {
            if name == Some("") {
                return Err(PlanError::new(path, message));
            }
        }
        Ok(Self {
            allowed: algorithms.into_iter().map(Allowed::new).collect(),
            keys,
            expected: Expectations {
                audiences: rules.audiences.to_vec(),
                issuer: rules.issuer.map(str::to_owned),
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "above 2^53 seconds nobody counts them"
                )]
                leeway: rules.leeway as f64,
                token_type: rules.token_type.map(str::to_owned),
                user_id_claim: rules.user_id_claim.map(str::to_owned),
                is_revocable: rules.is_revocable,
            },
        })
    }

    /// The payload of a token, as it was signed, where signature and claims are good at `now`.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the token.
    pub fn verify(&self, token: &[u8], now: SystemTime) -> Result<Bytes, Rejected> {
        self.verify_with(token, now, |_| ())
            .map(|(payload, ())| payload)
            .map_err(|reason| Rejected::new(reason, jwt::INVALID_TOKEN))
    }

    /// Verifies, and hands the claims of a good token to `read` while they are still at hand.
    pub(super) fn verify_with<T>(
        &self,
        token: &[u8],
        now: SystemTime,
        read: impl FnOnce(Claims<'_>) -> T,
    ) -> Result<(Bytes, T), RejectReason> {
        match &self.keys {
            Keys::Fixed(ring) => self.verify_by(ring, token, now, read),
            Keys::Shared(keys) => self.verify_by(&keys.current(), token, now, read),
        }
    }

    /// Verifies with the keys of a ring.
    pub(super) fn verify_by<T>(
        &self,
        ring: &Ring,
        token: &[u8],
        now: SystemTime,
        read: impl FnOnce(Claims<'_>) -> T,
    ) -> Result<(Bytes, T), RejectReason> {
        let payload = self.verify_signature(ring, token)?;
        let claims = Claims::parse(&payload, &self.expected)?;
        claims.check(&self.expected, now)?;
        let outcome = read(claims);
        Ok((Bytes::from(payload), outcome))
    }

    /// Whether a token's times are good at `now`.
    pub(super) fn check_times(&self, times: Times, now: SystemTime) -> Result<(), RejectReason> {
        times.check(self.expected.leeway, now)
    }

    /// Whether a key is the public one of a pair, so that signatures are costly.
    pub(super) fn has_public_key(&self) -> bool {
        let mut allowed = self.allowed.iter();
        allowed.any(|allowed| allowed.algorithm.key_kind().is_some())
    }

    /// The set that the keys are in, where it may be exchanged.
    pub(super) fn key_set(&self) -> Option<&KeySet> {
        match &self.keys {
            Keys::Fixed(_) => None,
            Keys::Shared(keys) => Some(keys),
        }
    }

    /// The decoded payload, where the signature is that of a key. Nothing of the payload is read
    /// before that is known.
    fn verify_signature(&self, ring: &Ring, token: &[u8]) -> Result<Vec<u8>, RejectReason> {
        let segments = Segments::split(token)?;
        let (decoded, header);
        let wanted = if let Some(algorithm) = self.recognise(segments.header) {
            Wanted {
                algorithm,
                id: None,
            }
        } else {
            decoded = decode(segments.header)?;
            header = members::parse(&decoded, RejectReason::MalformedToken)?;
            self.read_wanted(&header)?
        };
        let mut buffer = [0; MAX_SIGNATURE_BYTES];
        let signature = match URL_SAFE_NO_PAD.decode_slice(segments.signature, &mut buffer) {
            Ok(length) => &buffer[..length],
            Err(DecodeSliceError::OutputSliceTooSmall) => return Err(RejectReason::BadSignature),
            Err(DecodeSliceError::DecodeError(_)) => return Err(RejectReason::MalformedToken),
        };
        ring.verify(&wanted, segments.message, signature)?;
        decode(segments.payload)
    }

    /// The algorithm of a header that says nothing else.
    fn recognise(&self, header: &[u8]) -> Option<&'static Algorithm> {
        let known = self
            .allowed
            .iter()
            .find(|allowed| allowed.expects(header))?;
        Some(known.algorithm)
    }

    /// What the header asks for, if it may.
    fn read_wanted<'h>(&self, header: &'h Header<'_>) -> Result<Wanted<'h>, RejectReason> {
        if header.is_critical {
            return Err(RejectReason::CriticalExtension);
        }
        let algorithm = header.algorithm.ok_or(RejectReason::AlgorithmNotAllowed)?;
        if !self
            .allowed
            .iter()
            .any(|allowed| allowed.algorithm.name == algorithm.name)
        {
            return Err(RejectReason::AlgorithmNotAllowed);
        }
        let id = header.key_id.as_ref().map(|Text(id)| id.as_ref());
        Ok(Wanted { algorithm, id })
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let algorithms = self.allowed.iter().map(|allowed| allowed.algorithm);
        f.debug_struct("Verifier")
            .field("algorithms", &algorithms.collect::<Vec<_>>())
            .field("expected", &self.expected)
            .finish_non_exhaustive()
    }
}

impl Allowed {
    fn new(algorithm: &'static Algorithm) -> Self {
        let name = algorithm.name;
        let headers = [
            format!(r#"{{"alg":"{name}","typ":"JWT"}}"#),
            format!(r#"{{"typ":"JWT","alg":"{name}"}}"#),
            format!(r#"{{"alg":"{name}"}}"#),
        ];
        Self {
            algorithm,
            headers: headers.map(|header| URL_SAFE_NO_PAD.encode(header)),
        }
    }

    /// Whether an encoded header is one of those that need not be read.
    fn expects(&self, header: &[u8]) -> bool {
        self.headers.iter().any(|known| known.as_bytes() == header)
    }
}

const UNKNOWN_ALGORITHM: &str = "The algorithm is unknown. There are HS, RS, PS and ES with 256, \
    384 and 512 behind it, and EdDSA.";

/// The algorithms of a list of names.
pub(super) fn find_algorithms(names: &[String]) -> Result<Vec<&'static Algorithm>, PlanError> {
    if names.is_empty() {
        let message = "The list of allowed algorithms is empty.";
        return Err(PlanError::new("algorithms", message));
    }
    let find = |(place, name): (usize, &String)| {
        let unknown = || PlanError::new(format!("algorithms[{place}]"), UNKNOWN_ALGORITHM);
        Algorithm::find(name).ok_or_else(unknown)
    };
    names.iter().enumerate().map(find).collect()
}

/// The three parts of a compact JWS, RFC 7515 §7.1.
struct Segments<'a> {
    header: &'a [u8],
    payload: &'a [u8],
    signature: &'a [u8],
    /// What is signed: the header and the payload with the dot between them.
    message: &'a [u8],
}

impl<'a> Segments<'a> {
    fn split(token: &'a [u8]) -> Result<Self, RejectReason> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(RejectReason::TokenTooLarge);
        }
        let is_dot = |byte: &u8| *byte == b'.';
        let (message, signature) = split_at_dot(token, token.iter().rposition(is_dot))?;
        let (header, payload) = split_at_dot(message, message.iter().position(is_dot))?;
        // One dot too many, which is found here before anything costs time.
        if payload.contains(&b'.') {
            return Err(RejectReason::MalformedToken);
        }
        Ok(Self {
            header,
            payload,
            signature,
            message,
        })
    }
}

/// What stands before and behind the dot at `place`.
fn split_at_dot(text: &[u8], place: Option<usize>) -> Result<(&[u8], &[u8]), RejectReason> {
    let place = place.ok_or(RejectReason::MalformedToken)?;
    Ok((&text[..place], &text[place + 1..]))
}

/// The header parameters that decide something. `jku`, `x5u`, `jwk` and `x5c` would let a token
/// name the key that it is verified with; like everything else in the header they are passed over.
#[derive(Default)]
struct Header<'a> {
    algorithm: Option<&'static Algorithm>,
    key_id: Option<Text<'a>>,
    is_critical: bool,
}

impl<'de> Members<'de> for Header<'de> {
    fn read<A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            "alg" => {
                let Text(algorithm) = values.next_value()?;
                self.algorithm = Algorithm::find(&algorithm);
            }
            "kid" => self.key_id = Some(values.next_value()?),
            "crit" => {
                self.is_critical = true;
                values.next_value::<Ignored>()?;
            }
            _ => {
                values.next_value::<Ignored>()?;
            }
        }
        Ok(())
    }
}

/// base64url without padding, blanks or stray bits, RFC 7515 §2: one text for each run of bytes.
fn decode(segment: &[u8]) -> Result<Vec<u8>, RejectReason> {
    let mut decoded = vec![0; segment.len() / 4 * 3 + (segment.len() % 4).saturating_sub(1)];
    match URL_SAFE_NO_PAD.decode_slice(segment, &mut decoded) {
        Ok(_) => Ok(decoded),
        Err(_) => Err(RejectReason::MalformedToken),
    }
}
