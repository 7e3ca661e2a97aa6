//! Ranges of bytes, RFC 9110 §14.

use std::ops::Range;

use smallvec::SmallVec;

/// A header with more ranges than this is ignored: nobody who reads a file asks for so many.
pub const MAX_RANGES: usize = 64;

/// Ranges that are nearer to each other than this become one: the head of a part costs as much.
pub const NEAR: u64 = 128;

/// The parts of a representation that a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// All of it: the header is malformed, of an unknown unit, or asks for too much.
    Whole,
    /// 416: nothing that it asks for is there.
    Unsatisfiable,
    /// These ranges, which are not empty and share no byte, in the order of the request.
    Parts(Parts),
}

/// Ranges; one as a rule.
pub type Parts = SmallVec<[Range<u64>; 1]>;

/// A range as it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spec {
    /// From the first position to the last one, which it includes.
    Between(u64, u64),
    /// As many bytes as there are at the end.
    Last(u64),
}

impl Spec {
    fn of(self, length: u64) -> Range<u64> {
        match self {
            Self::Between(first, last) => first..last.saturating_add(1).min(length),
            Self::Last(count) => length.saturating_sub(count)..length,
        }
    }

    /// RFC 9110 §14.1.2: a suffix of an empty representation is there, only empty.
    fn is_satisfiable(self, length: u64) -> bool {
        match self {
            Self::Between(first, _) => first < length,
            Self::Last(count) => count > 0,
        }
    }
}

/// What the value of a `Range` header selects of a representation of `length` bytes.
#[must_use]
pub fn select(value: &[u8], length: u64) -> Selection {
    let Some(specs) = parse(value) else {
        return Selection::Whole;
    };
    let mut satisfiable = specs
        .into_iter()
        .filter(|spec| spec.is_satisfiable(length))
        .map(|spec| spec.of(length))
        .peekable();
    if satisfiable.peek().is_none() {
        return Selection::Unsatisfiable;
    }
    if length == 0 {
        // No `Content-Range` could name the bytes of nothing.
        return Selection::Whole;
    }
    Selection::Parts(coalesce(satisfiable.collect()))
}

/// The ranges of a header; `None` where it is not one of bytes, or malformed in any of them.
fn parse(value: &[u8]) -> Option<SmallVec<[Spec; 1]>> {
    let at = value.iter().position(|byte| *byte == b'=')?;
    let (unit, set) = (&value[..at], &value[at + 1..]);
    if !unit.trim_ascii().eq_ignore_ascii_case(b"bytes") {
        return None;
    }
    let mut specs = SmallVec::new();
    for element in set.split(|byte| *byte == b',') {
        let element = element.trim_ascii();
        if element.is_empty() {
            continue;
        }
        if specs.len() == MAX_RANGES {
            return None;
        }
        specs.push(parse_spec(element)?);
    }
    (!specs.is_empty()).then_some(specs)
}

fn parse_spec(element: &[u8]) -> Option<Spec> {
    let at = element.iter().position(|byte| *byte == b'-')?;
    match (&element[..at], &element[at + 1..]) {
        (b"", count) => Some(Spec::Last(position(count)?)),
        (first, b"") => Some(Spec::Between(position(first)?, u64::MAX)),
        (first, last) => {
            let (first, last) = (position(first)?, position(last)?);
            (first <= last).then_some(Spec::Between(first, last))
        }
    }
}

/// A number of any size; what is beyond every file stays so.
fn position(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(digits.iter().fold(0, |value: u64, digit| {
        value
            .saturating_mul(10)
            .saturating_add(u64::from(digit - b'0'))
    }))
}

/// Joins ranges that overlap or nearly touch, so that no byte is sent twice. The others keep their
/// order, and what was joined stands where its first range did.
fn coalesce(ranges: Parts) -> Parts {
    if ranges.len() == 1 {
        return ranges;
    }
    let mut sorted: Vec<(usize, Range<u64>)> = ranges.into_iter().enumerate().collect();
    sorted.sort_by_key(|(_, range)| range.start);
    let mut joined: Vec<(usize, Range<u64>)> = Vec::with_capacity(sorted.len());
    for (order, range) in sorted {
        match joined.last_mut() {
            Some((first, last)) if range.start <= last.end.saturating_add(NEAR) => {
                *first = order.min(*first);
                last.end = range.end.max(last.end);
            }
            _ => joined.push((order, range)),
        }
    }
    joined.sort_by_key(|(order, _)| *order);
    joined.into_iter().map(|(_, range)| range).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(ranges: &[Range<u64>]) -> Selection {
        Selection::Parts(ranges.iter().cloned().collect())
    }

    #[test]
    #[allow(clippy::single_range_in_vec_init)] // one range is meant
    fn selections() {
        let huge = format!("bytes=0-{}", "9".repeat(10_000));
        let beyond = format!("bytes={}-", "9".repeat(10_000));
        let cases: Vec<(&str, Selection)> = vec![
            ("bytes=0-0", parts(&[0..1])),
            ("bytes=0-499", parts(&[0..500])),
            ("bytes=500-", parts(&[500..1000])),
            ("bytes=-500", parts(&[500..1000])),
            ("bytes=-5000", parts(&[0..1000])),
            ("bytes=999-999", parts(&[999..1000])),
            ("bytes=0-4000", parts(&[0..1000])),
            ("Bytes = 0-1", parts(&[0..2])),
            ("bytes= 0-1 , ,", parts(&[0..2])),
            ("bytes=007-8", parts(&[7..9])),
            (&huge, parts(&[0..1000])),
            // In the order of the request, those that are not there left out.
            ("bytes=500-599,0-99", parts(&[500..600, 0..100])),
            ("bytes=0-99,5000-,-100", parts(&[0..100, 900..1000])),
            // Overlapping and near ones are joined.
            ("bytes=0-99,50-149", parts(&[0..150])),
            ("bytes=0-99,100-199", parts(&[0..200])),
            ("bytes=0-99,227-299", parts(&[0..300])),
            ("bytes=0-99,229-299", parts(&[0..100, 229..300])),
            ("bytes=900-,0-9,950-", parts(&[900..1000, 0..10])),
            ("bytes=0-,0-,0-,0-", parts(&[0..1000])),
            // Nothing of it is there.
            ("bytes=1000-", Selection::Unsatisfiable),
            ("bytes=1000-2000,-0", Selection::Unsatisfiable),
            (&beyond, Selection::Unsatisfiable),
            // To be ignored.
            ("", Selection::Whole),
            ("bytes", Selection::Whole),
            ("bytes=", Selection::Whole),
            ("bytes=,", Selection::Whole),
            ("bytes=-", Selection::Whole),
            ("bytes=x-1", Selection::Whole),
            ("bytes=1-x", Selection::Whole),
            ("bytes=5-1", Selection::Whole),
            ("bytes=0-1,5-1", Selection::Whole),
            ("bytes=0-1,x", Selection::Whole),
            ("bytes=+0-1", Selection::Whole),
            ("bytes=--1", Selection::Whole),
            ("bytes=0-1-2", Selection::Whole),
            ("bytes=0 -1", Selection::Whole),
            ("bytes=0x0-1", Selection::Whole),
            ("items=0-1", Selection::Whole),
            ("0-1", Selection::Whole),
        ];
        for (value, expected) in cases {
            let shown = &value[..value.len().min(40)];
            assert_eq!(select(value.as_bytes(), 1000), expected, "{shown}");
        }
    }

    #[test]
    fn too_many_are_ignored() {
        let list = |count: u64| {
            let ranges: Vec<_> = (0..count).map(|at| format!("{0}-{0}", at * 1000)).collect();
            format!("bytes={}", ranges.join(","))
        };
        let Selection::Parts(found) = select(list(64).as_bytes(), 1_000_000) else {
            panic!("as many as there may be");
        };
        assert_eq!(found.len(), 64);
        assert_eq!(select(list(65).as_bytes(), 1_000_000), Selection::Whole);
    }

    #[test]
    fn nothing_of_nothing() {
        let cases = [
            ("bytes=0-", Selection::Unsatisfiable),
            ("bytes=-1", Selection::Whole),
            ("bytes=-0", Selection::Unsatisfiable),
        ];
        for (value, expected) in cases {
            assert_eq!(select(value.as_bytes(), 0), expected, "{value}");
        }
    }

    fn spec() -> impl Strategy<Value = (String, Option<Range<u64>>)> {
        const LENGTH: u64 = 2000;
        prop_oneof![
            (0..3000u64, 0..3000u64).prop_map(|(one, other)| {
                let (first, last) = (one.min(other), one.max(other));
                let there = (first < LENGTH).then(|| first..(last + 1).min(LENGTH));
                (format!("{first}-{last}"), there)
            }),
            (0..3000u64).prop_map(|first| {
                (
                    format!("{first}-"),
                    (first < LENGTH).then_some(first..LENGTH),
                )
            }),
            (0..3000u64).prop_map(|count| {
                let there = (count > 0).then(|| LENGTH.saturating_sub(count)..LENGTH);
                (format!("-{count}"), there)
            }),
        ]
    }

    proptest! {
        /// Every byte that was asked for is there once, and hardly any that was not.
        #[test]
        fn exactly_those_bytes(specs in prop::collection::vec(spec(), 1..10)) {
            let texts: Vec<_> = specs.iter().map(|(text, _)| text.as_str()).collect();
            let wanted: Vec<_> = specs.iter().filter_map(|(_, range)| range.clone()).collect();
            let value = format!("bytes={}", texts.join(","));
            match select(value.as_bytes(), 2000) {
                Selection::Whole => prop_assert!(false, "{} is not malformed", value),
                Selection::Unsatisfiable => prop_assert!(wanted.is_empty()),
                Selection::Parts(parts) => {
                    for at in 0..2000 {
                        let asked = wanted.iter().any(|range| range.contains(&at));
                        let sent = parts.iter().filter(|range| range.contains(&at)).count();
                        let near = wanted.iter().any(|range| range.end <= at && at < range.end + NEAR);
                        prop_assert!(sent <= 1);
                        prop_assert!(!asked || sent == 1);
                        prop_assert!(asked || near || sent == 0);
                    }
                    if wanted.len() == 1 {
                        prop_assert_eq!(parts.as_slice(), wanted.as_slice());
                    }
                }
            }
        }

        #[test]
        fn reading_never_panics(value in prop::collection::vec(any::<u8>(), 0..60), length: u64) {
            let _ = select(&value, length);
        }

        #[test]
        fn nearly_ranges_never_panic(value in "bytes=[-0-9, ]{0,60}", length: u64) {
            if let Selection::Parts(parts) = select(value.as_bytes(), length) {
                prop_assert!(parts.iter().all(|range| range.start < range.end && range.end <= length));
            }
        }
    }
}
