//! Sets of keys: which of them a token is verified with, what is refused, and how they are exchanged.

mod signers;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actix_http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bolt_core::auth::identity::Identity;
use bolt_core::auth::key_set::KeySet;
use bolt_core::auth::resources::Resources;
use bolt_core::auth::revoked::RevokedTokens;
use bolt_core::auth::token::{Rules, Verifier};
use bolt_core::auth::{Authenticators, RejectReason as R};
use bolt_core::plan::{self, Revocation};
use serde_json::{Value, json};

use signers::{ALGORITHMS, Signer, message};

const NOW: u64 = 1_700_000_000;
const ALICE: &str = r#"{"sub":"alice","jti":"a"}"#;
const SECRET: &[u8] = b"a shared secret of thirty-two by";

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A token with any header.
fn signed(signer: &Signer, algorithm: &str, header: &Value) -> String {
    let message = message(&header.to_string(), ALICE);
    let signature = URL_SAFE_NO_PAD.encode(signer.sign(algorithm, &message));
    format!("{message}.{signature}")
}

/// A token with any header, signed with a shared secret.
fn shared(secret: &[u8], header: &Value) -> String {
    let message = message(&header.to_string(), ALICE);
    let tag = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, secret),
        message.as_bytes(),
    );
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
}

fn key_set(algorithms: &[&str], document: &Value) -> Result<Arc<KeySet>, String> {
    let keys = KeySet::new(&names(algorithms)).unwrap();
    keys.replace(document.to_string().as_bytes())?;
    Ok(Arc::new(keys))
}

fn reason(keys: &Arc<KeySet>, algorithms: &[&str], token: &str) -> Option<R> {
    let rules = Rules {
        algorithms: &names(algorithms),
        ..Rules::default()
    };
    let verifier = Verifier::with_key_set(Arc::clone(keys), &rules).unwrap();
    let outcome = verifier.verify(token.as_bytes(), at(NOW));
    outcome.err().map(|rejected| rejected.reason)
}

fn oct(secret: &[u8]) -> Value {
    json!({"kty": "oct", "k": URL_SAFE_NO_PAD.encode(secret)})
}

/// The JWK with further members.
fn with(mut jwk: Value, members: &Value) -> Value {
    jwk.as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    jwk
}

#[test]
fn every_algorithm_with_its_jwk() {
    for algorithm in ALGORITHMS {
        let (signer, other) = (Signer::new(algorithm), Signer::new(algorithm));
        let keys = key_set(&[algorithm], &signer.jwk()).unwrap();
        let header = json!({"alg": algorithm});
        assert_eq!(
            reason(&keys, &[algorithm], &signed(&signer, algorithm, &header)),
            None
        );
        if signer.jwk() != other.jwk() {
            let forged = signed(&other, algorithm, &header);
            assert_eq!(
                reason(&keys, &[algorithm], &forged),
                Some(R::BadSignature),
                "{algorithm}"
            );
        }
    }
    let keys = key_set(&["HS256"], &oct(SECRET)).unwrap();
    let header = json!({"alg": "HS256"});
    assert_eq!(reason(&keys, &["HS256"], &shared(SECRET, &header)), None);
}

#[test]
fn a_token_says_which_key_it_means() {
    let (old, new, bare) = (
        Signer::new("ES256"),
        Signer::new("ES256"),
        Signer::new("EdDSA"),
    );
    let algorithms = ["ES256", "EdDSA", "RS256"];
    let document = json!({"keys": [
        with(old.jwk(), &json!({"kid": "old"})),
        with(new.jwk(), &json!({"kid": "new"})),
        bare.jwk(),
        {"kty": "from the future"},
    ]});
    let keys = key_set(&algorithms, &document).unwrap();
    let cases = [
        (&old, "ES256", json!({"alg": "ES256", "kid": "old"}), None),
        (&new, "ES256", json!({"alg": "ES256", "kid": "new"}), None),
        (
            &new,
            "ES256",
            json!({"alg": "ES256", "kid": "old"}),
            Some(R::BadSignature),
        ),
        (
            &new,
            "ES256",
            json!({"alg": "ES256", "kid": "none"}),
            Some(R::UnknownKeyId),
        ),
        (&new, "ES256", json!({"alg": "ES256"}), None),
        (
            &new,
            "ES256",
            json!({"alg": "ES256", "kid": 5}),
            Some(R::MalformedToken),
        ),
        // A key without an id may be the one that is meant.
        (&bare, "EdDSA", json!({"alg": "EdDSA", "kid": "any"}), None),
        // The id is known, and is that of a key for something else.
        (
            &bare,
            "EdDSA",
            json!({"alg": "EdDSA", "kid": "old"}),
            Some(R::AlgorithmNotAllowed),
        ),
        (
            &bare,
            "EdDSA",
            json!({"alg": "RS256"}),
            Some(R::AlgorithmNotAllowed),
        ),
        (
            &bare,
            "EdDSA",
            json!({"alg": "PS256"}),
            Some(R::AlgorithmNotAllowed),
        ),
        // What would have the token bring its own key is not looked at.
        (
            &new,
            "ES256",
            json!({"alg": "ES256", "kid": "old", "jwk": new.jwk()}),
            Some(R::BadSignature),
        ),
        (
            &new,
            "ES256",
            json!({"alg": "ES256", "kid": "x", "jku": "https://evil"}),
            Some(R::UnknownKeyId),
        ),
        (
            &old,
            "ES256",
            json!({"alg": "ES256", "kid": "old", "crit": ["exp"]}),
            Some(R::CriticalExtension),
        ),
    ];
    for (signer, algorithm, header, expected) in cases {
        let token = signed(signer, algorithm, &header);
        assert_eq!(reason(&keys, &algorithms, &token), expected, "{header}");
    }
}

#[test]
fn a_token_without_an_id_is_tried_with_a_few_keys() {
    let signer = Signer::new("ES256");
    let token = signed(&signer, "ES256", &json!({"alg": "ES256"}));
    for (others, expected) in [(7, None), (8, Some(R::MissingKeyId))] {
        let mut keys: Vec<_> = (0..others)
            .map(|id| with(Signer::new("ES256").jwk(), &json!({"kid": id.to_string()})))
            .collect();
        keys.push(with(signer.jwk(), &json!({"kid": "last"})));
        let keys = key_set(&["ES256"], &json!({"keys": keys})).unwrap();
        assert_eq!(reason(&keys, &["ES256"], &token), expected);
        let named = signed(&signer, "ES256", &json!({"alg": "ES256", "kid": "last"}));
        assert_eq!(reason(&keys, &["ES256"], &named), None);
    }
}

/// A set that has both a public key and a secret: each verifies what it is for.
#[test]
fn a_key_is_never_taken_for_one_of_another_kind() {
    let rsa = Signer::new("RS256");
    let algorithms = ["HS256", "RS256"];
    let public = with(rsa.jwk(), &json!({"kid": "public"}));
    let secret = with(oct(SECRET), &json!({"kid": "secret"}));
    let keys = key_set(&algorithms, &json!({"keys": [public, secret]})).unwrap();
    let text = public.to_string();
    let modulus = URL_SAFE_NO_PAD
        .decode(public["n"].as_str().unwrap())
        .unwrap();
    let hs256 = |kid: &str| json!({"alg": "HS256", "kid": kid});
    let cases = [
        (shared(SECRET, &hs256("secret")), None),
        (
            shared(SECRET, &hs256("public")),
            Some(R::AlgorithmNotAllowed),
        ),
        (
            shared(&rsa.pem(), &hs256("public")),
            Some(R::AlgorithmNotAllowed),
        ),
        (
            shared(text.as_bytes(), &hs256("public")),
            Some(R::AlgorithmNotAllowed),
        ),
        (
            shared(&modulus, &hs256("public")),
            Some(R::AlgorithmNotAllowed),
        ),
        (
            shared(&rsa.pem(), &json!({"alg": "HS256"})),
            Some(R::BadSignature),
        ),
        (
            shared(text.as_bytes(), &json!({"alg": "HS256"})),
            Some(R::BadSignature),
        ),
        (
            signed(&rsa, "RS256", &json!({"alg": "RS256", "kid": "secret"})),
            Some(R::AlgorithmNotAllowed),
        ),
        (
            signed(&rsa, "RS256", &json!({"alg": "RS256", "kid": "public"})),
            None,
        ),
    ];
    for (token, expected) in cases {
        assert_eq!(reason(&keys, &algorithms, &token), expected);
    }
}

#[test]
fn documents_that_are_refused() {
    let jwk = |algorithm: &str| Signer::new(algorithm).jwk();
    let zeros = URL_SAFE_NO_PAD.encode([0; 32]);
    let cases = [
        (json!([]), "neither a JWK nor a set"),
        (json!({"keys": {}}), "neither a JWK nor a set"),
        (json!({"keys": []}), "No key is for ES256"),
        (jwk("RS256"), "It is of another kind."),
        (jwk("ES384"), "It is of another kind."),
        (
            with(jwk("ES256"), &json!({"use": "enc"})),
            "It is for the use \"enc\".",
        ),
        (
            with(jwk("ES256"), &json!({"key_ops": ["sign"]})),
            "Its key_ops lack verify.",
        ),
        (
            with(jwk("ES256"), &json!({"alg": "ES384"})),
            "It is for \"ES384\".",
        ),
        (
            with(jwk("ES256"), &json!({"alg": "none"})),
            "It is for \"none\".",
        ),
        (
            with(jwk("ES256"), &json!({"d": zeros})),
            "There is a private key",
        ),
        (
            with(jwk("ES256"), &json!({"crv": "secp256k1"})),
            "curve \"secp256k1\" is not supported",
        ),
        (with(jwk("ES256"), &json!({"crv": null})), "It has no crv."),
        (with(jwk("ES256"), &json!({"x": null})), "It has no x."),
        (
            with(jwk("ES256"), &json!({"x": "!"})),
            "Its x is no base64url.",
        ),
        (
            with(jwk("ES256"), &json!({"x": "AAAA"})),
            "Its x has 3 bytes, not 32.",
        ),
        (
            with(jwk("ES256"), &json!({"x": zeros})),
            "not those of an EC key on P-256",
        ),
        (with(jwk("ES256"), &json!({"kid": 5})), "invalid type"),
        (json!({"kty": "AKP"}), "Its kty is \"AKP\"."),
        (
            json!({"keys": vec![json!({}); 101]}),
            "The set has 101 keys",
        ),
    ];
    for (document, expected) in cases {
        let error = key_set(&["ES256"], &document).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    let rsa = with(
        jwk("RS256"),
        &json!({"n": URL_SAFE_NO_PAD.encode([255; 128])}),
    );
    let error = key_set(&["RS256"], &rsa).unwrap_err();
    assert!(error.contains("1024 bits"), "{error}");
    for (secret, expected) in [
        (&b""[..], "The secret is empty."),
        (b"-----BEGIN PUBLIC KEY-----", "not a shared secret"),
    ] {
        let error = key_set(&["HS256"], &oct(secret)).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn use_and_operations_that_fit() {
    let signer = Signer::new("RS256");
    for members in [
        json!({"use": "sig"}),
        json!({"key_ops": ["verify"]}),
        json!({"alg": "RS256", "use": "sig", "key_ops": ["verify", "sign"], "x5c": ["?"], "x5u": 1}),
    ] {
        let keys = key_set(&["RS256", "PS256"], &with(signer.jwk(), &members)).unwrap();
        let token = |algorithm| signed(&signer, algorithm, &json!({"alg": algorithm}));
        assert_eq!(
            reason(&keys, &["RS256", "PS256"], &token("RS256")),
            None,
            "{members}"
        );
        // `alg` binds a key to one algorithm of its kind.
        let bound = members.get("alg").map(|_| R::AlgorithmNotAllowed);
        assert_eq!(
            reason(&keys, &["RS256", "PS256"], &token("PS256")),
            bound,
            "{members}"
        );
    }
}

fn classes(keys: &Arc<KeySet>, revocation: Option<Revocation>) -> Authenticators {
    let jwt = plan::Jwt {
        key_set: Some("keys".to_owned()),
        algorithms: names(&["ES256"]),
        revocation,
        ..plan::Jwt::default()
    };
    let resources = Resources {
        secrets: &HashMap::new(),
        key_sets: HashMap::from([("keys".to_owned(), Arc::clone(keys))]),
        revoked: HashMap::new(),
    };
    Authenticators::compile(&[plan::Authenticator::Jwt(jwt)], resources).unwrap()
}

fn ask(classes: &Authenticators, token: &str) -> Result<Arc<Identity>, R> {
    let value = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, value);
    let answer = classes.authenticate(&[0], &headers, at(NOW));
    answer
        .map(Option::unwrap)
        .map_err(|rejected| rejected.reason)
}

#[test]
fn keys_are_exchanged_while_they_are_used() {
    let (old, new) = (Signer::new("ES256"), Signer::new("ES256"));
    let token = |signer| signed(signer, "ES256", &json!({"alg": "ES256"}));
    let (by_old, by_new) = (token(&old), token(&new));
    let keys = Arc::new(KeySet::new(&names(&["ES256"])).unwrap());
    let classes = classes(&keys, None);
    assert_eq!(ask(&classes, &by_old).unwrap_err(), R::NoKeys);

    let document = old.jwk().to_string();
    assert_eq!(keys.replace(document.as_bytes()), Ok(true));
    let first = ask(&classes, &by_old).unwrap();
    assert!(
        Arc::ptr_eq(&first, &ask(&classes, &by_old).unwrap()),
        "remembered"
    );

    // The same keys in other words: nothing is forgotten.
    let same = format!(" {document}\n");
    assert_eq!(keys.replace(same.as_bytes()), Ok(false));
    assert!(Arc::ptr_eq(&first, &ask(&classes, &by_old).unwrap()));

    // What is no set of keys changes nothing.
    for broken in ["", "{", "{}", r#"{"keys": []}"#] {
        assert!(keys.replace(broken.as_bytes()).is_err());
        assert!(Arc::ptr_eq(&first, &ask(&classes, &by_old).unwrap()));
    }

    assert_eq!(keys.replace(new.jwk().to_string().as_bytes()), Ok(true));
    assert_eq!(
        ask(&classes, &by_old).unwrap_err(),
        R::BadSignature,
        "forgotten"
    );
    assert!(ask(&classes, &by_new).is_ok());
}

#[test]
fn unknown_keys_are_heard_of() {
    let signer = Signer::new("ES256");
    let jwk = with(signer.jwk(), &json!({"kid": "known"}));
    let keys = key_set(&["ES256"], &jwk).unwrap();
    let classes = classes(&keys, None);
    let short = Duration::from_millis(5);
    for (header, expected, is_heard) in [
        (json!({"alg": "ES256", "kid": "known"}), None, false),
        (
            json!({"alg": "ES256", "kid": "new"}),
            Some(R::UnknownKeyId),
            true,
        ),
        (
            json!({"alg": "RS256", "kid": "new"}),
            Some(R::AlgorithmNotAllowed),
            false,
        ),
    ] {
        let answer = ask(&classes, &signed(&signer, "ES256", &header));
        assert_eq!(answer.err(), expected, "{header}");
        assert_eq!(keys.wait(short), is_heard, "{header}");
        assert!(!keys.wait(short), "heard of once");
    }
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| keys.wait(Duration::from_secs(60)));
        while !waiting.is_finished() {
            keys.wake();
        }
        assert!(!waiting.join().unwrap());
    });
}

#[test]
fn a_token_that_was_taken_back_is_refused_though_it_is_remembered() {
    let signer = Signer::new("ES256");
    let revoked = Arc::new(RevokedTokens::default());
    for (revokes, resources) in [
        ("jti:a", json!({"sub": "alice", "jti": "a"})),
        ("sid:s", json!({"sub": "alice", "jti": "b", "sid": "s"})),
    ] {
        let jwt = plan::Jwt {
            secrets: names(&["key"]),
            algorithms: names(&["ES256"]),
            revocation: Some(Revocation::Memory {
                list: "list".to_owned(),
            }),
            ..plan::Jwt::default()
        };
        let classes = Authenticators::compile(
            &[plan::Authenticator::Jwt(jwt)],
            Resources {
                secrets: &HashMap::from([("key".to_owned(), signer.pem())]),
                key_sets: HashMap::new(),
                revoked: HashMap::from([("list".to_owned(), Arc::clone(&revoked))]),
            },
        )
        .unwrap();
        let token = signer.token("ES256", &resources.to_string());
        for _ in 0..2 {
            assert!(ask(&classes, &token).is_ok());
        }
        #[expect(clippy::cast_precision_loss, reason = "a time of this century")]
        let expiry = (NOW + 60) as f64;
        assert!(revoked.insert(revokes, expiry, at(NOW)));
        assert!(
            !revoked.insert(revokes, expiry, at(NOW)),
            "the second is told so"
        );
        assert_eq!(ask(&classes, &token).unwrap_err(), R::Revoked);
        let nameless = signer.token("ES256", r#"{"sub":"alice","sid":"x"}"#);
        assert_eq!(ask(&classes, &nameless).unwrap_err(), R::MissingTokenId);
    }
}

#[test]
fn what_was_taken_back_is_forgotten_when_it_has_expired() {
    let revoked = RevokedTokens::default();
    for number in 0..5000_u32 {
        revoked.insert(
            &number.to_string(),
            f64::from(number),
            at(u64::from(number)),
        );
    }
    assert!(revoked.len() < 1500, "{}", revoked.len());
    assert!(revoked.contains(&["4999"]) && !revoked.contains(&["0"]));
}

#[test]
fn what_a_token_is_for_and_whom_it_names() {
    let cases = [
        (None, None, json!({"sub": "a"}), Ok(Some("a"))),
        (None, None, json!({}), Ok(None)),
        (
            None,
            None,
            json!({"sub": "a", "token_type": "access"}),
            Ok(Some("a")),
        ),
        (
            None,
            None,
            json!({"sub": "a", "token_type": "refresh"}),
            Err(R::WrongTokenType),
        ),
        (
            None,
            None,
            json!({"sub": "a", "token_type": "ACCESS"}),
            Err(R::WrongTokenType),
        ),
        (
            None,
            None,
            json!({"sub": "a", "token_type": null}),
            Err(R::MalformedClaims),
        ),
        (
            Some("sliding"),
            None,
            json!({"sub": "a", "token_type": "sliding"}),
            Ok(Some("a")),
        ),
        (
            Some("sliding"),
            None,
            json!({"sub": "a", "token_type": "access"}),
            Err(R::WrongTokenType),
        ),
        (
            Some("sliding"),
            None,
            json!({"sub": "a"}),
            Err(R::WrongTokenType),
        ),
        (None, Some("user_id"), json!({"user_id": 7}), Ok(Some("7"))),
        (
            None,
            Some("user_id"),
            json!({"user_id": "7", "sub": "a"}),
            Ok(Some("7")),
        ),
        (
            None,
            Some("user_id"),
            json!({"sub": "a"}),
            Err(R::MissingUserId),
        ),
        (
            None,
            Some("user_id"),
            json!({"user_id": ""}),
            Err(R::MalformedClaims),
        ),
        (
            None,
            Some("user_id"),
            json!({"user_id": true}),
            Err(R::MalformedClaims),
        ),
        // The claim's other meaning holds no more.
        (None, Some("iss"), json!({"iss": "a"}), Ok(Some("a"))),
    ];
    let signer = Signer::new("ES256");
    let secrets = HashMap::from([("key".to_owned(), signer.pem())]);
    for (token_type, user_id_claim, claims, expected) in cases {
        let jwt = plan::Jwt {
            secrets: names(&["key"]),
            algorithms: names(&["ES256"]),
            token_type: token_type.map(str::to_owned),
            user_id_claim: user_id_claim.map(str::to_owned),
            ..plan::Jwt::default()
        };
        let classes = Authenticators::compile(&[plan::Authenticator::Jwt(jwt)], &secrets).unwrap();
        let answer = ask(&classes, &signer.token("ES256", &claims.to_string()));
        let found = answer.as_ref().map(|identity| identity.user_id.as_deref());
        assert_eq!(found.map_err(|reason| *reason), expected, "{claims}");
    }
}
