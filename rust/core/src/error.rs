//! Every way in which a request can fail. `render` turns each into a reply, in one place.

use std::collections::BTreeSet;
use std::io;

use actix_http::StatusCode;
use actix_http::header::{HeaderName, HeaderValue};
use bytes::Bytes;
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::plan::Source;

/// The detail of a refusal for want of credentials.
pub const NOT_AUTHENTICATED: &str = "Authentication credentials were not provided.";

/// Why a request was refused or failed.
#[derive(Debug)]
pub enum Error {
    /// 400: the request cannot be read.
    BadRequest(&'static str),
    /// 400: the form has more fields than this.
    TooManyFields(usize),
    /// 400: the form has more files than this.
    TooManyFiles(usize),
    /// 400: parameters or body break their declaration.
    Validation(Faults),
    /// 401: credentials are missing where they are needed, or wrong.
    Unauthenticated {
        /// What the client is told.
        detail: &'static str,
        /// `WWW-Authenticate`; without one the status is 403, as in Django REST framework.
        challenge: Option<HeaderValue>,
    },
    /// 403: the caller is known, and may not.
    Forbidden,
    /// 404: no such path.
    NotFound,
    /// 405: the path exists, the method there does not.
    MethodNotAllowed {
        /// `Allow`.
        allow: HeaderValue,
    },
    /// 406: the client accepts nothing that the route renders.
    NotAcceptable,
    /// 408: the body arrives too slowly.
    TooSlow,
    /// 412: what the client saw is not what there is.
    PreconditionFailed,
    /// 413: the body is over its limit, in bytes.
    PayloadTooLarge(u64),
    /// 413: the text of the form is over its limit, in bytes.
    FieldsTooLarge(u64),
    /// 507 where the disk is full, otherwise 500: an uploaded file could not be stored.
    NotStored(io::Error),
    /// 415: no parser for the body's media type.
    UnsupportedMediaType(String),
    /// 415: the body is compressed in a way that is not undone here.
    UnsupportedContentCoding {
        /// `Content-Encoding`.
        sent: String,
        /// `Accept-Encoding` of the reply, RFC 9110 §15.5.16.
        accepted: &'static str,
    },
    /// 416: of a representation of so many bytes, none is in the range that was asked for.
    RangeNotSatisfiable(u64),
    /// What a Python exception became.
    Raised(Box<Raised>),
    /// 500: nothing that the client could know about.
    Internal,
}

/// A Python exception, translated by Python.
#[derive(Debug)]
pub struct Raised {
    /// Status line.
    pub status: StatusCode,
    /// The reply's JSON in the shape of Django REST framework; `render` wraps it for RFC 9457.
    pub body: Bytes,
    /// Headers of the reply.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

/// Every fault of one request's input.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

/// One fault of one parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where the parameter is read from.
    pub source: Source,
    /// Its name on the wire.
    pub name: String,
    /// What is wrong, as a sentence.
    pub message: String,
}

impl Faults {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Faults {
    /// The JSON object of an error reply: `{"field": ["…"]}`.
    ///
    /// A name with faults from two sources stands under its source instead:
    /// `{"query": {"x": ["…"]}, "header": {"x": ["…"]}}`.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The names that stand under their source.
    fn nested_names(&self) -> BTreeSet<&str> {
        let mut nested = BTreeSet::new();
        loop {
            let known = nested.len();
            // A parameter may be called "query", and then it must not share that key with the
            // object of the nested ones.
            let keys: BTreeSet<&str> = self
                .0
                .iter()
                .filter(|fault| nested.contains(fault.name.as_str()))
                .map(|fault| fault.source.as_str())
                .collect();
            for fault in &self.0 {
                let clashes =
                    |other: &Fault| other.name == fault.name && other.source != fault.source;
                if keys.contains(fault.name.as_str()) || self.0.iter().any(clashes) {
                    nested.insert(fault.name.as_str());
                }
            }
            if nested.len() == known {
                return nested;
            }
        }
    }
}

impl Serialize for Faults {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let nested = self.nested_names();
        let mut flat = Grouped::default();
        let mut sources: Vec<(&str, Grouped<'_>)> = Vec::new();
        for fault in &self.0 {
            if !nested.contains(fault.name.as_str()) {
                flat.push(fault);
                continue;
            }
            let source = fault.source.as_str();
            if let Some((_, group)) = sources.iter_mut().find(|(known, _)| *known == source) {
                group.push(fault);
            } else {
                let mut group = Grouped::default();
                group.push(fault);
                sources.push((source, group));
            }
        }
        let mut map = serializer.serialize_map(None)?;
        for (name, messages) in &flat.0 {
            map.serialize_entry(name, messages)?;
        }
        for (source, group) in &sources {
            map.serialize_entry(source, group)?;
        }
        map.end()
    }
}

/// Messages by name, in their order of appearance.
#[derive(Default)]
struct Grouped<'a>(Vec<(&'a str, Vec<&'a str>)>);

impl<'a> Grouped<'a> {
    fn push(&mut self, fault: &'a Fault) {
        match self.0.iter_mut().find(|(name, _)| *name == fault.name) {
            // Two parameters may read the same name, and say the same of it.
            Some((_, messages)) if messages.contains(&fault.message.as_str()) => {}
            Some((_, messages)) => messages.push(&fault.message),
            None => self.0.push((&fault.name, vec![&fault.message])),
        }
    }
}

impl Serialize for Grouped<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, messages)| (name, messages)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(faults: &[(Source, &str, &str)]) -> String {
        let fault = |(source, name, message): &(Source, &str, &str)| Fault {
            source: *source,
            name: (*name).to_owned(),
            message: (*message).to_owned(),
        };
        String::from_utf8(Faults(faults.iter().map(fault).collect()).to_json()).unwrap()
    }

    #[test]
    fn faults_as_json() {
        use Source::{Cookie, Header, Query};
        let cases: [(&[_], _); 5] = [
            (&[], "{}"),
            (
                &[(Query, "b", "1"), (Query, "a", "\"2"), (Query, "b", "3")],
                r#"{"b":["1","3"],"a":["\"2"]}"#,
            ),
            (
                &[(Query, "x", "1"), (Header, "x", "2"), (Cookie, "y", "3")],
                r#"{"y":["3"],"query":{"x":["1"]},"header":{"x":["2"]}}"#,
            ),
            (&[(Header, "query", "1")], r#"{"query":["1"]}"#),
            (
                &[
                    (Query, "x", "1"),
                    (Header, "x", "2"),
                    (Cookie, "query", "3"),
                    (Query, "cookie", "4"),
                ],
                r#"{"query":{"x":["1"],"cookie":["4"]},"header":{"x":["2"]},"cookie":{"query":["3"]}}"#,
            ),
        ];
        for (faults, expected) in cases {
            assert_eq!(json(faults), expected);
        }
    }
}
