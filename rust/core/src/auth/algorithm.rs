//! The algorithms that sign tokens, RFC 7518 §3.1, and the key that each of them takes.

use std::fmt;

use aws_lc_rs::hmac;

/// A signature algorithm; each exists once, in a table.
pub(super) struct Algorithm {
    /// The exact name, as in a token's `alg`.
    pub(super) name: &'static str,
    pub(super) method: Method,
}

/// How an algorithm verifies.
pub(super) enum Method {
    /// With the secret that signs.
    Shared(hmac::Algorithm),
}

static ALGORITHMS: [Algorithm; 3] = [
    shared("HS256", hmac::HMAC_SHA256),
    shared("HS384", hmac::HMAC_SHA384),
    shared("HS512", hmac::HMAC_SHA512),
];

/// Names that RFC 7518 and RFC 8037 know, and that need a key pair.
const ASYMMETRIC: [&str; 10] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
];

const fn shared(name: &'static str, hash: hmac::Algorithm) -> Algorithm {
    Algorithm {
        name,
        method: Method::Shared(hash),
    }
}

impl Algorithm {
    /// The algorithm of a name, which has one spelling.
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        ALGORITHMS.iter().find(|algorithm| algorithm.name == name)
    }

    /// Whether an algorithm of this name needs a key pair.
    pub(super) fn is_asymmetric(name: &str) -> bool {
        ASYMMETRIC.contains(&name)
    }
}

impl fmt::Debug for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
