//! An application: the plan, compiled, checked, and immutable from then on.

use actix_http::StatusCode;
use actix_http::header::HeaderValue;

use crate::auth::Authenticators;
use crate::auth::resources::Resources;
use crate::extract::Extractor;
use crate::form;
use crate::guards::Guard;
use crate::media_type::MediaType;
use crate::path::Template;
use crate::plan::{self, Origin, Plan, PlanError, Source};
use crate::renderers::Renderers;
use crate::router::Router;

/// A compiled plan with its handlers. It is `Send` and `Sync` where the handlers are.
#[derive(Debug)]
pub struct App<H> {
    pub(crate) service: plan::Service,
    pub(crate) router: Router,
    pub(crate) authenticators: Authenticators,
    pub(crate) routes: Vec<Route<H>>,
}

/// One route's policies, and its handler.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools)] // facts of the plan, which do not depend on each other
pub(crate) struct Route<H> {
    pub handler: H,
    pub authentication: Vec<usize>,
    /// `WWW-Authenticate` where credentials are missing.
    pub challenge: Option<HeaderValue>,
    /// Whether a class of `authentication` runs in Python.
    pub asks_python: bool,
    /// Whether Python is asked which tokens were taken back.
    pub may_be_revoked: bool,
    pub guard: Option<Guard>,
    pub deferred: bool,
    pub extractor: Extractor,
    /// Media types of the declared body.
    pub body: Option<Vec<MediaType>>,
    /// How forms are read, where they are.
    pub form: Option<form::Rules>,
    /// Whether the handler may find further faults of the input before it refuses: in a declared
    /// body, or in a group as a whole.
    pub adds_faults: bool,
    pub reads_body: bool,
    /// Whether compressed bodies are inflated.
    pub inflates: bool,
    pub max_body_size: Option<u64>,
    /// Whether replies get a tag of their bytes.
    pub etag: bool,
    /// What results may be rendered as, where it is declared.
    pub renderers: Option<Renderers>,
}

impl<H> App<H> {
    /// Compiles a plan; `build` makes the handler of each route.
    ///
    /// # Errors
    ///
    /// Where the plan contradicts itself, or `build` refuses a route. The error names the place.
    pub fn compile<'a>(
        plan: Plan,
        resources: impl Into<Resources<'a>>,
        mut build: impl FnMut(usize, &plan::Route) -> Result<H, PlanError>,
    ) -> Result<Self, PlanError> {
        let router = Router::compile(&plan.routes)?;
        let authenticators = Authenticators::compile(&plan.authenticators, resources)?;
        let mut compiled = Vec::with_capacity(plan.routes.len());
        for (index, route) in plan.routes.iter().enumerate() {
            let route = check(route, &authenticators)
                .and_then(|()| build(index, route))
                .and_then(|handler| compile_route(route, &plan.service, &authenticators, handler))
                .map_err(|error| error.under(&format!("routes[{index}]")))?;
            compiled.push(route);
        }
        Ok(Self {
            service: plan.service,
            router,
            authenticators,
            routes: compiled,
        })
    }

    /// What holds for every route.
    #[must_use]
    pub fn service(&self) -> &plan::Service {
        &self.service
    }

    /// The handlers, in the plan's order.
    pub fn handlers(&self) -> impl Iterator<Item = &H> {
        self.routes.iter().map(|route| &route.handler)
    }
}

fn compile_route<H>(
    route: &plan::Route,
    service: &plan::Service,
    authenticators: &Authenticators,
    handler: H,
) -> Result<Route<H>, PlanError> {
    let template = Template::parse(&route.path).map_err(|why| PlanError::new("path", why))?;
    let mut extractor = Extractor::compile(&route.parameters, &route.groups, &template.names)?;
    let parameter = service.url_format_override.as_deref();
    let renderers = Renderers::compile(&route.renderers, parameter)?;
    if renderers.is_some() {
        extractor.tolerate(parameter);
    }
    let max_body_size = route.max_body_size.or(service.max_body_size);
    Ok(Route {
        handler,
        authentication: route.authentication.clone(),
        challenge: authenticators.challenge(&route.authentication),
        asks_python: authenticators.asks_python(&route.authentication),
        may_be_revoked: authenticators.may_be_revoked(&route.authentication),
        guard: route.guard.as_ref().map(Guard::compile).transpose()?,
        deferred: route.deferred,
        body: route.body.as_ref().map(media_types).transpose()?,
        form: form::Rules::compile(route, service)?,
        extractor,
        adds_faults: route.body.is_some() || route.groups.iter().any(|group| group.refuses),
        reads_body: route.reads_body,
        inflates: service.decompress_requests,
        max_body_size,
        etag: route.etag,
        renderers,
    })
}

fn media_types(body: &plan::Body) -> Result<Vec<MediaType>, PlanError> {
    if body.media_types.is_empty() {
        let message = "a declared body has at least one media type";
        return Err(PlanError::new("body.media_types", message));
    }
    form::media_types(&body.media_types).map_err(|error| error.under("body.media_types"))
}

/// Checks what the plan's types alone do not.
fn check(route: &plan::Route, authenticators: &Authenticators) -> Result<(), PlanError> {
    authenticators.check_order(&route.authentication, "authentication")?;
    let status = StatusCode::from_u16(route.status);
    if !status.is_ok_and(|status| (200..600).contains(&status.as_u16())) {
        let message = format!("{} is not the status of a reply", route.status);
        return Err(PlanError::new("status", message));
    }
    for (at, argument) in route.arguments.iter().enumerate() {
        check_argument(route, argument)
            .map_err(|why| PlanError::new(format!("arguments[{at}]"), why))?;
    }
    for (at, group) in route.groups.iter().enumerate() {
        check_group(route, group).map_err(|why| PlanError::new(format!("groups[{at}]"), why))?;
    }
    Ok(())
}

fn check_argument(route: &plan::Route, argument: &plan::Argument) -> Result<(), String> {
    match (argument.from, argument.index) {
        (Origin::Parameter, None) => Err("a parameter needs its index".to_owned()),
        (Origin::Parameter, Some(index)) if index >= route.parameters.len() => {
            let count = route.parameters.len();
            Err(format!(
                "there is no parameter {index}, only {count} of them"
            ))
        }
        (Origin::Parameter, Some(_)) => Ok(()),
        (Origin::Group, Some(index)) if index < route.groups.len() => Ok(()),
        (Origin::Group, _) => Err("a group needs the index of one that is there".to_owned()),
        (_, Some(_)) => Err("only a parameter or a group has an index".to_owned()),
        (Origin::Body, None) if route.body.is_none() => {
            Err("the route declares no body".to_owned())
        }
        (_, None) => Ok(()),
    }
}

fn check_group(route: &plan::Route, group: &plan::Group) -> Result<(), String> {
    for member in &group.fields {
        match route.parameters.get(member.index) {
            None => return Err(format!("there is no parameter {}", member.index)),
            Some(parameter)
                if parameter.source != group.source
                    && (parameter.source, group.source) != (Source::File, Source::Form) =>
            {
                return Err(format!(
                    "{:?} is read from elsewhere than its group",
                    member.name
                ));
            }
            Some(_) => {}
        }
    }
    Ok(())
}
