//! Preconditions of requests, in the order of RFC 9110 §13.2.2.

mod common;

use actix_http::Method;
use actix_http::header::{HeaderMap, HeaderName, HeaderValue};
use bolt_core::conditional::entity_tag::EntityTag;
use bolt_core::conditional::preconditions::{Validators, Verdict, evaluate, if_range};
use common::{Server, route, run};
use serde_json::json;

const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const AFTER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";
const SECONDS: u64 = 784_111_777;

fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let name = HeaderName::try_from(*name).unwrap();
        headers.append(name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn current(tag: Option<&'static str>, modified: Option<u64>) -> Validators<'static> {
    Validators {
        tag: tag.map(|tag| EntityTag::parse(tag.as_bytes()).unwrap()),
        modified,
    }
}

#[test]
fn verdicts() {
    use Verdict::{Failed, NotModified, Proceed};
    const MATCH: &str = "if-match";
    const NONE: &str = "if-none-match";
    const SINCE: &str = "if-modified-since";
    const UNMODIFIED: &str = "if-unmodified-since";
    // What a reading and a changing method come to, of a representation tagged "a" of that date.
    type Lines<'a> = &'a [(&'a str, &'a str)];
    let cases: Vec<(Lines<'_>, Verdict, Verdict)> = vec![
        (&[], Proceed, Proceed),
        (&[(MATCH, "\"a\"")], Proceed, Proceed),
        (&[(MATCH, "\"b\", \"a\"")], Proceed, Proceed),
        (&[(MATCH, "\"b\""), (MATCH, "\"a\"")], Proceed, Proceed),
        (&[(MATCH, "*")], Proceed, Proceed),
        (&[(MATCH, "\"b\"")], Failed, Failed),
        (&[(MATCH, "W/\"a\"")], Failed, Failed),
        (&[(MATCH, "a")], Failed, Failed),
        (&[(MATCH, "")], Failed, Failed),
        (&[(NONE, "\"a\"")], NotModified, Failed),
        (&[(NONE, "W/\"a\"")], NotModified, Failed),
        (&[(NONE, "\"b\" , \"a\"")], NotModified, Failed),
        (&[(NONE, "*")], NotModified, Failed),
        (&[(NONE, "\"b\"")], Proceed, Proceed),
        (&[(NONE, "a")], Proceed, Proceed),
        (&[(SINCE, DATE)], NotModified, Proceed),
        (&[(SINCE, AFTER)], NotModified, Proceed),
        (&[(SINCE, BEFORE)], Proceed, Proceed),
        (&[(SINCE, "yesterday")], Proceed, Proceed),
        (&[(SINCE, DATE), (SINCE, DATE)], Proceed, Proceed),
        (&[(UNMODIFIED, DATE)], Proceed, Proceed),
        (&[(UNMODIFIED, AFTER)], Proceed, Proceed),
        (&[(UNMODIFIED, BEFORE)], Failed, Failed),
        (&[(UNMODIFIED, "yesterday")], Proceed, Proceed),
        // A tag says more than a date, which is not looked at beside it.
        (&[(MATCH, "\"a\""), (UNMODIFIED, BEFORE)], Proceed, Proceed),
        (&[(MATCH, "\"b\""), (UNMODIFIED, AFTER)], Failed, Failed),
        (&[(NONE, "\"b\""), (SINCE, AFTER)], Proceed, Proceed),
        (&[(NONE, "\"a\""), (SINCE, BEFORE)], NotModified, Failed),
        // What must hold comes before what must not.
        (&[(MATCH, "\"b\""), (NONE, "\"a\"")], Failed, Failed),
        (&[(MATCH, "\"a\""), (NONE, "\"a\"")], NotModified, Failed),
        (&[(UNMODIFIED, BEFORE), (NONE, "\"a\"")], Failed, Failed),
        (&[(UNMODIFIED, DATE), (SINCE, DATE)], NotModified, Proceed),
    ];
    for (lines, read, change) in cases {
        let current = current(Some("\"a\""), Some(SECONDS));
        for (method, expected) in [
            (Method::GET, read),
            (Method::HEAD, read),
            (Method::PUT, change),
            (Method::DELETE, change),
        ] {
            let verdict = evaluate(&method, &headers(lines), &current);
            assert_eq!(verdict, expected, "{method} {lines:?}");
        }
    }
}

#[test]
fn without_tag_or_date_or_anything() {
    use Verdict::{Failed, NotModified, Proceed};
    let (weak, dated, none) = (
        current(Some("W/\"a\""), None),
        current(None, Some(SECONDS)),
        current(None, None),
    );
    let cases: Vec<(&str, &str, &Validators<'_>, Verdict)> = vec![
        ("if-match", "W/\"a\"", &weak, Failed),
        ("if-match", "\"a\"", &weak, Failed),
        ("if-match", "*", &weak, Proceed),
        ("if-none-match", "\"a\"", &weak, NotModified),
        ("if-modified-since", AFTER, &weak, Proceed),
        ("if-unmodified-since", BEFORE, &weak, Proceed),
        ("if-match", "\"a\"", &dated, Failed),
        ("if-match", "*", &dated, Proceed),
        ("if-none-match", "\"a\"", &dated, Proceed),
        ("if-none-match", "*", &dated, NotModified),
        ("if-match", "*", &none, Failed),
        ("if-none-match", "*", &none, Proceed),
    ];
    for (name, value, current, expected) in cases {
        let verdict = evaluate(&Method::GET, &headers(&[(name, value)]), current);
        assert_eq!(verdict, expected, "{name}: {value} of {current:?}");
    }
}

#[test]
fn ranges_on_condition() {
    let cases: Vec<(&[&str], Option<&'static str>, u64, bool)> = vec![
        (&[], Some("\"a\""), SECONDS, true),
        (&["\"a\""], Some("\"a\""), SECONDS, true),
        (&["\"b\""], Some("\"a\""), SECONDS, false),
        (&["W/\"a\""], Some("W/\"a\""), SECONDS, false),
        (&["\"a\""], Some("W/\"a\""), SECONDS, false),
        (&["\"a\""], None, SECONDS, false),
        (&["\"a\", \"b\""], Some("\"a\""), SECONDS, false),
        (&["\"a\"", "\"a\""], Some("\"a\""), SECONDS, false),
        (&["*"], Some("\"a\""), SECONDS, false),
        (&[DATE], None, SECONDS + 60, true),
        // Too new for its date to tell one representation from the next.
        (&[DATE], None, SECONDS, false),
        (&[DATE], None, SECONDS + 1, false),
        (&[BEFORE], None, SECONDS + 60, false),
        (&[AFTER], None, SECONDS + 60, false),
        (&["yesterday"], None, SECONDS + 60, false),
    ];
    for (values, tag, now, expected) in cases {
        let lines: Vec<_> = values.iter().map(|value| ("if-range", *value)).collect();
        let current = current(tag, Some(SECONDS));
        assert_eq!(
            if_range(&headers(&lines), &current, now),
            expected,
            "{values:?} {tag:?} {now}"
        );
    }
}

/// A request of one header.
fn asking(method: &str, path: &str, header: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n")
}

#[test]
fn a_handlers_own_validators() {
    run(async {
        let server = Server::start(&[
            route("GET", "/tag", "headers ETag: \"a\"", json!({})),
            route("POST", "/tag", "headers ETag: \"a\"", json!({})),
            route(
                "GET",
                "/date",
                &format!("headers Last-Modified: {DATE}"),
                json!({}),
            ),
            route(
                "GET",
                "/language",
                "headers Content-Language: is",
                json!({}),
            ),
        ]);
        let cases = [
            ("GET", "/tag", "X: y".to_owned(), 200),
            ("GET", "/tag", "If-None-Match: W/\"a\"".to_owned(), 304),
            ("HEAD", "/tag", "If-None-Match: \"a\"".to_owned(), 304),
            ("GET", "/tag", "If-None-Match: \"b\"".to_owned(), 200),
            ("GET", "/tag", "If-Match: \"b\"".to_owned(), 412),
            // The handler has run: what it did cannot be refused any more.
            ("POST", "/tag", "If-None-Match: \"a\"".to_owned(), 200),
            ("GET", "/date", format!("If-Modified-Since: {DATE}"), 304),
            ("GET", "/date", format!("If-Modified-Since: {BEFORE}"), 200),
            (
                "GET",
                "/date",
                format!("If-Unmodified-Since: {BEFORE}"),
                412,
            ),
            ("GET", "/language", "If-None-Match: *".to_owned(), 200),
            // Only files have ranges.
            ("GET", "/tag", "Range: bytes=0-0".to_owned(), 200),
        ];
        let count = cases.len();
        for (method, path, header, expected) in cases {
            let response = server.send(&asking(method, path, &header)).await;
            assert_eq!(response.status, expected, "{method} {path} {header}");
            if expected == 304 {
                assert_eq!(response.body, "");
                assert_eq!(response.header("content-type"), None);
                let validator = if path == "/tag" {
                    "etag"
                } else {
                    "last-modified"
                };
                assert!(response.header(validator).is_some());
            }
        }
        let seen = server.seen.clone();
        common::eventually("every reply is finished", || {
            seen.finished.load(std::sync::atomic::Ordering::SeqCst) == count
        })
        .await;
    });
}

#[test]
fn tags_of_replies() {
    run(async {
        let tagged = || json!({"etag": true});
        let server = Server::start(&[
            route("GET", "/echo", "echo", tagged()),
            route("POST", "/echo", "echo", tagged()),
            route("GET", "/own", "headers ETag: \"own\"", tagged()),
            route("GET", "/nothing", "nothing", tagged()),
            route("GET", "/fail", "fail", tagged()),
            route("GET", "/off", "echo", json!({})),
        ]);
        let first = server.get("/echo").await;
        let tag = first.header("etag").unwrap().to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag}");
        // The method is in the body: what the bytes of another reply are, is seen.
        let head = server.send(&asking("HEAD", "/echo", "X: y")).await;
        assert_ne!(head.header("etag").unwrap(), tag);
        let again = server
            .send(&asking("GET", "/echo", &format!("If-None-Match: {tag}")))
            .await;
        assert_eq!(
            (again.status, again.header("etag")),
            (304, Some(tag.as_str()))
        );
        assert_eq!(server.get("/own").await.header("etag"), Some("\"own\""));
        for (method, path) in [
            ("POST", "/echo"),
            ("GET", "/nothing"),
            ("GET", "/fail"),
            ("GET", "/off"),
        ] {
            let response = server.send(&asking(method, path, "X: y")).await;
            assert_eq!(response.header("etag"), None, "{method} {path}");
        }
    });
}
