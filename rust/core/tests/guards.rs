//! Guards: the values of leaves, and the laws of three-valued logic.

use actix_http::Method;
use bolt_core::auth::identity::{Facts, Identity, Names, Scheme};
use bolt_core::guards::Guard;
use bolt_core::plan::Guard as Plan;
use proptest::prelude::*;

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn set(names: &[&str]) -> Names {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn python() -> Plan {
    Plan::Python {
        name: "Custom".to_owned(),
    }
}

fn not(of: Plan) -> Plan {
    Plan::Not { of: Box::new(of) }
}

fn identity(facts: Facts) -> Identity {
    Identity {
        authenticator: 0,
        scheme: Scheme::Jwt,
        user_id: Some("1".to_owned()),
        facts,
        claims: None,
        ids: Box::default(),
    }
}

fn evaluate(plan: &Plan, identity: Option<&Identity>, method: &Method) -> Option<bool> {
    Guard::compile(plan).unwrap().evaluate(identity, method)
}

#[test]
fn an_anonymous_caller_has_no_facts() {
    let (yes, no) = (Some(true), Some(false));
    let cases = [
        (Plan::AllowAny {}, yes),
        (Plan::IsAuthenticated {}, no),
        (Plan::IsStaff {}, no),
        (Plan::IsSuperuser {}, no),
        (
            Plan::HasPermissions {
                permissions: names(&["a"]),
            },
            no,
        ),
        (
            Plan::HasAnyPermission {
                permissions: names(&["a"]),
            },
            no,
        ),
        (
            Plan::HasScopes {
                scopes: names(&["a"]),
            },
            no,
        ),
        (python(), None),
        (not(Plan::IsStaff {}), yes),
        (not(python()), None),
    ];
    for (plan, value) in cases {
        assert_eq!(evaluate(&plan, None, &Method::GET), value, "{plan:?}");
    }
}

#[test]
fn methods_that_only_read() {
    let cases = [
        (Method::GET, true),
        (Method::HEAD, true),
        (Method::OPTIONS, true),
        (Method::TRACE, false),
        (Method::POST, false),
        (Method::PUT, false),
        (Method::PATCH, false),
        (Method::DELETE, false),
        (Method::from_bytes(b"get").unwrap(), false),
    ];
    for (method, value) in cases {
        assert_eq!(
            evaluate(&Plan::IsReadOnly {}, None, &method),
            Some(value),
            "{method}"
        );
    }
}

#[test]
fn a_missing_fact_is_unknown() {
    let nobody = identity(Facts::default());
    for plan in [
        Plan::IsStaff {},
        Plan::IsSuperuser {},
        Plan::HasPermissions {
            permissions: names(&["a"]),
        },
        Plan::HasAnyPermission {
            permissions: names(&["a"]),
        },
        Plan::HasScopes {
            scopes: names(&["a"]),
        },
    ] {
        assert_eq!(
            evaluate(&plan, Some(&nobody), &Method::GET),
            None,
            "{plan:?}"
        );
        assert_eq!(evaluate(&not(plan), Some(&nobody), &Method::GET), None);
    }
    let authenticated = Plan::IsAuthenticated {};
    assert_eq!(
        evaluate(&authenticated, Some(&nobody), &Method::GET),
        Some(true)
    );
}

#[test]
fn permissions_and_superusers() {
    let (yes, no) = (Some(true), Some(false));
    // permissions, is_superuser, all of a and b, any of a and b
    let cases = [
        (None, yes, yes, yes),
        (Some(set(&[])), yes, yes, yes),
        (None, no, None, None),
        (Some(set(&[])), no, no, no),
        (Some(set(&["a"])), no, no, yes),
        (Some(set(&["a", "b"])), no, yes, yes),
        (Some(set(&[])), None, None, None),
        (Some(set(&["a"])), None, None, yes),
        (Some(set(&["a", "b", "c"])), None, yes, yes),
    ];
    for (permissions, is_superuser, all, any) in cases {
        let caller = identity(Facts {
            permissions,
            is_superuser,
            ..Facts::default()
        });
        let asked = names(&["a", "b"]);
        let plan = Plan::HasPermissions {
            permissions: asked.clone(),
        };
        assert_eq!(
            evaluate(&plan, Some(&caller), &Method::GET),
            all,
            "{caller:?}"
        );
        let plan = Plan::HasAnyPermission { permissions: asked };
        assert_eq!(
            evaluate(&plan, Some(&caller), &Method::GET),
            any,
            "{caller:?}"
        );
    }
}

#[test]
fn scopes_are_not_a_superusers_by_birth() {
    let plan = Plan::HasScopes {
        scopes: names(&["read", "write"]),
    };
    let cases = [
        (Some(set(&[])), Some(false)),
        (Some(set(&["read"])), Some(false)),
        (Some(set(&["read", "write", "x"])), Some(true)),
    ];
    for (scopes, value) in cases {
        let facts = Facts {
            scopes,
            is_superuser: Some(true),
            ..Facts::default()
        };
        assert_eq!(evaluate(&plan, Some(&identity(facts)), &Method::GET), value);
    }
}

#[test]
fn leaves_stand_in_the_plans_order() {
    let plan = Plan::All {
        of: vec![
            Plan::All {
                of: vec![Plan::AllowAny {}, Plan::IsReadOnly {}],
            },
            not(not(Plan::Any {
                of: vec![python(), Plan::IsStaff {}],
            })),
            Plan::Any {
                of: vec![not(Plan::IsReadOnly {})],
            },
            python(),
        ],
    };
    let leaves = Guard::compile(&plan).unwrap().leaves(None, &Method::GET);
    let (yes, no) = (Some(true), Some(false));
    assert_eq!(leaves, [yes, yes, None, no, yes, None]);
}

#[test]
fn guards_that_are_refused() {
    let empty = || Plan::Any { of: vec![] };
    let cases = [
        (Plan::All { of: vec![] }, "guard.of"),
        (empty(), "guard.of"),
        (not(empty()), "guard.of.of"),
        (
            Plan::All {
                of: vec![Plan::AllowAny {}, not(empty())],
            },
            "guard.of[1].of.of",
        ),
        (
            Plan::HasPermissions {
                permissions: vec![],
            },
            "guard.permissions",
        ),
        (
            Plan::HasAnyPermission {
                permissions: vec![],
            },
            "guard.permissions",
        ),
        (
            Plan::HasScopes {
                scopes: names(&["a", ""]),
            },
            "guard.scopes[1]",
        ),
    ];
    for (plan, path) in cases {
        let error = Guard::compile(&plan).unwrap_err();
        assert_eq!(error.path(), path);
        assert_eq!(error.under("routes[3]").path(), format!("routes[3].{path}"));
    }
}

fn some_names() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec("[ab]", 1..3)
}

fn leaf() -> impl Strategy<Value = Plan> {
    prop_oneof![
        Just(Plan::AllowAny {}),
        Just(Plan::IsReadOnly {}),
        Just(Plan::IsAuthenticated {}),
        Just(Plan::IsStaff {}),
        Just(Plan::IsSuperuser {}),
        some_names().prop_map(|permissions| Plan::HasPermissions { permissions }),
        some_names().prop_map(|permissions| Plan::HasAnyPermission { permissions }),
        some_names().prop_map(|scopes| Plan::HasScopes { scopes }),
        Just(python()),
    ]
}

fn branches(of: impl Strategy<Value = Plan>) -> impl Strategy<Value = Vec<Plan>> {
    proptest::collection::vec(of, 1..4)
}

fn tree() -> impl Strategy<Value = Plan> {
    leaf().prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            branches(inner.clone()).prop_map(|of| Plan::All { of }),
            branches(inner.clone()).prop_map(|of| Plan::Any { of }),
            inner.prop_map(not),
        ]
    })
}

fn held() -> impl Strategy<Value = Names> {
    proptest::collection::vec("[ab]", 0..3).prop_map(Names::from_iter)
}

fn complete_facts() -> impl Strategy<Value = Facts> {
    (any::<bool>(), any::<bool>(), held(), held()).prop_map(
        |(staff, superuser, permissions, scopes)| Facts {
            is_staff: Some(staff),
            is_superuser: Some(superuser),
            permissions: Some(permissions),
            scopes: Some(scopes),
        },
    )
}

/// Facts, and how much of them is known.
fn facts() -> impl Strategy<Value = (Facts, Facts)> {
    (complete_facts(), any::<[bool; 4]>()).prop_map(|(all, known)| {
        let some = Facts {
            is_staff: all.is_staff.filter(|_| known[0]),
            is_superuser: all.is_superuser.filter(|_| known[1]),
            permissions: all.permissions.clone().filter(|_| known[2]),
            scopes: all.scopes.clone().filter(|_| known[3]),
        };
        (all, some)
    })
}

fn caller() -> impl Strategy<Value = Option<Identity>> {
    proptest::option::of(facts().prop_map(|(_, some)| identity(some)))
}

fn method() -> impl Strategy<Value = Method> {
    prop_oneof![Just(Method::GET), Just(Method::POST)]
}

/// The plan's tree over given leaves, without short circuits and without flattening.
fn fold(plan: &Plan, leaves: &mut impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut values = |of: &[Plan]| of.iter().map(|plan| fold(plan, leaves)).collect::<Vec<_>>();
    match plan {
        Plan::All { of } => {
            let values = values(of);
            let known = values.iter().all(Option::is_some);
            if values.contains(&Some(false)) {
                Some(false)
            } else {
                known.then_some(true)
            }
        }
        Plan::Any { of } => {
            let values = values(of);
            let known = values.iter().all(Option::is_some);
            if values.contains(&Some(true)) {
                Some(true)
            } else {
                known.then_some(false)
            }
        }
        Plan::Not { of } => fold(of, leaves).map(|value| !value),
        _ => leaves.next().unwrap(),
    }
}

proptest! {
    #[test]
    fn de_morgan(of in branches(tree()), caller in caller(), method in method()) {
        let negated: Vec<_> = of.iter().cloned().map(not).collect();
        let pairs = [
            (Plan::All { of: of.clone() }, Plan::Any { of: negated.clone() }),
            (Plan::Any { of }, Plan::All { of: negated }),
        ];
        for (left, right) in pairs {
            let left = evaluate(&not(left), caller.as_ref(), &method);
            prop_assert_eq!(left, evaluate(&right, caller.as_ref(), &method));
        }
    }

    #[test]
    fn evaluation_is_the_fold_of_the_leaves(plan in tree(), caller in caller(), method in method()) {
        let guard = Guard::compile(&plan).unwrap();
        let mut leaves = guard.leaves(caller.as_ref(), &method).into_iter();
        let folded = fold(&plan, &mut leaves);
        prop_assert_eq!(leaves.next(), None);
        prop_assert_eq!(guard.evaluate(caller.as_ref(), &method), folded);
    }

    /// Whatever Python finds for the unknown leaves, what Rust decided stays decided.
    #[test]
    fn a_decision_is_final(plan in tree(), caller in caller(), method in method(), found in any::<[bool; 32]>()) {
        let guard = Guard::compile(&plan).unwrap();
        let Some(decision) = guard.evaluate(caller.as_ref(), &method) else { return Ok(()) };
        let mut found = found.into_iter().cycle();
        let leaves = guard.leaves(caller.as_ref(), &method);
        let mut leaves = leaves.into_iter().map(|leaf| leaf.or_else(|| found.next()));
        prop_assert_eq!(fold(&plan, &mut leaves), Some(decision));
    }

    /// Whatever the user's record adds to the facts, what Rust decided stays decided.
    #[test]
    fn more_facts_change_no_decision(plan in tree(), (all, some) in facts(), method in method()) {
        if let Some(decision) = evaluate(&plan, Some(&identity(some)), &method) {
            prop_assert_eq!(evaluate(&plan, Some(&identity(all)), &method), Some(decision));
        }
    }
}
