//! JSON Web Tokens, verified for each request.

use actix_http::StatusCode;
use actix_http::header::{AUTHORIZATION, HeaderMap};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::{Deserialize, Serialize};

use crate::replies::{Answer, json};

/// A key, and what its tokens must satisfy.
pub struct Verifier {
    key: DecodingKey,
    rules: Validation,
}

impl Verifier {
    /// Takes tokens of one algorithm that have not expired.
    pub fn new(algorithm: Algorithm, key: DecodingKey) -> Self {
        let rules = Validation::new(algorithm);
        Self { key, rules }
    }
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
}

#[derive(Serialize)]
struct User {
    user: String,
}

/// Whom the token names; 401 where there is none, or a wrong one.
pub fn user(verifier: &Verifier, headers: &HeaderMap) -> Answer {
    let token = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "))
        .ok_or(StatusCode::UNAUTHORIZED)?;
    let verified = decode::<Claims>(token, &verifier.key, &verifier.rules);
    let claims = verified.map_err(|_| StatusCode::UNAUTHORIZED)?.claims;
    json(&User { user: claims.sub })
}
