//! Tokens that were taken back before they expired.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::RwLock;

/// Ids of tokens that this process was told to refuse, each until its token has expired anyway.
#[derive(Debug, Default)]
pub struct RevokedTokens(RwLock<Entries>);

#[derive(Debug, Default)]
struct Entries {
    /// By id, in seconds since 1970, when it may be forgotten.
    expiries: HashMap<String, f64>,
    /// How many there may be until the next look for those that may be forgotten.
    threshold: usize,
}

/// Below it, nobody looks for what may be forgotten.
const FEW: usize = 1024;

impl RevokedTokens {
    /// Adds an id until `expires_at`, in seconds since 1970. False where it was here already, which
    /// tells one of two callers alone that it was the first.
    pub fn insert(&self, id: &str, expires_at: f64, now: SystemTime) -> bool {
        let mut entries = self.0.write();
        if let Some(expiry) = entries.expiries.get_mut(id) {
            *expiry = expiry.max(expires_at);
            return false;
        }
        entries.expiries.insert(id.to_owned(), expires_at);
        entries.forget_expired(now);
        true
    }

    /// Whether one of the ids is here.
    pub fn contains<S: AsRef<str>>(&self, ids: &[S]) -> bool {
        let entries = self.0.read();
        ids.iter()
            .any(|id| entries.expiries.contains_key(id.as_ref()))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.read().expiries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Entries {
    /// All are looked at when they have become twice as many, so that it costs each a constant.
    fn forget_expired(&mut self, now: SystemTime) {
        if self.expiries.len() <= self.threshold.max(FEW) {
            return;
        }
        let now = now
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs_f64();
        self.expiries.retain(|_, expiry| *expiry > now);
        self.threshold = self.expiries.len() * 2;
    }
}
