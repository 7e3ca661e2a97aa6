//! `Accept` headers.
#![no_main]

use actix_http::header::HeaderValue;
use bolt_core::fuzzing::wants_problem;
use bolt_core::plan::ErrorFormat;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|header: &[u8]| {
    let Ok(value) = HeaderValue::from_bytes(header) else {
        return;
    };
    let (drf, problem) = (
        wants_problem(&value, ErrorFormat::Drf),
        wants_problem(&value, ErrorFormat::Problem),
    );
    // Whoever gets it against the service's own choice asked for it by name.
    let named = || {
        header
            .to_ascii_lowercase()
            .windows(24)
            .any(|part| part == b"application/problem+json")
    };
    assert!(!drf || (problem && named()));
});
