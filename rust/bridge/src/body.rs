//! The declared body, decoded by Python.

use bolt_core::error::{Error, Raised};
use pyo3::exceptions::{PyRecursionError, PyUnicodeDecodeError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::handler::BodyParts;
use crate::invocation::Invocation;

/// Decodes the body. A refusal lists every fault, those of the parameters included.
pub fn decode<'py>(
    py: Python<'py>,
    invocation: &Invocation,
    body: &BodyParts,
) -> Result<Bound<'py, PyAny>, Error> {
    let inputs = &invocation.inputs;
    let bytes = inputs.body.as_ref().filter(|bytes| !bytes.is_empty());
    let refuse = |bytes: Option<&Bound<'py, PyBytes>>| {
        let parameter_faults = PyBytes::new(py, &inputs.faults.to_json());
        let faults = body
            .faults
            .bind(py)
            .call1((bytes, parameter_faults))
            .and_then(|faults| faults.extract::<Vec<u8>>());
        match faults {
            Ok(faults) => Error::Raised(Box::new(Raised {
                status: actix_http::StatusCode::BAD_REQUEST,
                body: faults.into(),
                headers: Vec::new(),
            })),
            Err(error) => invocation.failure(py, &error, None),
        }
    };
    let Some(bytes) = bytes else {
        if body.required || !inputs.faults.is_empty() {
            return Err(refuse(None));
        }
        return Ok(body.default.bind(py).clone());
    };
    let bytes = PyBytes::new(py, bytes);
    if !inputs.faults.is_empty() {
        return Err(refuse(Some(&bytes)));
    }
    match body.decode.bind(py).call1((&bytes,)) {
        Ok(decoded) => Ok(decoded),
        Err(error)
            if error.is_instance(py, invocation.parts.hooks.decode_error.bind(py))
                || error.is_instance_of::<PyRecursionError>(py)
                || error.is_instance_of::<PyUnicodeDecodeError>(py) =>
        {
            Err(refuse(Some(&bytes)))
        }
        Err(error) => Err(invocation.failure(py, &error, None)),
    }
}
