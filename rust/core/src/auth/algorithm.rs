//! The algorithms that sign tokens, and the key that each of them takes.

use std::fmt;

use aws_lc_rs::hmac::{self, HMAC_SHA256, HMAC_SHA384, HMAC_SHA512};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    VerificationAlgorithm,
};

/// A signature algorithm of RFC 7518 §3.1 or RFC 8037 §3.1.
pub(super) struct Algorithm {
    /// The exact name, as in a token's `alg`.
    pub(super) name: &'static str,
    pub(super) method: Method,
}

/// How an algorithm verifies.
#[derive(Clone, Copy)]
pub(super) enum Method {
    /// With the secret that signs.
    Shared(hmac::Algorithm),
    /// With the public key of a pair.
    Public(KeyKind, &'static dyn VerificationAlgorithm),
}

/// A kind of public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyKind {
    Rsa,
    P256,
    P384,
    P521,
    Ed25519,
}

/// Every algorithm that is supported, once.
static ALGORITHMS: [Algorithm; 13] = [
    shared("HS256", HMAC_SHA256),
    shared("HS384", HMAC_SHA384),
    shared("HS512", HMAC_SHA512),
    public("RS256", KeyKind::Rsa, &RSA_PKCS1_2048_8192_SHA256),
    public("RS384", KeyKind::Rsa, &RSA_PKCS1_2048_8192_SHA384),
    public("RS512", KeyKind::Rsa, &RSA_PKCS1_2048_8192_SHA512),
    public("PS256", KeyKind::Rsa, &RSA_PSS_2048_8192_SHA256),
    public("PS384", KeyKind::Rsa, &RSA_PSS_2048_8192_SHA384),
    public("PS512", KeyKind::Rsa, &RSA_PSS_2048_8192_SHA512),
    public("ES256", KeyKind::P256, &ECDSA_P256_SHA256_FIXED),
    public("ES384", KeyKind::P384, &ECDSA_P384_SHA384_FIXED),
    public("ES512", KeyKind::P521, &ECDSA_P521_SHA512_FIXED),
    public("EdDSA", KeyKind::Ed25519, &ED25519),
];

const fn shared(name: &'static str, hash: hmac::Algorithm) -> Algorithm {
    let method = Method::Shared(hash);
    Algorithm { name, method }
}

const fn public(
    name: &'static str,
    kind: KeyKind,
    algorithm: &'static dyn VerificationAlgorithm,
) -> Algorithm {
    let method = Method::Public(kind, algorithm);
    Algorithm { name, method }
}

impl Algorithm {
    /// The algorithm of a name, which has one spelling.
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        ALGORITHMS.iter().find(|algorithm| algorithm.name == name)
    }

    /// The kind of its public key; `None` where it takes a shared secret.
    pub(super) fn key_kind(&self) -> Option<KeyKind> {
        match self.method {
            Method::Shared(_) => None,
            Method::Public(kind, _) => Some(kind),
        }
    }
}

impl fmt::Debug for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rsa => "an RSA key",
            Self::P256 => "an EC key on P-256",
            Self::P384 => "an EC key on P-384",
            Self::P521 => "an EC key on P-521",
            Self::Ed25519 => "an Ed25519 key",
        })
    }
}
