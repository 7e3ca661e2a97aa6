//! Tokens that a private key signed: the RFCs' vectors, the keys that are refused, and attacks.

mod signers;

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bolt_core::auth::token::{Rules, Verifier};
use bolt_core::auth::{Authenticators, RejectReason as R};
use bolt_core::plan;

use signers::{ALGORITHMS, Signer, message};

const ALICE: &str = r#"{"sub":"alice","exp":1700000060}"#;
const NOW: u64 = 1_700_000_000;

macro_rules! key {
    ($name:literal) => {
        include_bytes!(concat!("keys/", $name, ".pem")).as_slice()
    };
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn verifier(key: &[u8], algorithms: &[&str]) -> Result<Verifier, String> {
    let algorithms: Vec<String> = algorithms.iter().map(|name| (*name).to_owned()).collect();
    let rules = Rules {
        algorithms: &algorithms,
        audiences: &[],
        issuer: None,
        leeway: 0,
        ..Rules::default()
    };
    Verifier::new(key, &rules).map_err(|error| format!("{}: {}", error.path(), error.message()))
}

fn reason(verifier: &Verifier, token: &str, now: u64) -> Option<R> {
    let outcome = verifier.verify(token.as_bytes(), at(now));
    outcome.err().map(|rejected| rejected.reason)
}

#[test]
fn vectors() {
    const JOE: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    const A2: &str = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7\
        AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4\
        BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K\
        0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv\
        hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrB\
        p0igcN_IoypGlUPQGe77Rw";
    const A3: &str =
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    const A4: &str = "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZq\
        wqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8Kp\
        EHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn";
    const ED: &str =
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    const BAGGINS: &str = "eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9\
        .SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250\
        byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hl\
        cmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4.\
        cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6O8TT\
        B5dDDItllVo6_1OLPpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrY\
        RXe8P_ijQ7p8Vdz0TTrxUeT3lm8d9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtf\
        a64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfmWjwZ6oD4ifKo8DYM-X72Eaw";
    let joe = |header: &str, signature: &str| format!("{header}.{JOE}.{signature}");
    let a2 = joe("eyJhbGciOiJSUzI1NiJ9", A2);
    // Where the payload is no JSON object, the claims' fault shows that the signature was good.
    let cases = [
        ("7515 A.2", "RS256", key!("rfc7515_a2"), a2.clone(), None),
        ("A.2, PKCS#1", "RS256", key!("rfc7515_a2.pkcs1"), a2, None),
        (
            "7515 A.3",
            "ES256",
            key!("rfc7515_a3"),
            joe("eyJhbGciOiJFUzI1NiJ9", A3),
            None,
        ),
        (
            "7515 A.4",
            "ES512",
            key!("rfc7515_a4"),
            format!("eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.{A4}"),
            Some(R::MalformedClaims),
        ),
        (
            "8037 A.4",
            "EdDSA",
            key!("rfc8037_a"),
            format!("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.{ED}"),
            Some(R::MalformedClaims),
        ),
        (
            "7520 4.2",
            "PS384",
            key!("rfc7520_3"),
            BAGGINS.to_owned(),
            Some(R::MalformedClaims),
        ),
    ];
    for (name, algorithm, key, token, expected) in cases {
        let verifier = verifier(key, &[algorithm]).unwrap();
        assert_eq!(reason(&verifier, &token, 1_300_819_379), expected, "{name}");
        if expected.is_none() {
            assert_eq!(
                reason(&verifier, &token, 1_300_819_380),
                Some(R::Expired),
                "{name}"
            );
        }
        let (message, signature) = token.rsplit_once('.').unwrap();
        let mut forged = URL_SAFE_NO_PAD.decode(signature).unwrap();
        *forged.last_mut().unwrap() ^= 1;
        let forged = format!("{message}.{}", URL_SAFE_NO_PAD.encode(forged));
        assert_eq!(
            reason(&verifier, &forged, 0),
            Some(R::BadSignature),
            "{name}"
        );
    }
}

#[test]
fn a_token_of_every_algorithm_until_a_byte_changes() {
    for algorithm in ALGORITHMS {
        let signer = Signer::new(algorithm);
        let token = signer.token(algorithm, ALICE);
        let verifier = verifier(&signer.pem(), &[algorithm]).unwrap();
        let payload = verifier.verify(token.as_bytes(), at(NOW)).unwrap();
        assert_eq!(payload, ALICE, "{algorithm}");
        assert_eq!(
            reason(&verifier, &token, NOW + 60),
            Some(R::Expired),
            "{algorithm}"
        );
        for place in (0..token.len()).step_by(7) {
            let mut forged = token.clone().into_bytes();
            forged[place] ^= 1;
            let refused = verifier.verify(&forged, at(NOW));
            assert!(refused.is_err(), "{algorithm}, byte {place}");
        }
    }
}

/// A key, the algorithms, and the beginning of what is said about them.
type RefusedKey<'a> = (&'a [u8], &'a [&'a str], &'a str);

fn check_refused(cases: &[RefusedKey<'_>]) {
    for (key, algorithms, expected) in cases {
        let error = verifier(key, algorithms).unwrap_err();
        assert!(error.starts_with(expected), "{algorithms:?}: {error}");
    }
}

#[test]
fn algorithms_that_do_not_fit_together_or_the_key() {
    let (rsa, p256, ed) = (key!("rfc7515_a2"), key!("rfc7515_a3"), key!("rfc8037_a"));
    let p384 = key!("p384");
    let unknown = "algorithms[0]: The algorithm is unknown";
    check_refused(&[
        (rsa, &[], "algorithms: The list"),
        (rsa, &["none"], unknown),
        (rsa, &["rs256"], unknown),
        (ed, &["Ed25519"], unknown),
        (rsa, &["HS256"], "secret: The secret is a PEM"),
        (p256, &["HS512"], "secret: The secret is a PEM"),
        (
            rsa,
            &["RS256", "HS256"],
            "algorithms[1]: RS256 takes an RSA key and HS256 takes a shared",
        ),
        (
            rsa,
            &["HS256", "RS256"],
            "algorithms[1]: HS256 takes a shared secret and RS256 takes an",
        ),
        (
            rsa,
            &["RS256", "PS512", "ES256"],
            "algorithms[2]: RS256 takes an RSA key and ES256",
        ),
        (
            p256,
            &["ES256", "ES384"],
            "algorithms[1]: ES256 takes an EC key on P-256 and ES384",
        ),
        (
            p256,
            &["ES256", "EdDSA"],
            "algorithms[1]: ES256 takes an EC key on P-256 and EdDSA",
        ),
        (
            p256,
            &["RS256"],
            "secret: RS256 takes an RSA key, and this is an EC key on P-256.",
        ),
        (
            ed,
            &["PS256"],
            "secret: PS256 takes an RSA key, and this is an Ed25519 key.",
        ),
        (
            rsa,
            &["ES256"],
            "secret: ES256 takes an EC key on P-256, and this is an RSA key.",
        ),
        (
            p384,
            &["ES256"],
            "secret: ES256 takes an EC key on P-256, and this is an EC key on P-384",
        ),
        (
            p256,
            &["ES384"],
            "secret: ES384 takes an EC key on P-384, and this is an EC key on P-256",
        ),
        (
            p256,
            &["ES512"],
            "secret: ES512 takes an EC key on P-521, and this is an EC key on P-256",
        ),
        (
            p256,
            &["EdDSA"],
            "secret: EdDSA takes an Ed25519 key, and this is an EC key on P-256.",
        ),
    ]);
}

#[test]
fn keys_that_are_refused_whatever_the_algorithm() {
    let (rsa, p256) = (key!("rfc7515_a2"), key!("rfc7515_a3"));
    let document =
        |kind: &str| format!("-----BEGIN {kind}-----\nAAAA\n-----END {kind}-----\n").into_bytes();
    let kinds = ["", "RSA ", "EC ", "ENCRYPTED ", "OPENSSH "];
    for private in kinds.map(|kind| document(&format!("{kind}PRIVATE KEY"))) {
        let message = "secret: This is a private key, which nobody";
        check_refused(&[
            (&private, &["RS256"], message),
            (&[rsa, &private].concat(), &["RS256"], message),
        ]);
    }
    let jwk = br#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let (unknown, no_pem) = (
        "secret: This is neither",
        "secret: The algorithms need a public key",
    );
    check_refused(&[
        (
            key!("rsa_1024"),
            &["RS256"],
            "secret: The RSA key has 1024 bits; from 2048",
        ),
        (
            key!("rsa_2047"),
            &["PS256"],
            "secret: The RSA key has 2047 bits; from 2048",
        ),
        (
            key!("rsa_pss"),
            &["PS256"],
            "secret: This is an RSA key for PSS alone",
        ),
        (key!("secp256k1"), &["ES256"], unknown),
        (key!("ed448"), &["EdDSA"], unknown),
        (&document("PUBLIC KEY"), &["RS256"], unknown),
        (
            key!("certificate"),
            &["RS256"],
            "secret: This is a certificate",
        ),
        (
            &document("X509 CRL"),
            &["RS256"],
            "secret: A PEM document of \"X509 CRL\" is no public",
        ),
        (
            &[rsa, p256].concat(),
            &["RS256"],
            "secret: The text has several keys",
        ),
        (&rsa[..rsa.len() / 2], &["RS256"], no_pem),
        (b"a shared secret", &["RS256"], no_pem),
        (b"", &["RS256"], no_pem),
        (jwk, &["EdDSA"], no_pem),
        (b"ssh-ed25519 AAAA", &["EdDSA"], no_pem),
    ]);
}

#[test]
fn a_refused_key_is_named_by_its_place_in_the_plan() {
    let plan = plan::Authenticator::Jwt(plan::Jwt {
        secrets: vec!["jwt".to_owned()],
        algorithms: vec!["RS256".to_owned()],
        audiences: vec![],
        issuer: None,
        leeway: 0,
        ..plan::Jwt::default()
    });
    let secrets = HashMap::from([("jwt".to_owned(), key!("rsa_1024").to_vec())]);
    let error = Authenticators::compile(&[plan], &secrets).unwrap_err();
    assert_eq!(error.path(), "authenticators[0].secret");
}

fn header(algorithm: &str) -> String {
    format!(r#"{{"alg":"{algorithm}","typ":"JWT"}}"#)
}

/// A token of a header and any signature.
fn signed(header: &str, signature: &[u8]) -> String {
    let signature = URL_SAFE_NO_PAD.encode(signature);
    format!("{}.{signature}", message(header, ALICE))
}

#[test]
fn algorithms_that_an_attacker_chooses() {
    let rsa = Signer::new("RS256");
    let pem = rsa.pem();
    let verifier = verifier(&pem, &["RS256", "PS256"]).unwrap();
    let confused = |algorithm: &str| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &pem);
        let message = message(&header(algorithm), ALICE);
        signed(
            &header(algorithm),
            hmac::sign(&key, message.as_bytes()).as_ref(),
        )
    };
    let sign = |padding: &str, algorithm: &str| {
        let message = message(&header(algorithm), ALICE);
        signed(&header(algorithm), &rsa.sign(padding, &message))
    };
    let (forbidden, bad) = (Some(R::AlgorithmNotAllowed), Some(R::BadSignature));
    let cases = [
        ("good", sign("RS256", "RS256"), None),
        ("good as well", sign("PS256", "PS256"), None),
        ("the public key as a secret", confused("HS256"), forbidden),
        ("the same, renamed", confused("RS256"), bad),
        ("none", signed(&header("none"), b""), forbidden),
        ("no signature", signed(&header("RS256"), b""), bad),
        ("another padding", sign("PS256", "RS256"), bad),
        ("another hash", sign("RS512", "RS256"), bad),
        ("one that is not listed", sign("RS512", "RS512"), forbidden),
        (
            "too long for any key",
            signed(&header("RS256"), &[1; 1025]),
            bad,
        ),
    ];
    for (name, token, expected) in cases {
        assert_eq!(reason(&verifier, &token, NOW), expected, "{name}");
    }
}

#[test]
fn signatures_that_an_attacker_makes_up() {
    let own =
        r#"{"alg":"ES256","jwk":{"kty":"EC","crv":"P-256"},"x5c":[],"jku":"https://a.example"}"#;
    let (issuer, stranger) = (Signer::new("ES256"), Signer::new("ES256"));
    let verifier = verifier(&issuer.pem(), &["ES256"]).unwrap();
    let header = header("ES256");
    let good = issuer.sign("ES256", &message(&header, ALICE));
    let theirs = stranger.sign("ES256", &message(own, ALICE));
    let bad = Some(R::BadSignature);
    let cases = [
        ("good", signed(&header, &good), None),
        ("another key", stranger.token("ES256", ALICE), bad),
        ("a key that the token brings", signed(own, &theirs), bad),
        (
            "DER instead of two numbers",
            signed(&header, &der(&good)),
            bad,
        ),
        ("zeros, as CVE-2022-21449", signed(&header, &[0; 64]), bad),
        (
            "a byte too many",
            signed(&header, &[&good[..], &[0]].concat()),
            bad,
        ),
        ("a byte too few", signed(&header, &good[..63]), bad),
    ];
    for (name, token, expected) in cases {
        assert_eq!(reason(&verifier, &token, NOW), expected, "{name}");
    }
}

/// The two numbers of a signature as ASN.1, RFC 3279 §2.2.3.
fn der(fixed: &[u8]) -> Vec<u8> {
    let integer = |number: &[u8]| {
        let start = number.iter().take_while(|byte| **byte == 0).count();
        let mut value = number[start..].to_vec();
        if value[0] & 0x80 != 0 {
            value.insert(0, 0);
        }
        [vec![2, u8::try_from(value.len()).unwrap()], value].concat()
    };
    let (r, s) = fixed.split_at(fixed.len() / 2);
    let body = [integer(r), integer(s)].concat();
    [vec![0x30, u8::try_from(body.len()).unwrap()], body].concat()
}
