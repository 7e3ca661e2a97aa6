//! Turns every error into a reply, in one of two shapes.

use std::borrow::Cow;
use std::io;

use actix_http::StatusCode;
use actix_http::header::{
    ACCEPT_ENCODING, ALLOW, CONTENT_RANGE, HeaderName, HeaderValue, WWW_AUTHENTICATE,
};
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::{Error, NOT_AUTHENTICATED};
use crate::form::is_full;
use crate::negotiation::{PROBLEM, wanted};
use crate::plan::{ErrorFormat, Service};
use crate::reply::Reply;

/// An error before its shape is chosen.
struct Rendered {
    status: StatusCode,
    content: Content,
    headers: Vec<(HeaderName, HeaderValue)>,
}

enum Content {
    /// A sentence and its code.
    Detail(Cow<'static, str>, &'static str),
    /// JSON in the shape of Django REST framework.
    Made(Bytes),
}

/// The reply of an error, in the shape that the client asks for.
#[must_use]
pub fn render(error: Error, service: &Service, accept: Option<&HeaderValue>) -> Reply {
    let Rendered {
        status,
        content,
        headers,
    } = describe(error);
    let mut reply = match wanted(accept, service.error_format) {
        ErrorFormat::Drf => Reply::json(status, drf_body(content, service)),
        ErrorFormat::Problem => Reply::full(
            status,
            HeaderValue::from_static(PROBLEM),
            problem_body(status, content, service),
        ),
    };
    reply.headers = headers;
    reply
}

fn describe(error: Error) -> Rendered {
    let composed = |status, detail: Cow<'static, str>, code| Rendered {
        status,
        content: Content::Detail(detail, code),
        headers: Vec::new(),
    };
    let plain = |status, detail: &'static str, code| composed(status, detail.into(), code);
    match error {
        Error::BadRequest(detail) => plain(StatusCode::BAD_REQUEST, detail, "parse_error"),
        Error::TooManyFields(most) => composed(
            StatusCode::BAD_REQUEST,
            format!("The form has more than {most} fields.").into(),
            "parse_error",
        ),
        Error::TooManyFiles(most) => composed(
            StatusCode::BAD_REQUEST,
            format!("The form has more than {most} files.").into(),
            "parse_error",
        ),
        Error::FieldsTooLarge(limit) => composed(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("The form's text is larger than {limit} bytes.").into(),
            "payload_too_large",
        ),
        Error::NotStored(error) => not_stored(&error, plain),
        Error::Validation(faults) => Rendered {
            status: StatusCode::BAD_REQUEST,
            content: Content::Made(faults.to_json().into()),
            headers: Vec::new(),
        },
        Error::Unauthenticated { detail, challenge } => unauthenticated(detail, challenge),
        Error::Forbidden => plain(
            StatusCode::FORBIDDEN,
            "You do not have permission to perform this action.",
            "permission_denied",
        ),
        Error::NotFound => plain(StatusCode::NOT_FOUND, "Not found.", "not_found"),
        Error::MethodNotAllowed { allow } => {
            let detail = "This method is not allowed here.";
            let mut rendered = plain(StatusCode::METHOD_NOT_ALLOWED, detail, "method_not_allowed");
            rendered.headers.push((ALLOW, allow));
            rendered
        }
        Error::NotAcceptable => plain(
            StatusCode::NOT_ACCEPTABLE,
            "Could not satisfy the request Accept header.",
            "not_acceptable",
        ),
        Error::TooSlow => plain(
            StatusCode::REQUEST_TIMEOUT,
            "The request body arrived too slowly.",
            "request_timeout",
        ),
        Error::PreconditionFailed => plain(
            StatusCode::PRECONDITION_FAILED,
            "A precondition of the request does not hold.",
            "precondition_failed",
        ),
        Error::PayloadTooLarge(limit) => composed(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("The request body is larger than {limit} bytes.").into(),
            "payload_too_large",
        ),
        Error::UnsupportedMediaType(media_type) => composed(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("Unsupported media type \"{media_type}\" in request.").into(),
            "unsupported_media_type",
        ),
        Error::RangeNotSatisfiable(length) => unsatisfiable(length),
        Error::UnsupportedContentCoding { sent, accepted } => {
            let detail = format!("Unsupported content coding \"{sent}\" in request.");
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            let mut rendered = composed(status, detail.into(), "unsupported_content_coding");
            let accepted = HeaderValue::from_static(accepted);
            rendered.headers.push((ACCEPT_ENCODING, accepted));
            rendered
        }
        Error::Raised(raised) => Rendered {
            status: raised.status,
            content: Content::Made(raised.body),
            headers: raised.headers,
        },
        Error::Internal => plain(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Internal server error.",
            "error",
        ),
    }
}

/// 416 says how much there is, RFC 9110 §15.5.17.
fn unsatisfiable(length: u64) -> Rendered {
    let value = HeaderValue::try_from(format!("bytes */{length}"));
    Rendered {
        status: StatusCode::RANGE_NOT_SATISFIABLE,
        content: Content::Detail(
            "Nothing is in the range that was asked for.".into(),
            "range_not_satisfiable",
        ),
        headers: value
            .map(|value| (CONTENT_RANGE, value))
            .into_iter()
            .collect(),
    }
}

/// The client learns what it may know; whoever runs the server reads the rest.
fn not_stored(
    error: &io::Error,
    plain: impl Fn(StatusCode, &'static str, &'static str) -> Rendered,
) -> Rendered {
    eprintln!("an uploaded file could not be stored: {error}");
    if is_full(error) {
        let detail = "There is no room for the uploaded file.";
        return plain(StatusCode::INSUFFICIENT_STORAGE, detail, "error");
    }
    let detail = "Internal server error.";
    plain(StatusCode::INTERNAL_SERVER_ERROR, detail, "error")
}

/// 401 needs a challenge to be one; without it the status is 403, as in Django REST framework.
fn unauthenticated(detail: &'static str, challenge: Option<HeaderValue>) -> Rendered {
    let code = if detail == NOT_AUTHENTICATED {
        "not_authenticated"
    } else {
        "authentication_failed"
    };
    Rendered {
        status: match challenge {
            Some(_) => StatusCode::UNAUTHORIZED,
            None => StatusCode::FORBIDDEN,
        },
        content: Content::Detail(detail.into(), code),
        headers: challenge
            .map(|challenge| (WWW_AUTHENTICATE, challenge))
            .into_iter()
            .collect(),
    }
}

fn drf_body(content: Content, service: &Service) -> Bytes {
    match content {
        Content::Made(body) => body,
        Content::Detail(detail, code) => encode(&Detail {
            detail: &detail,
            code: service.error_codes.then_some(code),
        }),
    }
}

/// The shape of Django REST framework.
#[derive(Serialize)]
struct Detail<'a> {
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
}

/// RFC 9457. What is not a `detail` stands under `errors`.
fn problem_body(status: StatusCode, content: Content, service: &Service) -> Bytes {
    let mut problem = Map::new();
    problem.insert("type".to_owned(), "about:blank".into());
    let title = status.canonical_reason().unwrap_or("Unknown");
    problem.insert("title".to_owned(), title.into());
    problem.insert("status".to_owned(), status.as_u16().into());
    match content {
        Content::Detail(detail, code) => {
            problem.insert("detail".to_owned(), detail.as_ref().into());
            if service.error_codes {
                problem.insert("code".to_owned(), code.into());
            }
        }
        Content::Made(body) => extend_problem(&mut problem, &body),
    }
    encode(&Value::Object(problem))
}

fn extend_problem(problem: &mut Map<String, Value>, body: &[u8]) {
    match serde_json::from_slice(body) {
        Ok(Value::Object(made)) if made.get("detail").is_some_and(Value::is_string) => {
            for (key, value) in made {
                // The members that RFC 9457 defines keep their meaning.
                problem.entry(key).or_insert(value);
            }
        }
        Ok(errors) => {
            problem.insert("errors".to_owned(), errors);
        }
        Err(_) => {}
    }
}

fn encode(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::{Fault, Faults, Raised};
    use crate::plan::Source;
    use crate::reply::Body;

    fn service(error_format: ErrorFormat, error_codes: bool) -> Service {
        Service {
            forms: crate::plan::Forms::default(),
            debug: false,
            max_body_size: None,
            error_format,
            error_codes,
            decompress_requests: false,
            file_roots: None,
            url_format_override: None,
        }
    }

    fn body(reply: &Reply) -> Value {
        let Body::Full(bytes) = &reply.body else {
            panic!("an error has a body")
        };
        serde_json::from_slice(bytes).unwrap()
    }

    fn faults() -> Error {
        Error::Validation(Faults(vec![Fault {
            source: Source::Query,
            name: "x".to_owned(),
            message: "m".to_owned(),
        }]))
    }

    fn raised(body: &'static str) -> Error {
        Error::Raised(Box::new(Raised {
            status: StatusCode::CONFLICT,
            body: Bytes::from_static(body.as_bytes()),
            headers: vec![(ALLOW, HeaderValue::from_static("GET"))],
        }))
    }

    #[test]
    fn statuses_details_and_codes() {
        let missing = |challenge: Option<&'static str>| Error::Unauthenticated {
            detail: NOT_AUTHENTICATED,
            challenge: challenge.map(HeaderValue::from_static),
        };
        let wrong = Error::Unauthenticated {
            detail: "No.",
            challenge: Some(HeaderValue::from_static("Bearer")),
        };
        let allow = HeaderValue::from_static("GET");
        let cases = [
            (Error::BadRequest("Bad."), 400, "Bad.", "parse_error"),
            (
                missing(Some("Bearer")),
                401,
                NOT_AUTHENTICATED,
                "not_authenticated",
            ),
            (missing(None), 403, NOT_AUTHENTICATED, "not_authenticated"),
            (wrong, 401, "No.", "authentication_failed"),
            (Error::NotFound, 404, "Not found.", "not_found"),
            (
                Error::MethodNotAllowed { allow },
                405,
                "This method is not allowed here.",
                "method_not_allowed",
            ),
            (
                Error::NotAcceptable,
                406,
                "Could not satisfy the request Accept header.",
                "not_acceptable",
            ),
            (
                Error::TooSlow,
                408,
                "The request body arrived too slowly.",
                "request_timeout",
            ),
            (
                Error::PayloadTooLarge(7),
                413,
                "The request body is larger than 7 bytes.",
                "payload_too_large",
            ),
            (
                Error::UnsupportedContentCoding {
                    sent: "a\"b".to_owned(),
                    accepted: "identity",
                },
                415,
                "Unsupported content coding \"a\"b\" in request.",
                "unsupported_content_coding",
            ),
            (
                Error::UnsupportedMediaType("a/\"b".to_owned()),
                415,
                "Unsupported media type \"a/\"b\" in request.",
                "unsupported_media_type",
            ),
            (Error::Internal, 500, "Internal server error.", "error"),
        ];
        for (error, status, detail, code) in cases {
            let reply = render(error, &service(ErrorFormat::Drf, true), None);
            assert_eq!(reply.status.as_u16(), status);
            assert_eq!(body(&reply), json!({"detail": detail, "code": code}));
            let challenged = reply
                .headers
                .iter()
                .any(|(name, _)| name == WWW_AUTHENTICATE);
            assert_eq!(challenged, status == 401);
        }
        let reply = render(Error::Forbidden, &service(ErrorFormat::Drf, false), None);
        let detail = "You do not have permission to perform this action.";
        assert_eq!(body(&reply), json!({"detail": detail}));
    }

    #[test]
    fn problem_bodies() {
        let about = |status: u16, title: &str, key: &str, value: Value| json!({"type": "about:blank", "title": title, "status": status, key: value});
        let cases = [
            (
                Error::NotFound,
                about(404, "Not Found", "detail", "Not found.".into()),
            ),
            (
                faults(),
                about(400, "Bad Request", "errors", json!({"x": ["m"]})),
            ),
            (
                raised(r#"{"detail": "Taken.", "status": 1}"#),
                about(409, "Conflict", "detail", "Taken.".into()),
            ),
            (
                raised(r#"["a"]"#),
                about(409, "Conflict", "errors", json!(["a"])),
            ),
        ];
        for (error, expected) in cases {
            let reply = render(error, &service(ErrorFormat::Problem, false), None);
            assert_eq!(body(&reply), expected);
            assert_eq!(reply.content_type.unwrap(), PROBLEM);
        }
    }

    #[test]
    fn what_python_made_passes_as_it_is() {
        let reply = render(
            raised(r#"{"x": 1}"#),
            &service(ErrorFormat::Drf, true),
            None,
        );
        assert_eq!(body(&reply), json!({"x": 1}));
        assert_eq!(reply.headers.len(), 1);
        let reply = render(faults(), &service(ErrorFormat::Drf, true), None);
        assert_eq!(body(&reply), json!({"x": ["m"]}));
    }
}
