//! The plan: the document that Python compiles at start and Rust executes.
//!
//! It mirrors `django_bolt/compile/plan.py` field by field. Nothing unknown is accepted, and a
//! refusal names the JSON path. Secrets are named here by id and never held, so that the document
//! can be printed.

mod read;

use std::path::PathBuf;

use serde::Deserialize;

pub use read::{PlanError, read};

/// The version of the document that this crate reads.
pub const VERSION: u32 = 1;

/// A whole application: every route, and what routes share.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Always [`VERSION`].
    pub version: u32,
    /// What holds for every route.
    pub service: Service,
    /// Authentication classes that Rust executes; routes name them by index.
    pub authenticators: Vec<Authenticator>,
    /// Every route; handlers stand in the same order beside the plan.
    pub routes: Vec<Route>,
}

/// Settings that hold for every route.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Whether error replies may say more than they should in production.
    pub debug: bool,
    /// Largest request body in bytes; `None` is no limit.
    pub max_body_size: Option<u64>,
    /// What holds for every form.
    #[serde(default)]
    pub forms: Forms,
    /// The shape of error replies where the client states no preference.
    pub error_format: ErrorFormat,
    /// Whether error replies carry a `code` beside `detail`.
    pub error_codes: bool,
    /// Whether compressed request bodies are inflated; otherwise they are refused.
    #[serde(default)]
    pub decompress_requests: bool,
    /// The directories that files may be sent from, absolute and without links; `None` is any.
    pub file_roots: Option<Vec<PathBuf>>,
    /// The query parameter that overrides `Accept` where a route declares renderers.
    #[serde(default)]
    pub url_format_override: Option<String>,
}

/// What holds for every form.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Forms {
    /// Most fields of one form; `None` is no limit.
    pub max_fields: Option<usize>,
    /// Most files of one form; `None` is no limit.
    pub max_files: Option<usize>,
    /// Most bytes of one request's files that are held in memory.
    pub max_file_memory: usize,
    /// Where larger files are written; `None` is the system's own place.
    pub directory: Option<String>,
}

/// The shape of error replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorFormat {
    /// `{"detail": …}` and `{"field": […]}`, as in Django REST framework.
    Drf,
    /// `application/problem+json`, RFC 9457.
    Problem,
}

/// An authentication class.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Authenticator {
    /// A JSON Web Token, RFC 7519.
    Jwt(Jwt),
    /// A key in a header of its own.
    ApiKey {
        /// Header name, lower case.
        header: String,
        /// The known keys.
        keys: Vec<ApiKey>,
    },
    /// A class whose `authenticate` runs in Python.
    Python {
        /// Dotted name, for people.
        name: String,
        /// Without this, the class has nothing to look at and is not asked; `None` is always.
        evidence: Option<Evidence>,
        /// `WWW-Authenticate` where it does not depend on the request.
        challenge: Option<String>,
        /// Where it reads a token in a form (CSRF), so that a form is read before it is asked: the
        /// header, in lower case, that makes this unnecessary.
        form_unless: Option<String>,
    },
}

/// What a request has where an authentication class is concerned.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Evidence {
    /// A cookie of this name.
    Cookie {
        /// Its name.
        name: String,
    },
    /// `Authorization` with this scheme, RFC 9110 §11.6.2.
    Authorization {
        /// The scheme, any case.
        scheme: String,
    },
}

/// A JSON Web Token: with which keys it is verified, and what it must say.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jwt {
    /// Ids of the shared secrets, or of the public keys as PEM, tried in this order; empty where
    /// there is a key set.
    pub secrets: Vec<String>,
    /// Id of the set of keys that stands beside the plan.
    pub key_set: Option<String>,
    /// Allow-list of algorithms, by their RFC 7518 names; those of `secrets` all take a key of one
    /// kind.
    pub algorithms: Vec<String>,
    /// Accepted audiences; where any is given, a token must name one of them.
    pub audiences: Vec<String>,
    /// Required issuer.
    pub issuer: Option<String>,
    /// Tolerated clock difference, in seconds.
    pub leeway: u64,
    /// What the claim `token_type` must be; `None` is `access`, or no such claim.
    pub token_type: Option<String>,
    /// The claim that names the user, and must be there; `None` is `sub`, which may be missing.
    pub user_id_claim: Option<String>,
    /// How tokens are taken back; where they are, each must have `jti`.
    pub revocation: Option<Revocation>,
}

/// Where it is written down which tokens were taken back.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Revocation {
    /// In this process.
    Memory {
        /// Id of the list that stands beside the plan.
        list: String,
    },
    /// Somewhere that Python asks, before anybody is admitted.
    Python {},
}

/// One API key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKey {
    /// Id of the secret that is the key.
    pub secret: String,
    /// Permissions of its holder, as `app.codename`.
    pub permissions: Vec<String>,
}

/// Method, path and handler, with every policy.
#[allow(clippy::struct_excessive_bools)] // a document says what it says
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// HTTP method in upper case.
    pub method: String,
    /// Path template without a trailing slash: `/users/{user_id}`, `/files/{*rest}`.
    pub path: String,
    /// Name for `reverse`.
    pub name: Option<String>,
    /// Dotted name of the handler, for people.
    pub handler: String,
    /// Where the handler runs.
    pub mode: Mode,
    /// Indexes into `Plan::authenticators`, tried in this order.
    pub authentication: Vec<usize>,
    /// Who may pass; `None` is everybody.
    pub guard: Option<Guard>,
    /// Whether Python takes part in the decision even where every leaf is known to Rust.
    pub deferred: bool,
    /// Declared parameters outside the body.
    pub parameters: Vec<Parameter>,
    /// Objects whose fields are parameters of one source.
    pub groups: Vec<Group>,
    /// The declared body.
    pub body: Option<Body>,
    /// Whether the handler may ask for the body though it declares none.
    pub reads_body: bool,
    /// Whether a multipart body is parsed as a form that no parameter declares.
    #[serde(default)]
    pub multipart: bool,
    /// Overrides `Service::max_body_size`; of a multipart body it limits the whole.
    pub max_body_size: Option<u64>,
    /// Overrides `Forms::max_files`.
    #[serde(default)]
    pub max_files: Option<usize>,
    /// What every uploaded file may claim to be; empty where that does not matter.
    #[serde(default)]
    pub content_types: Vec<String>,
    /// How the handler's arguments are filled, in its signature's order.
    pub arguments: Vec<Argument>,
    /// Status of a reply that says nothing else.
    pub status: u16,
    /// Whether replies get an `ETag` of their bytes.
    pub etag: bool,
    /// What the results may be rendered as; empty where nobody declared it, and all is JSON.
    #[serde(default)]
    pub renderers: Vec<Renderer>,
}

/// What results may be rendered as.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Renderer {
    /// Without wildcards; parameters are allowed.
    pub media_type: String,
    /// Its name in a URL.
    pub format: Option<String>,
}

/// Where a handler runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// A coroutine, on the worker's loop.
    Async,
    /// A plain function, on the request's leased thread.
    Blocking,
    /// A plain function that is short, on the worker's own thread.
    Inline,
}

/// A permission expression; evaluated with three values.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Guard {
    /// Every branch must hold.
    All {
        /// The branches.
        of: Vec<Guard>,
    },
    /// At least one branch must hold.
    Any {
        /// The branches.
        of: Vec<Guard>,
    },
    /// The branch must not hold.
    Not {
        /// The branch.
        of: Box<Guard>,
    },
    /// Holds for everybody.
    AllowAny {},
    /// Holds for a verified identity.
    IsAuthenticated {},
    /// Holds for staff.
    IsStaff {},
    /// Holds for superusers.
    IsSuperuser {},
    /// Holds for `GET`, `HEAD` and `OPTIONS`.
    IsReadOnly {},
    /// Holds where the identity has every permission.
    HasPermissions {
        /// As `app.codename`.
        permissions: Vec<String>,
    },
    /// Holds where the identity has at least one permission.
    HasAnyPermission {
        /// As `app.codename`.
        permissions: Vec<String>,
    },
    /// Holds where the token carries every scope.
    HasScopes {
        /// As in the token's `scope`.
        scopes: Vec<String>,
    },
    /// Decided in Python.
    Python {
        /// Class name, for people.
        name: String,
    },
}

/// A declared parameter outside the body.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Name in the handler's signature.
    pub name: String,
    /// Name on the wire; header names in lower case.
    pub alias: String,
    /// Where it is read from.
    pub source: Source,
    /// Its scalar type.
    pub scalar: Scalar,
    /// Whether repeated values are collected.
    pub many: bool,
    /// Whether its absence is a fault.
    pub required: bool,
    /// What its value must satisfy.
    pub constraints: Constraints,
}

/// An object that gathers parameters of one source.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Name in the handler's signature.
    pub name: String,
    /// Where its fields are read from.
    pub source: Source,
    /// Whether a name that no parameter of this source declares is a fault.
    pub closed: bool,
    /// Whether the object itself may refuse values that are right one by one.
    pub refuses: bool,
    /// Its fields.
    pub fields: Vec<Member>,
}

/// One field of a group.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Name of the field, which is a keyword of the object's class.
    pub name: String,
    /// Index into `Route::parameters`.
    pub index: usize,
    /// Whether the class has a default for it, which holds where nothing was sent.
    pub omittable: bool,
}

/// Where a parameter is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The path template's captures.
    Path,
    /// The query string.
    Query,
    /// The request's headers.
    Header,
    /// The `Cookie` header.
    Cookie,
    /// The fields of a form.
    Form,
    /// The files of a form.
    File,
}

impl Source {
    /// The name that error replies use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Cookie => "cookie",
            Self::Form => "form",
            Self::File => "file",
        }
    }
}

/// A scalar that text is converted to.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Scalar {
    /// Text as it is.
    Str {},
    /// A whole number of any size.
    Int {},
    /// A finite IEEE 754 double.
    Float {},
    /// `true`/`false`, `1`/`0`, `on`/`off`, `yes`/`no`.
    Bool {},
    /// RFC 9562.
    Uuid {},
    /// ISO 8601 calendar date.
    Date {},
    /// ISO 8601 date and time.
    Datetime {},
    /// ISO 8601 time of day.
    Time {},
    /// ISO 8601 duration, or seconds.
    Timedelta {},
    /// A finite decimal number.
    Decimal {},
    /// One of a closed list: an `Enum` or a `Literal`.
    Choice {
        /// The values as they stand on the wire; Python holds the members in the same order.
        values: Vec<String>,
    },
    /// Any one of several, tried in this order; none of them is a union itself.
    Union {
        /// The alternatives.
        of: Vec<Scalar>,
    },
    /// An uploaded file.
    File {
        /// Whether the handler takes its content and not an object.
        bytes: bool,
        /// Largest size in bytes.
        max_size: Option<u64>,
        /// What it may claim to be, such as `image/*`; empty where that does not matter.
        content_types: Vec<String>,
    },
}

impl Scalar {
    /// The alternatives of a union; every other scalar is its own only one.
    #[must_use]
    pub fn alternatives(&self) -> &[Self] {
        match self {
            Self::Union { of } => of,
            single => std::slice::from_ref(single),
        }
    }
}

/// What a parameter's value must satisfy.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Constraints {
    /// Greater than or equal.
    pub ge: Option<f64>,
    /// Greater than.
    pub gt: Option<f64>,
    /// Less than or equal.
    pub le: Option<f64>,
    /// Less than.
    pub lt: Option<f64>,
    /// Shortest text in characters, or fewest items.
    pub min_length: Option<usize>,
    /// Longest text in characters, or most items.
    pub max_length: Option<usize>,
    /// Regular expression that must be found in the text.
    pub pattern: Option<String>,
}

/// A declared body.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// Name in the handler's signature.
    pub name: String,
    /// Whether its absence is a fault.
    pub required: bool,
    /// Accepted media types.
    pub media_types: Vec<String>,
}

/// How one argument of the handler is filled.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Argument {
    /// Its origin.
    pub from: Origin,
    /// Index into `Route::parameters` or `Route::groups`, where the origin is one of these.
    pub index: Option<usize>,
    /// The keyword, where it cannot be passed by position.
    pub keyword: Option<String>,
}

/// An argument's origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The request object.
    Request,
    /// A converted parameter.
    Parameter,
    /// An object made of parameters.
    Group,
    /// The decoded body.
    Body,
    /// Every path value that no parameter names, as keywords.
    PathValues,
}
