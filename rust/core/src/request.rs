//! The request as the stages see it, whoever received it.

use std::any::Any;
use std::net::SocketAddr;
use std::sync::Arc;

use actix_http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_http::{BoxedPayloadStream, Message, Method, Payload, RequestHead, Uri, Version};
use bytes::Bytes;

/// A request whose body is unread.
///
/// The head stays in the server's pooled message until somebody needs it beyond this thread
/// ([`Request::share_head`]), which the plain path never does.
pub struct Request {
    head: Head,
    payload: Payload<BoxedPayloadStream>,
    origin: Option<Box<dyn Any>>,
    inflated: bool,
}

enum Head {
    Pooled(Message<RequestHead>),
    Shared(Arc<SharedHead>),
}

/// A request's head that any thread may hold.
#[derive(Debug)]
pub struct SharedHead {
    /// Request method.
    pub method: Method,
    /// Request target as it was sent.
    pub uri: Uri,
    /// Protocol version.
    pub version: Version,
    /// Every header, repeated names included.
    pub headers: HeaderMap,
    /// Address of the peer, `None` in process.
    pub peer: Option<SocketAddr>,
}

impl SharedHead {
    /// The head of no request: what an object that nobody filled shows.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            method: Method::GET,
            uri: Uri::default(),
            version: Version::HTTP_11,
            headers: HeaderMap::new(),
            peer: None,
        }
    }
}

impl Request {
    /// Takes over what the server received.
    #[must_use]
    pub fn new(request: actix_http::Request<BoxedPayloadStream>) -> Self {
        let (head, payload) = request.into_parts();
        Self {
            head: Head::Pooled(head),
            payload,
            origin: None,
            inflated: false,
        }
    }

    /// Attaches what the receiver wants its handlers to know of itself.
    #[must_use]
    pub fn with_origin(mut self, origin: impl Any) -> Self {
        self.origin = Some(Box::new(origin));
        self
    }

    /// What [`Request::with_origin`] attached, if it is a `T`.
    #[must_use]
    pub fn origin<T: Any>(&self) -> Option<&T> {
        self.origin.as_ref()?.downcast_ref()
    }

    /// Request method.
    #[must_use]
    pub fn method(&self) -> &Method {
        match &self.head {
            Head::Pooled(head) => &head.method,
            Head::Shared(head) => &head.method,
        }
    }

    /// Request target as it was sent.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        match &self.head {
            Head::Pooled(head) => &head.uri,
            Head::Shared(head) => &head.uri,
        }
    }

    /// Address of the peer, `None` in process.
    #[must_use]
    pub fn peer(&self) -> Option<SocketAddr> {
        match &self.head {
            Head::Pooled(head) => head.peer_addr,
            Head::Shared(head) => head.peer,
        }
    }

    /// Every header.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        match &self.head {
            Head::Pooled(head) => &head.headers,
            Head::Shared(head) => &head.headers,
        }
    }

    /// First value of a header.
    #[must_use]
    pub fn header(&self, name: &HeaderName) -> Option<&HeaderValue> {
        self.headers().get(name)
    }

    /// Whether there is a body that nobody has taken.
    #[must_use]
    pub fn has_unread_body(&self) -> bool {
        !matches!(self.payload, Payload::None)
    }

    /// Takes the body out; a second call gives an empty one.
    pub fn take_payload(&mut self) -> Payload<BoxedPayloadStream> {
        std::mem::replace(&mut self.payload, Payload::None)
    }

    /// Puts what undoes the body's compression in its place.
    pub(crate) fn inflate(
        &mut self,
        inflate: impl FnOnce(Payload<BoxedPayloadStream>) -> Payload<BoxedPayloadStream>,
    ) {
        let sent = self.take_payload();
        self.payload = inflate(sent);
        self.inflated = true;
    }

    /// Whether the body was compressed, so that its announced length says little.
    pub(crate) fn is_inflated(&self) -> bool {
        self.inflated
    }

    /// Puts back a body that was read before its time.
    pub fn restore_payload(&mut self, body: Bytes) {
        self.payload = Payload::from(body);
    }

    /// The head in a form that outlives this call and crosses threads.
    pub fn share_head(&mut self) -> Arc<SharedHead> {
        if let Head::Pooled(head) = &mut self.head {
            let shared = SharedHead {
                method: head.method.clone(),
                uri: head.uri.clone(),
                version: head.version,
                headers: std::mem::take(&mut head.headers),
                peer: head.peer_addr,
            };
            self.head = Head::Shared(Arc::new(shared));
        }
        match &self.head {
            Head::Shared(head) => Arc::clone(head),
            Head::Pooled(_) => unreachable!("the head was shared above"),
        }
    }
}
