//! What preconditions make of a reply that a handler gave.

use actix_http::header::{
    CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_RANGE, ETAG,
    HeaderMap, HeaderName, HeaderValue, LAST_MODIFIED,
};
use actix_http::{Method, StatusCode};
use xxhash_rust::xxh3::{Xxh3Default, xxh3_128};

use super::entity_tag::EntityTag;
use super::http_date;
use super::preconditions::{Validators, Verdict, evaluate, is_read};
use crate::error::Error;
use crate::reply::{Body, Reply};

/// Headers that describe the bytes of a 200, and that a 304 leaves out, RFC 9110 §15.4.5.
const OF_THE_BYTES: [HeaderName; 5] = [
    CONTENT_DISPOSITION,
    CONTENT_ENCODING,
    CONTENT_LANGUAGE,
    CONTENT_LENGTH,
    CONTENT_RANGE,
];

/// Evaluates a request's preconditions against the `ETag` and `Last-Modified` of its reply.
///
/// # Errors
///
/// Where the client asked for another representation than there is.
pub fn conclude(method: &Method, headers: &HeaderMap, reply: Reply) -> Result<Reply, Error> {
    if !is_read(method) || reply.status != StatusCode::OK {
        return Ok(reply);
    }
    let validators = validators(&reply);
    if validators.tag.is_none() && validators.modified.is_none() {
        // There is nothing to compare with.
        return Ok(reply);
    }
    match evaluate(method, headers, &validators) {
        Verdict::Proceed => Ok(reply),
        Verdict::NotModified => Ok(not_modified(reply)),
        Verdict::Failed => Err(Error::PreconditionFailed),
    }
}

/// What the headers of a reply say of its representation.
#[must_use]
pub fn validators(reply: &Reply) -> Validators<'_> {
    let tag = header(reply, &ETAG).and_then(|value| EntityTag::parse(value.as_bytes()));
    Validators {
        tag,
        modified: header(reply, &LAST_MODIFIED).and_then(http_date::parse),
    }
}

/// The 304 in the place of a reply.
#[must_use]
pub fn not_modified(mut reply: Reply) -> Reply {
    reply.status = StatusCode::NOT_MODIFIED;
    reply.content_type = None;
    reply.body = Body::Empty;
    reply
        .headers
        .retain(|(name, _)| !OF_THE_BYTES.contains(name));
    reply
}

/// Gives a reply a strong tag of its bytes, where it has none and all of them are there.
pub fn add_tag(method: &Method, reply: &mut Reply) {
    if !is_read(method) || reply.status != StatusCode::OK || header(reply, &ETAG).is_some() {
        return;
    }
    let Body::Full(bytes) = &reply.body else {
        return;
    };
    // Other media types of the same bytes are other representations.
    let mut digest = Xxh3Default::new();
    digest.update(
        reply
            .content_type
            .as_ref()
            .map_or(&[], HeaderValue::as_bytes),
    );
    digest.update(&[0]);
    digest.update(bytes);
    let value = tag_value(digest.digest128(), false);
    reply.headers.push((ETAG, value));
}

/// The tag of bytes, or of what stands for them.
#[must_use]
pub fn tag_of(bytes: &[u8], weak: bool) -> HeaderValue {
    tag_value(xxh3_128(bytes), weak)
}

fn tag_value(digest: u128, weak: bool) -> HeaderValue {
    let text = format!("{}\"{digest:032x}\"", if weak { "W/" } else { "" });
    // Quotes and hexadecimal digits.
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

/// The first value of a header of a reply.
#[must_use]
pub fn header<'a>(reply: &'a Reply, name: &HeaderName) -> Option<&'a HeaderValue> {
    let found = reply.headers.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value)
}
