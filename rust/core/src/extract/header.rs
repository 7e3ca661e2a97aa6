//! Header values as text.

use std::borrow::Cow;

use actix_http::header::{HeaderMap, HeaderName};

use super::field::{Text, Texts};

/// The first value, or every line's value where the parameter is repeated. A line is never split
/// at commas, since many headers have commas inside a value.
pub(super) fn texts<'a>(headers: &'a HeaderMap, name: &HeaderName, many: bool) -> Texts<'a> {
    let most = if many { usize::MAX } else { 1 };
    let lines = headers.get_all(name).take(most);
    lines.map(|value| text(value.as_bytes())).collect()
}

/// Bytes as text, where they are UTF-8.
pub(super) fn text(bytes: &[u8]) -> Text<'_> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(_) => Err("The value is not UTF-8.".into()),
    }
}
