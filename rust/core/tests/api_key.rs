//! API keys, and several authentication classes in one order.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use actix_http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use bolt_core::auth::identity::{Facts, Identity, Names, Scheme};
use bolt_core::auth::{Authenticators, RejectReason, Rejected, signing};
use bolt_core::plan::{self, PlanError};

const NOW: SystemTime = UNIX_EPOCH;
const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

fn key(secret: &str, permissions: &[&str]) -> plan::ApiKey {
    plan::ApiKey {
        secret: secret.to_owned(),
        permissions: permissions.iter().map(|name| (*name).to_owned()).collect(),
    }
}

fn api_key(header: &str, keys: Vec<plan::ApiKey>) -> plan::Authenticator {
    plan::Authenticator::ApiKey {
        header: header.to_owned(),
        keys,
    }
}

fn jwt() -> plan::Authenticator {
    plan::Authenticator::Jwt(plan::Jwt {
        secrets: vec!["jwt".to_owned()],
        algorithms: vec!["HS256".to_owned()],
        audiences: vec![],
        issuer: None,
        leeway: 0,
        ..plan::Jwt::default()
    })
}

fn compile(plan: &[plan::Authenticator]) -> Result<Authenticators, PlanError> {
    let secrets = [
        ("jwt", "jwt-secret"),
        ("one", "key-one"),
        ("two", "key-two"),
        ("again", "key-one"),
        ("empty", ""),
        ("line", "key-one\n"),
        ("blank", " key-one"),
    ];
    let secrets: HashMap<_, _> = secrets
        .into_iter()
        .map(|(id, secret)| (id.to_owned(), secret.as_bytes().to_vec()))
        .collect();
    Authenticators::compile(plan, &secrets)
}

/// A JWT class at 0 and an API-key class at 1.
fn both() -> Authenticators {
    let keys = vec![key("one", &["a.b"]), key("two", &[])];
    compile(&[jwt(), api_key("x-api-key", keys)]).unwrap()
}

fn ask(order: &[usize], sent: &[(HeaderName, &str)]) -> Result<Option<Arc<Identity>>, Rejected> {
    let mut headers = HeaderMap::new();
    for (name, value) in sent {
        headers.append(name.clone(), HeaderValue::from_str(value).unwrap());
    }
    both().authenticate(order, &headers, NOW)
}

#[test]
fn a_known_key_carries_its_own_permissions() {
    for (sent, permissions) in [("key-one", vec!["a.b".to_owned()]), ("key-two", vec![])] {
        let identity = ask(&[1], &[(X_API_KEY, sent)]).unwrap().unwrap();
        let facts = Facts {
            is_staff: Some(false),
            is_superuser: Some(false),
            permissions: Some(permissions.into_iter().collect()),
            scopes: Some(Names::default()),
        };
        assert_eq!(identity.facts, facts);
        assert_eq!(
            (identity.scheme, identity.authenticator),
            (Scheme::ApiKey, 1)
        );
        assert_eq!((&identity.user_id, &identity.claims), (&None, &None));
    }
}

#[test]
fn the_holder_of_a_key_is_made_once() {
    let (authenticators, mut headers) = (both(), HeaderMap::new());
    headers.insert(X_API_KEY, HeaderValue::from_static("key-one"));
    let ask = || authenticators.authenticate(&[1], &headers, NOW).unwrap();
    assert!(Arc::ptr_eq(&ask().unwrap(), &ask().unwrap()));
}

#[test]
fn wrong_keys() {
    for sent in [
        "",
        "key-",
        "key-one ",
        "key-one,key-two",
        "KEY-ONE",
        "key-three",
        "one",
    ] {
        let rejected = ask(&[1], &[(X_API_KEY, sent)]).unwrap_err();
        assert_eq!(rejected.reason, RejectReason::UnknownKey, "{sent:?}");
        assert_eq!(rejected.challenge, "ApiKey realm=\"api\"");
    }
    let twice = ask(&[1], &[(X_API_KEY, "key-one"), (X_API_KEY, "key-one")]);
    assert_eq!(twice.unwrap_err().reason, RejectReason::RepeatedHeader);
}

/// An order, what is sent, and who decides.
type Case<'a> = (
    &'a [usize],
    Vec<(HeaderName, &'a str)>,
    Result<Option<Scheme>, RejectReason>,
);

#[test]
fn the_first_class_that_finds_credentials_decides() {
    let token = signing::encode(br#"{"sub":"1"}"#, "HS256", b"jwt-secret").unwrap();
    let bearer = format!("Bearer {token}");
    let good_token = (AUTHORIZATION, bearer.as_str());
    let bad_token = (AUTHORIZATION, "Bearer x");
    let basic = (AUTHORIZATION, "Basic YTpi");
    let good_key = (X_API_KEY, "key-one");
    let bad_key = (X_API_KEY, "key-three");
    let cases: [Case<'_>; 12] = [
        (&[0, 1], vec![], Ok(None)),
        (&[], vec![good_token.clone()], Ok(None)),
        (
            &[0, 1],
            vec![good_token.clone(), good_key.clone()],
            Ok(Some(Scheme::Jwt)),
        ),
        (
            &[1, 0],
            vec![good_token.clone(), good_key.clone()],
            Ok(Some(Scheme::ApiKey)),
        ),
        (
            &[0, 1],
            vec![basic.clone(), good_key.clone()],
            Ok(Some(Scheme::ApiKey)),
        ),
        (&[1, 0], vec![good_token.clone()], Ok(Some(Scheme::Jwt))),
        (&[0, 1], vec![basic], Ok(None)),
        (
            &[0, 1],
            vec![bad_token.clone(), good_key.clone()],
            Err(RejectReason::MalformedToken),
        ),
        (
            &[1, 0],
            vec![bad_key.clone(), good_token.clone()],
            Err(RejectReason::UnknownKey),
        ),
        (&[0], vec![good_token, bad_key], Ok(Some(Scheme::Jwt))),
        (&[1], vec![bad_token], Ok(None)),
        (
            &[7],
            vec![good_key],
            Err(RejectReason::UnknownAuthenticator),
        ),
    ];
    for (order, sent, expected) in cases {
        let outcome = ask(order, &sent)
            .map(|identity| identity.map(|identity| identity.scheme))
            .map_err(|rejected| rejected.reason);
        assert_eq!(outcome, expected, "{order:?} {sent:?}");
    }
}

#[test]
fn the_challenge_is_that_of_the_first_class() {
    let cases: [(&[usize], Option<&str>); 4] = [
        (&[], None),
        (&[0, 1], Some("Bearer realm=\"api\"")),
        (&[1, 0], Some("ApiKey realm=\"api\"")),
        (&[7], None),
    ];
    for (order, challenge) in cases {
        let found = both().challenge(order);
        assert_eq!(
            found.as_ref().map(|value| value.to_str().unwrap()),
            challenge
        );
    }
}

#[test]
fn orders_are_checked_at_start() {
    let class = |header| api_key(header, vec![key("one", &[])]);
    let plan = [
        jwt(),
        class("x-api-key"),
        jwt(),
        class("x-other"),
        class("X-API-Key"),
    ];
    let authenticators = compile(&plan).unwrap();
    let cases: [(&[usize], Option<&str>); 8] = [
        (&[], None),
        (&[1, 0, 3], None),
        (&[2, 4], None),
        (&[0, 5], Some("order[1]")),
        (&[0, 0], Some("order[1]")),
        (&[0, 2], Some("order[1]")),
        (&[1, 0, 4], Some("order[2]")),
        (&[4, 1], Some("order[1]")),
    ];
    for (order, path) in cases {
        let error = authenticators.check_order(order, "order").err();
        assert_eq!(error.as_ref().map(PlanError::path), path, "{order:?}");
    }
}

#[test]
fn plans_that_are_refused() {
    let keys = |ids: &[&str]| ids.iter().map(|id| key(id, &[])).collect::<Vec<_>>();
    let cases = [
        (api_key("x-api-key", vec![]), "keys"),
        (api_key("x api key", keys(&["one"])), "header"),
        (api_key("", keys(&["one"])), "header"),
        (
            api_key("x-api-key", keys(&["one", "missing"])),
            "keys[1].secret",
        ),
        (api_key("x-api-key", keys(&["empty"])), "keys[0].secret"),
        (api_key("x-api-key", keys(&["line"])), "keys[0].secret"),
        (api_key("x-api-key", keys(&["blank"])), "keys[0].secret"),
        (
            api_key("x-api-key", keys(&["one", "one"])),
            "keys[1].secret",
        ),
        (
            api_key("x-api-key", keys(&["one", "two", "again"])),
            "keys[2].secret",
        ),
    ];
    for (plan, path) in cases {
        let error = compile(&[jwt(), plan]).unwrap_err();
        assert_eq!(error.path(), format!("authenticators[1].{path}"));
        assert!(!error.to_string().contains("key-one"));
    }
}

#[test]
fn the_compiled_list_is_shared_between_threads_and_prints_no_key() {
    fn is_shared<T: Send + Sync>(_: &T) {}
    is_shared(&both());
    let printed = format!("{:?}", both());
    assert!(
        !printed.contains("key-one") && !printed.contains("jwt-secret"),
        "{printed}"
    );
}
