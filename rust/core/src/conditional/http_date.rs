//! Dates in headers, RFC 9110 §5.6.7: whole seconds since 1970.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actix_http::header::HeaderValue;

/// The first second of the year 10000, which the format cannot hold.
const END: u64 = 253_402_300_800;

/// Reads a date in any of the three formats; `None` where it is none.
#[must_use]
pub fn parse(value: &HeaderValue) -> Option<u64> {
    let moment = httpdate::parse_http_date(value.to_str().ok()?.trim()).ok()?;
    seconds(moment)
}

/// The whole seconds of a moment; `None` before 1970.
#[must_use]
pub fn seconds(moment: SystemTime) -> Option<u64> {
    Some(moment.duration_since(UNIX_EPOCH).ok()?.as_secs())
}

/// Writes a date; `None` after the year 9999.
#[must_use]
pub fn format(seconds: u64) -> Option<HeaderValue> {
    if seconds >= END {
        return None;
    }
    let moment = UNIX_EPOCH + Duration::from_secs(seconds);
    HeaderValue::from_str(&httpdate::fmt_http_date(moment)).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn formats() {
        let cases = [
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(784_111_777)),
            ("Sun Nov  6 08:49:37 1994", Some(784_111_777)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Sun, 06 Nov 1994 08:49:37 PST", None),
            ("1994-11-06T08:49:37Z", None),
            ("Sun, 31 Feb 1994 08:49:37 GMT", None),
            ("784111777", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let value = HeaderValue::from_str(text).unwrap();
            assert_eq!(parse(&value), expected, "{text:?}");
        }
    }

    #[test]
    fn edges() {
        assert_eq!(format(END), None);
        assert_eq!(format(END - 1).unwrap(), "Fri, 31 Dec 9999 23:59:59 GMT");
        assert_eq!(seconds(UNIX_EPOCH - Duration::from_secs(1)), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(moment in 0..END) {
            prop_assert_eq!(parse(&format(moment).unwrap()), Some(moment));
        }

        #[test]
        fn reading_never_panics(text in "[ -~]{0,40}") {
            let _ = parse(&HeaderValue::from_str(&text).unwrap());
        }
    }
}
