//! An application of the shortest handlers, and requests for it: what is left is the core's own.
#![allow(dead_code)] // each target uses its own part

use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use actix_http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use actix_http::{Method, Payload, StatusCode};
use bolt_core::app::App;
use bolt_core::auth::signing;
use bolt_core::error::Error;
use bolt_core::file::Refused;
use bolt_core::handler::{Call, Deferred, Handler, Outcome};
use bolt_core::plan;
use bolt_core::reply::Reply;
use bolt_core::request::Request;
use bolt_core::service::handle;
use bytes::Bytes;
use serde_json::json;

use crate::common::{document, parameter, route};

const KEY: &[u8] = b"a shared secret of thirty-two byte";
const BODY: &str = r#"{"name":"Widget","price":12.5,"quantity":3,"tags":["new","sale"]}"#;

/// Answers at once, with bytes that are there already.
pub struct Plain;

impl Handler for Plain {
    type Admission = ();

    fn admit(&self, _: Deferred<'_>) -> Outcome<()> {
        Outcome::Ready(Ok(()))
    }

    fn call(&self, _: Call<'_>, _: Option<()>) -> Outcome<Reply> {
        let body = Bytes::from_static(br#"{"message":"Hello, world!"}"#);
        Outcome::Ready(Ok(Reply::json(StatusCode::OK, body)))
    }

    fn refuse_file(&self, _: &mut Request, _: Refused) -> Error {
        unreachable!("it sends no file")
    }
}

/// A kind of request that frameworks are compared by.
#[derive(Debug, Clone, Copy)]
pub enum Case {
    /// A path without parameters.
    Static,
    /// Two parameters of the path, three of the query.
    Parameters,
    /// A small declared body.
    Body,
    /// A token of a shared secret, and a guard.
    Token,
    /// The same without a token.
    Refused,
    /// No such path.
    Missing,
}

impl Case {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Static,
        Self::Parameters,
        Self::Body,
        Self::Token,
        Self::Refused,
        Self::Missing,
    ];

    /// The status that it is answered with.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Refused => StatusCode::UNAUTHORIZED,
            Self::Missing => StatusCode::NOT_FOUND,
            _ => StatusCode::OK,
        }
    }

    /// The request on the wire.
    pub fn text(self) -> String {
        let request = self.request();
        let head = request.head();
        let mut text = format!("{} {} HTTP/1.1\r\nHost: x\r\n", head.method, head.uri);
        for (name, value) in &head.headers {
            text.extend([name.as_str(), ": ", value.to_str().unwrap(), "\r\n"]);
        }
        text.push_str("\r\n");
        if matches!(self, Self::Body) {
            text.push_str(BODY);
        }
        text
    }

    /// The request as the server hands it over.
    pub fn request(self) -> actix_http::Request {
        let mut request = actix_http::Request::new();
        let path = match self {
            Self::Static => "/hello",
            Self::Parameters => "/airports/KEF/runways/3?surface=asphalt&limit=20&lit=true",
            Self::Body => "/items",
            Self::Token | Self::Refused => "/me",
            Self::Missing => "/elsewhere",
        };
        let head = request.head_mut();
        head.uri = path.parse().unwrap();
        head.method = match self {
            Self::Body => Method::POST,
            _ => Method::GET,
        };
        match self {
            Self::Body => with_body(request),
            Self::Token => with_token(request),
            _ => request,
        }
    }
}

fn with_body(mut request: actix_http::Request) -> actix_http::Request {
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_LENGTH, BODY.len().into());
    request
        .replace_payload(Payload::from(Bytes::from_static(BODY.as_bytes())))
        .0
}

fn with_token(mut request: actix_http::Request) -> actix_http::Request {
    let claims = json!({"sub": "42", "iat": 1_700_000_000, "exp": 4_102_444_800_u32});
    let token = signing::encode(claims.to_string().as_bytes(), "HS256", KEY).unwrap();
    let value = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
    request.headers_mut().insert(AUTHORIZATION, value);
    request
}

/// The application that answers every case.
pub fn app() -> App<Plain> {
    let plain = |source, name, scalar| parameter(source, name, scalar, json!({}));
    let runway = json!({"parameters": [
        plain("path", "code", "str"),
        plain("path", "number", "int"),
        plain("query", "surface", "str"),
        plain("query", "limit", "int"),
        plain("query", "lit", "bool"),
    ]});
    let guarded = json!({"authentication": [0], "guard": {"type": "is_authenticated"}});
    let declared = json!({"body": {
        "name": "item", "required": true, "media_types": ["application/json"],
    }});
    let mut document = document(&[
        route("GET", "/hello", "hello", json!({})),
        route("GET", "/airports/{code}/runways/{number}", "runway", runway),
        route("POST", "/items", "create", declared),
        route("GET", "/me", "me", guarded),
    ]);
    document["authenticators"] = json!([{
        "type": "jwt", "secrets": ["jwt"], "algorithms": ["HS256"], "audiences": [], "issuer": null,
        "leeway": 0,
    }]);
    let plan = plan::read(document.to_string().as_bytes()).unwrap();
    let secrets = HashMap::from([("jwt".to_owned(), KEY.to_vec())]);
    App::compile(plan, &secrets, |_, _| Ok(Plain)).unwrap()
}

/// What the service makes of a request. Nothing here has to wait.
pub fn answer(app: &App<Plain>, request: actix_http::Request) -> Reply {
    let reply = pin!(handle(app, Request::new(request)));
    match reply.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(reply) => reply,
        Poll::Pending => panic!("the service waits"),
    }
}
