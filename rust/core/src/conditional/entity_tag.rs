//! Entity tags, RFC 9110 §8.8.3.

use actix_http::header::HeaderValue;

/// An entity tag as it stands in a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntityTag<'a> {
    /// Whether it stands for representations that are equivalent, and not for one to the byte.
    pub weak: bool,
    /// What stands between the quotes.
    pub opaque: &'a [u8],
}

impl<'a> EntityTag<'a> {
    /// Reads one tag, with nothing before or after it.
    #[must_use]
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        let (tag, rest) = split_tag(text)?;
        rest.is_empty().then_some(tag)
    }

    /// Whether both stand for the same bytes, RFC 9110 §8.8.3.2.
    #[must_use]
    pub fn strongly_equals(&self, other: &EntityTag<'_>) -> bool {
        !self.weak && !other.weak && self.opaque == other.opaque
    }

    /// Whether one may be used in the place of the other, RFC 9110 §8.8.3.2.
    #[must_use]
    pub fn weakly_equals(&self, other: &EntityTag<'_>) -> bool {
        self.opaque == other.opaque
    }
}

/// The tags of a list such as `If-None-Match`'s. What is no entity tag equals none, and is left
/// out: an `If-Match` of such alone fails, and an `If-None-Match` passes, which is safe in both.
pub fn tags<'a>(
    lines: impl IntoIterator<Item = &'a HeaderValue>,
) -> impl Iterator<Item = EntityTag<'a>> {
    lines
        .into_iter()
        .flat_map(|line| Elements(line.as_bytes()).flatten())
}

/// Whether the header is `*`, which every representation matches.
pub fn is_any<'a>(lines: impl IntoIterator<Item = &'a HeaderValue>) -> bool {
    let mut lines = lines.into_iter();
    lines
        .next()
        .is_some_and(|line| line.as_bytes().trim_ascii() == b"*")
        && lines.next().is_none()
}

/// The elements of a list; `None` for what is no entity tag. A comma within quotes parts nothing.
struct Elements<'a>(&'a [u8]);

impl<'a> Iterator for Elements<'a> {
    type Item = Option<EntityTag<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        let begin = self
            .0
            .iter()
            .position(|byte| !matches!(byte, b',' | b' ' | b'\t'))?;
        let element = &self.0[begin..];
        if let Some((tag, rest)) = split_tag(element) {
            let rest = rest.trim_ascii_start();
            if rest.is_empty() || rest[0] == b',' {
                self.0 = rest;
                return Some(Some(tag));
            }
        }
        let end = element.iter().position(|byte| *byte == b',');
        self.0 = end.map_or(&[], |end| &element[end..]);
        Some(None)
    }
}

fn split_tag(text: &[u8]) -> Option<(EntityTag<'_>, &[u8])> {
    let (weak, quoted) = match text.strip_prefix(b"W/") {
        Some(quoted) => (true, quoted),
        None => (false, text),
    };
    let inner = quoted.strip_prefix(b"\"")?;
    let end = inner.iter().position(|byte| *byte == b'"')?;
    let opaque = &inner[..end];
    let valid = |byte: &u8| matches!(byte, 0x21 | 0x23..=0x7E | 0x80..);
    opaque
        .iter()
        .all(valid)
        .then(|| (EntityTag { weak, opaque }, &inner[end + 1..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tag(text: &str) -> EntityTag<'_> {
        EntityTag::parse(text.as_bytes()).unwrap()
    }

    /// RFC 9110 §8.8.3.2 has this table.
    #[test]
    fn comparison() {
        let cases = [
            ("W/\"1\"", "W/\"1\"", false, true),
            ("W/\"1\"", "W/\"2\"", false, false),
            ("W/\"1\"", "\"1\"", false, true),
            ("\"1\"", "\"1\"", true, true),
        ];
        for (one, other, strong, weak) in cases {
            assert_eq!(
                tag(one).strongly_equals(&tag(other)),
                strong,
                "{one} {other}"
            );
            assert_eq!(tag(one).weakly_equals(&tag(other)), weak, "{one} {other}");
        }
    }

    #[test]
    fn what_is_no_tag() {
        let cases = [
            "", "x", "\"", "\"x", "x\"", "'x'", "w/\"x\"", "W/x", "W/", "\"x\" ", " \"x\"",
            "\"a b\"", "\"x\"y", "\"a\"b\"", "\"\t\"", "*",
        ];
        for text in cases {
            assert_eq!(EntityTag::parse(text.as_bytes()), None, "{text:?}");
        }
        for text in ["\"\"", "W/\"\"", "\"a,b\"", "\"é\"", "\"*\""] {
            assert!(EntityTag::parse(text.as_bytes()).is_some(), "{text:?}");
        }
    }

    #[test]
    fn lists() {
        let cases: [(&[&str], &[&str]); 9] = [
            (&[], &[]),
            (&[""], &[]),
            (&["\"a\""], &["a"]),
            (&["\"a\", W/\"b\",\t\"c\""], &["a", "b", "c"]),
            (&["\"a\"", "\"b\""], &["a", "b"]),
            (&[",, \"a\" ,,\"b\","], &["a", "b"]),
            (&["\"a,b\",\"c\""], &["a,b", "c"]),
            (&["a, \"b\""], &["b"]),
            (&["\"a\" \"b\", \"c\""], &["c"]),
        ];
        for (lines, expected) in cases {
            let lines: Vec<_> = lines
                .iter()
                .map(|line| HeaderValue::from_str(line).unwrap())
                .collect();
            let found: Vec<_> = tags(&lines).map(|tag| tag.opaque.to_vec()).collect();
            let expected: Vec<_> = expected
                .iter()
                .map(|text| text.as_bytes().to_vec())
                .collect();
            assert_eq!(found, expected, "{lines:?}");
        }
    }

    #[test]
    fn the_star() {
        let cases: [(&[&str], bool); 6] = [
            (&["*"], true),
            (&[" * "], true),
            (&[], false),
            (&["*", "*"], false),
            (&["\"*\""], false),
            (&["*, \"a\""], false),
        ];
        for (lines, expected) in cases {
            let lines: Vec<_> = lines
                .iter()
                .map(|line| HeaderValue::from_str(line).unwrap())
                .collect();
            assert_eq!(is_any(&lines), expected, "{lines:?}");
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = EntityTag::parse(&text);
            prop_assert!(Elements(&text).count() <= text.len());
        }

        #[test]
        fn every_tag_of_a_list_is_found(opaques in prop::collection::vec("[!#-~]{0,8}", 0..8)) {
            let list: Vec<_> = opaques.iter().map(|opaque| format!("\"{opaque}\"")).collect();
            let line = [HeaderValue::from_str(&list.join(", ")).unwrap()];
            let found: Vec<_> = tags(&line).map(|tag| tag.opaque.to_vec()).collect();
            prop_assert_eq!(found, opaques.iter().map(|it| it.as_bytes().to_vec()).collect::<Vec<_>>());
        }
    }
}
