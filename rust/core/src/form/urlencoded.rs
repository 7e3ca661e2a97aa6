//! `application/x-www-form-urlencoded`, as the URL standard of the WHATWG defines it.

use std::borrow::Cow;

use bytes::Bytes;
use percent_encoding::percent_decode;

use super::{Entry, Form, Part};
use crate::error::Error;

pub(super) const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";

/// Parses a body that is there as a whole.
///
/// A percent sign without two digits stands for itself, and an empty pair for nothing.
pub(crate) fn parse(body: &Bytes, max_fields: Option<usize>) -> Result<Form, Error> {
    let mut entries = Vec::new();
    for pair in body
        .split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty())
    {
        if max_fields.is_some_and(|most| entries.len() >= most) {
            return Err(Error::TooManyFields(max_fields.unwrap_or_default()));
        }
        let equals = pair.iter().position(|byte| *byte == b'=');
        let (name, value) = match equals {
            Some(at) => (&pair[..at], &pair[at + 1..]),
            None => (pair, &pair[pair.len()..]),
        };
        let name = String::from_utf8(decode(name).into_owned())
            .map_err(|_| Error::BadRequest("A field's name in the form is not UTF-8."))?;
        let value = match decode(value) {
            Cow::Borrowed(plain) => body.slice_ref(plain),
            Cow::Owned(decoded) => decoded.into(),
        };
        entries.push(Entry {
            name,
            value: Part::Text(value),
        });
    }
    Ok(Form { entries })
}

fn decode(encoded: &[u8]) -> Cow<'_, [u8]> {
    if !encoded.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return Cow::Borrowed(encoded);
    }
    let spaced: Vec<u8> = encoded
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    Cow::Owned(percent_decode(&spaced).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    type Pairs<'a> = &'a [(&'a str, &'a [u8])];

    fn pairs(body: &'static str) -> Vec<(String, Vec<u8>)> {
        let form = parse(&Bytes::from_static(body.as_bytes()), None).unwrap();
        let pair = |entry: Entry| match entry.value {
            Part::Text(text) => (entry.name, text.to_vec()),
            Part::File(_) => unreachable!("there are none"),
        };
        form.entries.into_iter().map(pair).collect()
    }

    #[test]
    fn what_is_read() {
        let cases: [(&str, Pairs<'_>); 7] = [
            ("", &[]),
            ("&&", &[]),
            ("a=1&b=2&a=3", &[("a", b"1"), ("b", b"2"), ("a", b"3")]),
            ("a", &[("a", b"")]),
            ("=x", &[("", b"x")]),
            (
                "a+b=c%20d%2B&%C3%A4=%",
                &[("a b", b"c d+"), ("\u{e4}", b"%")],
            ),
            ("a=%ff", &[("a", b"\xff")]),
        ];
        for (body, expected) in cases {
            let expected: Vec<_> = expected
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.to_vec()))
                .collect();
            assert_eq!(pairs(body), expected, "{body}");
        }
    }

    #[test]
    fn what_is_refused() {
        let body = Bytes::from_static(b"a=1&b=2&c=3");
        assert!(parse(&body, Some(3)).is_ok());
        assert!(matches!(
            parse(&body, Some(2)),
            Err(Error::TooManyFields(2))
        ));
        let body = Bytes::from_static(b"%ff=1");
        assert!(matches!(parse(&body, None), Err(Error::BadRequest(_))));
    }
}
