//! A key that verifies, set up once for each algorithm that it is used with.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use aws_lc_rs::signature::ParsedPublicKey;

use super::algorithm::{Algorithm, Method};
use super::public_key::PublicKey;
use super::signing;
use crate::plan::PlanError;

/// The bytes of the longest signature, that of an RSA key of 8192 bits.
pub(super) const MAX_SIGNATURE_BYTES: usize = 1024;

/// The bytes of SHA-512's tag, the longest of a shared secret.
const MAX_TAG_BYTES: usize = 64;

/// A key and the algorithm that it is bound to.
pub(super) enum VerifyingKey {
    /// The hash's state after the padded key.
    Shared(Box<hmac::Key>),
    Public(ParsedPublicKey),
}

impl VerifyingKey {
    /// Sets the key up for each of the algorithms.
    ///
    /// They all take a key of one kind. Whoever sends a token chooses among them, and could have a
    /// public key serve as a shared secret otherwise, RFC 8725 §2.1.
    pub(super) fn bind(
        key: &[u8],
        algorithms: &[&'static Algorithm],
    ) -> Result<Vec<Self>, PlanError> {
        check_one_kind(algorithms)?;
        Material::read(key, algorithms)
            .and_then(|material| {
                let bind = |algorithm: &&Algorithm| material.bind(algorithm);
                algorithms.iter().map(bind).collect()
            })
            .map_err(|message| PlanError::new("secret", message))
    }

    /// Sets a public key up for an algorithm of its kind.
    pub(super) fn of_public(key: &PublicKey, algorithm: &Algorithm) -> Result<Self, String> {
        match algorithm.method {
            Method::Public(kind, method) if kind == key.kind => {
                key.bind(method).map(VerifyingKey::Public)
            }
            _ => Err(format!("{} does not take {}.", algorithm.name, key.kind)),
        }
    }

    /// Sets a shared secret up for an algorithm that takes one.
    pub(super) fn of_secret(secret: &[u8], algorithm: &Algorithm) -> Result<Self, String> {
        signing::check_secret(secret).map_err(|error| error.to_string())?;
        match algorithm.method {
            Method::Shared(hash) => Ok(Self::Shared(Box::new(hmac::Key::new(hash, secret)))),
            Method::Public(..) => Err(format!("{} takes no shared secret.", algorithm.name)),
        }
    }

    /// Whether the signature is that of the key. A shared secret's is compared in a time that does
    /// not depend on where they differ.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Shared(key) => {
                // `hmac::verify` does the same, and moves its context of 700 bytes about more often.
                let mut buffer = [0; MAX_TAG_BYTES];
                hmac::sign_to_buffer(key, message, &mut buffer)
                    .and_then(|own| verify_slices_are_equal(own, signature))
                    .is_ok()
            }
            Self::Public(key) => key.verify_sig(message, signature).is_ok(),
        }
    }
}

/// What a key is made of.
enum Material<'a> {
    Secret(&'a [u8]),
    Public(PublicKey),
}

impl<'a> Material<'a> {
    /// Reads a key of the kind that the algorithms take.
    fn read(key: &'a [u8], algorithms: &[&Algorithm]) -> Result<Self, String> {
        let Some(first) = algorithms.first() else {
            return Err("There is no algorithm that the key could be for.".to_owned());
        };
        let Some(wanted) = first.key_kind() else {
            signing::check_secret(key).map_err(|error| error.to_string())?;
            return Ok(Self::Secret(key));
        };
        let key = PublicKey::read(key)?;
        if key.kind == wanted {
            return Ok(Self::Public(key));
        }
        Err(format!(
            "{} takes {wanted}, and this is {}.",
            first.name, key.kind
        ))
    }

    fn bind(&self, algorithm: &Algorithm) -> Result<VerifyingKey, String> {
        match self {
            Self::Secret(secret) => VerifyingKey::of_secret(secret, algorithm),
            Self::Public(key) => VerifyingKey::of_public(key, algorithm),
        }
    }
}

fn check_one_kind(algorithms: &[&Algorithm]) -> Result<(), PlanError> {
    let kind = |algorithm: &&Algorithm| algorithm.key_kind();
    let first = algorithms.first().map(kind);
    let Some(place) = algorithms
        .iter()
        .position(|algorithm| Some(kind(algorithm)) != first)
    else {
        return Ok(());
    };
    let describe = |algorithm: &Algorithm| match algorithm.key_kind() {
        None => format!("{} takes a shared secret", algorithm.name),
        Some(kind) => format!("{} takes {kind}", algorithm.name),
    };
    let (first, other) = (describe(algorithms[0]), describe(algorithms[place]));
    let message = format!("{first} and {other}: one key cannot be both.");
    Err(PlanError::new(format!("algorithms[{place}]"), message))
}
