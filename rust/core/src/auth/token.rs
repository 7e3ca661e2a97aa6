//! Signed JSON Web Tokens in compact form: RFC 7515 and RFC 7519 under a shared secret.
//!
//! Signatures are the `jsonwebtoken` crate's, [`jsonwebtoken::crypto`]. Its claim checks are not
//! used: it parses the header into a map and the payload twice, accepts what is refused here
//! (duplicate names, `crit`), and reads the clock by itself.

use std::fmt;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use serde::de::MapAccess;

use super::claims::{Claims, Expectations};
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
#[derive(Clone)]
pub struct Verifier {
    key: DecodingKey,
    algorithms: Vec<Algorithm>,
    expected: Expectations,
}

impl Verifier {
    /// Binds a key to rules.
    ///
    /// # Errors
    ///
    /// A key that is empty or is a key document, no algorithm or one that does not sign with a shared
    /// secret, an empty audience or issuer. Paths are relative: `secret`, `algorithms[0]`.
    pub fn new(key: &[u8], rules: &Rules<'_>) -> Result<Self, PlanError> {
        check_key(key).map_err(|error| PlanError::new("secret", error.to_string()))?;
        if rules.algorithms.is_empty() {
            let message = "The list of allowed algorithms is empty.";
            return Err(PlanError::new("algorithms", message));
        }
        let algorithms = rules
            .algorithms
            .iter()
            .enumerate()
            .map(|(place, name)| {
                find_algorithm(name).map_err(|error| {
                    PlanError::new(format!("algorithms[{place}]"), error.to_string())
                })
            })
            .collect::<Result<_, _>>()?;
        // An empty name is what an unset variable looks like, and no name at all.
        if let Some(place) = rules.audiences.iter().position(String::is_empty) {
            let path = format!("audiences[{place}]");
            return Err(PlanError::new(path, "The audience is empty."));
        }
        if rules.issuer == Some("") {
            return Err(PlanError::new("issuer", "The issuer is empty."));
        }
        Ok(Self {
            key: DecodingKey::from_secret(key),
            algorithms,
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

    /// The decoded payload, where the signature is that of the key. Nothing of the payload is read
    /// before that is known.
    fn verify_signature(&self, token: &[u8]) -> Result<Vec<u8>, RejectReason> {
        let segments = Segments::split(token)?;
        let header = decode(segments.header)?;
        let header: Header = members::parse(&header, RejectReason::MalformedToken)?;
        if header.is_critical {
            return Err(RejectReason::CriticalExtension);
        }
        let algorithm = header.algorithm.ok_or(RejectReason::AlgorithmNotAllowed)?;
        if !self.algorithms.contains(&algorithm) {
            return Err(RejectReason::AlgorithmNotAllowed);
        }
        let (signature, message) = (segments.signature, segments.message.as_bytes());
        match jsonwebtoken::crypto::verify(signature, message, &self.key, algorithm) {
            Ok(true) => decode(segments.payload),
            Ok(false) => Err(RejectReason::BadSignature),
            // The signature is not base64url; the key was checked in `new`.
            Err(_) => Err(RejectReason::MalformedToken),
        }
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("algorithms", &self.algorithms)
            .field("expected", &self.expected)
            .finish_non_exhaustive()
    }
}

/// Signs a payload.
///
/// The payload is signed as it stands, byte for byte, so that what the caller encoded is what a
/// verifier reads.
///
/// # Errors
///
/// See [`TokenError`].
pub fn encode(claims_json: &[u8], algorithm: &str, key: &[u8]) -> Result<String, TokenError> {
    check_key(key)?;
    let algorithm = find_algorithm(algorithm)?;
    members::parse::<AnyMembers>(claims_json, RejectReason::MalformedClaims)
        .map_err(|_| TokenError::MalformedClaims)?;
    let header = format!("{{\"alg\":\"{algorithm:?}\",\"typ\":\"JWT\"}}");
    let mut token = URL_SAFE_NO_PAD.encode(header);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(claims_json, &mut token);
    let key = EncodingKey::from_secret(key);
    let signature = jsonwebtoken::crypto::sign(token.as_bytes(), &key, algorithm)
        .map_err(|_| TokenError::Signing)?;
    token.push('.');
    token.push_str(&signature);
    if token.len() > MAX_TOKEN_BYTES {
        return Err(TokenError::TooLarge);
    }
    Ok(token)
}

/// Why a key cannot sign, or a token cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenError {
    /// The key has no bytes, so that anybody could sign.
    EmptyKey,
    /// The key is a PEM, SSH or JWK document. Such bytes are often public: as an HMAC key they would
    /// let everybody sign who can read them, RFC 8725 §2.1.
    KeyDocument,
    /// The algorithm exists, and does not sign with a shared secret.
    WrongKeyType,
    /// There is no such algorithm, or it is `none`.
    UnknownAlgorithm,
    /// The claims are not one JSON object with unique names.
    MalformedClaims,
    /// The token would be longer than [`MAX_TOKEN_BYTES`], and refused by whoever verifies it here.
    TooLarge,
    /// The cryptographic library refused to sign.
    Signing,
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EmptyKey => "The secret is empty.",
            Self::KeyDocument => "The secret is a PEM, SSH or JWK document, not a shared secret.",
            Self::WrongKeyType => {
                "The algorithm needs an asymmetric key; a shared secret signs with HS256, HS384 \
                 or HS512."
            }
            Self::UnknownAlgorithm => "The algorithm is unknown; HS256, HS384 and HS512 are known.",
            Self::MalformedClaims => "The claims are not a JSON object with unique names.",
            Self::TooLarge => "The token would be longer than 16 KiB.",
            Self::Signing => "The token could not be signed.",
        })
    }
}

impl std::error::Error for TokenError {}

/// The three parts of a compact JWS, RFC 7515 §7.1.
struct Segments<'a> {
    header: &'a str,
    payload: &'a str,
    signature: &'a str,
    /// What is signed: the header and the payload with the dot between them.
    message: &'a str,
}

impl<'a> Segments<'a> {
    fn split(token: &'a [u8]) -> Result<Self, RejectReason> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(RejectReason::TokenTooLarge);
        }
        let split = || {
            let token = std::str::from_utf8(token).ok()?;
            let (message, signature) = token.rsplit_once('.')?;
            let (header, payload) = message.split_once('.')?;
            (!payload.contains('.')).then_some(Self {
                header,
                payload,
                signature,
                message,
            })
        };
        split().ok_or(RejectReason::MalformedToken)
    }
}

/// The header parameters that decide something. `jku`, `x5u`, `jwk` and `x5c` would let a token
/// name the key that it is verified with; like everything else in the header they are passed over.
#[derive(Default)]
struct Header {
    algorithm: Option<Algorithm>,
    is_critical: bool,
}

impl<'de> Members<'de> for Header {
    fn read<A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            "alg" => {
                let Text(algorithm) = values.next_value()?;
                self.algorithm = find_algorithm(&algorithm).ok();
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

/// Any object: only its form matters.
#[derive(Default)]
struct AnyMembers;

impl<'de> Members<'de> for AnyMembers {
    fn read<A: MapAccess<'de>>(&mut self, _: &str, values: &mut A) -> Result<(), A::Error> {
        values.next_value::<Ignored>().map(|_| ())
    }
}

/// base64url without padding, blanks or stray bits, RFC 7515 §2: one text for each run of bytes.
fn decode(segment: &str) -> Result<Vec<u8>, RejectReason> {
    URL_SAFE_NO_PAD
        .decode(segment)
        .map_err(|_| RejectReason::MalformedToken)
}

/// An algorithm that signs with a shared secret, by its exact RFC 7518 §3.1 name.
fn find_algorithm(name: &str) -> Result<Algorithm, TokenError> {
    match name {
        "HS256" => Ok(Algorithm::HS256),
        "HS384" => Ok(Algorithm::HS384),
        "HS512" => Ok(Algorithm::HS512),
        _ if name.parse::<Algorithm>().is_ok() => Err(TokenError::WrongKeyType),
        _ => Err(TokenError::UnknownAlgorithm),
    }
}

/// Refuses what is no shared secret: nothing at all, PEM and SSH keys, and a JWK.
fn check_key(key: &[u8]) -> Result<(), TokenError> {
    const MARKS: [&[u8]; 5] = [
        b"-----BEGIN ",
        b"---- BEGIN ",
        b"ssh-rsa ",
        b"ssh-ed25519 ",
        b"ecdsa-sha2-",
    ];
    if key.is_empty() {
        return Err(TokenError::EmptyKey);
    }
    let key = key.trim_ascii_start();
    let is_jwk = || {
        serde_json::from_slice::<serde_json::Value>(key).is_ok_and(|jwk| jwk.get("kty").is_some())
    };
    if MARKS.iter().any(|mark| key.starts_with(mark)) || (key.starts_with(b"{") && is_jwk()) {
        return Err(TokenError::KeyDocument);
    }
    Ok(())
}
