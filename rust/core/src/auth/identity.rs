//! A verified caller, as every later stage sees it.

use bytes::Bytes;

pub use super::names::Names;

/// Who is asking: the outcome of an authentication class that accepted the credentials.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Index into the plan's authenticators.
    pub authenticator: usize,
    /// Kind of the credentials.
    pub scheme: Scheme,
    /// Primary key of the user as text, where the credentials name one.
    pub user_id: Option<String>,
    /// What the credentials vouch for.
    pub facts: Facts,
    /// A token's payload as it was signed, JSON.
    pub claims: Option<Bytes>,
    /// The ids by which the credentials may have been taken back, where this process is told so.
    pub ids: Box<[String]>,
}

/// The kind of credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// A JSON Web Token.
    Jwt,
    /// An API key.
    ApiKey,
}

/// What verified credentials say; `None` is unknown, never false.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// `is_staff`.
    pub is_staff: Option<bool>,
    /// `is_superuser`.
    pub is_superuser: Option<bool>,
    /// Permissions as `app.codename`.
    pub permissions: Option<Names>,
    /// Scopes.
    pub scopes: Option<Names>,
}
