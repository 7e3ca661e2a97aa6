//! May they. A stand-in until the `auth` branch lands; the interface is final.

use actix_http::Method;

use crate::auth::identity::Identity;
use crate::plan;

/// A compiled permission expression.
#[derive(Debug)]
pub struct Guard(plan::Guard);

#[allow(missing_docs)]
impl Guard {
    #[must_use]
    pub fn compile(plan: &plan::Guard) -> Self {
        Self(plan.clone())
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

    pub fn evaluate_leaves(
        &self,
        identity: Option<&Identity>,
        method: &Method,
        leaves: &mut Vec<Option<bool>>,
    ) -> Option<bool> {
        let value = self.evaluate(identity, method);
        leaves.push(value);
        value
    }
}
