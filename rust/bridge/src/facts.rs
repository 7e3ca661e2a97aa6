//! What a request's Python object is made from, and where it is had while the server holds it.

use std::sync::Arc;

use bolt_core::auth::identity::Identity;
use bolt_core::renderers::Chosen;
use bolt_core::request::{Request, SharedHead};

use crate::handler::Parts;
use crate::route::RouteNames;

/// What is known of a request before its body is read.
#[derive(Clone)]
pub struct Facts {
    pub head: Arc<SharedHead>,
    pub route: Arc<RouteNames>,
    pub identity: Option<Arc<Identity>>,
    /// The renderer, where the route declares them.
    pub chosen: Option<Chosen>,
}

/// Where a request's facts can be had while the server still holds it.
///
/// They are taken out only when somebody may need them later, which costs an allocation: the
/// plain path, a coroutine that does not suspend and succeeds, never does.
pub struct FactSource<'a> {
    request: &'a mut Request,
    identity: Option<Arc<Identity>>,
    chosen: Option<Chosen>,
}

impl<'a> FactSource<'a> {
    pub fn new(
        request: &'a mut Request,
        identity: Option<Arc<Identity>>,
        chosen: Option<Chosen>,
    ) -> Self {
        Self {
            request,
            identity,
            chosen,
        }
    }

    pub fn take(&mut self, parts: &Parts) -> Facts {
        Facts {
            head: self.request.share_head(),
            route: Arc::clone(&parts.route),
            identity: self.identity.take(),
            chosen: self.chosen.take(),
        }
    }
}
