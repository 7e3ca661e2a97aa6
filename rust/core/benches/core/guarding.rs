//! Evaluating permission expressions.

use std::hint::black_box;

use actix_http::Method;
use bolt_core::auth::identity::{Facts, Identity, Names, Scheme};
use bolt_core::guards::Guard;
use criterion::Criterion;
use serde_json::{Value, json};

fn names(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{prefix}.{n}")).collect()
}

fn identity() -> Identity {
    let set = |prefix| names(prefix, 20).into_iter().collect::<Names>();
    Identity {
        authenticator: 0,
        scheme: Scheme::Jwt,
        user_id: Some("42".to_owned()),
        facts: Facts {
            is_staff: Some(false),
            is_superuser: Some(false),
            permissions: Some(set("app")),
            scopes: Some(set("scope")),
        },
        claims: None,
        ids: Box::default(),
    }
}

/// Names, expressions, and what they come to.
fn expressions() -> [(&'static str, Value, Option<bool>); 4] {
    let authenticated = json!({"type": "is_authenticated"});
    let holds = json!({"type": "has_permissions", "permissions": names("app", 3)});
    let either = json!({"type": "any", "of": [{"type": "is_staff"}, holds]});
    let scoped = json!({"type": "has_scopes", "scopes": names("scope", 2)});
    let not = json!({"type": "not", "of": {"type": "is_superuser"}});
    let tree = json!({"type": "all", "of": [authenticated, either, scoped, not]});
    let open = json!({"type": "all", "of": [tree, {"type": "python", "name": "IsOwner"}]});
    let wide = json!({"type": "any", "of": vec![json!({"type": "is_staff"}); 20]});
    [
        ("one leaf", authenticated, Some(true)),
        ("tree of five", tree, Some(true)),
        ("left open", open, None),
        ("twenty in vain", wide, Some(false)),
    ]
}

pub fn evaluate(criterion: &mut Criterion) {
    let identity = identity();
    let mut group = criterion.benchmark_group("guard");
    for (name, expression, expected) in expressions() {
        let guard = Guard::compile(&serde_json::from_value(expression).unwrap()).unwrap();
        assert_eq!(guard.evaluate(Some(&identity), &Method::GET), expected);
        group.bench_function(name, |bencher| {
            bencher.iter(|| guard.evaluate(black_box(Some(&identity)), &Method::GET));
        });
    }
    group.finish();
}
