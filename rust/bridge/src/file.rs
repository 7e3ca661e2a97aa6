//! Files that handlers return, and those that are not sent.

use std::path::PathBuf;

use actix_http::header::CONTENT_TYPE;
use bolt_core::error::Error;
use bolt_core::file::{Content, FileBody, Reason, Refused};
use bolt_core::reply::{Body, Reply};
use bolt_core::request::Request as CoreRequest;
use bytes::Bytes;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::facts::FactSource;
use crate::handler::Parts;
use crate::head;
use crate::in_process::Caller;
use crate::reply::{self, Headers};
use crate::request::Request;

/// The reply of a `File` or `FileResponse`. Nothing is read yet: the service opens the file, once
/// it knows what the request asks of it.
pub fn rendered(parts: &Parts, result: &Bound<'_, PyAny>) -> PyResult<Reply> {
    let rendered = parts.hooks.render_file.bind(result.py()).call1((result,))?;
    let (status, content_type, headers, content, tagged): (
        u16,
        String,
        Headers,
        Bound<'_, PyAny>,
        bool,
    ) = rendered.extract()?;
    let content = match content.cast_exact::<PyBytes>() {
        Ok(bytes) => Content::Memory(Bytes::copy_from_slice(bytes.as_bytes())),
        Err(_) => Content::Path(content.extract::<PathBuf>()?),
    };
    Ok(Reply {
        status: head::status_code(status)?,
        content_type: Some(head::value(CONTENT_TYPE.as_str(), &content_type)?),
        headers: head::headers(headers, None)?,
        body: Body::File(Box::new(FileBody { content, tagged })),
        finish: None,
    })
}

/// The error for a file that is not sent. Python says which, and tells the log.
pub fn refuse(parts: &Parts, request: &mut CoreRequest, refused: &Refused) -> Error {
    let caller = request.origin::<Caller>().cloned();
    let facts = FactSource::new(request, None, None).take(parts);
    Python::attach(|py| {
        let made = Request::create(py, &parts.hooks, facts);
        let request = made.map(Bound::into_any).ok();
        let error = exception(py, parts, refused).unwrap_or_else(|error| error);
        reply::from_exception(parts, &error, request.as_ref(), caller.as_ref(), py)
    })
}

fn exception(py: Python<'_>, parts: &Parts, refused: &Refused) -> PyResult<PyErr> {
    let (reason, errno) = match &refused.reason {
        Reason::Missing => ("missing", None),
        Reason::Irregular => ("irregular", None),
        Reason::Outside => ("outside", None),
        Reason::Unnameable => ("unnameable", None),
        Reason::Unreadable(error) => ("unreadable", error.raw_os_error()),
    };
    // As text, whatever its bytes are: it is for the log.
    let path = refused.path.to_string_lossy();
    let error = parts
        .hooks
        .refuse_file
        .bind(py)
        .call1((path, reason, errno))?;
    Ok(PyErr::from_value(error))
}
