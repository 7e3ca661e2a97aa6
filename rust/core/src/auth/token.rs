//! Signed JSON Web Tokens in compact form: RFC 7515 and RFC 7519.

use std::fmt;
use std::time::SystemTime;

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::{DecodeSliceError, Engine};
use bytes::Bytes;
use serde::de::MapAccess;

use super::algorithm::Algorithm;
use super::claims::{Claims, Expectations, Times};
use super::key::{MAX_SIGNATURE_BYTES, VerifyingKey};
use super::members::{self, Ignored, Members, Text};
use super::{RejectReason, Rejected, jwt};
use crate::plan::PlanError;

/// The longest token that is looked at. It bounds the work that a stranger can ask for before the
/// signature is known; common proxies stop at half of it, 8 KiB for one header line.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// What a token must satisfy, as the plan says it.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// Allow-list of algorithms, by their RFC 7518 names.
    pub algorithms: &'a [String],
    /// Accepted audiences; where any is given, a token must name one of them.
    pub audiences: &'a [String],
    /// Required issuer.
    pub issuer: Option<&'a str>,
    /// Tolerated clock difference, in seconds.
    pub leeway: u64,
}

/// Verifies tokens that one key signed.
pub struct Verifier {
    allowed: Vec<Allowed>,
    expected: Expectations,
}

/// An algorithm of the allow-list.
struct Allowed {
    algorithm: &'static Algorithm,
    key: VerifyingKey,
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
        let algorithms = find_algorithms(rules.algorithms)?;
        let keys = VerifyingKey::bind(key, &algorithms)?;
        let allowed = algorithms.into_iter().zip(keys);
        let allowed = allowed.map(|(algorithm, key)| Allowed::new(algorithm, key));
        // An empty name is what an unset variable looks like, and no name at all.
        if let Some(place) = rules.audiences.iter().position(String::is_empty) {
            let path = format!("audiences[{place}]");
            return Err(PlanError::new(path, "The audience is empty."));
        }
        if rules.issuer == Some("") {
            return Err(PlanError::new("issuer", "The issuer is empty."));
        }
        Ok(Self {
            allowed: allowed.collect(),
            expected: Expectations {
                audiences: rules.audiences.to_vec(),
                issuer: rules.issuer.map(str::to_owned),
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "above 2^53 seconds nobody counts them"
                )]
                leeway: rules.leeway as f64,
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
        let payload = self.verify_signature(token)?;
        let claims = Claims::parse(&payload)?;
        claims.check(&self.expected, now)?;
        let outcome = read(claims);
        Ok((Bytes::from(payload), outcome))
    }

    /// Whether a token's times are good at `now`.
    pub(super) fn check_times(&self, times: Times, now: SystemTime) -> Result<(), RejectReason> {
        times.check(self.expected.leeway, now)
    }

    /// Whether the key is the public one of a pair, so that signatures are costly.
    pub(super) fn has_public_key(&self) -> bool {
        self.allowed.iter().any(|allowed| allowed.key.is_public())
    }

    /// The decoded payload, where the signature is that of the key. Nothing of the payload is read
    /// before that is known.
    fn verify_signature(&self, token: &[u8]) -> Result<Vec<u8>, RejectReason> {
        let segments = Segments::split(token)?;
        let allowed = self.find_allowed(segments.header)?;
        let mut buffer = [0; MAX_SIGNATURE_BYTES];
        let signature = match URL_SAFE_NO_PAD.decode_slice(segments.signature, &mut buffer) {
            Ok(length) => &buffer[..length],
            Err(DecodeSliceError::OutputSliceTooSmall) => return Err(RejectReason::BadSignature),
            Err(DecodeSliceError::DecodeError(_)) => return Err(RejectReason::MalformedToken),
        };
        if allowed.key.verifies(segments.message, signature) {
            decode(segments.payload)
        } else {
            Err(RejectReason::BadSignature)
        }
    }

    /// What the header asks for, if it may.
    fn find_allowed(&self, header: &[u8]) -> Result<&Allowed, RejectReason> {
        if let Some(known) = self.allowed.iter().find(|allowed| allowed.expects(header)) {
            return Ok(known);
        }
        let header = decode(header)?;
        let header: Header = members::parse(&header, RejectReason::MalformedToken)?;
        if header.is_critical {
            return Err(RejectReason::CriticalExtension);
        }
        let wanted = header.algorithm.ok_or(RejectReason::AlgorithmNotAllowed)?;
        let mut allowed = self.allowed.iter();
        allowed
            .find(|allowed| allowed.algorithm.name == wanted.name)
            .ok_or(RejectReason::AlgorithmNotAllowed)
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
    fn new(algorithm: &'static Algorithm, key: VerifyingKey) -> Self {
        let name = algorithm.name;
        let headers = [
            format!(r#"{{"alg":"{name}","typ":"JWT"}}"#),
            format!(r#"{{"typ":"JWT","alg":"{name}"}}"#),
            format!(r#"{{"alg":"{name}"}}"#),
        ];
        Self {
            algorithm,
            key,
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
fn find_algorithms(names: &[String]) -> Result<Vec<&'static Algorithm>, PlanError> {
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
struct Header {
    algorithm: Option<&'static Algorithm>,
    is_critical: bool,
}

impl<'de> Members<'de> for Header {
    fn read<A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            "alg" => {
                let Text(algorithm) = values.next_value()?;
                self.algorithm = Algorithm::find(&algorithm);
            }
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
