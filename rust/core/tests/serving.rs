//! Requests over real sockets: what is found, what is refused, what is sent.

mod common;

use common::{Server, eventually, parameter, route, run};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

fn routes() -> Vec<Value> {
    let json_body = json!({"body": {
        "name": "data", "required": true, "media_types": ["application/json"],
    }});
    let mut faulty_body = json_body.clone();
    faulty_body["parameters"] = json!([parameter("query", "n", "int", json!({}))]);
    vec![
        route("GET", "/", "root", json!({})),
        route("GET", "/users", "list", json!({})),
        route("POST", "/users", "create", json_body),
        route("GET", "/users/me", "me", json!({})),
        route("GET", "/users/{id}", "detail", json!({})),
        route(
            "PUT",
            "/users/{pk}",
            "update",
            json!({"reads_body": true, "max_body_size": 10}),
        ),
        route("GET", "/files/{*rest}", "files", json!({})),
        route("HEAD", "/head", "own_head", json!({})),
        route("GET", "/head", "get", json!({})),
        route("OPTIONS", "/options", "own_options", json!({})),
        route("GET", "/nothing", "nothing", json!({})),
        route("GET", "/wrong_nothing", "wrong_nothing", json!({})),
        route("GET", "/fail", "fail", json!({})),
        route("GET", "/panic", "panic", json!({})),
        route("GET", "/large", "large", json!({})),
        route("POST", "/faulty", "faulty", faulty_body),
        route(
            "GET",
            "/typed/{id}",
            "typed",
            json!({"parameters": [
                parameter("path", "id", "int", json!({})),
                parameter("query", "limit", "int", json!({"constraints": {"ge": 1, "le": 10}})),
                parameter("query", "tag", "str", json!({"many": true, "required": false})),
                parameter("header", "x-n", "int", json!({"required": false})),
                parameter("cookie", "session", "str", json!({"required": false})),
            ]}),
        ),
    ]
}

#[test]
fn paths() {
    run(async {
        let server = Server::start(&routes());
        let cases = [
            ("/", 200, Some(("root", vec![]))),
            ("/users", 200, Some(("list", vec![]))),
            ("/users/", 200, Some(("list", vec![]))),
            ("/users/me", 200, Some(("me", vec![]))),
            ("/users/%6De/", 200, Some(("me", vec![]))),
            ("/users/7", 200, Some(("detail", vec!["7"]))),
            ("/users/7/", 200, Some(("detail", vec!["7"]))),
            (
                "/users/a%20b%C3%A9%25",
                200,
                Some(("detail", vec!["a bé%"])),
            ),
            ("/users/%2541", 200, Some(("detail", vec!["%41"]))),
            ("/users/a%2Fb", 404, None),
            ("/users/a%2fb", 404, None),
            ("/users//", 404, None),
            ("/users/7/x", 404, None),
            ("/files/a/b%2Fc", 200, Some(("files", vec!["a/b/c"]))),
            ("/files/a/", 200, Some(("files", vec!["a/"]))),
            ("/files/", 404, None),
            ("/files/../users", 404, None),
            ("/files/%2e%2E/users", 404, None),
            ("/files/a%2F..%2Fb", 404, None),
            ("/users/.", 404, None),
            ("/files/.hidden", 200, Some(("files", vec![".hidden"]))),
            ("/users/%ff", 400, None),
            ("/users/%c0%af", 400, None),
            ("/users/%zz", 400, None),
            ("/users/%00", 400, None),
            ("/missing", 404, None),
        ];
        for (path, status, found) in cases {
            let response = server.get(path).await;
            assert_eq!(response.status, status, "{path}");
            if let Some((handler, captures)) = found {
                let json = response.json();
                assert_eq!(json["handler"], handler, "{path}");
                assert_eq!(json["captures"], json!(captures), "{path}");
            } else {
                assert!(!response.body.contains("users"), "{path}");
            }
        }
    });
}

#[test]
fn methods() {
    run(async {
        let server = Server::start(&routes());
        let cases = [
            ("DELETE", "/users", 405, Some("GET, HEAD, OPTIONS, POST")),
            ("DELETE", "/users/7", 405, Some("GET, HEAD, OPTIONS, PUT")),
            ("PUT", "/users/me", 405, Some("GET, HEAD, OPTIONS")),
            ("OPTIONS", "/users", 204, Some("GET, HEAD, OPTIONS, POST")),
            ("OPTIONS", "/options", 200, None),
            ("GET", "/options", 405, Some("OPTIONS")),
            ("HEAD", "/options", 405, Some("OPTIONS")),
            ("OPTIONS", "/missing", 404, None),
            ("PROPFIND", "/users", 405, Some("GET, HEAD, OPTIONS, POST")),
            ("get", "/users", 405, Some("GET, HEAD, OPTIONS, POST")),
        ];
        for (method, path, status, allow) in cases {
            let request = format!("{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n");
            let response = server.send(&request).await;
            assert_eq!(response.status, status, "{method} {path}");
            assert_eq!(response.header("allow"), allow, "{method} {path}");
        }
    });
}

#[test]
fn head_has_the_headers_of_get() {
    run(async {
        let server = Server::start(&routes());
        for (path, handler) in [("/users", "list"), ("/head", "own_head")] {
            let mut client = server.connect().await;
            // A second request on the connection shows that no body was sent.
            for _ in 0..2 {
                let request = format!("HEAD {path} HTTP/1.1\r\nHost: x\r\n\r\n");
                client.write(&request).await;
                let response = client.response(true).await.unwrap();
                assert_eq!(response.status, 200);
                assert_eq!(response.header("content-type"), Some("application/json"));
                let length: usize = response.header("content-length").unwrap().parse().unwrap();
                assert!(length > handler.len());
            }
        }
        let missing = server
            .send("HEAD /missing HTTP/1.1\r\nHost: x\r\n\r\n")
            .await;
        assert_eq!(missing.status, 404);
        assert_eq!(missing.header("content-length"), Some("23"));
    });
}

#[test]
fn statuses_without_a_body() {
    run(async {
        let server = Server::start(&routes());
        for path in ["/nothing", "/wrong_nothing"] {
            let mut client = server.connect().await;
            for _ in 0..2 {
                client
                    .write(&format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"))
                    .await;
                let response = client.response(false).await.unwrap();
                assert_eq!(response.status, 204);
                assert_eq!(response.header("content-length"), None);
                assert_eq!(response.header("content-type"), None);
            }
        }
        let seen = server.seen.clone();
        eventually("finished", || seen.finished.load(Ordering::SeqCst) == 2).await;
    });
}

#[test]
fn parameters_and_their_faults() {
    run(async {
        let server = Server::start(&routes());
        let response = server
            .send(
                "GET /typed/7?limit=3&tag=a&tag=b+c&limit=4 HTTP/1.1\r\nHost: x\r\nX-N: 5\r\n\
                 Cookie: a=1; session=\"s\"\r\n\r\n",
            )
            .await;
        let values = r#"[Int(7), Int(4), Many([Str("a"), Str("b c")]), Int(5), Str("s")]"#;
        assert_eq!(response.json()["values"], values);

        let response = server
            .send("GET /typed/x?limit=11 HTTP/1.1\r\nHost: x\r\nX-N: y\r\n\r\n")
            .await;
        assert_eq!(response.status, 400);
        let integer = "A valid integer is required.";
        let expected = json!({
            "id": [integer],
            "limit": ["Ensure this value is less than or equal to 10."],
            "x-n": [integer],
        });
        assert_eq!(response.json(), expected);
        assert_eq!(
            server.get("/typed/1").await.json(),
            json!({"limit": ["This field is required."]})
        );
        assert_eq!(server.seen.started.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn faults_wait_for_the_body() {
    run(async {
        let server = Server::start(&routes());
        let response = server
            .send(
                "POST /faulty?n=x HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                 Content-Length: 2\r\n\r\n{}",
            )
            .await;
        assert_eq!(
            response.json()["faults"],
            json!({"n": ["A valid integer is required."]})
        );
        assert_eq!(response.json()["body"], "{}");
    });
}

#[test]
fn bodies() {
    run(async {
        let server = Server::start(&routes());
        let post = |headers: &str, body: &str| {
            format!("POST /users HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n{body}")
        };
        let json = "Content-Type: application/json\r\n";
        let chunked = format!("{json}Transfer-Encoding: chunked");
        let long = "x".repeat(1000);
        let cases = [
            (
                post(&format!("{json}Content-Length: 2"), "{}"),
                200,
                json!("{}"),
            ),
            (
                post(&chunked, "1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"),
                200,
                json!("{}"),
            ),
            (
                post("Content-Type: application/a+json\r\nContent-Length: 1", "1"),
                200,
                json!("1"),
            ),
            (post("Content-Length: 0", ""), 200, Value::Null),
            (post(&chunked, "0\r\n\r\n"), 200, Value::Null),
            (
                post(&format!("{json}Content-Length: 1000"), &long),
                200,
                json!(long),
            ),
            (post("Content-Length: 2", "{}"), 415, Value::Null),
            (
                post("Content-Type: text/plain\r\nContent-Length: 2", "{}"),
                415,
                Value::Null,
            ),
            (
                post("Transfer-Encoding: chunked", "1\r\n1\r\n0\r\n\r\n"),
                415,
                Value::Null,
            ),
            // The length alone is enough; nothing of the body is sent.
            (
                post(&format!("{json}Content-Length: 1001"), ""),
                413,
                Value::Null,
            ),
            (
                post(&chunked, &format!("3E8\r\n{long}\r\n1\r\nx\r\n0\r\n\r\n")),
                413,
                Value::Null,
            ),
            // A route's own limit.
            (
                "PUT /users/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123456789".into(),
                200,
                json!("0123456789"),
            ),
            (
                "PUT /users/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n0123456789x".into(),
                413,
                Value::Null,
            ),
            // Not read where nobody asks for it.
            (
                "GET /users HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}".into(),
                200,
                Value::Null,
            ),
        ];
        for (request, status, body) in cases {
            let response = server.send(&request).await;
            assert_eq!(response.status, status, "{request}");
            assert_eq!(
                response.json().get("body").unwrap_or(&Value::Null),
                &body,
                "{request}"
            );
        }
    });
}

#[test]
fn a_client_reads_the_refusal_of_a_body_that_it_is_still_sending() {
    run(async {
        let server = Server::start(&routes());
        let mut client = server.connect().await;
        client
            .write(
                "POST /users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                 Content-Length: 1000000\r\n\r\n",
            )
            .await;
        client.write(&"x".repeat(500_000)).await;
        let response = client.response(false).await.unwrap();
        assert_eq!(response.status, 413);
        assert_eq!(response.header("connection"), Some("close"));
        assert_eq!(
            response.json()["detail"],
            "The request body is larger than 1000 bytes."
        );
    });
}

#[test]
fn failures() {
    run(async {
        let server = Server::start(&routes());
        let response = server.get("/fail").await;
        assert_eq!(response.status, 500);
        assert_eq!(response.json(), json!({"detail": "Internal server error."}));

        let mut client = server.connect().await;
        client.write("GET /panic HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert!(client.response(false).await.is_none());
        assert_eq!(server.get("/users").await.status, 200);
        let events = server.events.clone();
        eventually("reported", || {
            events().iter().any(|event| event.contains("panic"))
        })
        .await;

        let problem =
            "GET /missing HTTP/1.1\r\nHost: x\r\nAccept: application/problem+json\r\n\r\n";
        let response = server.send(problem).await;
        assert_eq!(
            response.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(response.json()["title"], "Not Found");
    });
}

#[test]
fn a_large_reply_arrives_whole() {
    run(async {
        let server = Server::start(&routes());
        assert_eq!(server.get("/large").await.body.len(), 4 << 20);
        let seen = server.seen.clone();
        eventually("finished", || seen.finished.load(Ordering::SeqCst) == 1).await;
    });
}
