//! Making tokens, for Python's utilities.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::MapAccess;

use super::RejectReason;
use super::algorithm::{Algorithm, Method};
use super::members::{self, Ignored, Members};
use super::token::MAX_TOKEN_BYTES;

/// Signs a payload.
///
/// The payload is signed as it stands, byte for byte, so that what the caller encoded is what a
/// verifier reads.
///
/// # Errors
///
/// See [`TokenError`].
pub fn encode(claims_json: &[u8], algorithm: &str, key: &[u8]) -> Result<String, TokenError> {
    check_secret(key)?;
    let (name, hash) = find_algorithm(algorithm)?;
    members::parse::<AnyMembers>(claims_json, RejectReason::MalformedClaims)
        .map_err(|_| TokenError::MalformedClaims)?;
    let header = format!("{{\"alg\":\"{name}\",\"typ\":\"JWT\"}}");
    let mut token = URL_SAFE_NO_PAD.encode(header);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(claims_json, &mut token);
    let signature = hmac::sign(&hmac::Key::new(hash, key), token.as_bytes());
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
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
        })
    }
}

impl std::error::Error for TokenError {}

/// Any object: only its form matters.
#[derive(Default)]
struct AnyMembers;

impl<'de> Members<'de> for AnyMembers {
    fn read<A: MapAccess<'de>>(&mut self, _: &str, values: &mut A) -> Result<(), A::Error> {
        values.next_value::<Ignored>().map(|_| ())
    }
}

/// An algorithm that signs with a shared secret.
fn find_algorithm(name: &str) -> Result<(&'static str, hmac::Algorithm), TokenError> {
    match Algorithm::find(name).map(|found| (found.name, found.method)) {
        Some((name, Method::Shared(hash))) => Ok((name, hash)),
        Some((_, Method::Public(..))) => Err(TokenError::WrongKeyType),
        None => Err(TokenError::UnknownAlgorithm),
    }
}

/// Refuses what is no shared secret: nothing at all, PEM and SSH keys, and a JWK.
pub(super) fn check_secret(key: &[u8]) -> Result<(), TokenError> {
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
