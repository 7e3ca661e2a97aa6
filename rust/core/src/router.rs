//! One tree of paths whose leaves hold method tables.

use std::collections::HashMap;

use actix_http::Method;
use actix_http::header::HeaderValue;
use compact_str::CompactString;
use smallvec::SmallVec;

use crate::error::Error;
use crate::path::{Template, decode, has_dot_segment, normalise};
use crate::plan::{self, PlanError};

/// The values of a path template, percent-decoded once, in the template's order.
pub type Captures = SmallVec<[CompactString; 4]>;

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
        let mut tree = Self {
            tree: matchit::Router::new(),
            leaves: Vec::new(),
        };
        let mut shapes = HashMap::new();
        for (index, route) in routes.iter().enumerate() {
            tree.place(route, &mut shapes)
                .and_then(|(leaf, method)| tree.leaves[leaf].add(method, index, routes))
                .map_err(|error| error.under(&format!("routes[{index}]")))?;
        }
        tree.leaves.iter_mut().for_each(Leaf::prepare_allow);
        Ok(tree)
    }

    /// The leaf of a route's shape, new or known, and the route's method.
    fn place(
        &mut self,
        route: &plan::Route,
        shapes: &mut HashMap<String, usize>,
    ) -> Result<(usize, Method), PlanError> {
        let fault = |why| PlanError::new("path", format!("{:?}: {why}", route.path));
        let template = Template::parse(&route.path).map_err(fault)?;
        let method = method(&route.method).ok_or_else(|| {
            let message = format!("{:?} is not a method that a route can have", route.method);
            PlanError::new("method", message)
        })?;
        if let Some(&leaf) = shapes.get(&template.shape) {
            return Ok((leaf, method));
        }
        let leaf = self.leaves.len();
        self.tree
            .insert(template.shape.as_str(), leaf)
            .map_err(|error| fault(format!("it cannot stand beside another path: {error}")))?;
        self.leaves.push(Leaf {
            template: route.path.clone(),
            catch_all: template.catch_all,
            methods: Vec::new(),
            allow: HeaderValue::from_static(""),
        });
        shapes.insert(template.shape, leaf);
        Ok((leaf, method))
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
    fn add(
        &mut self,
        method: Method,
        index: usize,
        routes: &[plan::Route],
    ) -> Result<(), PlanError> {
        if let Some((_, other)) = self.methods.iter().find(|(known, _)| *known == method) {
            let (other, route) = (&routes[*other].handler, &routes[index]);
            let message = format!(
                "{method} {} is answered by {} and, as {}, by {other}",
                route.path, route.handler, self.template
            );
            return Err(PlanError::new("", message));
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
                decode(raw).into()
            } else {
                CompactString::new(raw)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn route(method: &str, path: &str, handler: &str) -> plan::Route {
        let route = serde_json::json!({
            "method": method, "path": path, "name": null, "handler": handler, "mode": "async",
            "authentication": [], "guard": null, "deferred": false, "parameters": [], "groups": [],
            "body": null, "reads_body": false, "max_body_size": null, "arguments": [],
            "status": 200, "etag": false,
        });
        serde_json::from_value(route).unwrap()
    }

    fn compile(routes: &[(&str, &str)]) -> Result<Router, PlanError> {
        let named = routes
            .iter()
            .enumerate()
            .map(|(index, (method, path))| route(method, path, &format!("handler{index}")));
        Router::compile(&named.collect::<Vec<_>>())
    }

    #[test]
    fn captures_stand_in_the_order_of_the_template() {
        let router = compile(&[
            ("GET", "/{a}/{b}/{c}/{d}/{e}"),
            ("POST", "/{e}/{d}/{c}/{b}/{a}"),
            ("GET", "/x/pre-{a}/{b}.json/{*c}"),
        ])
        .unwrap();
        let cases = [
            (Method::GET, "/1/2/3/4/5", vec!["1", "2", "3", "4", "5"]),
            (Method::POST, "/1/2/3/4/5/", vec!["1", "2", "3", "4", "5"]),
            (Method::GET, "/x/pre-1/2.json/3/4", vec!["1", "2", "3/4"]),
        ];
        for (method, path, expected) in cases {
            let Ok(Found::Route { captures, .. }) = router.find(&method, path) else {
                panic!("{path} is not found")
            };
            assert_eq!(captures.as_slice(), expected);
        }
    }

    /// Routes, the path of their fault, and words of its message.
    type Refused = (
        &'static [(&'static str, &'static str)],
        &'static str,
        &'static [&'static str],
    );

    #[test]
    fn what_cannot_be_compiled_is_named() {
        let cases: [Refused; 6] = [
            (&[("GET", "/a"), ("GET", "/b{")], "routes[1].path", &["/b{"]),
            (&[("FETCH", "/a")], "routes[0].method", &["FETCH"]),
            (&[("get", "/a")], "routes[0].method", &["get"]),
            (
                &[("GET", "/a/{x}"), ("POST", "/a/{x}"), ("GET", "/a/{y}")],
                "routes[2]",
                &["GET /a/{y}", "handler2", "/a/{x}", "handler0"],
            ),
            (
                &[("GET", "/{x}"), ("GET", "/{*y}")],
                "routes[1].path",
                &["/{*y}"],
            ),
            (
                &[("GET", "/%C3%A9"), ("GET", "/a/")],
                "routes[1].path",
                &["/a/"],
            ),
        ];
        for (routes, path, words) in cases {
            let error = compile(routes).unwrap_err();
            assert_eq!(error.path(), path);
            for word in words {
                assert!(
                    error.to_string().contains(word),
                    "{word} is not in: {error}"
                );
            }
        }
    }
}
