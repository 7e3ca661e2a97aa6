//! Tokens in `Authorization: Bearer`: the RFC's vector, and what attackers send.

mod support;

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bolt_core::auth::signing::{self, TokenError};
use bolt_core::auth::token::MAX_TOKEN_BYTES;
use bolt_core::auth::{Authenticators, RejectReason as R};
use bolt_core::plan;
use proptest::prelude::*;

use support::{
    ALICE, HS256, KEY, NOW, ask, at, compile, hs256, jwt_plan, plain, reason, sign, verifier,
};

#[test]
fn rfc_7515_appendix_a_1() {
    let key =
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9\
                 .eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ\
                 .dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let payload =
        "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";
    let key = URL_SAFE_NO_PAD.decode(key).unwrap();
    let verifier = verifier(&key, "HS256", &[], Some("joe"), 0);
    let in_time = verifier
        .verify(token.as_bytes(), at(1_300_819_379))
        .unwrap();
    assert_eq!(in_time, payload);
    let late = verifier.verify(token.as_bytes(), at(1_300_819_380));
    assert_eq!(late.unwrap_err().reason, R::Expired);
}

#[test]
fn what_is_encoded_verifies_until_a_bit_flips() {
    for algorithm in ["HS256", "HS384", "HS512"] {
        let token = signing::encode(ALICE.as_bytes(), algorithm, KEY).unwrap();
        let verifier = verifier(KEY, algorithm, &[], None, 0);
        assert_eq!(verifier.verify(token.as_bytes(), at(NOW)).unwrap(), ALICE);
        for bit in 0..token.len() * 8 {
            let mut forged = token.clone().into_bytes();
            forged[bit / 8] ^= 1 << (bit % 8);
            assert!(
                verifier.verify(&forged, at(NOW)).is_err(),
                "{algorithm} {bit}"
            );
        }
    }
}

#[test]
fn what_cannot_be_encoded() {
    let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(MAX_TOKEN_BYTES));
    let cases: [(&str, &str, &[u8], TokenError); 9] = [
        (ALICE, "HS256", b"", TokenError::EmptyKey),
        (
            ALICE,
            "HS256",
            b"-----BEGIN PUBLIC KEY-----",
            TokenError::KeyDocument,
        ),
        (
            ALICE,
            "HS256",
            br#" {"kty":"RSA","n":"AQ"}"#,
            TokenError::KeyDocument,
        ),
        (ALICE, "RS256", KEY, TokenError::WrongKeyType),
        (ALICE, "none", KEY, TokenError::UnknownAlgorithm),
        (ALICE, "hs256", KEY, TokenError::UnknownAlgorithm),
        ("[]", "HS256", KEY, TokenError::MalformedClaims),
        (
            r#"{"a":1,"a":2}"#,
            "HS256",
            KEY,
            TokenError::MalformedClaims,
        ),
        (&long, "HS256", KEY, TokenError::TooLarge),
    ];
    for (claims, algorithm, key, error) in cases {
        assert_eq!(
            signing::encode(claims.as_bytes(), algorithm, key),
            Err(error)
        );
    }
}

#[test]
fn headers_that_attack() {
    let cases = [
        (r#"{"alg":"none"}"#, R::AlgorithmNotAllowed),
        (r#"{"alg":"None"}"#, R::AlgorithmNotAllowed),
        (r#"{"alg":"nOnE"}"#, R::AlgorithmNotAllowed),
        (r#"{"alg":"NONE"}"#, R::AlgorithmNotAllowed),
        (r#"{"alg":""}"#, R::AlgorithmNotAllowed),
        (r#"{"alg":"hs256"}"#, R::AlgorithmNotAllowed),
        (r#"{"alg":" HS256"}"#, R::AlgorithmNotAllowed),
        (r#"{"alg":"HS512"}"#, R::AlgorithmNotAllowed),
        (r#"{"alg":"RS256"}"#, R::AlgorithmNotAllowed),
        (r#"{"typ":"JWT"}"#, R::AlgorithmNotAllowed),
        (r#"{"alg":null}"#, R::MalformedToken),
        (r#"{"alg":["HS256"]}"#, R::MalformedToken),
        (r#"{"alg":"HS256","alg":"none"}"#, R::DuplicateMember),
        (
            r#"{"alg":"HS256","kid":"1","\u006bid":"2"}"#,
            R::DuplicateMember,
        ),
        (
            r#"{"alg":"HS256","crit":["b64"],"b64":false}"#,
            R::CriticalExtension,
        ),
        (r#"{"alg":"HS256","crit":[]}"#, R::CriticalExtension),
        (r#"{"alg":"HS256","crit":null}"#, R::CriticalExtension),
        (r#"{"alg":"HS256"} {}"#, R::MalformedToken),
        (r#"["HS256"]"#, R::MalformedToken),
        ("", R::MalformedToken),
    ];
    for (header, expected) in cases {
        assert_eq!(
            reason(&plain(), sign(header, ALICE)),
            Some(expected),
            "{header}"
        );
    }
}

#[test]
fn keys_that_a_header_names_are_passed_over() {
    let header = r#"{"alg":"HS256","jku":"https://evil.example/","x5u":3,"jwk":{"kty":"oct","k":"AA"},"x5c":[]}"#;
    assert_eq!(reason(&plain(), sign(header, ALICE)), None);
    // The `k` above, an HMAC key of one zero byte, does not verify what it signed.
    let (message, _) = sign(header, ALICE)
        .rsplit_once('.')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let forged = hs256(&[0], &message);
    assert_eq!(
        reason(&plain(), format!("{message}.{forged}")),
        Some(R::BadSignature)
    );
}

#[test]
fn texts_that_are_no_token() {
    let good = sign(HS256, ALICE);
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = message.split_once('.').unwrap();
    let (short, wrong) = (&signature[..40], URL_SAFE_NO_PAD.encode([0_u8; 32]));
    let cases = [
        (String::new(), R::MalformedToken),
        ("..".to_owned(), R::MalformedToken),
        (message.to_owned(), R::MalformedToken),
        (format!("{message}."), R::BadSignature),
        (format!("{message}.{wrong}"), R::BadSignature),
        (format!("{message}.{short}"), R::BadSignature),
        (
            format!("{message}.{}+", &signature[..42]),
            R::MalformedToken,
        ),
        (format!("{good}="), R::MalformedToken),
        (format!("{good} "), R::MalformedToken),
        (format!("{good}\n"), R::MalformedToken),
        (format!(" {good}"), R::MalformedToken),
        (format!("{good}."), R::MalformedToken),
        (format!(".{good}"), R::MalformedToken),
        (format!("{good}.{signature}"), R::MalformedToken),
        (
            format!("{header}=.{payload}.{signature}"),
            R::MalformedToken,
        ),
        (format!("{header}.{payload}=.{signature}"), R::BadSignature),
        (format!("{header}..{signature}"), R::BadSignature),
        ("x".repeat(MAX_TOKEN_BYTES + 1), R::TokenTooLarge),
    ];
    for (token, expected) in cases {
        assert_eq!(reason(&plain(), &token), Some(expected), "{token}");
    }
    assert_eq!(reason(&plain(), b"\xff.\xff.\xff"), Some(R::MalformedToken));
}

#[test]
fn authorization_headers() {
    let token = sign(HS256, ALICE);
    let with = |prefix: &str| Some(format!("{prefix}{token}"));
    for value in [with("Bearer "), with("bearer "), with("BEARER   ")]
        .into_iter()
        .flatten()
    {
        assert!(ask(&[value.as_bytes()]).unwrap().is_some(), "{value}");
    }
    for value in [
        &b""[..],
        b"Basic YTpi",
        b"Bearers x",
        b"Bearer-x y",
        b"\xff",
    ] {
        assert!(ask(&[value]).unwrap().is_none(), "{value:?}");
    }
    let bearer = format!("Bearer {token}");
    let cases: [(&[&[u8]], R); 9] = [
        (&[b"Bearer"], R::MalformedHeader),
        (&[b"Bearer "], R::MalformedHeader),
        (&[b"Bearer\tx"], R::MalformedHeader),
        (&[b"Bearer,Basic"], R::MalformedHeader),
        (&[b"Bearer a.b.c d"], R::MalformedToken),
        (&[b"Bearer \xff"], R::MalformedToken),
        (&[bearer.as_bytes(), bearer.as_bytes()], R::RepeatedHeader),
        (&[b"Basic YTpi", bearer.as_bytes()], R::RepeatedHeader),
        (&[b"Basic YTpi", b"Basic YTpi"], R::RepeatedHeader),
    ];
    for (values, expected) in cases {
        let rejected = ask(values).unwrap_err();
        assert_eq!(rejected.reason, expected, "{values:?}");
        assert_eq!(
            rejected.challenge,
            "Bearer realm=\"api\", error=\"invalid_token\""
        );
    }
}

#[test]
fn plans_that_are_refused() {
    let hs256 = || jwt_plan(&["HS256"], &[], None);
    let cases: [(plan::Authenticator, &[u8], &str); 9] = [
        (hs256(), b"", "secrets[0]"),
        (hs256(), b"\n-----BEGIN PUBLIC KEY-----", "secret"),
        (hs256(), b"ssh-rsa AAAA", "secret"),
        (jwt_plan(&[], &[], None), KEY, "algorithms"),
        (
            jwt_plan(&["HS256", "RS256"], &[], None),
            KEY,
            "algorithms[1]",
        ),
        (jwt_plan(&["none"], &[], None), KEY, "algorithms[0]"),
        (jwt_plan(&["hs256"], &[], None), KEY, "algorithms[0]"),
        (jwt_plan(&["HS256"], &["a", ""], None), KEY, "audiences[1]"),
        (jwt_plan(&["HS256"], &[], Some("")), KEY, "issuer"),
    ];
    for (plan, secret, path) in cases {
        let error = compile(plan, secret).unwrap_err();
        assert_eq!(error.path(), format!("authenticators[0].{path}"));
    }
    let unknown = Authenticators::compile(&[hs256()], &HashMap::new()).unwrap_err();
    assert_eq!(unknown.path(), "authenticators[0].secrets[0]");
}

#[test]
fn nothing_printed_holds_the_key() {
    let authenticators = compile(jwt_plan(&["HS256"], &[], None), b"tell nobody").unwrap();
    let printed = format!("{authenticators:?}");
    assert!(
        !printed.contains("tell nobody") && !printed.contains("116, 101"),
        "{printed}"
    );
}

proptest! {
    #[test]
    fn random_bytes_authenticate_nobody(token in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(plain().verify(&token, at(NOW)).is_err());
    }

    #[test]
    fn random_texts_authenticate_nobody(token in "[A-Za-z0-9_=-]{0,60}\\.[A-Za-z0-9_-]{0,60}\\.[A-Za-z0-9_-]{43}") {
        let header = format!("Bearer {token}");
        prop_assert!(ask(&[header.as_bytes()]).is_err());
    }

    #[test]
    fn random_subjects_survive_and_flipped_bits_do_not(subject in ".{1,40}", flip in any::<prop::sample::Index>()) {
        let payload = serde_json::json!({ "sub": subject }).to_string();
        let token = signing::encode(payload.as_bytes(), "HS256", KEY).unwrap();
        let identity = ask(&[format!("Bearer {token}").as_bytes()]).unwrap().unwrap();
        prop_assert_eq!(identity.user_id.as_deref(), Some(subject.as_str()));
        let mut forged = token.into_bytes();
        let bit = flip.index(forged.len() * 8);
        forged[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(plain().verify(&forged, at(NOW)).is_err());
    }
}
