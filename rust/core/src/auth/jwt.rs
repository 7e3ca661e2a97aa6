//! JSON Web Tokens in `Authorization: Bearer`, RFC 6750 §2.1.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use actix_http::header::{AUTHORIZATION, HeaderMap};

use super::claims::{self, Claims, Times};
use super::identity::{Identity, Scheme};
use super::token::{Rules, Verifier};
use super::verified::VerifiedTokens;
use super::{RejectReason, Rejected};
use crate::plan::PlanError;

/// `WWW-Authenticate` where a token is missing.
pub const CHALLENGE: &str = "Bearer realm=\"api\"";

/// `WWW-Authenticate` where a token is refused, RFC 6750 §3.1.
pub const INVALID_TOKEN: &str = "Bearer realm=\"api\", error=\"invalid_token\"";

const SCHEME: &[u8] = b"Bearer";

/// One JWT authentication class.
pub struct Jwt {
    index: usize,
    verifier: Verifier,
    /// `None` for shared secrets, whose signatures cost less than it does to remember them.
    verified: Option<VerifiedTokens>,
}

impl Jwt {
    /// Compiles one class of the plan. Paths in errors are relative to the class.
    pub(super) fn compile(index: usize, key: &[u8], rules: &Rules<'_>) -> Result<Self, PlanError> {
        let verifier = Verifier::new(key, rules)?;
        let verified = verifier.has_public_key().then(VerifiedTokens::default);
        Ok(Self {
            index,
            verifier,
            verified,
        })
    }

    /// Whom the request's token names, or `None` where the request has no bearer token.
    ///
    /// # Errors
    ///
    /// The token is wrong in any way, or `Authorization` came more than once.
    pub fn authenticate(
        &self,
        headers: &HeaderMap,
        now: SystemTime,
    ) -> Result<Option<Arc<Identity>>, Rejected> {
        self.try_authenticate(headers, now)
            .map_err(|reason| Rejected::new(reason, INVALID_TOKEN))
    }

    fn try_authenticate(
        &self,
        headers: &HeaderMap,
        now: SystemTime,
    ) -> Result<Option<Arc<Identity>>, RejectReason> {
        match find_token(headers)? {
            Some(token) => self.identify(token, now).map(Some),
            None => Ok(None),
        }
    }

    /// Whom a token names that may have been seen before.
    fn identify(&self, token: &[u8], now: SystemTime) -> Result<Arc<Identity>, RejectReason> {
        let Some(verified) = &self.verified else {
            return self.verify(token, now).map(|(identity, _)| identity);
        };
        if let Some((identity, times)) = verified.find(token, now) {
            self.verifier.check_times(times, now)?;
            return Ok(identity);
        }
        let (identity, times) = self.verify(token, now)?;
        verified.insert(token, now, Arc::clone(&identity), times);
        Ok(identity)
    }

    fn verify(
        &self,
        token: &[u8],
        now: SystemTime,
    ) -> Result<(Arc<Identity>, Times), RejectReason> {
        let read = |claims: Claims<'_>| (claims.times(), claims::subject_and_facts(claims));
        let (payload, (times, (user_id, facts))) = self.verifier.verify_with(token, now, read)?;
        let identity = Identity {
            authenticator: self.index,
            scheme: Scheme::Jwt,
            user_id,
            facts,
            claims: Some(payload),
        };
        Ok((Arc::new(identity), times))
    }
}

impl fmt::Debug for Jwt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwt")
            .field("index", &self.index)
            .field("verifier", &self.verifier)
            .finish_non_exhaustive()
    }
}

/// The token behind the scheme `Bearer`, whose name has no case (RFC 9110 §11.1). Another scheme is
/// somebody else's credentials.
///
/// Two `Authorization` headers are refused whatever their schemes: the field is no list, and a
/// proxy in front may have looked at the other one.
fn find_token(headers: &HeaderMap) -> Result<Option<&[u8]>, RejectReason> {
    let mut values = headers.get_all(AUTHORIZATION);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(RejectReason::RepeatedHeader);
    }
    let value = value.as_bytes();
    let end = value.iter().position(|byte| !is_token_char(*byte));
    let (scheme, rest) = value.split_at(end.unwrap_or(value.len()));
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return Ok(None);
    }
    // `1*SP`, then the token. A blank within the token is refused by base64.
    match rest.iter().position(|byte| *byte != b' ') {
        None | Some(0) => Err(RejectReason::MalformedHeader),
        Some(start) => Ok(Some(&rest[start..])),
    }
}

/// `tchar` of RFC 9110 §5.6.2, what the name of a scheme is made of.
fn is_token_char(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
