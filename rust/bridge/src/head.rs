//! Status and headers that Python gives, before they are let out.

use actix_http::StatusCode;
use actix_http::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use bolt_core::conditional::entity_tag::EntityTag;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// What says where a reply ends, and what becomes of the connection: the server's to say, RFC 9112
/// §6 and RFC 9110 §7.6.1. The last two are of HTTP/1.0.
const SERVERS_OWN: [HeaderName; 7] = [
    CONNECTION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// A status that can end an exchange: one below 200 announces another.
///
/// # Errors
///
/// `ValueError` for any other.
pub fn status_code(status: u16) -> PyResult<StatusCode> {
    let known = (200..600)
        .contains(&status)
        .then(|| StatusCode::from_u16(status).ok());
    known.flatten().ok_or_else(|| {
        refusal(format!(
            "A reply's status is from 200 to 599, not {status}."
        ))
    })
}

/// Every header but `Content-Type`. A `Content-Length` that is right is left to the server; without
/// a `length`, that is not known yet.
///
/// # Errors
///
/// `ValueError`, which names the header that cannot be sent.
pub fn headers(
    given: Vec<(String, String)>,
    length: Option<u64>,
) -> PyResult<Vec<(HeaderName, HeaderValue)>> {
    let mut headers = Vec::with_capacity(given.len());
    for (name, text) in given {
        let parsed = HeaderName::try_from(name.as_str())
            .map_err(|_| refusal(format!("{name:?} is not the name of a header.")))?;
        if parsed == CONTENT_LENGTH {
            agrees(&text, length)?;
            continue;
        }
        if SERVERS_OWN.contains(&parsed) {
            return Err(refusal(format!(
                "The header {name} is the server's to set, and cannot be a reply's own."
            )));
        }
        if parsed == CONTENT_TYPE {
            return Err(refusal(format!("{name} is set twice.")));
        }
        let value = value(&name, &text)?;
        if parsed == ETAG && EntityTag::parse(value.as_bytes()).is_none() {
            return Err(refusal(format!(
                "The header {name} is {text:?}, which is not an entity tag: it stands in quotes, \
                 as \"v1\" or W/\"v1\" do."
            )));
        }
        headers.push((parsed, value));
    }
    Ok(headers)
}

fn agrees(text: &str, length: Option<u64>) -> PyResult<()> {
    match length {
        Some(length) if text.trim().parse() != Ok(length) => Err(refusal(format!(
            "The header Content-Length says {text:?}, and the body has {length} bytes."
        ))),
        _ => Ok(()),
    }
}

/// A header's value. Text is sent as Django sends it, in latin-1.
///
/// # Errors
///
/// `ValueError`, which names the header: for a line break or another control character, and for
/// text that latin-1 does not have.
pub fn value(name: &str, text: &str) -> PyResult<HeaderValue> {
    let parsed = if text.is_ascii() {
        HeaderValue::from_str(text).ok()
    } else {
        let latin1: Option<Vec<u8>> = text.chars().map(|char| u8::try_from(char).ok()).collect();
        latin1.and_then(|bytes| HeaderValue::from_bytes(&bytes).ok())
    };
    parsed.ok_or_else(|| {
        refusal(format!(
            "The value of the header {name} holds a line break, or another character that no \
             header can have."
        ))
    })
}

fn refusal(message: String) -> PyErr {
    PyValueError::new_err(message)
}
