//! JSON Web Tokens: whole ones, and headers and claims under a good signature.
#![no_main]

use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bolt_core::auth::token::{Rules, Verifier};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const KEY: &[u8] = b"a shared secret of thirty-two byte";
const NOW: u64 = 1_700_000_000;
const HEADER: &[u8] = br#"{"alg":"HS256"}"#;
/// Where a name may stand twice, the first counts for one reader and the last for another.
const TIMES: [&str; 2] = ["exp", "nbf"];

static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| {
    let rules = Rules {
        algorithms: &["HS256".to_owned()],
        audiences: &[],
        issuer: None,
        leeway: 0,
    };
    Verifier::new(KEY, &rules).expect("a good key")
});

fn signed(header: &[u8], payload: &[u8]) -> String {
    let (header, payload) = (
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(payload),
    );
    let message = format!("{header}.{payload}");
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, KEY), message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW)
}

fuzz_target!(|data: &[u8]| {
    let Some((kind, data)) = data.split_first() else {
        return;
    };
    match kind % 3 {
        // Nobody can guess a signature.
        0 => assert!(VERIFIER.verify(data, now()).is_err()),
        1 => header(data),
        _ => claims(data),
    }
});

fn header(data: &[u8]) {
    if VERIFIER
        .verify(signed(data, b"{}").as_bytes(), now())
        .is_ok()
    {
        let header: Value = serde_json::from_slice(data).expect("a header is JSON");
        assert_eq!(header["alg"], "HS256");
        assert!(header.get("crit").is_none());
    }
}

fn claims(data: &[u8]) {
    let Ok(payload) = VERIFIER.verify(signed(HEADER, data).as_bytes(), now()) else {
        return;
    };
    assert_eq!(payload, data);
    let claims: Value = serde_json::from_slice(data).expect("claims are JSON");
    assert!(claims.is_object());
    for name in TIMES {
        if let Some(time) = claims.get(name) {
            let time = time.as_f64().expect("a time is a number");
            #[allow(clippy::cast_precision_loss)]
            let now = NOW as f64;
            assert!(
                if name == "exp" {
                    time > now
                } else {
                    time <= now
                },
                "{name}: {time}"
            );
        }
    }
}
