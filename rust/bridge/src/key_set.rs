//! `_core.KeySet`: keys that Python fetches and Rust verifies with.

use std::sync::Arc;
use std::time::Duration;

use bolt_core::auth::key_set::KeySet as CoreKeySet;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// The keys of an issuer, exchanged while tokens are verified with them.
#[pyclass(frozen, module = "django_bolt._core")]
pub struct KeySet(Arc<CoreKeySet>);

impl KeySet {
    pub fn inner(&self) -> Arc<CoreKeySet> {
        Arc::clone(&self.0)
    }
}

#[pymethods]
impl KeySet {
    #[new]
    fn new(algorithms: Vec<String>) -> PyResult<Self> {
        let keys = CoreKeySet::new(&algorithms);
        let keys = keys.map_err(|error| {
            PyValueError::new_err(format!("{}: {}", error.path(), error.message()))
        })?;
        Ok(Self(Arc::new(keys)))
    }

    #[pyo3(signature = (document, /))]
    fn replace(&self, document: &[u8]) -> PyResult<bool> {
        self.0.replace(document).map_err(PyValueError::new_err)
    }

    #[pyo3(signature = (seconds, /))]
    fn wait(&self, py: Python<'_>, seconds: f64) -> PyResult<bool> {
        let patience = Duration::try_from_secs_f64(seconds)
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(py.detach(|| self.0.wait(patience)))
    }

    fn wake(&self) {
        self.0.wake();
    }
}
