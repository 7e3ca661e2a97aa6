//! The usual responses of `django_bolt.responses`, read slot by slot: no call into Python.
//!
//! What has headers or cookies of its own, another media type, or a class that the author derived
//! is rendered in Python; see `django_bolt/dispatch/replies.py`, which gives the same replies.

use actix_http::StatusCode;
use actix_http::header::{HeaderValue, LOCATION};
use bolt_core::reply::Reply;
use bytes::Bytes;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyType};

use crate::handler::Parts;
use crate::{head, python};

/// A class whose instances can be read here.
pub struct PlainClass {
    class: Py<PyType>,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    /// `data` is the body.
    Text(&'static str),
    /// `data` is encoded; `None` of a `Response` is an empty body.
    Json { none_is_empty: bool },
    /// `_location`, and no body.
    Redirect,
}

impl PlainClass {
    /// Reads the hook's classes by their names.
    pub fn read(classes: &Bound<'_, PyAny>) -> PyResult<Vec<Self>> {
        let class = |(name, kind): (&str, Kind)| {
            let class = classes.get_item(name)?.cast_into::<PyType>()?.unbind();
            Ok(Self { class, kind })
        };
        let json = |none_is_empty| Kind::Json { none_is_empty };
        [
            ("JSON", json(false)),
            ("Response", json(true)),
            ("PlainText", Kind::Text("text/plain; charset=utf-8")),
            ("HTML", Kind::Text("text/html; charset=utf-8")),
            ("Redirect", Kind::Redirect),
        ]
        .into_iter()
        .map(class)
        .collect()
    }
}

/// The reply, or `None` where Python must render it.
pub fn reply(parts: &Parts, response: &Bound<'_, PyAny>) -> PyResult<Option<Reply>> {
    let py = response.py();
    let known = &parts.hooks.plain_classes;
    let found = known
        .iter()
        .find(|known| python::is_exactly(response, known.class.bind(py)));
    let Some(PlainClass { kind, .. }) = found else {
        return Ok(None);
    };
    if !response.getattr(pyo3::intern!(py, "_headers"))?.is_none()
        || !response.getattr(pyo3::intern!(py, "_cookies"))?.is_none()
    {
        return Ok(None);
    }
    let status = response.getattr(pyo3::intern!(py, "status_code"))?;
    let status = head::status_code(status.extract()?)?;
    if has_no_body(status) {
        return Ok(None);
    }
    match *kind {
        Kind::Text(media_type) => text(response, status, media_type),
        Kind::Json { none_is_empty } => json(parts, response, status, none_is_empty),
        Kind::Redirect => redirect(response, status).map(Some),
    }
}

/// RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5.
fn has_no_body(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
    )
}

fn has_type(response: &Bound<'_, PyAny>, media_type: &str) -> PyResult<bool> {
    let given = response.getattr(pyo3::intern!(response.py(), "content_type"))?;
    Ok(given
        .cast::<PyString>()
        .is_ok_and(|given| given.to_str().is_ok_and(|given| given == media_type)))
}

fn text(
    response: &Bound<'_, PyAny>,
    status: StatusCode,
    media_type: &'static str,
) -> PyResult<Option<Reply>> {
    if !has_type(response, media_type)? {
        return Ok(None);
    }
    let data = response.getattr(pyo3::intern!(response.py(), "data"))?;
    let bytes = if let Ok(text) = data.cast_exact::<PyString>() {
        Bytes::copy_from_slice(text.to_str()?.as_bytes())
    } else if let Ok(bytes) = data.cast_exact::<PyBytes>() {
        Bytes::copy_from_slice(bytes.as_bytes())
    } else {
        return Ok(None);
    };
    let media_type = HeaderValue::from_static(media_type);
    Ok(Some(Reply::full(status, media_type, bytes)))
}

fn json(
    parts: &Parts,
    response: &Bound<'_, PyAny>,
    status: StatusCode,
    none_is_empty: bool,
) -> PyResult<Option<Reply>> {
    if !has_type(response, "application/json")? {
        return Ok(None);
    }
    let py = response.py();
    let mut data = response.getattr(pyo3::intern!(py, "data"))?;
    if data.is_none() {
        if none_is_empty {
            return Ok(Some(Reply::empty(status)));
        }
    } else if let Some(convert) = &parts.convert_response
        && status.is_success()
    {
        data = convert.bind(py).call1((data,))?;
    }
    let encoded = parts.encode.bind(py).call1((data,))?;
    let encoded = encoded.cast::<PyBytes>()?.as_bytes();
    Ok(Some(Reply::json(status, Bytes::copy_from_slice(encoded))))
}

fn redirect(response: &Bound<'_, PyAny>, status: StatusCode) -> PyResult<Reply> {
    let location = response.getattr(pyo3::intern!(response.py(), "_location"))?;
    let location = location
        .cast::<PyString>()
        .map_err(|_| PyTypeError::new_err("a redirect's location is text"))?;
    let location = head::value("Location", location.to_str()?)?;
    Ok(Reply::empty(status).with_header(LOCATION, location))
}
