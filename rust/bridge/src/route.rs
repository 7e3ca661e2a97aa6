//! What handlers and requests keep of their route.

/// A route's names, for `request.route` and for captures.
#[derive(Default)]
pub struct RouteNames {
    pub path: String,
    pub name: Option<String>,
    /// Names of the template's captures, in its order.
    pub captures: Vec<String>,
}

impl RouteNames {
    pub fn new(route: &bolt_core::plan::Route) -> Self {
        Self {
            path: route.path.clone(),
            name: route.name.clone(),
            captures: capture_names(&route.path),
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
