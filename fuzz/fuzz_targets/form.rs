//! URL-encoded forms.
#![no_main]

use bolt_core::fuzzing::form;
use libfuzzer_sys::fuzz_target;

const MOST: usize = 100;

fuzz_target!(|body: &[u8]| {
    let Some(fields) = form(body, MOST) else {
        return;
    };
    assert!(fields.len() <= MOST);
    // As the URL standard reads it, which replaces what is not UTF-8.
    let expected = form_urlencoded::parse(body).into_owned();
    let fields: Vec<_> = fields
        .into_iter()
        .map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned()))
        .collect();
    assert_eq!(fields, expected.collect::<Vec<_>>());
});
