//! What a handler gives back, before it becomes bytes on a socket.

use std::fmt;
use std::io;
use std::pin::Pin;

use actix_http::header::{HeaderName, HeaderValue};
use actix_http::{Method, StatusCode};
use bytes::Bytes;
use futures_core::Stream;

use crate::file::FileBody;

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
#[derive(Debug)]
pub enum Body {
    /// No bytes, and no `Content-Length` where the status forbids one.
    Empty,
    /// All bytes at once.
    Full(Bytes),
    /// Bytes that come as the client takes them.
    Stream(BodyStream),
    /// A file. The service opens it, and puts what the request asks of it in its place.
    File(Box<FileBody>),
    /// What a `HEAD` reply has in the place of its bytes: only how many there would be.
    Omitted(u64),
    /// The same where that is not known before they are there.
    Withheld,
}

/// A body that is produced as it is sent: it is polled only while the connection takes more.
///
/// Dropping it means that all was sent or that the client is gone. An error cuts the connection, so
/// that no client takes the part that it has for the whole.
pub struct BodyStream {
    /// How many bytes there are, where that is known; otherwise they go out chunked.
    pub length: Option<u64>,
    /// The bytes. Polled on the worker's thread alone, but perhaps made on another.
    pub chunks: Chunks,
}

/// The bytes of a [`BodyStream`], in the pieces in which they are there.
pub type Chunks = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

impl fmt::Debug for BodyStream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("BodyStream")
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

impl From<BodyStream> for Body {
    fn from(stream: BodyStream) -> Self {
        Self::Stream(stream)
    }
}

/// What remains to be done of the work that follows a reply.
pub type Remainder = Pin<Box<dyn Future<Output = ()>>>;

type Work = Box<dyn FnOnce() -> Option<Remainder> + Send>;

/// Work that follows the last byte. It begins when it is dropped, so that no path can forget it.
pub struct Finish(Option<Work>);

impl Finish {
    /// Wraps work that is done when it returns.
    pub fn new(work: impl FnOnce() + Send + 'static) -> Self {
        Self(Some(Box::new(move || {
            work();
            None
        })))
    }

    /// Wraps work that goes on by itself after it was begun. A server that stops waits for the
    /// future that it returns.
    pub fn begin(work: impl FnOnce() -> Remainder + Send + 'static) -> Self {
        Self(Some(Box::new(move || Some(work()))))
    }

    /// Begins the work; what is left of it may be waited for.
    #[must_use]
    pub fn run(mut self) -> Option<Remainder> {
        self.0.take().and_then(|work| work())
    }
}

impl Drop for Finish {
    fn drop(&mut self) {
        if let Some(work) = self.0.take() {
            drop(work());
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
        } else if *method == Method::HEAD {
            self.body = match self.body {
                Body::Full(bytes) => Body::Omitted(bytes.len() as u64),
                Body::Stream(stream) => stream.length.map_or(Body::Withheld, Body::Omitted),
                body => body,
            };
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
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Poll};

    use super::*;

    /// Three bytes; counts when it is dropped.
    struct Abc(Arc<AtomicUsize>);

    impl Stream for Abc {
        type Item = io::Result<Bytes>;

        fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            Poll::Ready(Some(Ok(Bytes::from_static(b"abc"))))
        }
    }

    impl Drop for Abc {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn what_may_not_be_sent_is_taken_away() {
        let dropped = Arc::new(AtomicUsize::new(0));
        let full = || Body::Full(Bytes::from_static(b"abc"));
        let stream = |length| {
            let chunks = Box::pin(Abc(Arc::clone(&dropped)));
            Body::Stream(BodyStream { length, chunks })
        };
        let cases = [
            (Method::GET, 200, full(), "Full(b\"abc\")", true),
            (Method::HEAD, 200, full(), "Omitted(3)", true),
            (Method::GET, 204, full(), "Empty", false),
            (Method::GET, 304, full(), "Empty", false),
            (Method::HEAD, 304, full(), "Empty", false),
            (Method::HEAD, 200, stream(Some(9)), "Omitted(9)", true),
            (Method::HEAD, 200, stream(None), "Withheld", true),
            (Method::GET, 204, stream(None), "Empty", false),
            (Method::HEAD, 304, stream(Some(9)), "Empty", false),
        ];
        for (method, status, body, left, typed) in cases {
            let status = StatusCode::from_u16(status).unwrap();
            let mut reply = Reply::json(status, Bytes::new());
            reply.body = body;
            let reply = reply.settled(&method);
            assert_eq!(format!("{:?}", reply.body), left);
            assert_eq!(reply.content_type.is_some(), typed);
        }
        assert_eq!(
            dropped.load(Ordering::SeqCst),
            4,
            "a stream that is not sent goes at once"
        );
    }

    #[test]
    fn what_follows_a_reply_is_begun_once() {
        let begun = Arc::new(AtomicUsize::new(0));
        let count = || {
            let begun = Arc::clone(&begun);
            move || {
                begun.fetch_add(1, Ordering::SeqCst);
            }
        };
        let later = || {
            let begin = count();
            Finish::begin(move || {
                begin();
                Box::pin(async {})
            })
        };
        assert!(Finish::new(count()).run().is_none());
        assert!(later().run().is_some());
        drop(Finish::new(count()));
        drop(later());
        assert_eq!(begun.load(Ordering::SeqCst), 4);
    }
}
