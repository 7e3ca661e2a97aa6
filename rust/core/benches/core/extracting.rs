//! Reading and converting parameters.

use std::hint::black_box;

use actix_http::header::{COOKIE, HeaderName, HeaderValue};
use bolt_core::extract::Extractor;
use bolt_core::request::Request;
use bolt_core::router::Captures;
use criterion::Criterion;
use serde_json::{Value, json};

use crate::common::parameter;

fn extractor(parameters: &[Value]) -> Extractor {
    let parameters: Vec<_> = parameters
        .iter()
        .map(|parameter| serde_json::from_value(parameter.clone()).unwrap())
        .collect();
    Extractor::compile(&parameters, &[], &["code".to_owned(), "number".to_owned()]).unwrap()
}

fn request(uri: &str) -> Request {
    let mut request = actix_http::Request::new();
    *request.uri_mut() = uri.parse().unwrap();
    let headers = request.headers_mut();
    let client = HeaderName::from_static("x-client");
    headers.insert(client, HeaderValue::from_static("17"));
    headers.insert(COOKIE, HeaderValue::from_static("a=b; session=xyz; c=d"));
    Request::new(request)
}

/// Names, parameters, and the request's target.
fn cases() -> [(&'static str, Vec<Value>, &'static str); 5] {
    let plain = |source, name, scalar| parameter(source, name, scalar, json!({}));
    let path = vec![plain("path", "code", "str"), plain("path", "number", "int")];
    let query = vec![
        plain("query", "surface", "str"),
        parameter(
            "query",
            "limit",
            "int",
            json!({"constraints": {"ge": 1, "le": 100}}),
        ),
        plain("query", "lit", "bool"),
    ];
    let both = [path.clone(), query.clone()].concat();
    let many = vec![parameter("query", "n", "int", json!({"many": true}))];
    let head = vec![
        plain("header", "x-client", "int"),
        plain("cookie", "session", "str"),
    ];
    [
        ("path", path, "/"),
        ("query", query, "/?surface=asphalt&limit=20&lit=true"),
        (
            "path and query",
            both,
            "/?surface=grass%20wet&limit=20&lit=1",
        ),
        (
            "eight of one name",
            many,
            "/?n=1&n=2&n=3&n=4&n=5&n=6&n=7&n=8",
        ),
        ("header and cookie", head, "/"),
    ]
}

pub fn extract(criterion: &mut Criterion) {
    let captures: Captures = ["KEF", "3"].into_iter().map(Into::into).collect();
    let mut group = criterion.benchmark_group("extract");
    for (name, parameters, uri) in cases() {
        let (extractor, request) = (extractor(&parameters), request(uri));
        let (_, faults) = extractor.extract(&request, &captures);
        assert!(faults.is_empty(), "{name}");
        group.bench_function(name, |bencher| {
            bencher.iter(|| extractor.extract(black_box(&request), &captures));
        });
    }
    group.finish();
}
