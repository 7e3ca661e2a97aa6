//! The query string, in the `application/x-www-form-urlencoded` notation.

use std::borrow::Cow;

use percent_encoding::percent_decode;
use smallvec::SmallVec;

use super::field::{Field, Place, Text};

/// What stands after the equals sign, still encoded.
pub(super) type Encoded<'a> = SmallVec<[&'a str; 1]>;

/// Collects the declared parameters in one pass, one slot for each field.
///
/// Of a repeated name, a field for one value keeps the last, as Django's `QueryDict` does.
pub(super) fn collect<'a>(query: &'a str, fields: &[Field]) -> Vec<Encoded<'a>> {
    let mut slots = vec![Encoded::new(); fields.len()];
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
