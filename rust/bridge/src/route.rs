//! What handlers and requests keep of their route.

use pyo3::prelude::*;

/// A route's names, for `request.route` and for captures.
#[derive(Default)]
pub struct RouteNames {
    pub path: String,
    pub name: Option<String>,
    /// Names of the template's captures, in its order.
    pub captures: Vec<String>,
    /// `dispatch.authentication.Authenticators`, where the route has authentication classes.
    pub authenticators: Option<Py<PyAny>>,
    /// `dispatch.rendering.Renderers`, where the route declares them.
    pub renderers: Option<Py<PyAny>>,
    /// `django_bolt.parsers.Parsers`, where the route declares them.
    pub parsers: Option<Py<PyAny>>,
}

impl RouteNames {
    pub fn new(route: &bolt_core::plan::Route) -> Self {
        Self {
            path: route.path.clone(),
            name: route.name.clone(),
            captures: capture_names(&route.path),
            authenticators: None,
            renderers: None,
            parsers: None,
        }
    }
}

fn capture_names(template: &str) -> Vec<String> {
    template
        .split('/')
        .filter_map(|segment| {
            let (_, rest) = segment.split_once('{')?;
            let (name, _) = rest.split_once('}')?;
            Some(name.trim_start_matches('*').to_owned())
        })
        .collect()
}
