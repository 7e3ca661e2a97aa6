//! The ranges of an `Accept` header, RFC 9110 §12.5.1.

use std::borrow::Cow;

use actix_http::header::{ACCEPT, HeaderMap, HeaderValue};

/// A weight in thousandths, RFC 9110 §12.4.2.
pub(crate) type Quality = u16;

const FULL: Quality = 1000;

/// What a client accepts, and how much it wants it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Range<'a> {
    /// `*` is any.
    pub kind: &'a str,
    /// `*` is any.
    pub subtype: &'a str,
    /// Parameters other than the weight, in their order.
    pub parameters: Vec<(&'a str, Cow<'a, str>)>,
    pub quality: Quality,
}

/// A media type that can be offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offered {
    kind: String,
    subtype: String,
    parameters: Vec<(String, String)>,
}

/// How closely a range names an offer: the more exactly, the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Closeness {
    /// `*/*`, `type/*`, `type/subtype`.
    pub essence: u8,
    shared: usize,
    /// Fewer parameters that the offer lacks are closer.
    others: std::cmp::Reverse<usize>,
}

/// Every range of a request; what cannot be read is left out.
pub(crate) fn of_request(headers: &HeaderMap) -> Vec<Range<'_>> {
    headers.get_all(ACCEPT).flat_map(of_value).collect()
}

/// The ranges of one header value.
pub(crate) fn of_value(value: &HeaderValue) -> Vec<Range<'_>> {
    let text = value.to_str().unwrap_or_default();
    split(text, ',').filter_map(range).collect()
}

impl Offered {
    /// Reads `type/subtype;name=value`, without wildcards.
    pub fn parse(text: &str) -> Option<Self> {
        let found = range(text)?;
        if found.kind == "*" || found.subtype == "*" || found.quality != FULL {
            return None;
        }
        let own = |(name, value): (&str, Cow<'_, str>)| (name.to_owned(), value.into_owned());
        Some(Self {
            kind: found.kind.to_owned(),
            subtype: found.subtype.to_owned(),
            parameters: found.parameters.into_iter().map(own).collect(),
        })
    }

    /// How closely a range names this type; `None` where it does not.
    ///
    /// A parameter that only one of both has is no difference, as in Django REST framework:
    /// `application/json; indent=4` asks for JSON.
    pub fn closeness(&self, range: &Range<'_>) -> Option<Closeness> {
        let essence = match (range.kind, range.subtype) {
            ("*", _) => 1,
            (kind, "*") if kind.eq_ignore_ascii_case(&self.kind) => 2,
            (kind, subtype)
                if kind.eq_ignore_ascii_case(&self.kind)
                    && subtype.eq_ignore_ascii_case(&self.subtype) =>
            {
                3
            }
            _ => return None,
        };
        let mut shared = 0;
        for (name, value) in &range.parameters {
            let own = self
                .parameters
                .iter()
                .find(|(own, _)| own.eq_ignore_ascii_case(name));
            match own {
                Some((_, own)) if own.eq_ignore_ascii_case(value) => shared += 1,
                Some(_) => return None,
                None => {}
            }
        }
        Some(Closeness {
            essence,
            shared,
            others: std::cmp::Reverse(range.parameters.len() - shared),
        })
    }

    /// This type with the parameters that a range adds; `None` where it adds none.
    pub fn with_parameters_of(&self, range: &Range<'_>) -> Option<String> {
        if range.subtype == "*" || range.parameters.is_empty() {
            return None;
        }
        let mut text = format!("{}/{}", self.kind, self.subtype);
        for (name, value) in &range.parameters {
            text.push_str("; ");
            text.push_str(name);
            text.push('=');
            if is_token(value) {
                text.push_str(value);
            } else {
                text.push('"');
                text.push_str(&value.replace('\\', "\\\\").replace('"', "\\\""));
                text.push('"');
            }
        }
        Some(text)
    }
}

/// Reads one range; `None` where it is malformed.
fn range(text: &str) -> Option<Range<'_>> {
    let mut parts = split(text, ';');
    let (kind, subtype) = parts.next()?.trim().split_once('/')?;
    if !is_token(kind) || !is_token(subtype) || (kind == "*" && subtype != "*") {
        return None;
    }
    let mut found = Range {
        kind,
        subtype,
        parameters: Vec::new(),
        quality: FULL,
    };
    for part in parts.map(str::trim).filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=')?;
        if !is_token(name) {
            return None;
        }
        if name.eq_ignore_ascii_case("q") {
            found.quality = weight(value)?;
            // What follows the weight was an extension of Accept until RFC 9110 took it out.
            break;
        }
        found.parameters.push((name, unquoted(value)?));
    }
    Some(found)
}

/// The parts between separators that stand outside quotes.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut escaped = false;
    text.split(move |character| {
        let ends = character == separator && !quoted;
        if escaped {
            escaped = false;
        } else if quoted && character == '\\' {
            escaped = true;
        } else if character == '"' {
            quoted = !quoted;
        }
        ends
    })
}

/// A token, or the text of a quoted string.
fn unquoted(value: &str) -> Option<Cow<'_, str>> {
    let Some(inner) = value.strip_prefix('"') else {
        return is_token(value).then_some(Cow::Borrowed(value));
    };
    let inner = inner.strip_suffix('"')?;
    if !inner.contains(['\\', '"']) {
        return Some(Cow::Borrowed(inner));
    }
    let mut text = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => return None,
            '\\' => text.push(characters.next()?),
            _ => text.push(character),
        }
    }
    Some(Cow::Owned(text))
}

/// `0`, `1`, or a fraction between them. More digits than three are cut, and the leading zero may
/// be missing, as old clients write it.
fn weight(text: &str) -> Option<Quality> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) || text.len() < whole.len().max(1) {
        return None;
    }
    let mut thousandths = 0;
    for place in 0..3 {
        let digit = fraction.as_bytes().get(place).copied().unwrap_or(b'0');
        thousandths = thousandths * 10 + Quality::from(digit - b'0');
    }
    match whole {
        "0" => Some(thousandths),
        "" if !fraction.is_empty() => Some(thousandths),
        "1" if fraction.bytes().all(|byte| byte == b'0') => Some(FULL),
        _ => None,
    }
}

/// RFC 9110 §5.6.2.
fn is_token(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let value = HeaderValue::from_str(text).unwrap();
        let show = |range: &Range<'_>| {
            let parameters: Vec<_> = range
                .parameters
                .iter()
                .map(|(name, value)| format!(" {name}={value}"))
                .collect();
            let Range {
                kind,
                subtype,
                quality,
                ..
            } = range;
            format!("{kind}/{subtype}{} {quality}", parameters.concat())
        };
        of_value(&value).iter().map(show).collect()
    }

    #[test]
    fn ranges_and_their_weights() {
        let cases: [(&str, &[&str]); 22] = [
            ("", &[]),
            ("*/*", &["*/* 1000"]),
            ("text/html, a/b;q=0.5", &["text/html 1000", "a/b 500"]),
            ("a/b ; q=0.25 , c/*;Q=1.000", &["a/b 250", "c/* 1000"]),
            ("a/b;q=0", &["a/b 0"]),
            ("a/b;q=0.", &["a/b 0"]),
            ("a/b;q=.2", &["a/b 200"]),
            ("a/b;q=0.12345", &["a/b 123"]),
            ("a/b;level=1;q=0.3", &["a/b level=1 300"]),
            ("a/b;q=0.3;level=1", &["a/b 300"]),
            ("a/b;x=\"1,2;3\", c/d", &["a/b x=1,2;3 1000", "c/d 1000"]),
            ("a/b;x=\"1\\\"2\"", &["a/b x=1\"2 1000"]),
            ("a/b;;q=0.5", &["a/b 500"]),
            (",, a/b ,", &["a/b 1000"]),
            // Malformed ranges are ignored, and the others hold.
            ("nonsense, a/b", &["a/b 1000"]),
            ("*, a/b", &["a/b 1000"]),
            ("*/b, a/b", &["a/b 1000"]),
            ("a/b;q=2, a/b;q=1.001, a/b;q=-1, a/b;q=1e0", &[]),
            ("a/b;q=, a/b;q, a/b;q=., a/b;q=nan", &[]),
            ("a/b;x=\"1, c/d", &[]),
            ("a/b;x=1\"2\"", &[]),
            ("a b/c, a/b c, /, a/, /b, a/b/c", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn several_header_lines_are_one() {
        let mut headers = HeaderMap::new();
        headers.append(ACCEPT, HeaderValue::from_static("a/b"));
        headers.append(ACCEPT, HeaderValue::from_static("c/d"));
        let kinds: Vec<_> = of_request(&headers)
            .iter()
            .map(|range| range.kind.to_owned())
            .collect();
        assert_eq!(kinds, ["a", "c"]);
    }

    #[test]
    fn what_can_be_offered() {
        for text in ["a/b", "a/b; charset=utf-8", "A/B+c"] {
            assert!(Offered::parse(text).is_some(), "{text}");
        }
        for text in ["", "a", "a/*", "*/*", "a/b;q=0.5", "a/b;x", "a/b, c/d"] {
            assert_eq!(Offered::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_breaks_the_reader(text in "[ -~]{0,64}") {
            let value = HeaderValue::from_str(&text).unwrap();
            for range in of_value(&value) {
                prop_assert!(range.quality <= FULL);
                prop_assert!(is_token(range.kind) && is_token(range.subtype));
            }
        }

        #[test]
        fn what_is_written_is_read(
            ranges in proptest::collection::vec(("[a-z]{1,8}", "[a-z+.]{1,8}", 0..=1000u16, "[ -~]{0,8}"), 0..6)
        ) {
            let quote = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
            let text = ranges
                .iter()
                .map(|(kind, subtype, quality, value)| {
                    format!("{kind}/{subtype};x=\"{}\";q={}.{:03}", quote(value), quality / 1000, quality % 1000)
                })
                .collect::<Vec<_>>()
                .join(", ");
            let value = HeaderValue::from_str(&text).unwrap();
            let read: Vec<_> = of_value(&value)
                .into_iter()
                .map(|range| {
                    let value = range.parameters[0].1.to_string();
                    (range.kind.to_owned(), range.subtype.to_owned(), range.quality, value)
                })
                .collect();
            prop_assert_eq!(read, ranges);
        }
    }
}
