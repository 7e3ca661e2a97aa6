//! May they. A stand-in until the `auth` branch lands; the interface is final.

use actix_http::Method;

use crate::auth::CompileError;
use crate::auth::identity::Identity;
use crate::plan;

/// A compiled permission expression.
#[derive(Debug)]
pub struct Guard(plan::Guard);

#[allow(missing_docs, clippy::missing_errors_doc)]
impl Guard {
    pub fn compile(plan: &plan::Guard) -> Result<Self, CompileError> {
        Ok(Self(plan.clone()))
    }

    #[must_use]
    pub fn evaluate(&self, identity: Option<&Identity>, _: &Method) -> Option<bool> {
        match self.0 {
            plan::Guard::AllowAny {} => Some(true),
            plan::Guard::IsAuthenticated {} => Some(identity.is_some()),
            plan::Guard::IsStaff {} => Some(false),
            _ => None,
        }
    }

    #[must_use]
    pub fn leaves(&self, identity: Option<&Identity>, method: &Method) -> Vec<Option<bool>> {
        vec![self.evaluate(identity, method)]
    }
}
