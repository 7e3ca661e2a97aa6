//! A key that verifies, set up once for each algorithm that it is used with.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;

use super::algorithm::{Algorithm, Method};
use super::signing;
use crate::plan::PlanError;

/// The bytes of the longest signature: SHA-512's.
pub(super) const MAX_SIGNATURE_BYTES: usize = 64;

/// A key and the algorithm that it is bound to.
pub(super) enum VerifyingKey {
    /// The state of the hash after the padded key, twice.
    Shared(Box<hmac::Key>),
}

impl VerifyingKey {
    /// Sets the key up for each of the algorithms.
    pub(super) fn bind(
        key: &[u8],
        algorithms: &[&'static Algorithm],
    ) -> Result<Vec<Self>, PlanError> {
        signing::check_key(key).map_err(|error| PlanError::new("secret", error.to_string()))?;
        let bind = |algorithm: &&Algorithm| match algorithm.method {
            Method::Shared(hash) => Self::Shared(Box::new(hmac::Key::new(hash, key))),
        };
        Ok(algorithms.iter().map(bind).collect())
    }

    /// Whether the signature is that of the key. A shared secret's is compared in a time that does
    /// not depend on where they differ.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Shared(key) => {
                // `hmac::verify` does the same, and moves its context of 700 bytes about more often.
                let mut buffer = [0; MAX_SIGNATURE_BYTES];
                hmac::sign_to_buffer(key, message, &mut buffer)
                    .and_then(|own| verify_slices_are_equal(own, signature))
                    .is_ok()
            }
        }
    }
}
