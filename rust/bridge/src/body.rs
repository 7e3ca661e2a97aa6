//! The declared body, decoded by Python.

use bolt_core::error::{Faults, Raised};
use bytes::Bytes;
use pyo3::exceptions::{PyRecursionError, PyRuntimeError, PyUnicodeDecodeError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::handler::{BodyParts, Decoder};
use crate::hooks::Hooks;

/// Why there is no decoded body.
pub enum Refusal {
    /// It breaks its declaration.
    Faulty(Box<Raised>),
    /// Python raised something else.
    Raised(PyErr),
}

/// What was sent, and which of the declared media types it is of.
pub struct Sent<'a> {
    pub bytes: Option<&'a Bytes>,
    pub media_type: usize,
}

/// Decodes the body. A refusal lists every fault, those of the parameters included.
pub fn decode<'py>(
    py: Python<'py>,
    declared: &BodyParts,
    body: &Sent<'_>,
    parameter_faults: &Faults,
    hooks: &Hooks,
) -> Result<Bound<'py, PyAny>, Refusal> {
    let decoder = declared
        .decoders
        .get(body.media_type)
        .ok_or_else(|| Refusal::Raised(PyRuntimeError::new_err("a media type has no decoder")))?;
    let bytes = body
        .bytes
        .filter(|bytes| !bytes.is_empty())
        .map(|bytes| PyBytes::new(py, bytes));
    if !parameter_faults.is_empty() {
        return Err(gather(py, decoder, bytes.as_ref(), parameter_faults));
    }
    let Some(bytes) = bytes else {
        if declared.required {
            return Err(gather(py, decoder, None, parameter_faults));
        }
        return Ok(declared.default.bind(py).clone());
    };
    // msgspec looks no closer at members that nothing declares, RFC 8259 §8.1 does.
    if decoder.is_text && std::str::from_utf8(bytes.as_bytes()).is_err() {
        return Err(gather(py, decoder, Some(&bytes), parameter_faults));
    }
    decoder.decode.bind(py).call1((&bytes,)).map_err(|error| {
        if is_fault(py, &error, hooks) {
            gather(py, decoder, Some(&bytes), parameter_faults)
        } else {
            Refusal::Raised(error)
        }
    })
}

/// What msgspec raises for a body that it cannot read or that does not fit.
fn is_fault(py: Python<'_>, error: &PyErr, hooks: &Hooks) -> bool {
    error.is_instance(py, hooks.decode_error.bind(py))
        || error.is_instance_of::<PyRecursionError>(py)
        || error.is_instance_of::<PyUnicodeDecodeError>(py)
}

/// Has Python list what is wrong; it raises where the body is not even JSON.
fn gather(
    py: Python<'_>,
    decoder: &Decoder,
    bytes: Option<&Bound<'_, PyBytes>>,
    parameter_faults: &Faults,
) -> Refusal {
    let parameter_faults = PyBytes::new(py, &parameter_faults.to_json());
    let faults = decoder
        .faults
        .bind(py)
        .call1((bytes, parameter_faults))
        .and_then(|faults| faults.extract::<Vec<u8>>());
    match faults {
        Ok(faults) => Refusal::Faulty(Box::new(Raised {
            status: actix_http::StatusCode::BAD_REQUEST,
            body: faults.into(),
            headers: Vec::new(),
        })),
        Err(error) => Refusal::Raised(error),
    }
}
