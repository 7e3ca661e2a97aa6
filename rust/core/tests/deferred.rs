//! Which authentication classes Python has to be asked, and what holds besides.

use std::collections::HashMap;
use std::time::UNIX_EPOCH;

use actix_http::header::{HeaderMap, HeaderName, HeaderValue};
use bolt_core::auth::{Authenticators, Decision, RejectReason};
use bolt_core::plan::{ApiKey, Authenticator, Evidence};

/// 0 always asks, 1 an API key in Rust, 2 looks for a cookie, 3 for `Authorization: Basic`.
fn classes() -> Authenticators {
    let python =
        |evidence, challenge: Option<&str>, form_unless: Option<&str>| Authenticator::Python {
            name: "app.Class".to_owned(),
            evidence,
            challenge: challenge.map(str::to_owned),
            form_unless: form_unless.map(str::to_owned),
        };
    let cookie = Evidence::Cookie {
        name: "sessionid".to_owned(),
    };
    let basic = Evidence::Authorization {
        scheme: "basic".to_owned(),
    };
    let keys = vec![ApiKey {
        secret: "key".to_owned(),
        permissions: vec![],
    }];
    let plan = [
        python(None, None, None),
        Authenticator::ApiKey {
            header: "x-api-key".to_owned(),
            keys,
        },
        python(Some(cookie), Some("Session"), Some("x-csrftoken")),
        python(Some(basic), None, None),
    ];
    let secrets = HashMap::from([("key".to_owned(), b"right".to_vec())]);
    Authenticators::compile(&plan, &secrets).unwrap()
}

/// Places to ask, whether a form is read, and who is asking otherwise.
type Expected<'a> = (&'a [usize], bool, Result<bool, RejectReason>);

/// The order of the classes, the headers of the request, and what follows.
type Case<'a> = (
    &'a [usize],
    &'a [(&'static str, &'static str)],
    Expected<'a>,
);

#[test]
fn decisions() {
    let right = ("x-api-key", "right");
    let wrong = ("x-api-key", "wrong");
    let cookie = ("cookie", "a=b; sessionid=x");
    let unknown = Err(RejectReason::UnknownKey);
    let cases: [Case<'_>; 14] = [
        (&[], &[], (&[], false, Ok(false))),
        (&[0], &[], (&[0], false, Ok(false))),
        (&[1, 0], &[right], (&[], false, Ok(true))),
        (&[1, 0], &[wrong], (&[], false, unknown)),
        (&[1, 0], &[], (&[1], false, Ok(false))),
        (&[0, 1], &[right], (&[0], false, Ok(true))),
        (&[0, 1], &[wrong], (&[0], false, unknown)),
        (&[2, 3], &[], (&[], false, Ok(false))),
        (&[2, 1], &[right], (&[], false, Ok(true))),
        (&[2, 1], &[right, cookie], (&[0], true, Ok(true))),
        (
            &[2],
            &[cookie, ("x-csrftoken", "t")],
            (&[0], false, Ok(false)),
        ),
        (&[3, 2], &[cookie], (&[1], true, Ok(false))),
        (
            &[3, 2],
            &[("authorization", "BASIC YQ==")],
            (&[0], false, Ok(false)),
        ),
        (
            &[3, 1, 0],
            &[("authorization", "Bearer x"), right],
            (&[], false, Ok(true)),
        ),
    ];
    let classes = classes();
    for (order, sent, (ask, reads_form, outcome)) in cases {
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.append(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        let found = match classes.decide(order, &headers, UNIX_EPOCH) {
            Decision::Made(outcome) => (vec![], false, outcome),
            Decision::Pending(pending) => (pending.ask, pending.reads_form, pending.outcome),
        };
        let known = found.2.map(|identity| identity.is_some());
        let known = known.map_err(|rejected| rejected.reason);
        assert_eq!(
            (found.0.as_slice(), found.1, known),
            (ask, reads_form, outcome),
            "{sent:?}"
        );
    }
}

#[test]
fn challenges() {
    for (order, challenge) in [(0, None), (2, Some("Session")), (3, None)] {
        let found = classes().challenge(&[order]);
        assert_eq!(
            found.as_ref().map(|value| value.to_str().unwrap()),
            challenge
        );
        assert!(classes().asks_python(&[1, order]));
    }
    assert!(!classes().asks_python(&[1]));
}
