//! Who is asking. A stand-in until the `auth` branch lands; the interface is final.

pub mod identity;

use std::collections::HashMap;
use std::time::SystemTime;

use actix_http::header::HeaderMap;

use crate::plan::{self, PlanError};
use identity::Identity;

/// Compiled authentication classes.
#[derive(Debug)]
pub struct Authenticators;

/// Credentials that are wrong.
#[derive(Debug)]
pub struct Rejected {
    /// What the client is told.
    pub detail: &'static str,
    /// `WWW-Authenticate`.
    pub challenge: &'static str,
}

#[allow(missing_docs, clippy::missing_errors_doc, clippy::unused_self)]
impl Authenticators {
    pub fn compile(
        _: &[plan::Authenticator],
        _: &HashMap<String, Vec<u8>>,
    ) -> Result<Self, PlanError> {
        Ok(Self)
    }

    pub fn authenticate(
        &self,
        _: &[usize],
        headers: &HeaderMap,
        _: SystemTime,
    ) -> Result<Option<Identity>, Rejected> {
        match headers.get("authorization") {
            None => Ok(None),
            Some(_) => Err(Rejected {
                detail: "Invalid token.",
                challenge: "Bearer",
            }),
        }
    }

    #[must_use]
    pub fn challenge(&self, order: &[usize]) -> Option<&'static str> {
        order.first().map(|_| "Bearer")
    }
}
