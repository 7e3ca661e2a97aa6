//! API keys in a header of their own.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use actix_http::header::{HeaderMap, HeaderName, HeaderValue};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;

use super::identity::{Facts, Identity, Scheme};
use super::names::Names;
use super::resources::Resources;
use super::{RejectReason, Rejected};
use crate::plan::{self, PlanError};

/// `WWW-Authenticate` for an API key. The scheme is not registered with IANA; RFC 9110 §11.6.1
/// wants a challenge in every 401, and a client that does not know it ignores it.
pub const CHALLENGE: &str = "ApiKey realm=\"api\"";

/// The length of an HMAC-SHA-256 tag.
const DIGEST_BYTES: usize = 32;

type Digest = [u8; DIGEST_BYTES];

/// One API-key authentication class.
///
/// Keys are not kept. What is kept is their HMAC under a random key that is drawn at compile time
/// and leaves neither the process nor this struct; a request's key is digested the same way and
/// looked up. Looking up a key itself would compare it byte by byte, and the time taken would tell
/// how many leading bytes were right. Here the compared bytes are the output of a keyed function
/// that the client cannot compute, so the time of the comparison says nothing about a known key,
/// however many there are. The time of the digest depends on the length of what the client sent.
pub struct ApiKeys {
    index: usize,
    header: HeaderName,
    digester: hmac::Key,
    /// Made once; every request with the key shares it.
    holders: HashMap<Digest, Arc<Identity>>,
}

impl ApiKeys {
    /// Compiles one class of the plan. Paths in errors are relative to the class.
    pub(super) fn compile(
        index: usize,
        header: &str,
        keys: &[plan::ApiKey],
        resources: &Resources<'_>,
    ) -> Result<Self, PlanError> {
        let header = HeaderName::from_bytes(header.as_bytes())
            .map_err(|_| PlanError::new("header", "This is not a header name."))?;
        if keys.is_empty() {
            let message = "There is no key, so that every request with one would be refused.";
            return Err(PlanError::new("keys", message));
        }
        let digester = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())
            .map_err(|_| PlanError::new("keys", "The system gives no random numbers."))?;
        let mut compiled = Self {
            index,
            header,
            digester,
            holders: HashMap::with_capacity(keys.len()),
        };
        for (place, key) in keys.iter().enumerate() {
            compiled
                .add(key, resources)
                .map_err(|error| error.under(&format!("keys[{place}]")))?;
        }
        Ok(compiled)
    }

    /// The header that the keys stand in.
    pub(super) fn header(&self) -> &HeaderName {
        &self.header
    }

    fn add(&mut self, key: &plan::ApiKey, resources: &Resources<'_>) -> Result<(), PlanError> {
        let secret = resources
            .find_secret(&key.secret)
            .map_err(|message| PlanError::new("secret", message))?;
        if !fits_in_header(secret) {
            // Typically the newline at the end of a file. No request could ever carry it.
            let message = "The key has characters that a header cannot carry.";
            return Err(PlanError::new("secret", message));
        }
        let holder = holder(self.index, &key.permissions);
        // Two records of one key may differ in permissions, and nothing says which one holds.
        if self.holders.insert(self.digest(secret), holder).is_some() {
            let message = "The same key stands before this one.";
            return Err(PlanError::new("secret", message));
        }
        Ok(())
    }

    fn digest(&self, key: &[u8]) -> Digest {
        let mut digest = [0; DIGEST_BYTES];
        digest.copy_from_slice(hmac::sign(&self.digester, key).as_ref());
        digest
    }

    /// The holder of the request's key, or `None` where the request has no such header.
    ///
    /// # Errors
    ///
    /// The key is unknown, or the header came more than once.
    pub fn authenticate(&self, headers: &HeaderMap) -> Result<Option<Arc<Identity>>, Rejected> {
        let mut values = headers.get_all(&self.header);
        let Some(value) = values.next() else {
            return Ok(None);
        };
        if values.next().is_some() {
            return Err(Rejected::new(RejectReason::RepeatedHeader, CHALLENGE));
        }
        match self.holders.get(&self.digest(value.as_bytes())) {
            Some(holder) => Ok(Some(Arc::clone(holder))),
            None => Err(Rejected::new(RejectReason::UnknownKey, CHALLENGE)),
        }
    }
}

/// Whoever has a key: nobody's user, so neither staff nor superuser.
fn holder(authenticator: usize, permissions: &[String]) -> Arc<Identity> {
    Arc::new(Identity {
        authenticator,
        scheme: Scheme::ApiKey,
        user_id: None,
        facts: Facts {
            is_staff: Some(false),
            is_superuser: Some(false),
            permissions: Some(permissions.iter().collect()),
            scopes: Some(Names::default()),
        },
        claims: None,
        ids: Box::default(),
    })
}

/// Whether HTTP would deliver the key as it is: a header's value loses the blanks around it.
fn fits_in_header(key: &[u8]) -> bool {
    HeaderValue::from_bytes(key).is_ok()
        && !key.first().is_some_and(u8::is_ascii_whitespace)
        && !key.last().is_some_and(u8::is_ascii_whitespace)
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeys")
            .field("index", &self.index)
            .field("header", &self.header)
            .field("keys", &self.holders.len())
            .finish_non_exhaustive()
    }
}
