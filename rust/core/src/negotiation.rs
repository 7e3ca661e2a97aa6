//! Which shape of error a client asks for.

use actix_http::header::HeaderValue;

use crate::plan::ErrorFormat;

/// RFC 9457.
pub(crate) const PROBLEM: &str = "application/problem+json";
const JSON: &str = "application/json";

/// The shape to use: what the client prefers, or else what the service is set to.
pub(crate) fn wanted(accept: Option<&HeaderValue>, default: ErrorFormat) -> ErrorFormat {
    let Some(accept) = accept.and_then(|accept| accept.to_str().ok()) else {
        return default;
    };
    let (problem, json) = (quality(accept, PROBLEM), quality(accept, JSON));
    // A client that names the problem type understands it; one that does not name it may.
    if problem.named && problem.value > 0.0 && problem.value >= json.value {
        return ErrorFormat::Problem;
    }
    if json.value > problem.value {
        return ErrorFormat::Drf;
    }
    default
}

/// How much a client wants a media type (RFC 9110, section 12.4.2).
#[derive(Default)]
struct Quality {
    value: f32,
    named: bool,
    specificity: u8,
}

fn quality(accept: &str, media_type: &str) -> Quality {
    let mut best = Quality::default();
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let specificity = match parts.next().unwrap_or_default() {
            exact if exact.eq_ignore_ascii_case(media_type) => 3,
            group if group.eq_ignore_ascii_case("application/*") => 2,
            "*/*" => 1,
            _ => continue,
        };
        let value = parts
            .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
            .map_or(1.0, weight);
        if specificity > best.specificity {
            best = Quality {
                value,
                named: specificity == 3,
                specificity,
            };
        }
    }
    best
}

/// A malformed weight counts as none.
fn weight(text: &str) -> f32 {
    let weight = text.trim().parse().ok();
    weight
        .filter(|weight| (0.0..=1.0).contains(weight))
        .unwrap_or(0.0)
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
