//! Every way in which a request can fail. `render` turns each into a reply, in one place.

use actix_http::StatusCode;
use actix_http::header::{HeaderName, HeaderValue};
use bytes::Bytes;

use crate::plan::Source;

/// Why a request was refused or failed.
#[derive(Debug)]
pub enum Error {
    /// 400: the request cannot be read.
    BadRequest(&'static str),
    /// 400: parameters or body break their declaration.
    Validation(Faults),
    /// 401: credentials are missing where they are needed, or wrong.
    Unauthenticated {
        /// What the client is told.
        detail: &'static str,
        /// `WWW-Authenticate`; without one the status is 403, as in Django REST framework.
        challenge: Option<&'static str>,
    },
    /// 403: the caller is known, and may not.
    Forbidden,
    /// 404: no such path.
    NotFound,
    /// 405: the path exists, the method there does not.
    MethodNotAllowed {
        /// `Allow`.
        allow: HeaderValue,
    },
    /// 413: the body is over its limit, in bytes.
    PayloadTooLarge(u64),
    /// 415: no parser for the body's media type.
    UnsupportedMediaType(String),
    /// What a Python exception became.
    Raised(Box<Raised>),
    /// 500: nothing that the client could know about.
    Internal,
}

/// A Python exception, translated by Python.
#[derive(Debug)]
pub struct Raised {
    /// Status line.
    pub status: StatusCode,
    /// The reply's JSON in the shape of Django REST framework; `render` wraps it for RFC 9457.
    pub body: Bytes,
    /// Headers of the reply.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

/// Every fault of one request's input.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

/// One fault of one parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where the parameter is read from.
    pub source: Source,
    /// Its name on the wire.
    pub name: String,
    /// What is wrong, as a sentence.
    pub message: String,
}

impl Faults {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
