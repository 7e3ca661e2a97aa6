//! Claims: their types, the rules of RFC 7519 §4.1, and the identity that comes of them.

mod support;

use bolt_core::auth::RejectReason as R;
use bolt_core::auth::identity::{Facts, Names, Scheme};
use proptest::prelude::*;

use support::{ALICE, HS256, KEY, NOW, ask, at, plain, reason, sign, verifier};

#[test]
fn claims_of_the_wrong_form() {
    let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    let deep = nested(4_000);
    let cases = [
        "",
        "null",
        "[]",
        "\"alice\"",
        "{",
        "{} {}",
        r#"{"a":1e999}"#,
        r#"{"a":"\ud800"}"#,
        r#"{"exp":"1700000001"}"#,
        r#"{"exp":true}"#,
        r#"{"exp":null}"#,
        r#"{"exp":-1}"#,
        r#"{"exp":-0}"#,
        r#"{"exp":1e999}"#,
        r#"{"exp":NaN}"#,
        r#"{"exp":Infinity}"#,
        r#"{"exp":[1700000001]}"#,
        r#"{"nbf":"1"}"#,
        r#"{"nbf":-1.5}"#,
        r#"{"iat":"1"}"#,
        r#"{"iat":false}"#,
        r#"{"aud":1}"#,
        r#"{"aud":null}"#,
        r#"{"aud":["a",1]}"#,
        r#"{"iss":1}"#,
        r#"{"iss":["a"]}"#,
        r#"{"sub":""}"#,
        r#"{"sub":null}"#,
        r#"{"sub":1.5}"#,
        r#"{"sub":true}"#,
        r#"{"sub":["alice"]}"#,
        r#"{"is_staff":1}"#,
        r#"{"is_staff":"true"}"#,
        r#"{"is_superuser":null}"#,
        r#"{"permissions":"a.b"}"#,
        r#"{"permissions":[1]}"#,
        r#"{"permissions":{}}"#,
        r#"{"scope":1}"#,
        r#"{"scope":[null]}"#,
        &deep,
    ];
    for payload in cases {
        let token = sign(HS256, payload);
        assert_eq!(
            reason(&plain(), token),
            Some(R::MalformedClaims),
            "{payload}"
        );
    }
    for payload in [
        r#"{"exp":1,"exp":9999999999}"#,
        r#"{"a":1,"b":2,"\u0061":3}"#,
    ] {
        let token = sign(HS256, payload);
        assert_eq!(
            reason(&plain(), token),
            Some(R::DuplicateMember),
            "{payload}"
        );
    }
    let not_utf_8 = sign(HS256, b"{\"a\":\"\xff\"}");
    assert_eq!(reason(&plain(), not_utf_8), Some(R::MalformedClaims));
    assert_eq!(
        reason(&plain(), sign(HS256, nested(10_000))),
        Some(R::TokenTooLarge)
    );
    assert_eq!(
        reason(&plain(), sign(nested(4_000), ALICE)),
        Some(R::MalformedToken)
    );
}

#[test]
fn times() {
    let cases = [
        (r#"{"exp":1700000001}"#, 0, None),
        (r#"{"exp":1700000000.5}"#, 0, None),
        (r#"{"exp":1700000000}"#, 0, Some(R::Expired)),
        (r#"{"exp":1700000000}"#, 1, None),
        (r#"{"exp":1699999990}"#, 10, Some(R::Expired)),
        (r#"{"exp":1699999991}"#, 10, None),
        (r#"{"exp":0}"#, 0, Some(R::Expired)),
        (r#"{"exp":1e300}"#, 0, None),
        (r#"{"nbf":1700000000}"#, 0, None),
        (r#"{"nbf":1700000000.5}"#, 0, Some(R::NotYetValid)),
        (r#"{"nbf":1700000010}"#, 10, None),
        (r#"{"nbf":1700000011}"#, 10, Some(R::NotYetValid)),
        (r#"{"iat":1700000000}"#, 0, None),
        (r#"{"iat":1700000001}"#, 0, Some(R::IssuedInFuture)),
        (r#"{"iat":1700000010}"#, 10, None),
        (r#"{"iat":1700000011}"#, 10, Some(R::IssuedInFuture)),
        ("{}", 0, None),
    ];
    for (payload, leeway, expected) in cases {
        let verifier = verifier(KEY, "HS256", &[], None, leeway);
        assert_eq!(
            reason(&verifier, sign(HS256, payload)),
            expected,
            "{payload} {leeway}"
        );
    }
}

#[test]
fn audience_and_issuer() {
    let (none, ours): (&[&str], &[&str]) = (&[], &["api", "web"]);
    let cases = [
        (r#"{"aud":"api"}"#, ours, None, None),
        (r#"{"aud":["other","web"]}"#, ours, None, None),
        (r#"{"aud":"API"}"#, ours, None, Some(R::WrongAudience)),
        (r#"{"aud":"api web"}"#, ours, None, Some(R::WrongAudience)),
        (r#"{"aud":[]}"#, ours, None, Some(R::WrongAudience)),
        ("{}", ours, None, Some(R::WrongAudience)),
        // RFC 7519 §4.1.3: who has no name is not meant.
        (r#"{"aud":"api"}"#, none, None, Some(R::WrongAudience)),
        (r#"{"aud":[]}"#, none, None, Some(R::WrongAudience)),
        (r#"{"iss":"joe"}"#, none, Some("joe"), None),
        (r#"{"iss":"jo"}"#, none, Some("joe"), Some(R::WrongIssuer)),
        ("{}", none, Some("joe"), Some(R::WrongIssuer)),
        (r#"{"iss":"joe"}"#, none, None, None),
    ];
    for (payload, audiences, issuer, expected) in cases {
        let verifier = verifier(KEY, "HS256", audiences, issuer, 0);
        assert_eq!(
            reason(&verifier, sign(HS256, payload)),
            expected,
            "{payload}"
        );
    }
}

#[test]
fn who_a_token_names() {
    let set = |items: &[&str]| Some(items.iter().collect::<Names>());
    let nothing = Facts {
        scopes: set(&[]),
        ..Facts::default()
    };
    let full = Facts {
        is_staff: Some(true),
        is_superuser: Some(false),
        permissions: set(&["a.b", "a.c"]),
        scopes: set(&["read", "write"]),
    };
    let cases = [
        ("{}", None, nothing.clone()),
        (ALICE, Some("alice"), nothing.clone()),
        (r#"{"sub":17}"#, Some("17"), nothing.clone()),
        (r#"{"sub":-1}"#, Some("-1"), nothing.clone()),
        (r#"{"user_id":17}"#, None, nothing.clone()),
        (
            r#"{"scope":["a b"]}"#,
            None,
            Facts {
                scopes: set(&["a b"]),
                ..Facts::default()
            },
        ),
        (
            r#"{"permissions":[]}"#,
            None,
            Facts {
                permissions: set(&[]),
                ..nothing
            },
        ),
        (
            r#"{"sub":"\u0061","is_staff":true,"is_superuser":false,"permissions":["a.b","a.c"],"scope":"read  write "}"#,
            Some("a"),
            full,
        ),
    ];
    for (payload, user_id, facts) in cases {
        let token = sign(HS256, payload);
        let identity = ask(&[format!("Bearer {token}").as_bytes()])
            .unwrap()
            .unwrap();
        assert_eq!(identity.user_id.as_deref(), user_id, "{payload}");
        assert_eq!(identity.facts, facts, "{payload}");
        assert_eq!(identity.claims.as_deref(), Some(payload.as_bytes()));
        assert_eq!((identity.scheme, identity.authenticator), (Scheme::Jwt, 0));
    }
}

proptest! {
    /// What a key holder signs may be anything; only JSON objects come out.
    #[test]
    fn random_payloads_are_objects_or_refused(payload in "[{}\\[\\]\":,a-c0-9.e+ -]{0,24}") {
        if plain().verify(sign(HS256, &payload).as_bytes(), at(NOW)).is_ok() {
            let value: serde_json::Value = serde_json::from_str(&payload).unwrap();
            prop_assert!(value.is_object());
        }
    }
}
