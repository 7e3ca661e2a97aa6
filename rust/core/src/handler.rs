//! The seam between the service and whoever answers: Python in production, Rust in tests.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;

use crate::auth::Rejected;
use crate::auth::identity::Identity;
use crate::error::{Error, Faults};
use crate::extract::Value;
use crate::file::Refused;
use crate::form::Form;
use crate::renderers::Chosen;
use crate::reply::Reply;
use crate::request::Request;
use crate::router::Captures;

/// A result that is there at once, or later.
///
/// The plain path never allocates a future: a handler that does not suspend returns `Ready`.
pub enum Outcome<T> {
    /// Finished.
    Ready(Result<T, Error>),
    /// Under way on this thread.
    Pending(Pin<Box<dyn Future<Output = Result<T, Error>>>>),
}

/// What `Handler::admit` is asked to decide.
pub struct Deferred<'a> {
    /// The request; its body is still unread.
    pub request: &'a mut Request,
    /// The path template's values, decoded, in the template's order.
    pub captures: &'a Captures,
    /// Who is asking, where an authentication class verified it.
    pub identity: Option<&'a Arc<Identity>>,
    /// The guard's leaves in their order of appearance; `None` is unknown to Rust.
    pub leaves: Vec<Option<bool>>,
    /// Authentication classes to ask first; `identity` is what holds where none of them knows the
    /// caller.
    pub pending: Option<Asked>,
    /// The renderer, where the route declares them and the client accepts one.
    pub chosen: Option<&'a Chosen>,
}

/// Authentication classes that run in Python and come before what Rust found.
#[derive(Debug)]
pub struct Asked {
    /// Their places in the route's order.
    pub places: Vec<usize>,
    /// The refusal that holds where none of them knows the caller.
    pub rejected: Option<Rejected>,
    /// The body, where one of them reads a token in a form.
    pub form: Option<Bytes>,
}

/// What `Handler::call` is given.
pub struct Call<'a> {
    /// The request; its body is in `body`.
    pub request: &'a mut Request,
    /// The path template's values, decoded, in the template's order.
    pub captures: Captures,
    /// Who is asking.
    pub identity: Option<Arc<Identity>>,
    /// One value for each declared parameter, in the plan's order.
    pub values: Vec<Value>,
    /// Faults of the parameters. Not empty only where the route declares a body, or a group that
    /// may refuse, so that the handler can add what else is wrong before it refuses.
    pub faults: Faults,
    /// The form that the body was, where its bytes are gone: a multipart body.
    pub form: Option<Form>,
    /// The body's bytes; `None` where the request has none or the route reads none.
    pub body: Option<Bytes>,
    /// Which of the media types of a declared body it is of.
    pub media_type: usize,
    /// The renderer, where the route declares them.
    pub chosen: Option<Chosen>,
}

/// Answers one route.
pub trait Handler {
    /// Hears that a request's credentials were refused, for a log line. Nothing is decided here.
    fn refused(&self, _request: &Request, _rejected: &Rejected) {}

    /// What `admit` hands to `call`.
    type Admission: 'static;

    /// Finishes in Python what Rust could not decide.
    fn admit(&self, deferred: Deferred<'_>) -> Outcome<Self::Admission>;

    /// Answers an admitted request. `admission` is there where `admit` ran.
    fn call(&self, call: Call<'_>, admission: Option<Self::Admission>) -> Outcome<Reply>;

    /// Renders an error's reply, which is JSON, as what was agreed on with the client.
    fn render_error(&self, _request: &mut Request, _chosen: &Chosen, reply: Reply) -> Reply {
        reply
    }

    /// The error in the place of a file that is not sent, which is logged with its path.
    fn refuse_file(&self, request: &mut Request, refused: Refused) -> Error;
}
