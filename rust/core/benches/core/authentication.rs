//! Verifying credentials: tokens of a shared secret or a key pair, and API keys.

use std::collections::HashMap;
use std::hint::black_box;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actix_http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use bolt_core::auth::{Authenticators, signing};
use criterion::Criterion;
use serde_json::{Value, json};

use crate::signers::Signer;

const SECRET: &[u8] = b"a shared secret of sixty-four bytes, which is what SHA-512 asks.";

fn authenticators() -> Authenticators {
    let jwt = json!({
        "type": "jwt", "secrets": ["jwt"], "algorithms": ["HS256", "HS384", "HS512"],
        "audiences": [], "issuer": null, "leeway": 0,
    });
    let keys: Vec<_> = (0..100)
        .map(|n| json!({"secret": format!("key{n}"), "permissions": ["app.view"]}))
        .collect();
    let api_key = json!({"type": "api_key", "header": "x-api-key", "keys": keys});
    let mut secrets: HashMap<String, Vec<u8>> = (0..100)
        .map(|n| (format!("key{n}"), format!("{n:032}").into_bytes()))
        .collect();
    secrets.insert("jwt".to_owned(), SECRET.to_vec());
    let plan = [jwt, api_key].map(|class| serde_json::from_value(class).unwrap());
    Authenticators::compile(&plan, &secrets).unwrap()
}

fn bearer(algorithm: &str, claims: &Value, secret: &[u8]) -> HeaderMap {
    let token = signing::encode(claims.to_string().as_bytes(), algorithm, secret).unwrap();
    one_header(AUTHORIZATION, &format!("Bearer {token}"))
}

fn one_header(name: HeaderName, value: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(name, HeaderValue::from_str(value).unwrap());
    headers
}

/// Names, headers, and whether they are accepted.
fn credentials() -> [(&'static str, HeaderMap, bool); 7] {
    let short = json!({"sub": "42", "iat": 1_700_000_000, "exp": 4_102_444_800_u32});
    let permissions: Vec<_> = (0..20).map(|n| format!("app.permission_{n}")).collect();
    let mut long = short.clone();
    long["permissions"] = json!(permissions);
    long["scope"] = json!("read write delete");
    let api_key = HeaderName::from_static("x-api-key");
    [
        ("HS256", bearer("HS256", &short, SECRET), true),
        ("HS384", bearer("HS384", &short, SECRET), true),
        ("HS512", bearer("HS512", &short, SECRET), true),
        (
            "HS256, 20 permissions",
            bearer("HS256", &long, SECRET),
            true,
        ),
        (
            "HS256, wrong key",
            bearer("HS256", &short, b"another"),
            false,
        ),
        (
            "API key of 100",
            one_header(api_key.clone(), &format!("{:032}", 50)),
            true,
        ),
        ("API key, wrong", one_header(api_key, "nobody's"), false),
    ]
}

pub fn authenticate(criterion: &mut Criterion) {
    let authenticators = authenticators();
    let mut group = criterion.benchmark_group("authenticate");
    for (name, headers, is_accepted) in credentials() {
        let ask = |headers| authenticators.authenticate(&[0, 1], headers, SystemTime::now());
        assert_eq!(ask(&headers).is_ok(), is_accepted, "{name}");
        group.bench_function(name, |bencher| {
            bencher.iter(|| ask(black_box(&headers)));
        });
    }
    group.finish();
}

/// One token again and again, and the same verified anew, since a minute has passed each time.
pub fn key_pairs(criterion: &mut Criterion) {
    const MINUTE: Duration = Duration::from_secs(60);
    let mut group = criterion.benchmark_group("key pair");
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        let signer = Signer::new(algorithm);
        let jwt = json!({
            "type": "jwt", "secrets": ["jwt"], "algorithms": [algorithm],
            "audiences": [], "issuer": null, "leeway": 0,
        });
        let secrets = HashMap::from([("jwt".to_owned(), signer.pem())]);
        let plan = [serde_json::from_value(jwt).unwrap()];
        let authenticators = Authenticators::compile(&plan, &secrets).unwrap();
        let token = signer.token(algorithm, r#"{"sub":"42","iat":1700000000}"#);
        let headers = one_header(AUTHORIZATION, &format!("Bearer {token}"));
        let mut now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let ask = |now| authenticators.authenticate(&[0], black_box(&headers), now);
        assert!(ask(now).is_ok(), "{algorithm}");
        group.bench_function(format!("{algorithm}, remembered"), |bencher| {
            bencher.iter(|| ask(now));
        });
        group.bench_function(format!("{algorithm}, verified"), |bencher| {
            bencher.iter(|| {
                now += MINUTE;
                ask(now)
            });
        });
    }
    group.finish();
}
