//! Authentication classes that run in Python, among those that run here.

use std::sync::Arc;

use actix_http::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue};

use super::Rejected;
use super::identity::Identity;
use crate::plan::{Evidence, PlanError};

/// Who is asking, as far as Rust can tell.
#[derive(Debug)]
pub enum Decision {
    /// The classes of Rust decided.
    Made(Result<Option<Arc<Identity>>, Rejected>),
    /// Classes that run in Python come first.
    Pending(Pending),
}

/// What Python has to be asked before Rust's outcome counts.
#[derive(Debug)]
pub struct Pending {
    /// Places in the route's order of the classes to ask, all of them before the class that
    /// `outcome` is from.
    pub ask: Vec<usize>,
    /// Whether one of them reads a token in a form, and the request has none elsewhere.
    pub reads_form: bool,
    /// What holds where none of them recognises the caller.
    pub outcome: Result<Option<Arc<Identity>>, Rejected>,
}

/// A class that runs in Python.
#[derive(Debug)]
pub(super) struct InPython {
    evidence: Option<Evidence>,
    pub challenge: Option<HeaderValue>,
    form_unless: Option<HeaderName>,
}

impl InPython {
    pub fn compile(
        evidence: Option<&Evidence>,
        challenge: Option<&str>,
        form_unless: Option<&str>,
    ) -> Result<Self, PlanError> {
        let form_unless = form_unless
            .map(|name| HeaderName::from_bytes(name.as_bytes()))
            .transpose()
            .map_err(|_| PlanError::new("form_unless", "This is not a header name."))?;
        let challenge = challenge
            .map(HeaderValue::from_str)
            .transpose()
            .map_err(|_| PlanError::new("challenge", "This cannot stand in a header."))?;
        Ok(Self {
            evidence: evidence.cloned(),
            challenge,
            form_unless,
        })
    }

    /// Whether a form is to be read before the class is asked.
    pub fn reads_form(&self, headers: &HeaderMap) -> bool {
        let unless = self.form_unless.as_ref();
        unless.is_some_and(|name| !headers.contains_key(name))
    }

    /// Whether the request has what the class looks at.
    pub fn is_concerned(&self, headers: &HeaderMap) -> bool {
        match &self.evidence {
            None => true,
            Some(Evidence::Cookie { name }) => has_cookie(headers, name.as_bytes()),
            Some(Evidence::Authorization { scheme }) => headers
                .get_all(AUTHORIZATION)
                .any(|value| has_scheme(value.as_bytes(), scheme.as_bytes())),
        }
    }
}

/// Whether Django's own reading of the header, which is a lenient one, can find such a cookie. What
/// is found here and not there costs a question to Python, and no more.
fn has_cookie(headers: &HeaderMap, name: &[u8]) -> bool {
    headers.get_all(COOKIE).any(|value| {
        value
            .as_bytes()
            .windows(name.len())
            .any(|part| part == name)
    })
}

fn has_scheme(value: &[u8], scheme: &[u8]) -> bool {
    let value = value.trim_ascii_start();
    value.len() >= scheme.len() && value[..scheme.len()].eq_ignore_ascii_case(scheme)
}
