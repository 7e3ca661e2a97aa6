//! From text to values: tables for each type, and laws.

mod common;

use actix_http::header::{HeaderName, HeaderValue};
use bolt_core::extract::{Extractor, Value};
use bolt_core::plan::{self, PlanError};
use bolt_core::request::Request;
use bolt_core::router::Captures;
use common::parameter;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

const INTEGER: &str = "A valid integer is required.";
const NUMBER: &str = "A valid number is required.";
const MANY_DIGITS: &str = "The number has too many digits.";

fn compile(parameters: &[Json]) -> Result<Extractor, PlanError> {
    let parameters: Vec<plan::Parameter> = parameters
        .iter()
        .map(|parameter| serde_json::from_value(parameter.clone()).unwrap())
        .collect();
    Extractor::compile(&parameters, &[], &["id".to_owned(), "slug".to_owned()])
}

fn extract(parameters: &[Json], uri: &str, headers: &[(&str, &[u8])]) -> (Vec<Value>, Json) {
    let mut request = actix_http::Request::new();
    *request.uri_mut() = uri.parse().unwrap();
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        let value = HeaderValue::from_bytes(value).unwrap();
        request.headers_mut().append(name, value);
    }
    let captures: Captures = ["seven", "8"].into_iter().map(Into::into).collect();
    let extractor = compile(parameters).unwrap();
    let (values, faults) = extractor.extract(&Request::new(request), &captures);
    (values, serde_json::from_slice(&faults.to_json()).unwrap())
}

/// One header of one type: headers carry any text as it is.
fn convert(scalar: &Json, constraints: &Json, text: &str) -> Result<Value, Vec<String>> {
    let changes = json!({"scalar": scalar, "constraints": constraints});
    let declared = parameter("header", "x", "str", changes);
    let (values, faults) = extract(&[declared], "/", &[("x", text.as_bytes())]);
    match faults.get("x") {
        None => Ok(values.into_iter().next().unwrap()),
        Some(messages) => Err(serde_json::from_value(messages.clone()).unwrap()),
    }
}

fn scalar(name: &str) -> Json {
    json!({"type": name})
}

fn check(name: &str, cases: &[(&str, Result<Value, &str>)]) {
    for (text, expected) in cases {
        let found = convert(&scalar(name), &json!({}), text);
        let expected = expected.clone().map_err(|why| vec![why.to_owned()]);
        assert_eq!(found, expected, "{name} from {text:?}");
    }
}

#[test]
fn whole_numbers() {
    let big = |digits: &str| Ok(Value::BigInt(digits.to_owned()));
    check(
        "int",
        &[
            ("0", Ok(Value::Int(0))),
            ("-0", Ok(Value::Int(0))),
            ("+7", Ok(Value::Int(7))),
            ("007", Ok(Value::Int(7))),
            ("-00000000000000000000000007", Ok(Value::Int(-7))),
            ("0000000000000000000000000", Ok(Value::Int(0))),
            ("9223372036854775807", Ok(Value::Int(i64::MAX))),
            ("-9223372036854775808", Ok(Value::Int(i64::MIN))),
            ("9223372036854775808", big("9223372036854775808")),
            ("-9223372036854775809", big("-9223372036854775809")),
            ("+0009223372036854775808", big("9223372036854775808")),
            (&"9".repeat(4300), big(&"9".repeat(4300))),
            (&"9".repeat(4301), Err(MANY_DIGITS)),
            (&"0".repeat(4301), Err(MANY_DIGITS)),
            ("", Err(INTEGER)),
            ("-", Err(INTEGER)),
            ("--1", Err(INTEGER)),
            ("1_000", Err(INTEGER)),
            ("1 0", Err(INTEGER)),
            ("1.0", Err(INTEGER)),
            ("1e3", Err(INTEGER)),
            ("0x10", Err(INTEGER)),
            ("٣", Err(INTEGER)),
            ("nan", Err(INTEGER)),
        ],
    );
}

#[test]
fn doubles_and_decimals() {
    let decimal = |text: &str| Ok(Value::Decimal(text.to_owned()));
    check(
        "float",
        &[
            ("1.5", Ok(Value::Float(1.5))),
            ("-1e3", Ok(Value::Float(-1000.0))),
            (".5", Ok(Value::Float(0.5))),
            ("7", Ok(Value::Float(7.0))),
            ("inf", Err(NUMBER)),
            ("-Infinity", Err(NUMBER)),
            ("NaN", Err(NUMBER)),
            ("1e999", Err(NUMBER)),
            ("1_0.0", Err(NUMBER)),
            ("", Err(NUMBER)),
        ],
    );
    check(
        "decimal",
        &[
            ("1.50", decimal("1.50")),
            ("-0.1", decimal("-0.1")),
            ("1E+5", decimal("1E+5")),
            ("1e1000", Err("The number's exponent is too large.")),
            ("0e999999", Err("The number's exponent is too large.")),
            ("1e-99999999", Err("The number's exponent is too large.")),
            ("1e99999999999999999999", Err(NUMBER)),
            (&"1".repeat(1001), Err(MANY_DIGITS)),
            ("Infinity", Err(NUMBER)),
            ("sNaN", Err(NUMBER)),
            ("1,5", Err(NUMBER)),
            ("", Err(NUMBER)),
        ],
    );
}

#[test]
fn truth_text_and_identifiers() {
    let bad = Err("Must be a valid boolean.");
    let yes = ["true", "TRUE", "1", "on", "Yes", "t"].map(|text| (text, Ok(Value::Bool(true))));
    let no = ["false", "0", "off", "no", "F"].map(|text| (text, Ok(Value::Bool(false))));
    let neither = ["", "2", "y", "n", "truee", "null"].map(|text| (text, bad.clone()));
    check("bool", &[&yes[..], &no[..], &neither[..]].concat());

    check(
        "str",
        &[
            ("", Ok(Value::Str("".into()))),
            ("é 'x'", Ok(Value::Str("é 'x'".into()))),
        ],
    );

    let id = uuid::Uuid::from_u128(0x1234_5678_1234_5678_1234_5678_1234_5678);
    let bad = Err("Must be a valid UUID.");
    check(
        "uuid",
        &[
            ("12345678-1234-5678-1234-567812345678", Ok(Value::Uuid(id))),
            ("12345678123456781234567812345678", Ok(Value::Uuid(id))),
            ("{12345678-1234-5678-1234-567812345678}", bad.clone()),
            ("urn:uuid:12345678-1234-5678-1234-567812345678", bad.clone()),
            ("12345678-1234-5678-1234-56781234567g", bad.clone()),
            ("1234567812345678-1234-5678-123456781", bad.clone()),
            ("", bad),
        ],
    );
}

#[test]
fn dates_and_times() {
    let accepted = [
        ("date", "2024-02-29"),
        ("datetime", "2024-02-29T12:30:00Z"),
        ("datetime", "2024-02-29 12:30:00.123456+05:30"),
        ("datetime", "2024-02-29T12:30"),
        ("time", "23:59:59.999999"),
        ("time", "12:30"),
        ("timedelta", "PT1H30M"),
        ("timedelta", "P1D"),
        ("timedelta", "1 day, 02:03:04"),
        ("timedelta", "01:02:03"),
        ("timedelta", "-90"),
        ("timedelta", "86399999999999"),
    ];
    for (name, text) in accepted {
        assert!(
            convert(&scalar(name), &json!({}), text).is_ok(),
            "{name} {text}"
        );
    }
    let refused = [
        ("date", ""),
        ("date", "2023-02-29"),
        ("date", "0000-01-01"),
        ("date", "2024-2-9"),
        ("date", "1700000000"),
        ("date", "2024-02-29T00:00"),
        ("datetime", ""),
        ("datetime", "2024-02-29"),
        ("datetime", "1700000000"),
        ("datetime", "2024-02-29T24:00:00"),
        ("datetime", "2024-02-29T12:30:00.1234567"),
        ("datetime", "0000-01-01T00:00:00"),
        ("datetime", "2024-02-29T12:30:00+24:00"),
        ("time", ""),
        ("time", "24:00"),
        ("time", "7"),
        ("timedelta", ""),
        ("timedelta", "x"),
        ("timedelta", "P"),
        ("timedelta", "1.2345678"),
        ("timedelta", "86400000000000"),
        ("timedelta", "-86399999913601"),
        ("timedelta", "99999999999999999999999"),
    ];
    for (name, text) in refused {
        let found = convert(&scalar(name), &json!({}), text);
        assert!(found.is_err(), "{name} {text}: {found:?}");
    }
    let Ok(Value::Timedelta(value)) = convert(&scalar("timedelta"), &json!({}), "-90061.5") else {
        panic!("a number of seconds is a duration")
    };
    assert_eq!((value.positive, value.day, value.second), (false, 1, 3661));
    assert_eq!(value.microsecond, 500_000);
}

#[test]
fn choices() {
    let colours = json!({"type": "choice", "values": ["red", "1"]});
    let convert = |text: &str| convert(&colours, &json!({}), text);
    assert_eq!(convert("1"), Ok(Value::Choice(1)));
    assert_eq!(
        convert("Red"),
        Err(vec!["\"Red\" is not a valid choice.".to_owned()])
    );
    let long = convert(&"x".repeat(5000)).unwrap_err();
    assert!(long[0].len() < 150);
}

#[test]
fn bounds() {
    let cases = [
        (
            "int",
            "ge",
            json!(3),
            "2",
            "3",
            "greater than or equal to 3.",
        ),
        ("int", "gt", json!(3), "3", "4", "greater than 3."),
        ("int", "le", json!(3), "4", "3", "less than or equal to 3."),
        ("int", "lt", json!(3), "3", "2", "less than 3."),
        (
            "int",
            "ge",
            json!(2.5),
            "2",
            "3",
            "greater than or equal to 2.5.",
        ),
        ("int", "gt", json!(-2.5), "-3", "-2", "greater than -2.5."),
        (
            "int",
            "ge",
            json!(-0.0),
            "-1",
            "0",
            "greater than or equal to 0.",
        ),
        // Neither number is a double.
        (
            "int",
            "gt",
            json!(9_007_199_254_740_992_u64),
            "9007199254740992",
            "9007199254740993",
            "greater than 9007199254740992.",
        ),
        (
            "int",
            "le",
            json!(18_446_744_073_709_551_616_f64),
            "18446744073709551617",
            "18446744073709551616",
            "less than or equal to 18446744073709551616.",
        ),
        (
            "int",
            "lt",
            json!(1e40),
            &"9".repeat(41),
            "9223372036854775807",
            "less than 1",
        ),
        (
            "float",
            "le",
            json!(0.1),
            "0.2",
            "0.1",
            "less than or equal to 0.1.",
        ),
        (
            "decimal",
            "le",
            json!(0.1),
            "0.10000000000000000001",
            "0.1",
            "less than or equal to 0.1.",
        ),
        (
            "decimal",
            "gt",
            json!(0.1),
            "0.1",
            "0.1000000000000000000001",
            "greater than 0.1.",
        ),
    ];
    for (name, relation, limit, bad, good, words) in cases {
        let constraints = json!({relation: limit});
        let messages = convert(&scalar(name), &constraints, bad).unwrap_err();
        assert_eq!(messages.len(), 1);
        assert!(
            messages[0].starts_with(&format!("Ensure this value is {words}"))
                || words.ends_with('1'),
            "{messages:?}"
        );
        assert!(
            convert(&scalar(name), &constraints, good).is_ok(),
            "{good} {constraints}"
        );
    }
}

#[test]
fn text_constraints() {
    let limits = json!({"min_length": 2, "max_length": 3, "pattern": "^[a-zé]*$"});
    let cases: [(&str, &[&str]); 5] = [
        ("aé", &[]),
        ("ééé", &[]),
        ("a", &["Ensure this field has at least 2 characters."]),
        (
            "aaaa",
            &["Ensure this field has no more than 3 characters."],
        ),
        (
            "A",
            &[
                "Ensure this field has at least 2 characters.",
                "This value does not match the required pattern.",
            ],
        ),
    ];
    for (text, messages) in cases {
        let found = convert(&scalar("str"), &limits, text)
            .err()
            .unwrap_or_default();
        assert_eq!(found, messages, "{text}");
    }
    // A pattern is searched for, not matched from end to end.
    assert!(convert(&scalar("str"), &json!({"pattern": "b"}), "abc").is_ok());
}

#[test]
fn sources() {
    let optional = |source, name, scalar, many| {
        parameter(
            source,
            name,
            scalar,
            json!({"required": false, "many": many}),
        )
    };
    let declared = [
        parameter("path", "slug", "int", json!({})),
        optional("query", "n", "int", false),
        optional("query", "a b", "str", false),
        optional("query", "list", "int", true),
        optional("query", "absent", "int", true),
        optional("header", "x-one", "str", false),
        optional("header", "x-many", "str", true),
        optional("cookie", "c", "str", false),
        optional("cookie", "bare", "str", false),
    ];
    let text = |text: &str| Value::Str(text.into());
    let (values, faults) = extract(
        &declared,
        "/?n=1&&n=2&a+b=%C3%A9%zz+&list=3&list=1&N=9&=&x",
        &[
            ("x-one", b"first"),
            ("x-one", b"second"),
            ("x-many", b"a, b"),
            ("x-many", b"c"),
            ("cookie", b"c=1; bare; C=3"),
            ("cookie", b"c=\"2=2\""),
        ],
    );
    assert_eq!(faults, json!({}));
    let expected = vec![
        Value::Int(8),
        Value::Int(2),
        text("é%zz "),
        Value::Many(vec![Value::Int(3), Value::Int(1)]),
        Value::Absent,
        text("first"),
        Value::Many(vec![text("a, b"), text("c")]),
        text("2=2"),
        Value::Absent,
    ];
    assert_eq!(values, expected);
}

#[test]
fn every_fault_is_collected() {
    let declared = [
        parameter("path", "id", "int", json!({})),
        parameter("query", "x", "str", json!({})),
        parameter("header", "x", "int", json!({})),
        parameter("query", "missing", "int", json!({"many": true})),
        parameter(
            "query",
            "list",
            "int",
            json!({"many": true, "constraints": {"max_length": 2, "ge": 5}}),
        ),
        parameter("cookie", "c", "str", json!({})),
        parameter("query", "nul", "str", json!({})),
        parameter("query", "empty", "int", json!({"required": false})),
    ];
    let uri = "/?x=%ff&list=1&list=2&list=x&list=y&nul=%00&empty=";
    let headers: [(&str, &[u8]); 2] = [("x", b"y"), ("cookie", b"c=\xff")];
    let (_, faults) = extract(&declared, uri, &headers);
    let expected = json!({
        "id": [INTEGER],
        "query": {"x": ["The value is not UTF-8."]},
        "header": {"x": [INTEGER]},
        "missing": ["This field is required."],
        "list": [
            "Ensure this field has no more than 2 elements.",
            "Ensure this value is greater than or equal to 5.",
            INTEGER,
        ],
        "c": ["The value is not UTF-8."],
        "nul": ["Null characters are not allowed."],
        "empty": [INTEGER],
    });
    assert_eq!(faults, expected);
}

#[test]
fn what_cannot_be_compiled() {
    let limited = |scalar, many, constraints: Json| {
        parameter(
            "query",
            "x",
            scalar,
            json!({"many": many, "constraints": constraints}),
        )
    };
    let cases = [
        (
            limited("str", false, json!({"pattern": "("})),
            "constraints.pattern",
        ),
        (
            limited("str", false, json!({"pattern": "(?=a)"})),
            "constraints.pattern",
        ),
        (
            limited("int", false, json!({"pattern": "a"})),
            "constraints.pattern",
        ),
        (limited("str", false, json!({"ge": 1})), "constraints.ge"),
        (limited("date", false, json!({"lt": 1})), "constraints.lt"),
        (
            limited("int", false, json!({"min_length": 1})),
            "constraints",
        ),
        (parameter("path", "other", "int", json!({})), "alias"),
        (
            parameter("path", "id", "int", json!({"many": true})),
            "many",
        ),
        (parameter("header", "X-Upper", "int", json!({})), "alias"),
    ];
    for (declared, path) in cases {
        let error = compile(&[declared]).unwrap_err();
        assert_eq!(error.path(), format!("parameters[0].{path}"), "{error}");
    }
    assert!(compile(&[limited("int", true, json!({"min_length": 1}))]).is_ok());
}

proptest! {
    #[test]
    fn any_text_survives_a_query(text in "[^\0]{0,30}") {
        let declared = parameter("query", "x", "str", json!({}));
        let encoded = percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC);
        let (values, _) = extract(&[declared], &format!("/?x={encoded}"), &[]);
        prop_assert_eq!(&values[0], &Value::Str(text.into()));
    }

    #[test]
    fn whole_numbers_survive(value: i128) {
        let found = convert(&scalar("int"), &json!({}), &value.to_string()).unwrap();
        let expected = match i64::try_from(value) {
            Ok(value) => Value::Int(value),
            Err(_) => Value::BigInt(value.to_string()),
        };
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn no_text_breaks_a_conversion(text in "[ -~]{0,40}") {
        let names = [
            "str", "int", "float", "bool", "uuid", "date", "datetime", "time", "timedelta", "decimal",
        ];
        for name in names {
            let _ = convert(&scalar(name), &json!({"pattern": null}), &text);
        }
    }

    #[test]
    fn bounds_hold_for_whole_numbers(value: i64, limit in -1e19..1e19_f64) {
        let found = convert(&scalar("int"), &json!({"ge": limit}), &value.to_string());
        let floor = format!("{:.0}", limit.ceil()).parse::<i128>().unwrap();
        prop_assert_eq!(found.is_ok(), i128::from(value) >= floor);
    }
}

#[test]
fn unions_take_the_first_alternative_that_fits() {
    let union = json!({"type": "union", "of": [
        {"type": "choice", "values": ["7", "x"]}, {"type": "int"}, {"type": "float"},
    ]});
    let refused = Err(vec![
        "\"y\" is not a valid choice.".to_owned(),
        INTEGER.to_owned(),
        NUMBER.to_owned(),
    ]);
    let cases = [
        ("7", json!({}), Ok(Value::Choice(0))),
        ("8", json!({}), Ok(Value::Int(8))),
        ("8.5", json!({}), Ok(Value::Float(8.5))),
        ("y", json!({}), refused),
        (
            "8",
            json!({"ge": 9}),
            Err(vec![
                "Ensure this value is greater than or equal to 9.".to_owned(),
            ]),
        ),
    ];
    for (text, constraints, expected) in cases {
        assert_eq!(convert(&union, &constraints, text), expected, "{text}");
    }
}

#[test]
fn a_closed_group_lists_what_is_not_known() {
    let group: plan::Group = serde_json::from_value(json!({
        "name": "g", "source": "query", "closed": true, "refuses": false,
        "fields": [{"name": "a", "index": 0, "omittable": true}],
    }))
    .unwrap();
    let field = parameter("query", "a", "str", json!({"required": false}));
    let fields = [serde_json::from_value(field).unwrap()];
    let extractor = Extractor::compile(&fields, &[group], &[]).unwrap();
    let unknown = |query: &str| {
        let mut request = actix_http::Request::new();
        *request.uri_mut() = format!("/?{query}").parse().unwrap();
        let (_, faults) = extractor.extract(&Request::new(request), &Captures::default());
        let names: Vec<String> = faults.0.into_iter().map(|fault| fault.name).collect();
        names.join(" ")
    };
    let many: Vec<String> = (0..99).map(|number| format!("n{number}")).collect();
    assert_eq!(unknown("a=1&%61=2&"), "");
    assert_eq!(unknown("A=1&b&b=2&c%20=3"), "A b c ");
    assert_eq!(unknown(&many.join("&")).split(' ').count(), 10);
}
