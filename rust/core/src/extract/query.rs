//! The query string, in the `application/x-www-form-urlencoded` notation.

use std::borrow::Cow;

use percent_encoding::percent_decode;
use smallvec::{SmallVec, smallvec};

use super::field::{self, Field, Place, Text};
use crate::error::Fault;
use crate::plan::Source;

/// What stands after the equals sign, still encoded.
pub(super) type Encoded<'a> = SmallVec<[&'a str; 1]>;

/// One slot for each field of a route.
pub(super) type Slots<'a> = SmallVec<[Encoded<'a>; 8]>;

/// Collects the declared parameters in one pass, one slot for each field.
///
/// Of a repeated name, a field for one value keeps the last, as Django's `QueryDict` does.
pub(super) fn collect<'a>(query: &'a str, fields: &[Field]) -> Slots<'a> {
    let mut slots: Slots<'a> = smallvec![Encoded::new(); fields.len()];
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let Ok(name) = decode(name) else { continue };
        for (field, slot) in fields.iter().zip(&mut slots) {
            if matches!(field.place, Place::Query) && field.alias == name {
                if !field.many {
                    slot.clear();
                }
                slot.push(value);
            }
        }
    }
    slots
}

/// A fault for each name that no field has, other than the tolerated one.
pub(super) fn unknown(query: &str, fields: &[Field], tolerated: Option<&str>) -> Vec<Fault> {
    let names = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name))
        // What is not UTF-8 is nobody's name either.
        .map(|name| decode(name).unwrap_or(Cow::Borrowed(name)))
        .filter(|name| tolerated != Some(name.as_ref()));
    field::unknown(names, Source::Query, fields)
}

/// Undoes the encoding. A percent sign without two digits stands for itself, as in browsers.
pub(super) fn decode(encoded: &str) -> Text<'_> {
    if !encoded.bytes().any(|byte| byte == b'%' || byte == b'+') {
        return Ok(Cow::Borrowed(encoded));
    }
    let spaced = encoded.replace('+', " ");
    match String::from_utf8(percent_decode(spaced.as_bytes()).collect()) {
        Ok(text) => Ok(Cow::Owned(text)),
        Err(_) => Err("The value is not UTF-8.".into()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn field(many: bool) -> Field {
        let parameter = serde_json::json!({
            "name": "x", "alias": "x", "source": "query", "scalar": {"type": "str"},
            "many": many, "required": false, "constraints": {},
        });
        Field::compile(&serde_json::from_value(parameter).unwrap(), &[]).unwrap()
    }

    #[test]
    fn a_megabyte_is_no_burden() {
        let queries = ["x=1&", "&", "x&", "y=%41+&", "%78=+&", "="];
        for piece in queries {
            let query = piece.repeat((1 << 20) / piece.len());
            let began = Instant::now();
            let slots = collect(&query, &[field(true), field(false)]);
            assert!(slots[1].len() <= 1);
            for encoded in &slots[0] {
                assert!(decode(encoded).is_ok());
            }
            assert!(began.elapsed() < Duration::from_secs(5), "{piece}");
        }
    }

    #[test]
    fn names_are_encoded_too() {
        let slots = collect("%78=1&x=2&X=3&x", &[field(true), field(false)]);
        assert_eq!(slots[0].as_slice(), ["1", "2", ""]);
        assert_eq!(slots[1].as_slice(), [""]);
    }
}
