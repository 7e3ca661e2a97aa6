//! `_core.RevokedTokens`: tokens that were taken back, known to this process alone.

use std::sync::Arc;
use std::time::SystemTime;

use bolt_core::auth::revoked::RevokedTokens as CoreRevokedTokens;
use pyo3::prelude::*;

/// Ids of tokens that are refused, each until its token has expired anyway.
#[pyclass(frozen, module = "django_bolt._core")]
pub struct RevokedTokens(Arc<CoreRevokedTokens>);

impl RevokedTokens {
    pub fn inner(&self) -> Arc<CoreRevokedTokens> {
        Arc::clone(&self.0)
    }
}

#[pymethods]
impl RevokedTokens {
    #[new]
    fn new() -> Self {
        Self(Arc::default())
    }

    #[pyo3(signature = (token_id, expires_at, /))]
    fn add(&self, token_id: &str, expires_at: f64) -> bool {
        self.0.insert(token_id, expires_at, SystemTime::now())
    }

    #[pyo3(signature = (ids, /))]
    fn contains_any(&self, ids: Vec<String>) -> bool {
        self.0.contains(&ids)
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }
}
