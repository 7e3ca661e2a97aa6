//! Replies in their usual kinds.

use actix_http::body::{BoxBody, MessageBody};
use actix_http::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use actix_http::{Response, StatusCode};
use bytes::Bytes;
use serde::Serialize;

/// A response of any body.
pub type Reply = Response<BoxBody>;

/// A reply, or the status of a refusal.
pub type Answer = Result<Reply, StatusCode>;

#[derive(Serialize)]
struct Greeting {
    message: &'static str,
}

#[derive(Serialize)]
struct Slept {
    slept: bool,
}

/// What most cases say.
pub fn greeting() -> Answer {
    greeting_bytes().map(made_json)
}

/// The same, for a thread that cannot hold a reply.
pub fn greeting_bytes() -> Result<Bytes, StatusCode> {
    encode(&Greeting {
        message: "Hello, world!",
    })
}

/// What is said after a pause.
pub fn slept() -> Answer {
    json(&Slept { slept: true })
}

/// A value as JSON.
pub fn json(value: &impl Serialize) -> Answer {
    encode(value).map(made_json)
}

/// JSON that is encoded already.
pub fn made_json(body: Bytes) -> Reply {
    full("application/json", body)
}

/// Plain text.
pub fn text(text: &'static str) -> Reply {
    full(
        "text/plain; charset=utf-8",
        Bytes::from_static(text.as_bytes()),
    )
}

/// A redirection to another path.
pub fn redirect(location: &'static str) -> Reply {
    let mut reply = Response::new(StatusCode::TEMPORARY_REDIRECT).map_into_boxed_body();
    let location = HeaderValue::from_static(location);
    reply.headers_mut().insert(LOCATION, location);
    reply
}

/// A body of a media type.
pub fn full(media_type: &'static str, body: impl MessageBody + 'static) -> Reply {
    let mut reply = Response::with_body(StatusCode::OK, body.boxed());
    let media_type = HeaderValue::from_static(media_type);
    reply.headers_mut().insert(CONTENT_TYPE, media_type);
    reply
}

fn encode(value: &impl Serialize) -> Result<Bytes, StatusCode> {
    let encoded = serde_json::to_vec(value).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(encoded.into())
}
