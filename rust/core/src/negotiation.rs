//! Which shape of error a client asks for.

use actix_http::header::HeaderValue;

use crate::accept::{self, Quality, Range};
use crate::plan::ErrorFormat;

/// RFC 9457.
pub(crate) const PROBLEM: &str = "application/problem+json";

/// The shape to use: what the client prefers, or else what the service is set to.
pub(crate) fn wanted(accept: Option<&HeaderValue>, default: ErrorFormat) -> ErrorFormat {
    let Some(accept) = accept else {
        return default;
    };
    let ranges = accept::of_value(accept);
    let (problem, json) = (wish(&ranges, "problem+json"), wish(&ranges, "json"));
    // A client that names the problem type understands it; one that does not name it may.
    if problem.named && problem.quality > 0 && problem.quality >= json.quality {
        return ErrorFormat::Problem;
    }
    if json.quality > problem.quality {
        return ErrorFormat::Drf;
    }
    default
}

/// Whether the client asks for problems, RFC 9457, whatever the service is set to.
pub(crate) fn names_problem(accept: Option<&HeaderValue>) -> bool {
    wanted(accept, ErrorFormat::Drf) == ErrorFormat::Problem
}

/// How much a client wants one of the shapes.
#[derive(Default)]
struct Wish {
    quality: Quality,
    named: bool,
}

fn wish(ranges: &[Range<'_>], subtype: &str) -> Wish {
    let essence = |range: &Range<'_>| match (range.kind, range.subtype) {
        ("*", _) => 1,
        (kind, "*") if kind.eq_ignore_ascii_case("application") => 2,
        (kind, own)
            if kind.eq_ignore_ascii_case("application") && own.eq_ignore_ascii_case(subtype) =>
        {
            3
        }
        _ => 0,
    };
    let best = ranges.iter().map(|range| (essence(range), range));
    match best.max_by_key(|(essence, range)| (*essence, range.quality)) {
        None | Some((0, _)) => Wish::default(),
        Some((essence, range)) => Wish {
            quality: range.quality,
            named: essence == 3,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_chooses_the_shape() {
        use ErrorFormat::{Drf, Problem};
        let cases = [
            (None, Drf, Problem),
            (Some("*/*"), Drf, Problem),
            (Some("text/html"), Drf, Problem),
            (Some("application/*"), Drf, Problem),
            (Some("application/json"), Drf, Drf),
            (Some("application/json, */*;q=0.8"), Drf, Drf),
            (Some("application/problem+json"), Problem, Problem),
            (
                Some("application/json, application/problem+json"),
                Problem,
                Problem,
            ),
            (
                Some("application/json;q=0.5, Application/Problem+JSON;q=0.6"),
                Problem,
                Problem,
            ),
            (
                Some("application/json, application/problem+json;q=0.9"),
                Drf,
                Drf,
            ),
            (Some("application/problem+json;q=0"), Drf, Problem),
            (
                Some("application/problem+json;q=0, application/json"),
                Drf,
                Drf,
            ),
            (Some("application/json;q=nonsense"), Drf, Problem),
        ];
        for (accept, with_drf, with_problem) in cases {
            let value = accept.map(HeaderValue::from_static);
            assert_eq!(wanted(value.as_ref(), Drf), with_drf, "{accept:?}");
            assert_eq!(wanted(value.as_ref(), Problem), with_problem, "{accept:?}");
        }
    }
}
