//! May they: the compiled permission expression of a route.
//!
//! A guard is evaluated with the three values of Kleene's strong logic, written `Option<bool>`:
//! `None` is *unknown*. What Rust answers is final: whatever the unknown leaves turn out to be in
//! Python, a guard that is `Some` keeps its value. That holds for `~` too, since the opposite of
//! unknown is unknown.

use actix_http::Method;

use crate::auth::identity::{Facts, Identity, Names};
use crate::plan;
use crate::plan::PlanError;

/// A permission expression that Rust can evaluate.
#[derive(Debug, Clone)]
pub struct Guard {
    root: Node,
    leaves: usize,
}

#[derive(Debug, Clone)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Leaf(Leaf),
}

#[derive(Debug, Clone)]
enum Leaf {
    AllowAny,
    IsReadOnly,
    Python,
    Identity(Question),
}

/// What a leaf asks about the identity.
#[derive(Debug, Clone)]
enum Question {
    IsAuthenticated,
    IsStaff,
    IsSuperuser,
    HasPermissions(Vec<String>),
    HasAnyPermission(Vec<String>),
    HasScopes(Vec<String>),
}

impl Guard {
    /// Compiles an expression of the plan. Nested `All` in `All` and `Any` in `Any` become one, and
    /// a double `Not` goes; the leaves keep their order.
    ///
    /// # Errors
    ///
    /// An `All` or `Any` of nothing, or a leaf that asks for no permission or scope. Both have a
    /// value in logic, and one of them lets everybody in: it is what a list looks like that was
    /// meant to be filled. Paths begin with `guard`.
    pub fn compile(plan: &plan::Guard) -> Result<Self, PlanError> {
        let root = Node::compile(plan, "guard")?;
        let leaves = root.count_leaves();
        Ok(Self { root, leaves })
    }

    /// Whether the caller may pass; `None` where Python has to finish.
    #[must_use]
    pub fn evaluate(&self, identity: Option<&Identity>, method: &Method) -> Option<bool> {
        self.root.evaluate(identity, method)
    }

    /// The values that hold whoever is asking, `None` where that matters; order as in `leaves`.
    #[must_use]
    pub fn open_leaves(&self, method: &Method) -> Vec<Option<bool>> {
        let mut values = Vec::with_capacity(self.leaves);
        self.root.visit_leaves(&mut |leaf| {
            values.push(match leaf {
                Leaf::Identity(_) => None,
                known => known.evaluate(None, method),
            });
        });
        values
    }

    /// The value of every leaf, in order of appearance in the plan's tree (pre-order).
    #[must_use]
    pub fn leaves(&self, identity: Option<&Identity>, method: &Method) -> Vec<Option<bool>> {
        let mut values = Vec::with_capacity(self.leaves);
        self.root.visit_leaves(&mut |leaf| {
            values.push(leaf.evaluate(identity, method));
        });
        values
    }
}

impl Node {
    fn compile(plan: &plan::Guard, path: &str) -> Result<Self, PlanError> {
        let question = match plan {
            plan::Guard::All { of } => return Self::join(of, path, Self::All, Self::into_all),
            plan::Guard::Any { of } => return Self::join(of, path, Self::Any, Self::into_any),
            plan::Guard::Not { of } => return Self::negate(of, path),
            plan::Guard::AllowAny {} => return Ok(Self::Leaf(Leaf::AllowAny)),
            plan::Guard::IsReadOnly {} => return Ok(Self::Leaf(Leaf::IsReadOnly)),
            plan::Guard::Python { .. } => return Ok(Self::Leaf(Leaf::Python)),
            plan::Guard::IsAuthenticated {} => Question::IsAuthenticated,
            plan::Guard::IsStaff {} => Question::IsStaff,
            plan::Guard::IsSuperuser {} => Question::IsSuperuser,
            plan::Guard::HasPermissions { permissions } => {
                Question::HasPermissions(check_names(permissions, path, "permissions")?)
            }
            plan::Guard::HasAnyPermission { permissions } => {
                Question::HasAnyPermission(check_names(permissions, path, "permissions")?)
            }
            plan::Guard::HasScopes { scopes } => {
                Question::HasScopes(check_names(scopes, path, "scopes")?)
            }
        };
        Ok(Self::Leaf(Leaf::Identity(question)))
    }

    fn negate(of: &plan::Guard, path: &str) -> Result<Self, PlanError> {
        Ok(match Self::compile(of, &format!("{path}.of"))? {
            Self::Not(inner) => *inner,
            inner => Self::Not(Box::new(inner)),
        })
    }

    /// Joins branches. `split` takes a branch of the same kind apart, so that it can be spliced in.
    fn join(
        of: &[plan::Guard],
        path: &str,
        wrap: fn(Vec<Self>) -> Self,
        split: fn(Self) -> Result<Vec<Self>, Self>,
    ) -> Result<Self, PlanError> {
        let path = format!("{path}.of");
        let mut nodes = Vec::with_capacity(of.len());
        for (place, branch) in of.iter().enumerate() {
            match split(Self::compile(branch, &format!("{path}[{place}]"))?) {
                Ok(branches) => nodes.extend(branches),
                Err(node) => nodes.push(node),
            }
        }
        if nodes.is_empty() {
            return Err(empty(path));
        }
        // One branch alone is the same with either word around it.
        Ok(match nodes.pop() {
            Some(only) if nodes.is_empty() => only,
            last => {
                nodes.extend(last);
                wrap(nodes)
            }
        })
    }

    fn into_all(self) -> Result<Vec<Self>, Self> {
        match self {
            Self::All(nodes) => Ok(nodes),
            other => Err(other),
        }
    }

    fn into_any(self) -> Result<Vec<Self>, Self> {
        match self {
            Self::Any(nodes) => Ok(nodes),
            other => Err(other),
        }
    }

    fn evaluate(&self, identity: Option<&Identity>, method: &Method) -> Option<bool> {
        match self {
            Self::All(nodes) => decide(nodes, false, identity, method),
            Self::Any(nodes) => decide(nodes, true, identity, method),
            Self::Not(node) => node.evaluate(identity, method).map(|value| !value),
            Self::Leaf(leaf) => leaf.evaluate(identity, method),
        }
    }

    fn visit_leaves(&self, visit: &mut impl FnMut(&Leaf)) {
        match self {
            Self::All(nodes) | Self::Any(nodes) => {
                for node in nodes {
                    node.visit_leaves(visit);
                }
            }
            Self::Not(node) => node.visit_leaves(visit),
            Self::Leaf(leaf) => visit(leaf),
        }
    }

    fn count_leaves(&self) -> usize {
        let mut count = 0;
        self.visit_leaves(&mut |_| count += 1);
        count
    }
}

/// `All` is decided by the first false branch, and `Any` by the first true one: `decisive`. Where
/// no branch decides, one unknown makes the whole unknown.
fn decide(
    nodes: &[Node],
    decisive: bool,
    identity: Option<&Identity>,
    method: &Method,
) -> Option<bool> {
    let mut value = Some(!decisive);
    for node in nodes {
        match node.evaluate(identity, method) {
            Some(branch) if branch == decisive => return Some(decisive),
            Some(_) => {}
            None => value = None,
        }
    }
    value
}

impl Leaf {
    /// An anonymous caller has no facts: every question about the identity has the answer *no*,
    /// and none is unknown.
    fn evaluate(&self, identity: Option<&Identity>, method: &Method) -> Option<bool> {
        match self {
            Self::AllowAny => Some(true),
            Self::IsReadOnly => Some([Method::GET, Method::HEAD, Method::OPTIONS].contains(method)),
            Self::Python => None,
            Self::Identity(question) => match identity {
                None => Some(false),
                Some(identity) => question.ask(&identity.facts),
            },
        }
    }
}

impl Question {
    fn ask(&self, facts: &Facts) -> Option<bool> {
        match self {
            Self::IsAuthenticated => Some(true),
            Self::IsStaff => facts.is_staff,
            Self::IsSuperuser => facts.is_superuser,
            Self::HasPermissions(wanted) => {
                has_permission(facts, |held| wanted.iter().all(|name| held.contains(name)))
            }
            Self::HasAnyPermission(wanted) => {
                has_permission(facts, |held| wanted.iter().any(|name| held.contains(name)))
            }
            // Superusers have every permission; a scope is what the token was given, whoever asks.
            Self::HasScopes(wanted) => facts
                .scopes
                .as_ref()
                .map(|held| wanted.iter().all(|name| held.contains(name))),
        }
    }
}

/// As in Django, a superuser has every permission.
///
/// So a list that does not hold what is asked says *no* only where it is also known that the holder
/// is no superuser. An issuer that states permissions and not `is_superuser` leaves that open, and
/// the answer is unknown: *no* would become *yes* under `~`, for somebody who has the permission.
fn has_permission(facts: &Facts, holds: impl FnOnce(&Names) -> bool) -> Option<bool> {
    if facts.is_superuser == Some(true) {
        return Some(true);
    }
    if holds(facts.permissions.as_ref()?) {
        return Some(true);
    }
    // `Some(false)` is the answer *no*; `None` stays unknown.
    facts.is_superuser
}

fn empty(path: impl Into<String>) -> PlanError {
    PlanError::new(path, "The list is empty.")
}

fn check_names(names: &[String], path: &str, member: &str) -> Result<Vec<String>, PlanError> {
    if names.is_empty() {
        return Err(empty(format!("{path}.{member}")));
    }
    if let Some(place) = names.iter().position(String::is_empty) {
        let path = format!("{path}.{member}[{place}]");
        return Err(PlanError::new(path, "The name is empty."));
    }
    Ok(names.to_vec())
}
