//! `Cookie` headers.
#![no_main]

use std::sync::LazyLock;

use actix_http::header::{COOKIE, HeaderValue};
use bolt_core::extract::{Extractor, Value};
use bolt_fuzz::{check, extract, extractor};
use libfuzzer_sys::fuzz_target;

static EXTRACTOR: LazyLock<Extractor> = LazyLock::new(|| extractor("cookie"));

fuzz_target!(|header: &[u8]| {
    let Ok(value) = HeaderValue::from_bytes(header) else {
        return;
    };
    let (values, faults) = extract(&EXTRACTOR, "/", Some((COOKIE, value))).expect("a target");
    check(&values, &faults);
    let (one, all) = (&values[values.len() - 2], &values[values.len() - 1]);
    if let Value::Str(text) = one {
        assert!(!text.contains(';'), "one cookie reached into the next");
        let Value::Many(all) = all else {
            panic!("the same cookie is there once, and not at all");
        };
        assert_eq!(all.last(), Some(one));
    }
});
