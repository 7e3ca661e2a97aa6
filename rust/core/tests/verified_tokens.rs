//! Tokens that are remembered: every request is answered as if they were verified anew.
//!
//! An identity is made when a signature is checked, so that two requests with one and the same
//! identity are one verification.

mod signers;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actix_http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use bolt_core::auth::identity::Identity;
use bolt_core::auth::{Authenticators, RejectReason as R, signing};
use bolt_core::plan;

use signers::{ALGORITHMS, Signer};

const NOW: u64 = 1_700_000_000;

fn at(seconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW.checked_add_signed(seconds).unwrap())
}

fn jwt(secret: &str, algorithm: &str, leeway: u64) -> plan::Authenticator {
    plan::Authenticator::Jwt(plan::Jwt {
        secrets: vec![secret.to_owned()],
        algorithms: vec![algorithm.to_owned()],
        audiences: vec![],
        issuer: None,
        leeway,
        ..plan::Jwt::default()
    })
}

fn compile(plan: &[plan::Authenticator], secrets: &[(&str, Vec<u8>)]) -> Authenticators {
    let secrets = secrets.iter().cloned();
    let secrets: HashMap<_, _> = secrets.map(|(id, key)| (id.to_owned(), key)).collect();
    Authenticators::compile(plan, &secrets).unwrap()
}

/// Asks one class; times are seconds from `NOW`.
fn ask(classes: &Authenticators, class: usize, token: &str, now: i64) -> Result<Arc<Identity>, R> {
    let value = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, value);
    classes
        .authenticate(&[class], &headers, at(now))
        .map(Option::unwrap)
        .map_err(|rejected| rejected.reason)
}

#[test]
fn a_token_of_a_key_pair_is_verified_once_a_minute() {
    for algorithm in ALGORITHMS {
        let signer = Signer::new(algorithm);
        let token = signer.token(algorithm, r#"{"sub":"alice"}"#);
        let classes = compile(&[jwt("key", algorithm, 0)], &[("key", signer.pem())]);
        let ask = |now| ask(&classes, 0, &token, now).unwrap();
        let (first, soon, late, later) = (ask(0), ask(59), ask(60), ask(119));
        assert_eq!(first.user_id.as_deref(), Some("alice"), "{algorithm}");
        assert!(Arc::ptr_eq(&first, &soon), "{algorithm}");
        assert!(!Arc::ptr_eq(&first, &late), "{algorithm}");
        assert!(Arc::ptr_eq(&late, &later), "{algorithm}");
        assert!(
            !Arc::ptr_eq(&late, &ask(-1)),
            "{algorithm}: the clock was set back"
        );
    }
}

#[test]
fn a_token_of_a_shared_secret_is_verified_each_time() {
    let key = b"a shared secret of thirty-two byte".to_vec();
    let token = signing::encode(br#"{"sub":"alice"}"#, "HS256", &key).unwrap();
    let classes = compile(&[jwt("key", "HS256", 0)], &[("key", key)]);
    let ask = || ask(&classes, 0, &token, 0).unwrap();
    assert!(!Arc::ptr_eq(&ask(), &ask()));
}

#[test]
fn times_are_checked_on_every_request() {
    // When it is asked first and again, in seconds from `NOW`.
    let cases = [
        (r#"{"exp":1700000010}"#, 0, 0, 9, None),
        (r#"{"exp":1700000010}"#, 0, 0, 10, Some(R::Expired)),
        (r#"{"exp":1700000010}"#, 0, 9, 10, Some(R::Expired)),
        (r#"{"exp":1700000010}"#, 5, 0, 14, None),
        (r#"{"exp":1700000010}"#, 5, 0, 15, Some(R::Expired)),
        (r#"{"nbf":1700000000}"#, 0, 0, 5, None),
        (r#"{"nbf":1700000000}"#, 0, 5, -1, Some(R::NotYetValid)),
        (r#"{"nbf":1700000000}"#, 5, 5, -5, None),
        (r#"{"nbf":1700000000}"#, 5, 5, -6, Some(R::NotYetValid)),
        (r#"{"iat":1700000000}"#, 0, 5, -1, Some(R::IssuedInFuture)),
        (r#"{"iat":1700000000}"#, 5, 0, -5, None),
    ];
    let signer = Signer::new("EdDSA");
    for (payload, leeway, first, again, expected) in cases {
        let token = signer.token("EdDSA", payload);
        let classes = compile(&[jwt("key", "EdDSA", leeway)], &[("key", signer.pem())]);
        let ask = |now| ask(&classes, 0, &token, now);
        assert!(ask(first).is_ok(), "{payload}");
        assert_eq!(ask(again).err(), expected, "{payload} {leeway} {again}");
    }
}

#[test]
fn a_token_that_was_too_early_or_expired_is_not_remembered_as_such() {
    let signer = Signer::new("ES256");
    let payload = r#"{"nbf":1700000010,"exp":1700000020}"#;
    let token = signer.token("ES256", payload);
    let classes = compile(&[jwt("key", "ES256", 0)], &[("key", signer.pem())]);
    let ask = |now| ask(&classes, 0, &token, now).err();
    for (now, expected) in [
        (9, Some(R::NotYetValid)),
        (10, None),
        (19, None),
        (20, Some(R::Expired)),
        (15, None),
        (9, Some(R::NotYetValid)),
    ] {
        assert_eq!(ask(now), expected, "{now}");
    }
}

#[test]
fn what_differs_from_a_known_token_is_refused() {
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        let signer = Signer::new(algorithm);
        let token = signer.token(algorithm, r#"{"sub":"alice"}"#);
        let classes = compile(&[jwt("key", algorithm, 0)], &[("key", signer.pem())]);
        assert!(ask(&classes, 0, &token, 0).is_ok());
        let (message, signature) = token.rsplit_once('.').unwrap();
        let stranger = Signer::new("ES256").token("ES256", r#"{"sub":"alice"}"#);
        let (_, other) = stranger.rsplit_once('.').unwrap();
        let first = if signature.starts_with('A') { 'B' } else { 'A' };
        for forged in [
            format!("{message}.{first}{}", &signature[1..]),
            format!("{message}.{other}"),
            format!("{message}."),
            format!("{token}="),
            format!("{token}AAAA"),
            format!("{}.{signature}", message.replace("ey", "fy")),
        ] {
            assert!(ask(&classes, 0, &forged, 0).is_err(), "{forged}");
        }
        assert!(ask(&classes, 0, &token, 0).is_ok());
    }
}

#[test]
fn classes_do_not_share_what_they_know() {
    let (ours, theirs) = (Signer::new("ES256"), Signer::new("ES256"));
    let plan = [
        jwt("ours", "ES256", 0),
        jwt("theirs", "ES256", 0),
        jwt("ours", "ES256", 5),
    ];
    let classes = compile(&plan, &[("ours", ours.pem()), ("theirs", theirs.pem())]);
    let token = ours.token("ES256", r#"{"sub":"alice"}"#);
    let known = ask(&classes, 0, &token, 0).unwrap();
    assert_eq!(ask(&classes, 1, &token, 0).err(), Some(R::BadSignature));
    let other = ask(&classes, 2, &token, 0).unwrap();
    assert_eq!((known.authenticator, other.authenticator), (0, 2));
}
