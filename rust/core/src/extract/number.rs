//! Decimal numbers of any size, compared without losing a digit.

use std::cmp::Ordering;

/// A finite number: `0.digits` times ten to the power of `point`.
///
/// Digits have no zero at either end, so that equal numbers are equal values; zero has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Number {
    negative: bool,
    digits: Vec<u8>,
    point: i64,
}

impl Number {
    /// Reads `[+-]digits[.digits][e[+-]digits]`, with a digit before or after the point.
    /// An exponent beyond `i32` is refused.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let mut digits = Vec::with_capacity(whole.len() + fraction.len());
        for byte in whole.bytes().chain(fraction.bytes()) {
            if !byte.is_ascii_digit() {
                return None;
            }
            digits.push(byte);
        }
        let point = exponent + i64::try_from(whole.len()).ok()?;
        Some(Self::trimmed(negative, &digits, point))
    }

    fn trimmed(negative: bool, digits: &[u8], point: i64) -> Self {
        let leading = digits.iter().take_while(|digit| **digit == b'0').count();
        let rest = &digits[leading..];
        let trailing = rest
            .iter()
            .rev()
            .take_while(|digit| **digit == b'0')
            .count();
        let digits = rest[..rest.len() - trailing].to_vec();
        if digits.is_empty() {
            return Self {
                negative: false,
                digits,
                point: 0,
            };
        }
        Self {
            negative,
            digits,
            point: point - i64::try_from(leading).unwrap_or(i64::MAX),
        }
    }

    /// Position of the decimal point; how large the number is, in digits.
    pub fn magnitude(&self) -> i64 {
        self.point
    }

    fn compare_magnitude(&self, other: &Self) -> Ordering {
        match (self.digits.is_empty(), other.digits.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            // Zeros were cut off, so that the shorter of two equal beginnings is the smaller.
            (false, false) => (self.point, &self.digits).cmp(&(other.point, &other.digits)),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.compare_magnitude(other),
            (true, true) => other.compare_magnitude(self),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

fn parse_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse::<i32>().ok().map(i64::from)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn order() {
        let ascending = [
            "-1e10",
            "-100",
            "-99.9",
            "-1",
            "-0.10",
            "0",
            "1e-9",
            "0.1",
            ".5",
            "1",
            "1.0000001",
            "9",
            "10",
            "99999999999999999998",
            "99999999999999999999",
            "1e20",
            "1e400",
        ];
        for (i, a) in ascending.iter().enumerate() {
            for (j, b) in ascending.iter().enumerate() {
                let (a, b) = (Number::parse(a).unwrap(), Number::parse(b).unwrap());
                assert_eq!(a.cmp(&b), i.cmp(&j));
            }
        }
    }

    #[test]
    fn equal_values() {
        let cases = [
            ("1", "1.0"),
            ("100", "1e2"),
            ("-0", "0"),
            ("+.50", "5e-1"),
            ("5.", "5"),
        ];
        for (a, b) in cases {
            assert_eq!(Number::parse(a), Number::parse(b), "{a} {b}");
        }
    }

    #[test]
    fn not_numbers() {
        let cases = [
            "",
            "-",
            ".",
            "e5",
            "1e",
            "1e+",
            "1_0",
            " 1",
            "1 ",
            "0x1",
            "inf",
            "nan",
            "--1",
            "1..2",
            "1e9999999999",
            "1e--2",
            "٣",
        ];
        for text in cases {
            assert_eq!(Number::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn whole_numbers_compare_as_they_do(a: i64, b: i64) {
            let (x, y) = (Number::parse(&a.to_string()), Number::parse(&b.to_string()));
            prop_assert_eq!(x.unwrap().cmp(&y.unwrap()), a.cmp(&b));
        }

        #[test]
        fn doubles_compare_as_they_do(a in -1e300..1e300_f64, b in -1e300..1e300_f64) {
            let (x, y) = (Number::parse(&a.to_string()), Number::parse(&b.to_string()));
            prop_assert_eq!(x.unwrap().partial_cmp(&y.unwrap()), a.partial_cmp(&b));
        }
    }
}
