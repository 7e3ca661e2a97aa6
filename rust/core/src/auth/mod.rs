//! Who is asking.
//!
//! [`Authenticators`] is the plan's list of authentication classes, compiled. It says who, and
//! never whether they may: no credentials is an anonymous caller, wrong credentials is a refusal.

mod algorithm;
pub mod api_key;
mod claims;
mod deferred;
pub mod identity;
mod jwk;
pub mod jwt;
mod key;
pub mod key_set;
mod members;
mod names;
mod public_key;
mod rejected;
pub mod resources;
pub mod revoked;
mod ring;
pub mod signing;
pub mod token;
mod verified;

use std::sync::Arc;
use std::time::SystemTime;

use actix_http::header::{HeaderMap, HeaderValue};

use self::api_key::ApiKeys;
use self::deferred::InPython;
pub use self::deferred::{Decision, Pending};
use self::identity::Identity;
use self::jwt::Jwt;
pub use self::rejected::{RejectReason, Rejected};
use self::resources::Resources;
use crate::plan::{self, PlanError};

/// Every authentication class of the plan, ready to run.
#[derive(Debug)]
pub struct Authenticators(Vec<Authenticator>);

#[derive(Debug)]
enum Authenticator {
    Jwt(Box<Jwt>),
    ApiKey(Box<ApiKeys>),
    Python(Box<InPython>),
}

impl Authenticators {
    /// Compiles the plan's list. `resources` are found by the ids that the plan names.
    ///
    /// # Errors
    ///
    /// An unknown, empty or unsuitable secret, an algorithm that is unknown or does not fit a
    /// shared secret, an empty list where one is needed, a header that cannot exist, or one API key
    /// twice. Nothing that could never authenticate anybody is accepted.
    pub fn compile<'a>(
        plan: &[plan::Authenticator],
        resources: impl Into<Resources<'a>>,
    ) -> Result<Self, PlanError> {
        let resources = resources.into();
        plan.iter()
            .enumerate()
            .map(|(index, item)| {
                Authenticator::compile(index, item, &resources)
                    .map_err(|error| error.under(&format!("authenticators[{index}]")))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Checks a route's order of classes. `path` is the order's place in the plan.
    ///
    /// # Errors
    ///
    /// An index that names nothing, or a class that looks where an earlier one does. The earlier
    /// one decides whatever it finds there, so that the later one would be set and never asked.
    pub fn check_order(&self, order: &[usize], path: &str) -> Result<(), PlanError> {
        let mut asked: Vec<&Authenticator> = Vec::with_capacity(order.len());
        for (place, index) in order.iter().enumerate() {
            let error = |message| PlanError::new(format!("{path}[{place}]"), message);
            let Some(class) = self.0.get(*index) else {
                return Err(error("There is no such authenticator."));
            };
            if asked.iter().any(|earlier| earlier.shadows(class)) {
                return Err(error(
                    "An authenticator before this one reads the same credentials, so that this \
                     one would never be asked.",
                ));
            }
            asked.push(class);
        }
        Ok(())
    }

    /// Asks the classes in `order`. Where one that runs in Python stands before the first of the
    /// others that finds its own kind of credentials, Python has to be asked first.
    #[must_use]
    pub fn decide(&self, order: &[usize], headers: &HeaderMap, now: SystemTime) -> Decision {
        let mut ask = Vec::new();
        let mut reads_form = false;
        let mut outcome = Ok(None);
        for (place, index) in order.iter().enumerate() {
            if let Some(Authenticator::Python(class)) = self.0.get(*index) {
                if class.is_concerned(headers) {
                    ask.push(place);
                    reads_form |= class.reads_form(headers);
                }
                continue;
            }
            outcome = self.authenticate(&[*index], headers, now);
            if !matches!(outcome, Ok(None)) {
                break;
            }
        }
        if ask.is_empty() {
            return Decision::Made(outcome);
        }
        Decision::Pending(Pending {
            ask,
            reads_form,
            outcome,
        })
    }

    /// Asks the classes in `order`, apart from those that run in Python. The first that finds its
    /// own kind of credentials decides; where none does, the caller is anonymous.
    ///
    /// # Errors
    ///
    /// The credentials that were found are wrong. Later classes are not asked then: a bad token
    /// must not become an anonymous request, or somebody else's.
    pub fn authenticate(
        &self,
        order: &[usize],
        headers: &HeaderMap,
        now: SystemTime,
    ) -> Result<Option<Arc<Identity>>, Rejected> {
        for index in order {
            let found = match self.0.get(*index) {
                Some(Authenticator::Jwt(jwt)) => jwt.authenticate(headers, now)?,
                Some(Authenticator::ApiKey(keys)) => keys.authenticate(headers)?,
                Some(Authenticator::Python(_)) => None,
                // `check_order` refuses this at start. Should a caller forget it, closed is the
                // side to fail on.
                None => {
                    let reason = RejectReason::UnknownAuthenticator;
                    return Err(Rejected::new(reason, jwt::CHALLENGE));
                }
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// `WWW-Authenticate` where credentials are missing: that of the first class in `order`, as in
    /// Django REST framework. `None` where there is no class, so that the refusal is a 403, and
    /// where Python has to say it.
    #[must_use]
    pub fn challenge(&self, order: &[usize]) -> Option<HeaderValue> {
        match self.0.get(*order.first()?)? {
            Authenticator::Jwt(_) => Some(HeaderValue::from_static(jwt::CHALLENGE)),
            Authenticator::ApiKey(_) => Some(HeaderValue::from_static(api_key::CHALLENGE)),
            Authenticator::Python(class) => class.challenge.clone(),
        }
    }

    /// Whether Python may take back what a class in `order` verified.
    #[must_use]
    pub fn may_be_revoked(&self, order: &[usize]) -> bool {
        order.iter().any(|index| match self.0.get(*index) {
            Some(Authenticator::Jwt(jwt)) => jwt.is_checked_in_python(),
            _ => false,
        })
    }

    /// Whether a class in `order` runs in Python.
    #[must_use]
    pub fn asks_python(&self, order: &[usize]) -> bool {
        let is_in_python =
            |index: &usize| matches!(self.0.get(*index), Some(Authenticator::Python(_)));
        order.iter().any(is_in_python)
    }
}

impl Authenticator {
    /// Whether both find their credentials in the same place.
    fn shadows(&self, later: &Self) -> bool {
        match (self, later) {
            (Self::Jwt(_), Self::Jwt(_)) => true,
            (Self::ApiKey(keys), Self::ApiKey(later)) => keys.header() == later.header(),
            _ => false,
        }
    }

    fn compile(
        index: usize,
        plan: &plan::Authenticator,
        resources: &Resources<'_>,
    ) -> Result<Self, PlanError> {
        match plan {
            plan::Authenticator::Jwt(plan) => {
                Ok(Self::Jwt(Box::new(Jwt::compile(index, plan, resources)?)))
            }
            plan::Authenticator::ApiKey { header, keys } => {
                let keys = ApiKeys::compile(index, header, keys, resources)?;
                Ok(Self::ApiKey(Box::new(keys)))
            }
            plan::Authenticator::Python {
                name: _,
                evidence,
                challenge,
                form_unless,
            } => InPython::compile(
                evidence.as_ref(),
                challenge.as_deref(),
                form_unless.as_deref(),
            )
            .map(|class| Self::Python(Box::new(class))),
        }
    }
}
