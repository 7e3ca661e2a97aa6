//! From a handler's result, or its exception, to a reply.

use std::sync::Arc;

use actix_http::StatusCode;
use actix_http::header::{CONTENT_TYPE, HeaderValue};
use bolt_core::error::{Error, Raised};
use bolt_core::reply::{Body, Reply};
use bytes::Bytes;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::handler::Parts;
use crate::in_process::Caller;
use crate::lease::Lease;
use crate::rendering::Rendering;
use crate::request::Request;
use crate::{file, head, plain, python, stream};

pub type Headers = Vec<(String, String)>;

/// What a result belongs to.
pub struct Asked<'a> {
    pub parts: &'a Arc<Parts>,
    /// The decoded request body: where its type is the declared one too, what comes back as it was
    /// sent in was checked then.
    pub body: Option<&'a Py<PyAny>>,
    pub request: Option<&'a Py<PyAny>>,
    pub caller: Option<&'a Caller>,
    /// How data are rendered, where that is other than as JSON.
    pub rendering: Option<Rendering<'a>>,
    /// The request's lease, where it goes on after the reply's head.
    pub lease: Option<&'a Arc<Lease>>,
}

/// The reply for a result.
pub fn from_result(asked: &Asked<'_>, result: &Bound<'_, PyAny>) -> PyResult<Reply> {
    let (parts, py) = (asked.parts, result.py());
    if python::is_of_type(result, parts.hooks.response_class.bind(py)) {
        if let Some(rendering) = &asked.rendering
            && let Some(reply) = rendering.response(parts, result)?
        {
            return Ok(reply);
        }
        if let Some(reply) = plain::reply(parts, result)? {
            return Ok(reply);
        }
        if python::is_of_type(result, parts.hooks.file_class.bind(py)) {
            return file::rendered(parts, result);
        }
        if python::is_of_type(result, parts.hooks.stream_class.bind(py)) {
            return streamed(asked, result);
        }
        return rendered(parts, result);
    }
    if python::is_of_type(result, parts.hooks.django_response_class.bind(py)) {
        let streams = result.getattr(pyo3::intern!(py, "streaming"))?;
        return if streams.is_truthy()? {
            streamed(asked, result)
        } else {
            rendered(parts, result)
        };
    }
    if parts.none_is_empty && result.is_none() {
        return Ok(Reply::empty(parts.status));
    }
    let checked = parts.returns_body && asked.body.is_some_and(|body| body.is(result))
        || parts.shape.as_ref().is_some_and(|shape| shape.fits(result));
    let converted = match &parts.convert {
        Some(convert) if !checked => Some(convert.bind(py).call1((result,))?),
        _ => None,
    };
    let result = converted.as_ref().unwrap_or(result);
    if let Some(rendering) = &asked.rendering
        && (rendering.is_custom() || !result.is_exact_instance_of::<PyBytes>())
    {
        return rendering.result(parts, result);
    }
    if let Ok(bytes) = result.cast_exact::<PyBytes>() {
        return Ok(Reply::full(
            parts.status,
            HeaderValue::from_static("application/octet-stream"),
            Bytes::copy_from_slice(bytes.as_bytes()),
        ));
    }
    let encoded = parts.encode.bind(py).call1((result,))?;
    let encoded = encoded.cast::<PyBytes>()?.as_bytes();
    Ok(Reply::json(parts.status, Bytes::copy_from_slice(encoded)))
}

/// The reply of a `django_bolt.responses` object, or of one of Django's.
fn rendered(parts: &Parts, result: &Bound<'_, PyAny>) -> PyResult<Reply> {
    let convert = parts.convert_response.as_ref();
    let render = parts.hooks.render.bind(result.py());
    from_data(&render.call1((result, convert))?)
}

/// The reply of a `dispatch.hooks.RenderedReply`.
pub fn from_data(rendered: &Bound<'_, PyAny>) -> PyResult<Reply> {
    let (head, body) = Head::read(rendered)?;
    let length = body.as_ref().map_or(0, Vec::len) as u64;
    let body = body.map_or(Body::Empty, |body| Body::Full(Bytes::from(body)));
    head.reply(Some(length), body)
}

/// The reply of a `StreamingResponse`, or of one of Django's.
fn streamed(asked: &Asked<'_>, response: &Bound<'_, PyAny>) -> PyResult<Reply> {
    let render = asked.parts.hooks.render.bind(response.py());
    let (head, _) = Head::read(&render.call1((response, None::<Py<PyAny>>))?)?;
    let length = head.content_length()?;
    // Only a reply that can be sent has its content asked for: what is dropped is closed, and could
    // not be sent from another thread any more.
    let mut reply = head.reply(length, Body::Empty)?;
    let request = asked.request.map(|request| request.bind(response.py()));
    if let Some(request) = request.and_then(|request| request.cast::<Request>().ok())
        && request.get().is_unsealed()
    {
        seal(asked.parts, &mut reply, request)?;
    }
    let (body, finish) = stream::body_of(asked, response, length)?;
    reply.body = Body::Stream(body);
    reply.finish = Some(finish);
    Ok(reply)
}

/// Adds what the client must be told of the request's session and of its token against forgery.
///
/// # Errors
///
/// `SynchronousOnlyOperation` where the session has to be saved and this thread must not block.
pub fn seal(parts: &Parts, reply: &mut Reply, request: &Bound<'_, Request>) -> PyResult<()> {
    let seal = parts.hooks.seal.bind(request.py());
    let sealed: Headers = seal.call1((request, reply.status.as_u16()))?.extract()?;
    request.get().sealed();
    reply.headers.extend(head::headers(sealed, None)?);
    Ok(())
}

/// A reply's head as Python gives it.
struct Head {
    status: u16,
    content_type: Option<String>,
    headers: Headers,
}

impl Head {
    /// Reads a `dispatch.hooks.RenderedReply`; its body comes beside.
    fn read(rendered: &Bound<'_, PyAny>) -> PyResult<(Self, Option<Vec<u8>>)> {
        let (status, content_type, headers, body) = rendered.extract()?;
        let head = Self {
            status,
            content_type,
            headers,
        };
        Ok((head, body))
    }

    /// What it says of the length of a body that is not here yet.
    fn content_length(&self) -> PyResult<Option<u64>> {
        let mut headers = self.headers.iter();
        let given = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        given
            .map(|(_, length)| {
                length.trim().parse().map_err(|_| {
                    PyValueError::new_err(format!("The header Content-Length says {length:?}."))
                })
            })
            .transpose()
    }

    fn reply(self, length: Option<u64>, body: Body) -> PyResult<Reply> {
        Ok(Reply {
            status: head::status_code(self.status)?,
            content_type: self
                .content_type
                .map(|value| head::value(CONTENT_TYPE.as_str(), &value))
                .transpose()?,
            headers: head::headers(self.headers, length)?,
            body,
            finish: None,
        })
    }
}

/// The error for an exception. Python translates it, and tells Django and the log.
pub fn from_exception(
    parts: &Parts,
    error: &PyErr,
    request: Option<&Bound<'_, PyAny>>,
    caller: Option<&Caller>,
    py: Python<'_>,
) -> Error {
    let translated = translate(parts, error, request, py)
        // An exception whose own head cannot be sent is a fault, of which Django and the log hear.
        .or_else(|fault| translate(parts, &fault, request, py));
    let translated = match translated {
        Ok(raised) => raised,
        Err(fault) => {
            fault.write_unraisable(py, None);
            Raised {
                status: StatusCode::INTERNAL_SERVER_ERROR,
                body: Bytes::from_static(br#"{"detail":"Internal server error."}"#),
                headers: Vec::new(),
            }
        }
    };
    if let Some(caller) = caller
        && translated.status.is_server_error()
    {
        caller.report(py, error);
    }
    Error::Raised(Box::new(translated))
}

fn translate(
    parts: &Parts,
    error: &PyErr,
    request: Option<&Bound<'_, PyAny>>,
    py: Python<'_>,
) -> PyResult<Raised> {
    let translated = parts
        .hooks
        .translate
        .bind(py)
        .call1((python::exception(py, error), request))?;
    let (status, body, headers): (u16, Vec<u8>, Headers) = translated.extract()?;
    Ok(Raised {
        status: head::status_code(status)?,
        headers: head::headers(headers, Some(body.len() as u64))?,
        body: Bytes::from(body),
    })
}
