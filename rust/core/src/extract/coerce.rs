//! Text to scalar. Strict: what Python would need to guess is refused.

use std::borrow::Cow;

use uuid::Uuid;

use super::Value;
use super::number::Number;
use crate::plan::Scalar;

/// What is wrong with a value, as a sentence.
pub(super) type Message = Cow<'static, str>;

/// Longest whole number in digits: what Python's own limit is.
const MOST_INT_DIGITS: usize = 4300;
/// Longest decimal number in characters, as in Django REST framework.
const MOST_DECIMAL_CHARACTERS: usize = 1000;
/// Most digits before or after a decimal's point, written out. It keeps `1e999999999` out.
const MOST_DECIMAL_MAGNITUDE: i64 = 1000;
/// Most characters of a refused choice that its message repeats.
const MOST_ECHOED: usize = 100;
/// Most days of Python's `timedelta`.
const MOST_DAYS: u32 = 999_999_999;

/// Converts text to a declared scalar.
pub(super) fn coerce(scalar: &Scalar, text: Cow<'_, str>) -> Result<Value, Message> {
    match scalar {
        Scalar::Str {} => string(text),
        Scalar::Int {} => int(&text),
        Scalar::Float {} => float(&text).ok_or("A valid number is required.".into()),
        Scalar::Bool {} => boolean(&text).ok_or("Must be a valid boolean.".into()),
        Scalar::Uuid {} => uuid(&text).ok_or("Must be a valid UUID.".into()),
        Scalar::Date {} => date(&text)
            .ok_or("Date has wrong format. Use one of these formats instead: YYYY-MM-DD.".into()),
        Scalar::Datetime {} => datetime(&text).ok_or(
            "Datetime has wrong format. Use one of these formats instead: \
             YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
                .into(),
        ),
        Scalar::Time {} => time(&text).ok_or(
            "Time has wrong format. Use one of these formats instead: hh:mm[:ss[.uuuuuu]].".into(),
        ),
        Scalar::Timedelta {} => timedelta(&text).ok_or(
            "Duration has wrong format. Use seconds, hh:mm:ss or an ISO 8601 duration instead, \
             such as P1DT2H."
                .into(),
        ),
        Scalar::Decimal {} => decimal(text),
        Scalar::Choice { values } => choice(values, &text),
        Scalar::Union { of } => any_of(of, &text).map_err(|mut messages| {
            let last = messages.pop();
            last.unwrap_or("This value is not allowed here.".into())
        }),
        // A file never comes as text: `Field::compile` sees to that.
        Scalar::File { .. } => Err("A file is required.".into()),
    }
}

fn string(text: Cow<'_, str>) -> Result<Value, Message> {
    if text.contains('\0') {
        return Err("Null characters are not allowed.".into());
    }
    Ok(Value::Str(text.into()))
}

/// An optional sign, then ASCII digits.
fn int(text: &str) -> Result<Value, Message> {
    // 19 digits and a sign; longer text may still be a small number behind zeros.
    if text.len() <= 20
        && let Ok(value) = text.parse()
    {
        return Ok(Value::Int(value));
    }
    let (sign, digits) = match text.as_bytes().first() {
        Some(b'-') => ("-", &text[1..]),
        Some(b'+') => ("", &text[1..]),
        _ => ("", text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("A valid integer is required.".into());
    }
    if digits.len() > MOST_INT_DIGITS {
        return Err("The number has too many digits.".into());
    }
    let plain = format!("{sign}{}", digits.trim_start_matches('0'));
    Ok(match plain.parse() {
        Ok(value) => Value::Int(value),
        Err(_) if plain == sign => Value::Int(0),
        Err(_) => Value::BigInt(plain),
    })
}

fn float(text: &str) -> Option<Value> {
    // Rust's own parser also takes "inf", "infinity" and "nan".
    let numeric = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    let value: f64 = text.parse().ok()?;
    (value.is_finite() && text.bytes().all(numeric)).then_some(Value::Float(value))
}

fn boolean(text: &str) -> Option<Value> {
    let is_one_of = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is_one_of(&["true", "1", "on", "yes", "t"]) {
        Some(Value::Bool(true))
    } else if is_one_of(&["false", "0", "off", "no", "f"]) {
        Some(Value::Bool(false))
    } else {
        None
    }
}

/// Hyphenated or simple; the braces and the `urn:` that the parser also knows are refused.
fn uuid(text: &str) -> Option<Value> {
    let known = matches!(text.len(), 32 | 36);
    known.then(|| Uuid::try_parse(text).ok())?.map(Value::Uuid)
}

fn date(text: &str) -> Option<Value> {
    let date = speedate::Date::parse_str_rfc3339(text).ok()?;
    (date.year > 0).then_some(Value::Date(date))
}

fn datetime(text: &str) -> Option<Value> {
    let value = speedate::DateTime::parse_str_rfc3339(text).ok()?;
    (value.date.year > 0).then_some(Value::DateTime(value))
}

fn time(text: &str) -> Option<Value> {
    speedate::Time::parse_str(text).ok().map(Value::Time)
}

fn timedelta(text: &str) -> Option<Value> {
    let value = match seconds(text) {
        Some(value) => value,
        None => speedate::Duration::parse_str(text).ok()?,
    };
    let part = value.second > 0 || value.microsecond > 0;
    let fits = value.day < MOST_DAYS || (value.day == MOST_DAYS && (value.positive || !part));
    fits.then_some(Value::Timedelta(value))
}

/// `[+-]seconds[.fraction]`, to the microsecond.
fn seconds(text: &str) -> Option<speedate::Duration> {
    let (positive, unsigned) = match text.as_bytes().first()? {
        b'-' => (false, &text[1..]),
        b'+' => (true, &text[1..]),
        _ => (true, text),
    };
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (unsigned, "0"),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 6 {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let microsecond: u32 = format!("{fraction:0<6}").parse().ok()?;
    let day = u32::try_from(whole / 86_400).ok()?;
    let second = u32::try_from(whole % 86_400).ok()?;
    speedate::Duration::new(positive, day, second, microsecond).ok()
}

fn decimal(text: Cow<'_, str>) -> Result<Value, Message> {
    if text.len() > MOST_DECIMAL_CHARACTERS {
        return Err("The number has too many digits.".into());
    }
    let number = Number::parse(&text).ok_or("A valid number is required.")?;
    if number.magnitude().abs() > MOST_DECIMAL_MAGNITUDE || has_large_exponent(&text) {
        return Err("The number's exponent is too large.".into());
    }
    Ok(Value::Decimal(text.into_owned()))
}

/// Zero has no magnitude, and yet `0e999999999` is long when it is written out.
fn has_large_exponent(text: &str) -> bool {
    text.split_once(['e', 'E'])
        .and_then(|(_, exponent)| exponent.parse::<i64>().ok())
        .is_some_and(|exponent| exponent.abs() > MOST_DECIMAL_MAGNITUDE)
}

/// What the first alternative that takes the text makes of it, or what each of them says, every
/// sentence once.
pub(super) fn any_of(alternatives: &[Scalar], text: &str) -> Result<Value, Vec<Message>> {
    let mut messages = Vec::new();
    for alternative in alternatives {
        match coerce(alternative, Cow::Borrowed(text)) {
            Ok(value) => return Ok(value),
            Err(message) if messages.contains(&message) => {}
            Err(message) => messages.push(message),
        }
    }
    Err(messages)
}

fn choice(values: &[String], text: &str) -> Result<Value, Message> {
    if let Some(index) = values.iter().position(|value| value == text) {
        return Ok(Value::Choice(index));
    }
    let shown: String = text.chars().take(MOST_ECHOED).collect();
    let more = if shown.len() < text.len() { "…" } else { "" };
    Err(format!("\"{shown}{more}\" is not a valid choice.").into())
}
