//! What the tests of tokens share.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actix_http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bolt_core::auth::identity::Identity;
use bolt_core::auth::token::{Rules, Verifier};
use bolt_core::auth::{Authenticators, RejectReason as R, Rejected};
use bolt_core::plan::{self, PlanError};

/// The key of every token here.
pub const KEY: &[u8] = b"a shared secret of thirty-two byte";
/// The time of every test, in seconds.
pub const NOW: u64 = 1_700_000_000;
/// A usual header.
pub const HS256: &str = r#"{"alg":"HS256","typ":"JWT"}"#;
/// A payload with a subject.
pub const ALICE: &str = r#"{"sub":"alice"}"#;

/// A time in seconds.
pub fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

/// Signs any header and payload with HMAC-SHA-256, whatever the header says.
pub fn sign(header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    let header = URL_SAFE_NO_PAD.encode(header);
    let message = format!("{header}.{}", URL_SAFE_NO_PAD.encode(payload));
    let signature = hs256(KEY, &message);
    format!("{message}.{signature}")
}

/// The signature of a message under a shared secret, encoded.
pub fn hs256(key: &[u8], message: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes()))
}

/// Owned names.
pub fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A verifier of one algorithm.
pub fn verifier(
    key: &[u8],
    algorithm: &str,
    audiences: &[&str],
    issuer: Option<&str>,
    leeway: u64,
) -> Verifier {
    let rules = Rules {
        algorithms: &names(&[algorithm]),
        audiences: &names(audiences),
        issuer,
        leeway,
        ..Rules::default()
    };
    Verifier::new(key, &rules).unwrap()
}

/// A verifier that expects nothing but a signature.
pub fn plain() -> Verifier {
    verifier(KEY, "HS256", &[], None, 0)
}

/// Why a token is refused at `NOW`.
pub fn reason(verifier: &Verifier, token: impl AsRef<[u8]>) -> Option<R> {
    let outcome = verifier.verify(token.as_ref(), at(NOW));
    outcome.err().map(|rejected| rejected.reason)
}

/// A JWT class without leeway.
pub fn jwt_plan(
    algorithms: &[&str],
    audiences: &[&str],
    issuer: Option<&str>,
) -> plan::Authenticator {
    plan::Authenticator::Jwt(plan::Jwt {
        secrets: vec!["jwt".to_owned()],
        algorithms: names(algorithms),
        audiences: names(audiences),
        issuer: issuer.map(str::to_owned),
        leeway: 0,
        ..plan::Jwt::default()
    })
}

/// Compiles one class; `jwt` is the id of the secret.
pub fn compile(plan: plan::Authenticator, secret: &[u8]) -> Result<Authenticators, PlanError> {
    let secrets = HashMap::from([("jwt".to_owned(), secret.to_vec())]);
    Authenticators::compile(&[plan], &secrets)
}

/// Sends `Authorization` headers to one JWT class.
pub fn ask(values: &[&[u8]]) -> Result<Option<Arc<Identity>>, Rejected> {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
    }
    let authenticators = compile(jwt_plan(&["HS256"], &[], None), KEY).unwrap();
    authenticators.authenticate(&[0], &headers, at(NOW))
}
