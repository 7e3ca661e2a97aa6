//! Media types, declared and sent.
#![no_main]

use bolt_core::fuzzing::accepts;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (declared, sent) = text.split_once('\n').unwrap_or((text, text));
    let verdict = accepts(declared, sent);
    // Case means nothing in a media type, nor do parameters to what is declared.
    assert_eq!(
        accepts(&declared.to_ascii_uppercase(), &sent.to_ascii_lowercase()),
        verdict
    );
    assert_eq!(accepts(&format!("{declared};charset=x"), sent), verdict);
    if verdict.is_some() {
        assert_eq!(
            accepts(declared, declared),
            Some(true),
            "{declared:?} is not itself"
        );
        assert_eq!(accepts("*/*", declared), Some(true));
    }
});
