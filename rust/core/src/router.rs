//! One tree of paths whose leaves hold method tables.

use std::collections::HashMap;

use actix_http::Method;
use actix_http::header::HeaderValue;
use smallvec::SmallVec;

use crate::error::Error;
use crate::path::{Template, decode, has_dot_segment, normalise};
use crate::plan::{self, PlanError};

/// The values of a path template, percent-decoded once, in the template's order.
pub type Captures = SmallVec<[String; 4]>;

/// Every route of an application.
#[derive(Debug)]
pub struct Router {
    tree: matchit::Router<usize>,
    leaves: Vec<Leaf>,
}

/// What answers a method at a path.
#[derive(Debug)]
pub enum Found<'a> {
    /// A route, by its index in the plan.
    Route {
        /// Index into `Plan::routes`.
        index: usize,
        /// The values of the template's parameters.
        captures: Captures,
    },
    /// `OPTIONS` where no route declares it.
    Options {
        /// `Allow`.
        allow: &'a HeaderValue,
    },
}

/// The methods of one path shape.
#[derive(Debug)]
struct Leaf {
    /// The first template of this shape, for people.
    template: String,
    catch_all: bool,
    methods: Vec<(Method, usize)>,
    allow: HeaderValue,
}

impl Router {
    /// Builds the tree.
    ///
    /// # Errors
    ///
    /// Where a template or method is invalid, or two routes answer the same method and path.
    pub fn compile(routes: &[plan::Route]) -> Result<Self, PlanError> {
        let mut router = Self {
            tree: matchit::Router::new(),
            leaves: Vec::new(),
        };
        let mut shapes = HashMap::new();
        for (index, route) in routes.iter().enumerate() {
            let at = |field: &str| format!("routes[{index}].{field}");
            let template = Template::parse(&route.path)
                .map_err(|why| PlanError::new(at("path"), format!("{:?}: {why}", route.path)))?;
            let method =
                method(&route.method).ok_or_else(|| unknown_method(at("method"), &route.method))?;
            let leaf = match shapes.get(&template.shape) {
                Some(&leaf) => leaf,
                None => {
                    let leaf = router
                        .insert(&route.path, &template)
                        .map_err(|why| PlanError::new(at("path"), why))?;
                    shapes.insert(template.shape, leaf);
                    leaf
                }
            };
            router.leaves[leaf]
                .add(method, index, routes)
                .map_err(|why| PlanError::new(format!("routes[{index}]"), why))?;
        }
        router.leaves.iter_mut().for_each(Leaf::prepare_allow);
        Ok(router)
    }

    fn insert(&mut self, path: &str, template: &Template) -> Result<usize, String> {
        let leaf = self.leaves.len();
        self.tree
            .insert(template.shape.as_str(), leaf)
            .map_err(|error| format!("{path:?} cannot stand beside the other paths: {error}"))?;
        self.leaves.push(Leaf {
            template: path.to_owned(),
            catch_all: template.catch_all,
            methods: Vec::new(),
            allow: HeaderValue::from_static(""),
        });
        Ok(leaf)
    }

    /// Finds what answers a method at a path, with or without the path's trailing slash.
    ///
    /// # Errors
    ///
    /// `NotFound`, `MethodNotAllowed`, or `BadRequest` for a path that cannot be decoded.
    pub fn find(&self, method: &Method, path: &str) -> Result<Found<'_>, Error> {
        let path = normalise(path).map_err(|malformed| Error::BadRequest(malformed.0))?;
        let (path, slash) = match path.strip_suffix('/') {
            Some(shorter) if !shorter.is_empty() => (shorter, true),
            _ => (&*path, false),
        };
        if has_dot_segment(path) {
            return Err(Error::NotFound);
        }
        let matched = self.tree.at(path).map_err(|_| Error::NotFound)?;
        let leaf = &self.leaves[*matched.value];
        let captures = leaf.captures(&matched.params, slash)?;
        leaf.select(method, captures)
    }
}

impl Leaf {
    fn add(&mut self, method: Method, index: usize, routes: &[plan::Route]) -> Result<(), String> {
        if let Some((_, other)) = self.methods.iter().find(|(known, _)| *known == method) {
            let (other, route) = (&routes[*other].handler, &routes[index]);
            return Err(format!(
                "{method} {} is answered by {} and, as {}, by {other}",
                route.path, route.handler, self.template
            ));
        }
        self.methods.push((method, index));
        Ok(())
    }

    fn prepare_allow(&mut self) {
        let mut names: Vec<&str> = self.methods.iter().map(|(m, _)| m.as_str()).collect();
        names.push("OPTIONS");
        if names.contains(&"GET") {
            names.push("HEAD");
        }
        names.sort_unstable();
        names.dedup();
        self.allow = HeaderValue::from_str(&names.join(", ")).expect("methods are ASCII");
    }

    fn captures(&self, params: &matchit::Params<'_, '_>, slash: bool) -> Result<Captures, Error> {
        let mut captures = Captures::new();
        let last = params.len().wrapping_sub(1);
        for (position, (_, raw)) in params.iter().enumerate() {
            let rest = self.catch_all && position == last;
            if !rest && raw.contains("%2F") {
                return Err(Error::NotFound);
            }
            let mut value = if raw.contains('%') {
                decode(raw)
            } else {
                raw.to_owned()
            };
            if rest {
                // An escaped slash may have hidden a segment that climbs.
                if has_dot_segment(&value) {
                    return Err(Error::NotFound);
                }
                if slash {
                    value.push('/');
                }
            }
            captures.push(value);
        }
        Ok(captures)
    }

    fn select(&self, method: &Method, captures: Captures) -> Result<Found<'_>, Error> {
        let route = |wanted: &Method| {
            let found = self.methods.iter().find(|(known, _)| known == wanted);
            found.map(|(_, index)| *index)
        };
        let index = match route(method) {
            None if *method == Method::HEAD => route(&Method::GET),
            found => found,
        };
        match index {
            Some(index) => Ok(Found::Route { index, captures }),
            None if *method == Method::OPTIONS => Ok(Found::Options { allow: &self.allow }),
            None => Err(Error::MethodNotAllowed {
                allow: self.allow.clone(),
            }),
        }
    }
}

/// The methods that a route may have.
fn method(name: &str) -> Option<Method> {
    match name {
        "GET" => Some(Method::GET),
        "HEAD" => Some(Method::HEAD),
        "POST" => Some(Method::POST),
        "PUT" => Some(Method::PUT),
        "PATCH" => Some(Method::PATCH),
        "DELETE" => Some(Method::DELETE),
        "OPTIONS" => Some(Method::OPTIONS),
        "TRACE" => Some(Method::TRACE),
        _ => None,
    }
}

fn unknown_method(path: String, name: &str) -> PlanError {
    PlanError::new(
        path,
        format!("{name:?} is not a method that a route can have"),
    )
}
