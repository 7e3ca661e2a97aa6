//! What authentication needs and the plan cannot hold: it stands beside it, and is named there by id.

use std::collections::HashMap;
use std::sync::Arc;

use super::key_set::KeySet;
use super::revoked::RevokedTokens;
use crate::plan::PlanError;

/// Secrets, sets of keys, and lists of tokens that were taken back, each by its id.
#[derive(Debug, Clone)]
pub struct Resources<'a> {
    /// Shared secrets, public keys as PEM, and API keys.
    pub secrets: &'a HashMap<String, Vec<u8>>,
    /// Sets of keys.
    pub key_sets: HashMap<String, Arc<KeySet>>,
    /// Tokens that were taken back.
    pub revoked: HashMap<String, Arc<RevokedTokens>>,
}

impl<'a> From<&'a HashMap<String, Vec<u8>>> for Resources<'a> {
    fn from(secrets: &'a HashMap<String, Vec<u8>>) -> Self {
        Self {
            secrets,
            key_sets: HashMap::new(),
            revoked: HashMap::new(),
        }
    }
}

impl<'a> Resources<'a> {
    /// The secret of an id, which is never empty.
    pub(super) fn find_secret(&self, id: &str) -> Result<&'a [u8], String> {
        match self.secrets.get(id) {
            None => Err(format!("There is no secret {id:?}.")),
            Some(secret) if secret.is_empty() => Err(format!("The secret {id:?} is empty.")),
            Some(secret) => Ok(secret),
        }
    }

    pub(super) fn find_key_set(&self, id: &str) -> Result<Arc<KeySet>, PlanError> {
        let found = self.key_sets.get(id).map(Arc::clone);
        found.ok_or_else(|| PlanError::new("key_set", format!("There is no key set {id:?}.")))
    }

    pub(super) fn find_revoked(&self, id: &str) -> Result<Arc<RevokedTokens>, PlanError> {
        let found = self.revoked.get(id).map(Arc::clone);
        let error = || PlanError::new("revocation.list", format!("There is no list {id:?}."));
        found.ok_or_else(error)
    }
}
