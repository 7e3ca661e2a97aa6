//! Signing and checking tokens, and looking at keys, for Python's utilities; requests never pass here.

use std::time::SystemTime;

use bolt_core::auth::signing;
use bolt_core::auth::token::{Rules, Verifier};
use bolt_core::plan::PlanError;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Signs a JSON object of claims.
///
/// Raises `ValueError` for an unknown algorithm or an empty key.
#[pyfunction]
pub fn encode_jwt(claims: &[u8], algorithm: &str, key: &[u8]) -> PyResult<String> {
    signing::encode(claims, algorithm, key)
        .map_err(|error| PyValueError::new_err(error.to_string()))
}

/// The payload of a valid token.
///
/// Raises `ValueError`, which names why it is not.
#[pyfunction]
#[pyo3(signature = (
    token, keys, algorithms, *, audiences=Vec::new(), issuer=None, leeway=0, token_type=None
))]
#[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
pub fn decode_jwt<'py>(
    py: Python<'py>,
    token: &str,
    keys: Vec<Vec<u8>>,
    algorithms: Vec<String>,
    audiences: Vec<String>,
    issuer: Option<String>,
    leeway: u64,
    token_type: Option<String>,
) -> PyResult<Bound<'py, PyBytes>> {
    let rules = Rules {
        algorithms: &algorithms,
        audiences: &audiences,
        issuer: issuer.as_deref(),
        leeway,
        token_type: token_type.as_deref(),
        ..Rules::default()
    };
    let keys: Vec<_> = keys.iter().map(Vec::as_slice).collect();
    let verifier = Verifier::with_keys(&keys, &rules).map_err(refused)?;
    let payload = verifier
        .verify(token.as_bytes(), SystemTime::now())
        .map_err(|rejected| {
            let error = PyValueError::new_err(format!(
                "{} ({})",
                rejected.detail,
                rejected.reason.as_str()
            ));
            // For log lines, which must not depend on the sentence.
            match error.value(py).setattr("reason", rejected.reason.as_str()) {
                Ok(()) => error,
                Err(fault) => fault,
            }
        })?;
    Ok(PyBytes::new(py, &payload))
}

/// Raises `ValueError` where tokens of these algorithms cannot be verified with the key.
#[pyfunction]
#[pyo3(signature = (key, algorithms, /))]
pub fn check_jwt_key(key: &[u8], algorithms: Vec<String>) -> PyResult<()> {
    let rules = Rules {
        algorithms: &algorithms,
        ..Rules::default()
    };
    Verifier::new(key, &rules).map(drop).map_err(refused)
}

/// The paths of these errors are the names of Python's arguments.
fn refused(error: PlanError) -> PyErr {
    PyValueError::new_err(format!("{}: {}", error.path(), error.message()))
}
