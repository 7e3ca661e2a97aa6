//! Paths of requests, and templates.
#![no_main]

use actix_http::Uri;
use bolt_core::fuzzing::{is_template, normalise};
use bolt_core::path::decode;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = is_template(text);
    let Ok(uri) = text.parse::<Uri>() else { return };
    let Some(normal) = normalise(uri.path()) else {
        return;
    };
    assert_eq!(normalise(&normal).as_ref(), Some(&normal), "not one form");
    assert!(normal.is_ascii());
    // A guard sees the path that the router sees: every spelling of a segment is one.
    let escaped: String = normal
        .bytes()
        .map(|byte| match byte {
            b'%' | b'/' => char::from(byte).to_string(),
            byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            byte => format!("%{byte:02x}"),
        })
        .collect();
    if normal
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte))
    {
        assert_eq!(normalise(&escaped).as_ref(), Some(&normal));
    }
    for segment in normal.split('/') {
        let value = decode(segment);
        assert!(
            !value.contains('\0') && !value.contains('\u{fffd}') || normal.contains("%EF%BF%BD")
        );
    }
});
