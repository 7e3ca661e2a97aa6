//! Who is asking. A stand-in until the `auth` branch lands; the interface is final.

pub mod identity;

use std::collections::HashMap;
use std::time::SystemTime;

use actix_http::header::HeaderMap;

use crate::plan;
use identity::Identity;

/// A part of the plan that cannot be compiled.
#[derive(Debug)]
pub struct CompileError {
    /// Where in the document.
    pub path: String,
    /// What is wrong there.
    pub message: String,
}

/// Compiled authentication classes.
#[derive(Debug)]
pub struct Authenticators(usize);

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
        plan: &[plan::Authenticator],
        _: &HashMap<String, Vec<u8>>,
    ) -> Result<Self, CompileError> {
        Ok(Self(plan.len()))
    }

    pub fn check_order(&self, order: &[usize], path: &str) -> Result<(), CompileError> {
        match order.iter().position(|index| *index >= self.0) {
            None => Ok(()),
            Some(place) => Err(CompileError {
                path: format!("{path}[{place}]"),
                message: "There is no such authenticator.".to_owned(),
            }),
        }
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
