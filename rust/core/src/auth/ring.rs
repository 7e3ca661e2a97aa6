//! The keys of one authentication class, and which of them a token is verified with.

use std::sync::Arc;

use super::RejectReason;
use super::algorithm::Algorithm;
use super::key::VerifyingKey;
use super::key_set::KeySet;
use crate::plan::PlanError;

/// Most keys that a token without `kid` is tried with: a bound of the work that it asks for.
const MOST_TRIED: usize = 8;

/// Keys, each bound to one algorithm.
#[derive(Default)]
pub(super) struct Ring(Vec<BoundKey>);

/// A key and the one algorithm that it verifies.
pub(super) struct BoundKey {
    /// `kid`, RFC 7517 §4.5.
    pub(super) id: Option<String>,
    pub(super) algorithm: &'static Algorithm,
    pub(super) key: VerifyingKey,
}

/// What a token's header says of its key.
pub(super) struct Wanted<'a> {
    pub(super) algorithm: &'static Algorithm,
    pub(super) id: Option<&'a str>,
}

impl Ring {
    pub(super) fn new(keys: Vec<BoundKey>) -> Self {
        Self(keys)
    }

    /// A ring of keys without ids, each for every one of the algorithms.
    pub(super) fn of_keys(
        keys: &[&[u8]],
        algorithms: &[&'static Algorithm],
    ) -> Result<Self, PlanError> {
        if keys.len() > MOST_TRIED {
            let message = format!(
                "There are {} keys; at most {MOST_TRIED} are tried.",
                keys.len()
            );
            return Err(PlanError::new("secrets", message));
        }
        let mut bound = Vec::with_capacity(keys.len() * algorithms.len());
        for key in keys {
            let keys = VerifyingKey::bind(key, algorithms)?;
            bound.extend(
                algorithms
                    .iter()
                    .zip(keys)
                    .map(|(algorithm, key)| BoundKey {
                        id: None,
                        algorithm,
                        key,
                    }),
            );
        }
        Ok(Self(bound))
    }

    /// Checks a signature with the key that the header names, or with each that it may mean.
    pub(super) fn verify(
        &self,
        wanted: &Wanted<'_>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), RejectReason> {
        let suits = |key: &&BoundKey| key.algorithm.name == wanted.algorithm.name;
        let named = |key: &&BoundKey| key.id.is_some() && key.id.as_deref() == wanted.id;
        let verifies = |key: &BoundKey| key.key.verifies(message, signature);
        // A key that has no id may be meant by any; one that has is meant by its own alone.
        let nameless = |key: &&BoundKey| wanted.id.is_none() || key.id.is_none();
        let found = if wanted.id.is_some() && self.0.iter().any(|key| named(&key)) {
            let mut keys = self.0.iter().filter(named).filter(suits).peekable();
            if keys.peek().is_none() {
                return Err(RejectReason::AlgorithmNotAllowed);
            }
            keys.any(verifies)
        } else {
            let keys = || self.0.iter().filter(nameless).filter(suits);
            match keys().take(MOST_TRIED + 1).count() {
                0 => return Err(self.without_candidate(wanted)),
                1..=MOST_TRIED => keys().any(verifies),
                _ => return Err(RejectReason::MissingKeyId),
            }
        };
        if found {
            Ok(())
        } else {
            Err(RejectReason::BadSignature)
        }
    }

    fn without_candidate(&self, wanted: &Wanted<'_>) -> RejectReason {
        if self.0.is_empty() {
            RejectReason::NoKeys
        } else if wanted.id.is_some() {
            RejectReason::UnknownKeyId
        } else {
            RejectReason::AlgorithmNotAllowed
        }
    }
}

/// Where a class has its keys from.
pub(super) enum Keys {
    /// For as long as the application lives.
    Fixed(Ring),
    /// From a set that is exchanged while requests are verified.
    Shared(Arc<KeySet>),
}
