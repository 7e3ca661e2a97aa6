//! Multipart bodies: any split of the bytes gives the same parts.
#![no_main]

use bolt_core::fuzzing::multipart;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (piece, body) = input;
    assert_eq!(multipart(body, usize::from(piece)), multipart(body, body.len()));
});
