//! A set of keys that somebody else publishes, and exchanges while tokens are verified with it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::{Condvar, Mutex};
use serde_json::Value;

use super::algorithm::Algorithm;
use super::jwk;
use super::ring::Ring;
use super::token::find_algorithms;
use crate::plan::PlanError;

/// The keys of an issuer, RFC 7517 §5.
///
/// It is empty until it is first replaced. Requests take the set as it stands and wait for nothing;
/// where one names a key that is not there, whoever waits in [`KeySet::wait`] hears of it.
pub struct KeySet {
    algorithms: Vec<&'static Algorithm>,
    current: ArcSwap<Ring>,
    /// What `current` was read from.
    document: Mutex<Value>,
    is_wanted: Mutex<bool>,
    called: Condvar,
}

impl KeySet {
    /// An empty set, for these algorithms alone.
    ///
    /// # Errors
    ///
    /// An algorithm that is unknown, or none at all.
    pub fn new(algorithms: &[String]) -> Result<Self, PlanError> {
        Ok(Self {
            algorithms: find_algorithms(algorithms)?,
            current: ArcSwap::default(),
            document: Mutex::default(),
            is_wanted: Mutex::default(),
            called: Condvar::new(),
        })
    }

    /// Takes the keys of a JWK or a set of them in place of those that are here. What was verified
    /// with the old ones is forgotten. False where the keys are the same as before.
    ///
    /// # Errors
    ///
    /// The document is not JSON, or has no key for the algorithms, or a private one; then the set
    /// stays as it is.
    pub fn replace(&self, document: &[u8]) -> Result<bool, String> {
        let document: Value = serde_json::from_slice(document)
            .map_err(|error| format!("It is not JSON: {error}."))?;
        let mut known = self.document.lock();
        if *known == document {
            return Ok(false);
        }
        self.current
            .store(Arc::new(jwk::read(&document, &self.algorithms)?));
        *known = document;
        Ok(true)
    }

    /// Waits until a token names a key that is not in the set (true), or somebody calls
    /// [`KeySet::wake`], or for `patience`. Names that came before count.
    pub fn wait(&self, patience: Duration) -> bool {
        let mut is_wanted = self.is_wanted.lock();
        if !*is_wanted {
            self.called.wait_for(&mut is_wanted, patience);
        }
        std::mem::take(&mut *is_wanted)
    }

    /// Ends the waiting of whoever waits.
    pub fn wake(&self) {
        // Under the lock, so that nobody who is about to wait misses it.
        let _guard = self.is_wanted.lock();
        self.called.notify_all();
    }

    /// A token names a key that is not here.
    pub(super) fn want(&self) {
        *self.is_wanted.lock() = true;
        self.called.notify_all();
    }

    pub(super) fn current(&self) -> Arc<Ring> {
        self.current.load_full()
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySet")
            .field("algorithms", &self.algorithms)
            .finish_non_exhaustive()
    }
}
