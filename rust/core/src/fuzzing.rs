//! Doors for `fuzz/`, which stands outside of this crate: no part of its interface.

use actix_http::header::HeaderValue;
use bytes::Bytes;

use crate::form::multipart::{Event, Parser};
use crate::form::{Entry, Part, urlencoded};
use crate::media_type::MediaType;
use crate::plan::ErrorFormat;
use crate::{negotiation, path};

/// A request path in the form in which paths are compared.
#[must_use]
pub fn normalise(text: &str) -> Option<String> {
    path::normalise(text).ok().map(Into::into)
}

/// Whether a route's template can be read.
#[must_use]
pub fn is_template(text: &str) -> bool {
    path::Template::parse(text).is_ok()
}

/// The fields of a URL-encoded form, their values as bytes.
#[must_use]
pub fn form(body: &[u8], max_fields: usize) -> Option<Vec<(String, Vec<u8>)>> {
    let body = Bytes::copy_from_slice(body);
    let form = urlencoded::parse(&body, Some(max_fields)).ok()?;
    let field = |entry: Entry| match entry.value {
        Part::Text(bytes) => (entry.name, bytes.to_vec()),
        Part::File(_) => unreachable!("it has none"),
    };
    Some(form.entries.into_iter().map(field).collect())
}

/// Names and contents of a multipart body with the boundary `B`, fed in pieces of a length.
#[must_use]
pub fn multipart(body: &[u8], piece: usize) -> Option<Vec<(String, Vec<u8>)>> {
    let mut parser = Parser::new("B");
    let mut parts: Vec<(String, Vec<u8>)> = Vec::new();
    for piece in body.chunks(piece.max(1)) {
        parser.push(piece);
        while let Some(event) = parser.next().ok()? {
            match event {
                Event::Part(head) => parts.push((head.disposition.name, Vec::new())),
                Event::Data(bytes) => parts.last_mut()?.1.extend_from_slice(&bytes),
                Event::PartEnd | Event::End => {}
            }
        }
    }
    parser.is_complete().then_some(parts)
}

/// Whether a declared media type can be read, and accepts the one that was sent.
#[must_use]
pub fn accepts(declared: &str, sent: &str) -> Option<bool> {
    MediaType::parse(declared).map(|declared| declared.accepts(sent))
}

/// Whether a client with this `Accept` gets errors in the form of RFC 9457.
#[must_use]
pub fn wants_problem(accept: &HeaderValue, default: ErrorFormat) -> bool {
    negotiation::wanted(Some(accept), default) == ErrorFormat::Problem
}
