//! What a handler gives back, before it becomes bytes on a socket.

use actix_http::header::{HeaderName, HeaderValue};
use actix_http::{Method, StatusCode};
use bytes::Bytes;

/// A reply: head, body, and what runs when its last byte is out or the client is gone.
pub struct Reply {
    /// Status line.
    pub status: StatusCode,
    /// `Content-Type`, apart from the others since nearly every reply has exactly this one.
    pub content_type: Option<HeaderValue>,
    /// Every other header, repeated names included.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The bytes.
    pub body: Body,
    /// Runs once, whatever happens to the client.
    pub finish: Option<Finish>,
}

/// A reply's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// No bytes, and no `Content-Length` where the status forbids one.
    Empty,
    /// All bytes at once.
    Full(Bytes),
    /// What a `HEAD` reply has in the place of its bytes: only how many there would be.
    Omitted(u64),
}

/// Work that follows the last byte. It runs when it is dropped, so that no path can forget it.
pub struct Finish(Option<Box<dyn FnOnce() + Send>>);

impl Finish {
    /// Wraps the work.
    pub fn new(work: impl FnOnce() + Send + 'static) -> Self {
        Self(Some(Box::new(work)))
    }
}

impl Drop for Finish {
    fn drop(&mut self) {
        if let Some(work) = self.0.take() {
            work();
        }
    }
}

impl Reply {
    /// A reply without a body.
    #[must_use]
    pub fn empty(status: StatusCode) -> Self {
        Self {
            status,
            content_type: None,
            headers: Vec::new(),
            body: Body::Empty,
            finish: None,
        }
    }

    /// A reply with all its bytes.
    #[must_use]
    pub fn full(status: StatusCode, content_type: HeaderValue, body: Bytes) -> Self {
        Self {
            status,
            content_type: Some(content_type),
            headers: Vec::new(),
            body: Body::Full(body),
            finish: None,
        }
    }

    /// A JSON reply from encoded bytes.
    #[must_use]
    pub fn json(status: StatusCode, body: Bytes) -> Self {
        Self::full(status, HeaderValue::from_static("application/json"), body)
    }

    /// Takes away what the request's method or the status forbid, so that every transport may
    /// send the reply as it stands.
    #[must_use]
    pub fn settled(mut self, method: &Method) -> Self {
        let bodiless = self.status.is_informational()
            || matches!(
                self.status,
                StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
            );
        if bodiless {
            self.body = Body::Empty;
            self.content_type = None;
        } else if *method == Method::HEAD
            && let Body::Full(bytes) = &self.body
        {
            self.body = Body::Omitted(bytes.len() as u64);
        }
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_not_be_sent_is_taken_away() {
        let full = || Body::Full(Bytes::from_static(b"abc"));
        let cases = [
            (Method::GET, 200, full(), true),
            (Method::HEAD, 200, Body::Omitted(3), true),
            (Method::GET, 204, Body::Empty, false),
            (Method::GET, 304, Body::Empty, false),
            (Method::HEAD, 304, Body::Empty, false),
        ];
        for (method, status, body, typed) in cases {
            let status = StatusCode::from_u16(status).unwrap();
            let reply = Reply::json(status, Bytes::from_static(b"abc")).settled(&method);
            assert_eq!(reply.body, body);
            assert_eq!(reply.content_type.is_some(), typed);
        }
    }
}
