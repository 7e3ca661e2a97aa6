//! What the targets share.

use actix_http::header::{HeaderName, HeaderValue};
use bolt_core::error::Faults;
use bolt_core::extract::{Extractor, Value};
use bolt_core::plan::Parameter;
use bolt_core::request::Request;
use bolt_core::router::Captures;
use serde_json::json;

/// An optional parameter of every scalar type, by its alias, from `query` or `cookie`; then one text
/// that is `s` alone, and one that collects it.
pub fn extractor(source: &str) -> Extractor {
    let scalars = [
        "int",
        "float",
        "bool",
        "uuid",
        "date",
        "datetime",
        "time",
        "timedelta",
        "decimal",
    ];
    let parameter = |alias: &str, scalar, many, constraints| {
        json!({
            "name": alias, "alias": alias, "source": source, "scalar": scalar,
            "many": many, "required": false, "constraints": constraints,
        })
    };
    let mut parameters: Vec<_> = scalars
        .iter()
        .map(|kind| parameter(&kind[..2], json!({"type": kind}), true, json!({})))
        .collect();
    let choice = json!({"type": "choice", "values": ["red", "green"]});
    parameters.push(parameter("ch", choice, false, json!({})));
    let bounds = json!({"ge": -5.5, "lt": 1e9});
    parameters.push(parameter("bo", json!({"type": "decimal"}), false, bounds));
    let lengths = json!({"min_length": 1, "max_length": 4, "pattern": "^[a-z]+$"});
    parameters.push(parameter("pa", json!({"type": "str"}), false, lengths));
    parameters.push(parameter("s", json!({"type": "str"}), false, json!({})));
    parameters.push(parameter("s", json!({"type": "str"}), true, json!({})));
    let parameters: Vec<Parameter> =
        serde_json::from_value(parameters.into()).expect("the plan's own words");
    Extractor::compile(&parameters, &[], &[]).expect("every constraint fits")
}

/// What a request gives that has this target, or this header.
pub fn extract(
    extractor: &Extractor,
    target: &str,
    header: Option<(HeaderName, HeaderValue)>,
) -> Option<(Vec<Value>, Faults)> {
    let mut request = actix_http::Request::new();
    request.head_mut().uri = target.parse().ok()?;
    if let Some((name, value)) = header {
        request.headers_mut().append(name, value);
    }
    Some(extractor.extract(&Request::new(request), &Captures::new()))
}

/// The laws of converted values, whatever they were made of.
pub fn check(values: &[Value], faults: &Faults) {
    for value in values {
        check_value(value);
    }
    for fault in &faults.0 {
        assert!(!fault.message.is_empty());
        assert!(fault.message.len() < 2000, "a fault repeats what was sent");
    }
}

fn check_value(value: &Value) {
    match value {
        Value::Str(text) => assert!(!text.contains('\0')),
        Value::BigInt(digits) => {
            assert!(digits.parse::<i64>().is_err(), "{digits} is no big number");
            let unsigned = digits.strip_prefix('-').unwrap_or(digits);
            assert!(unsigned.len() <= 4300 && unsigned.bytes().all(|byte| byte.is_ascii_digit()));
        }
        Value::Float(number) => assert!(number.is_finite()),
        Value::Date(date) => assert!((1..=9999).contains(&date.year)),
        Value::DateTime(moment) => assert!((1..=9999).contains(&moment.date.year)),
        Value::Timedelta(duration) => assert!(duration.day <= 999_999_999),
        Value::Decimal(text) => assert!(text.len() <= 1000),
        Value::Choice(index) => assert!(*index < 2),
        Value::Many(values) => values.iter().for_each(check_value),
        _ => {}
    }
}
