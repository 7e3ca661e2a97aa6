//! Preconditions, RFC 9110 §13.

use actix_http::Method;
use actix_http::header::{
    HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE,
};

use super::entity_tag::{EntityTag, is_any, tags};
use super::http_date;

/// What is known of the current representation; nothing where there is none.
#[derive(Debug, Clone, Copy, Default)]
pub struct Validators<'a> {
    /// `ETag`.
    pub tag: Option<EntityTag<'a>>,
    /// `Last-Modified`, in seconds since 1970.
    pub modified: Option<u64>,
}

impl Validators<'_> {
    fn exists(&self) -> bool {
        self.tag.is_some() || self.modified.is_some()
    }
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is answered as if it had no conditions.
    Proceed,
    /// 304: the client has what it asks for.
    NotModified,
    /// 412: what the client saw is not what there is.
    Failed,
}

/// Whether a method asks for nothing but a representation.
#[must_use]
pub fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// Evaluates the preconditions of a request in the order of RFC 9110 §13.2.2, `If-Range` apart.
#[must_use]
pub fn evaluate(method: &Method, headers: &HeaderMap, current: &Validators<'_>) -> Verdict {
    if headers.contains_key(IF_MATCH) {
        if !if_match(headers, current) {
            return Verdict::Failed;
        }
    } else if let (Some(since), Some(modified)) =
        (date(headers, IF_UNMODIFIED_SINCE), current.modified)
        && modified > since
    {
        return Verdict::Failed;
    }
    if headers.contains_key(IF_NONE_MATCH) {
        if if_none_match(headers, current) {
            return Verdict::Proceed;
        }
        return if is_read(method) {
            Verdict::NotModified
        } else {
            Verdict::Failed
        };
    }
    if is_read(method)
        && let (Some(since), Some(modified)) = (date(headers, IF_MODIFIED_SINCE), current.modified)
        && modified <= since
    {
        return Verdict::NotModified;
    }
    Verdict::Proceed
}

/// Whether a range may be sent of the current representation, RFC 9110 §13.1.5. `now` is in
/// seconds since 1970.
#[must_use]
pub fn if_range(headers: &HeaderMap, current: &Validators<'_>, now: u64) -> bool {
    let Some(value) = single(headers, IF_RANGE) else {
        return !headers.contains_key(IF_RANGE);
    };
    if let Some(tag) = EntityTag::parse(value.as_bytes().trim_ascii()) {
        return current.tag.is_some_and(|own| own.strongly_equals(&tag));
    }
    // Within the second of its date, a representation may have changed twice.
    http_date::parse(value)
        .is_some_and(|date| current.modified == Some(date) && date.saturating_add(1) < now)
}

fn if_match(headers: &HeaderMap, current: &Validators<'_>) -> bool {
    if is_any(headers.get_all(IF_MATCH)) {
        return current.exists();
    }
    current
        .tag
        .is_some_and(|own| tags(headers.get_all(IF_MATCH)).any(|tag| own.strongly_equals(&tag)))
}

fn if_none_match(headers: &HeaderMap, current: &Validators<'_>) -> bool {
    if is_any(headers.get_all(IF_NONE_MATCH)) {
        return !current.exists();
    }
    !current
        .tag
        .is_some_and(|own| tags(headers.get_all(IF_NONE_MATCH)).any(|tag| own.weakly_equals(&tag)))
}

/// The header's date; `None` where it is malformed or repeated, and so to be ignored.
fn date(headers: &HeaderMap, name: HeaderName) -> Option<u64> {
    single(headers, name).and_then(http_date::parse)
}

fn single(headers: &HeaderMap, name: HeaderName) -> Option<&HeaderValue> {
    let mut values = headers.get_all(name);
    let first = values.next()?;
    values.next().is_none().then_some(first)
}
