//! Compiling a plan, and the stages that a socket does not show.

mod common;

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_http::header::{HeaderName, HeaderValue};
use actix_http::{Method, Payload};
use bolt_core::app::App;
use bolt_core::reply::{Body, Reply};
use bolt_core::request::Request;
use bolt_core::service::handle;
use bytes::Bytes;
use common::{Probe, app, document, parameter, route, run};
use serde_json::{Value, json};

fn request(method: Method, path: &str, headers: &[(&str, &str)], body: &'static str) -> Request {
    let mut request = actix_http::Request::new();
    request.head_mut().method = method;
    *request.uri_mut() = path.parse().unwrap();
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        let value = HeaderValue::from_str(value).unwrap();
        request.headers_mut().append(name, value);
    }
    if !body.is_empty() {
        *request.payload() = Payload::from(Bytes::from_static(body.as_bytes()));
    }
    Request::new(request)
}

fn json_of(reply: &Reply) -> Value {
    match &reply.body {
        Body::Full(bytes) => serde_json::from_slice(bytes).unwrap(),
        other => panic!("not a whole body: {other:?}"),
    }
}

#[test]
fn an_application_is_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<App<Probe>>();
}

#[test]
fn a_plan_that_contradicts_itself_is_refused() {
    let id = parameter("path", "id", "int", json!({}));
    let argument =
        |from: &str, index: Value| json!([{"from": from, "index": index, "keyword": null}]);
    let body =
        |types: Value| json!({"body": {"name": "b", "required": true, "media_types": types}});
    let cases = [
        (json!({"method": "get"}), "method"),
        (json!({"path": "a"}), "path"),
        (json!({"status": 99}), "status"),
        (json!({"status": 100}), "status"),
        (json!({"status": 600}), "status"),
        (json!({"authentication": [0]}), "authentication[0]"),
        (json!({"parameters": [id]}), "parameters[0].alias"),
        (
            json!({"arguments": [{"from": "group", "index": 0}]}),
            "arguments[0]",
        ),
        (
            json!({"groups": [{"name": "g", "source": "query", "closed": false, "refuses": false,
                "fields": [{"name": "a", "index": 0, "omittable": false}]}]}),
            "groups[0]",
        ),
        (
            json!({"arguments": argument("parameter", json!(0))}),
            "arguments[0]",
        ),
        (
            json!({"arguments": argument("parameter", Value::Null)}),
            "arguments[0]",
        ),
        (
            json!({"arguments": argument("request", json!(0))}),
            "arguments[0]",
        ),
        (
            json!({"arguments": argument("body", Value::Null)}),
            "arguments[0]",
        ),
        (body(json!([])), "body.media_types"),
        (body(json!(["a/b", "json"])), "body.media_types[1]"),
    ];
    for (changes, path) in cases {
        let routes = [
            route("GET", "/x", "fine", json!({})),
            route("GET", "/a", "bad", changes),
        ];
        let Err(error) = app(&document(&routes)) else {
            panic!("{path} is accepted")
        };
        assert_eq!(error.path(), format!("routes[1].{path}"), "{error}");
    }
}

/// Guard, deferred, handler, status, and what Python was told, where it was asked.
type Asked = (Value, bool, &'static str, u16, Option<Vec<Option<bool>>>);

#[test]
fn guards_and_python() {
    let is = |guard: &str| json!({"type": guard});
    let python = json!({"type": "python", "name": "P"});
    let cases: [Asked; 8] = [
        (Value::Null, false, "ok", 200, None),
        (is("allow_any"), false, "ok", 200, None),
        (is("is_authenticated"), false, "ok", 403, None),
        (
            is("is_authenticated"),
            true,
            "ok",
            200,
            Some(vec![Some(false)]),
        ),
        (is("allow_any"), true, "ok", 200, Some(vec![Some(true)])),
        (Value::Null, true, "ok", 200, Some(vec![])),
        (python.clone(), false, "ok", 200, Some(vec![None])),
        (python, false, "refuse", 403, Some(vec![None])),
    ];
    run(async move {
        for (guard, deferred, handler, status, told) in cases {
            let changes = json!({"guard": guard, "deferred": deferred});
            let (app, seen) = app(&document(&[route("GET", "/", handler, changes)])).unwrap();
            let reply = handle(&app, request(Method::GET, "/", &[], "")).await;
            assert_eq!(reply.status.as_u16(), status, "{guard} {deferred}");
            let expected: Vec<_> = told.into_iter().collect();
            assert_eq!(
                *seen.admitted.lock().unwrap(),
                expected,
                "{guard} {deferred}"
            );
        }
    });
}

#[test]
fn a_refusal_comes_before_any_fault_of_the_input() {
    run(async {
        let changes = json!({
            "guard": {"type": "python", "name": "P"},
            "parameters": [parameter("query", "n", "int", json!({}))],
        });
        let routes = [
            route("GET", "/refused", "refuse", changes.clone()),
            route("GET", "/admitted", "ok", changes),
        ];
        let (app, _) = app(&document(&routes)).unwrap();
        let refused = handle(&app, request(Method::GET, "/refused?n=x", &[], "")).await;
        assert_eq!(refused.status, 403);
        let admitted = handle(&app, request(Method::GET, "/admitted?n=x", &[], "")).await;
        assert_eq!(admitted.status, 400);
    });
}

#[test]
fn a_request_without_a_socket_is_answered_alike() {
    run(async {
        let body = json!({"body": {
            "name": "data", "required": true, "media_types": ["application/json"],
        }});
        let routes = [
            route("POST", "/", "create", body),
            route("GET", "/", "list", json!({})),
        ];
        let (app, _) = app(&document(&routes)).unwrap();
        let typed = [("content-type", "application/json")];

        let reply = handle(&app, request(Method::POST, "/", &typed, "{}")).await;
        assert_eq!(json_of(&reply)["body"], "{}");
        let reply = handle(&app, request(Method::POST, "/", &[], "{}")).await;
        assert_eq!(reply.status, 415);
        let reply = handle(&app, request(Method::POST, "/", &[], "")).await;
        assert_eq!(json_of(&reply)["body"], Value::Null);

        let whole = handle(&app, request(Method::GET, "/", &[], "")).await;
        let Body::Full(bytes) = &whole.body else {
            panic!("GET has a body")
        };
        let head = handle(&app, request(Method::HEAD, "/", &[], "")).await;
        assert_eq!(head.content_type, whole.content_type);
        // The method that the handler shows is one letter longer.
        let length = bytes.len() as u64 + 1;
        assert!(matches!(head.body, Body::Omitted(omitted) if omitted == length));
    });
}

#[test]
fn a_fault_of_the_form_is_told_in_the_form_that_was_asked_for() {
    run(async {
        let (app, _) = app(&document(&[])).unwrap();
        let accept = [("accept", "application/problem+json")];
        let reply = handle(&app, request(Method::GET, "/x", &accept, "")).await;
        assert_eq!(
            reply.content_type.as_ref().unwrap(),
            "application/problem+json"
        );
        assert_eq!(json_of(&reply)["status"], 404);
    });
}

/// Two chunks of so many bytes, then nothing more.
struct Stalled(u8, usize);

impl futures_core::Stream for Stalled {
    type Item = Result<Bytes, actix_http::error::PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.0 == 2 {
            return Poll::Pending;
        }
        self.0 += 1;
        Poll::Ready(Some(Ok(Bytes::from(vec![b'x'; self.1]))))
    }
}

#[test]
fn a_body_that_stalls_is_given_up() {
    // What came quickly buys no time for silence.
    for size in [1, 1000] {
        run(stall_after_chunks_of(size));
    }
}

async fn stall_after_chunks_of(size: usize) {
    let options = json!({"reads_body": true, "max_body_size": 10_000});
    let routes = [route("POST", "/", "create", options)];
    let (app, seen) = app(&document(&routes)).unwrap();
    let mut stalled = actix_http::Request::new();
    stalled.head_mut().method = Method::POST;
    let body: actix_http::BoxedPayloadStream = Box::pin(Stalled(0, size));
    *stalled.payload() = Payload::from(body);
    // The clock stands still, and goes on by itself where everything waits.
    tokio::time::pause();
    let reply = tokio::time::timeout(
        std::time::Duration::from_secs(31),
        handle(&app, Request::new(stalled)),
    );
    assert_eq!(reply.await.expect("it is given up").status, 408);
    assert_eq!(seen.started.load(std::sync::atomic::Ordering::SeqCst), 0);
}
