//! The `Cookie` header, RFC 6265.

use actix_http::header::{COOKIE, HeaderMap};
use smallvec::SmallVec;

use super::field::{Field, Place};

/// Collects the declared cookies, one slot for each field. Of a repeated name, a field for one
/// value keeps the last, as Django does.
pub(super) fn collect<'a>(
    headers: &'a HeaderMap,
    fields: &[Field],
) -> Vec<SmallVec<[&'a [u8]; 1]>> {
    let mut slots = vec![SmallVec::new(); fields.len()];
    let lines = headers.get_all(COOKIE);
    for pair in lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';')) {
        let Some(equals) = pair.iter().position(|byte| *byte == b'=') else {
            continue;
        };
        let name = pair[..equals].trim_ascii();
        let value = unquoted(pair[equals + 1..].trim_ascii());
        for (field, slot) in fields.iter().zip(&mut slots) {
            if matches!(field.place, Place::Cookie) && field.alias.as_bytes() == name {
                if !field.many {
                    slot.clear();
                }
                slot.push(value);
            }
        }
    }
    slots
}

/// A value may stand in quotes, which are not part of it.
fn unquoted(value: &[u8]) -> &[u8] {
    match value {
        [b'"', inner @ .., b'"'] => inner,
        bare => bare,
    }
}
