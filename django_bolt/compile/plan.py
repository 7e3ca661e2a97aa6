"""The plan: the one document that crosses from Python to Rust when the application is built.

It mirrors ``rust/core/src/plan.rs`` field by field; Rust refuses what it does not know and names
the JSON path. What cannot be data (functions, decoders, default values) crosses beside it as
:class:`django_bolt.dispatch.handler.Handler`, in the order of :attr:`Plan.routes`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

VERSION = 1


class Document(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every part of the plan."""


class Forms(Document, frozen=True):
    """What holds for every form."""

    #: Most fields of one form; ``None`` is no limit.
    max_fields: int | None
    #: Most files of one form; ``None`` is no limit.
    max_files: int | None
    #: Most bytes of one request's files that are held in memory.
    max_file_memory: int
    #: Where larger files are written; ``None`` is the system's own place.
    directory: str | None


class Service(Document, frozen=True):
    """Settings that hold for every route."""

    debug: bool
    #: Largest request body in bytes; ``None`` is no limit.
    max_body_size: int | None
    forms: Forms
    error_format: Literal["drf", "problem"]
    error_codes: bool
    #: Directories that files may be sent from, absolute and without links; ``None`` is any.
    file_roots: list[str] | None
    #: Whether compressed request bodies are inflated; otherwise they are refused.
    decompress_requests: bool
    #: The query parameter that overrides ``Accept`` where a route declares renderers.
    url_format_override: str | None


class MemoryRevocation(Document, frozen=True, tag_field="type", tag="memory"):
    """Tokens are taken back in this process."""

    #: Id of the list that stands beside the plan.
    list: str


class PythonRevocation(Document, frozen=True, tag_field="type", tag="python"):
    """Python is asked which tokens were taken back, before anybody is admitted."""


class JWT(Document, frozen=True, tag_field="type", tag="jwt"):
    """A JSON Web Token (RFC 7519)."""

    #: Ids of the shared secrets or the public keys, tried in this order; the plan holds none.
    secrets: list[str]
    #: Id of a set of keys that stands beside the plan, in the place of ``secrets``.
    key_set: str | None
    algorithms: list[str]
    audiences: list[str]
    issuer: str | None
    #: Tolerated clock difference in seconds.
    leeway: int
    #: What the claim ``token_type`` must be; ``None`` is ``access``, or no such claim.
    token_type: str | None
    #: The claim that names the user, and must be there; ``None`` is ``sub``, which may be missing.
    user_id_claim: str | None
    #: How tokens are taken back; where they are, each must have ``jti``.
    revocation: MemoryRevocation | PythonRevocation | None


class APIKey(Document, frozen=True):
    """One API key: the id of its secret and its holder's permissions."""

    secret: str
    permissions: list[str]


class APIKeys(Document, frozen=True, tag_field="type", tag="api_key"):
    """A key in a header of its own."""

    #: In lower case.
    header: str
    keys: list[APIKey]


class CookieEvidence(Document, frozen=True, tag_field="type", tag="cookie"):
    """A cookie of this name."""

    name: str


class AuthorizationEvidence(Document, frozen=True, tag_field="type", tag="authorization"):
    """``Authorization`` with this scheme (RFC 9110, section 11.6.2)."""

    scheme: str


class PythonAuthentication(Document, frozen=True, tag_field="type", tag="python"):
    """A class whose ``authenticate`` runs in Python."""

    name: str
    #: Without this, the class has nothing to look at and is not asked; ``None`` is always.
    evidence: CookieEvidence | AuthorizationEvidence | None = None
    #: ``WWW-Authenticate`` where it does not depend on the request.
    challenge: str | None = None
    #: Where it reads a token in a form (CSRF): the header, in lower case, that makes it unnecessary
    #: to read the body first.
    form_unless: str | None = None


Authenticator = JWT | APIKeys | PythonAuthentication


class All(Document, frozen=True, tag_field="type", tag="all"):
    """Every branch must hold."""

    of: list[Guard]


class Any(Document, frozen=True, tag_field="type", tag="any"):
    """At least one branch must hold."""

    of: list[Guard]


class Not(Document, frozen=True, tag_field="type", tag="not"):
    """The branch must not hold."""

    of: Guard


class AllowAny(Document, frozen=True, tag_field="type", tag="allow_any"):
    """Holds for everybody."""


class IsAuthenticated(Document, frozen=True, tag_field="type", tag="is_authenticated"):
    """Holds for a verified identity."""


class IsStaff(Document, frozen=True, tag_field="type", tag="is_staff"):
    """Holds for staff."""


class IsSuperuser(Document, frozen=True, tag_field="type", tag="is_superuser"):
    """Holds for superusers."""


class IsReadOnly(Document, frozen=True, tag_field="type", tag="is_read_only"):
    """Holds for GET, HEAD and OPTIONS."""


class HasPermissions(Document, frozen=True, tag_field="type", tag="has_permissions"):
    """Holds where the identity has every permission (``app.codename``)."""

    permissions: list[str]


class HasAnyPermission(Document, frozen=True, tag_field="type", tag="has_any_permission"):
    """Holds where the identity has at least one permission (``app.codename``)."""

    permissions: list[str]


class HasScopes(Document, frozen=True, tag_field="type", tag="has_scopes"):
    """Holds where the token carries every scope."""

    scopes: list[str]


class PythonPermission(Document, frozen=True, tag_field="type", tag="python"):
    """Decided in Python; Rust sees it as unknown."""

    name: str


Guard = (
    All
    | Any
    | Not
    | AllowAny
    | IsAuthenticated
    | IsStaff
    | IsSuperuser
    | IsReadOnly
    | HasPermissions
    | HasAnyPermission
    | HasScopes
    | PythonPermission
)


class Scalar(Document, frozen=True, omit_defaults=True):
    """A scalar that text is converted to in Rust."""

    type: Literal[
        "str",
        "int",
        "float",
        "bool",
        "uuid",
        "date",
        "datetime",
        "time",
        "timedelta",
        "decimal",
        "choice",
        "union",
        "file",
    ]
    #: Of a choice: its values as they stand on the wire; ``Handler.choices`` holds the members.
    values: list[str] | msgspec.UnsetType = msgspec.UNSET
    #: Of a union: its alternatives, in the order in which they are tried.
    of: list[Scalar] | msgspec.UnsetType = msgspec.UNSET
    #: These three of a file: whether the handler takes its content and not an object, its largest
    #: size in bytes, and what it may claim to be.
    bytes: bool | msgspec.UnsetType = msgspec.UNSET
    max_size: int | msgspec.UnsetType | None = msgspec.UNSET
    content_types: list[str] | msgspec.UnsetType = msgspec.UNSET


class Constraints(Document, frozen=True, omit_defaults=True):
    """What a parameter's value must satisfy."""

    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None


class Parameter(Document, frozen=True):
    """A declared parameter outside the body."""

    name: str
    #: Name on the wire; header names in lower case.
    alias: str
    source: Literal["path", "query", "header", "cookie", "form", "file"]
    scalar: Scalar
    #: Whether repeated values are collected.
    many: bool
    required: bool
    constraints: Constraints


class Member(Document, frozen=True):
    """One field of a group; ``index`` points into :attr:`Route.parameters`."""

    name: str
    index: int
    #: Whether the class has a default for it, which holds where nothing was sent.
    omittable: bool


class Group(Document, frozen=True):
    """An object that gathers parameters of one source."""

    name: str
    source: Literal["path", "query", "header", "cookie", "form"]
    #: Whether a name that no parameter of this source declares is a fault.
    closed: bool
    #: Whether the object itself may refuse values that are right one by one.
    refuses: bool
    fields: list[Member]


class Body(Document, frozen=True):
    """The declared body."""

    name: str
    required: bool
    media_types: list[str]


class Argument(Document, frozen=True):
    """How one argument of the handler is filled.

    ``index`` points into :attr:`Route.parameters` where ``origin`` is ``"parameter"``, into
    :attr:`Route.groups` where it is ``"group"``; ``keyword`` is set where the argument cannot be
    passed by position.
    """

    origin: Literal["request", "parameter", "group", "body", "path_values"] = msgspec.field(
        name="from"
    )
    index: int | None = None
    keyword: str | None = None


class Renderer(Document, frozen=True):
    """What results may be rendered as."""

    #: Without wildcards.
    media_type: str
    #: Its name in a URL.
    format: str | None


class Route(Document, frozen=True):
    """Method, path and handler, with every policy."""

    method: str
    #: Template without a trailing slash: ``/users/{user_id}``, ``/files/{*rest}``.
    path: str
    name: str | None
    #: Dotted name of the handler, for people.
    handler: str
    mode: Literal["async", "blocking", "inline"]
    #: Indexes into :attr:`Plan.authenticators`, tried in this order.
    authentication: list[int]
    guard: Guard | None
    #: Whether Python takes part in the decision even where Rust knows every leaf.
    deferred: bool
    parameters: list[Parameter]
    groups: list[Group]
    body: Body | None
    #: Whether the handler may ask for the body though it declares none.
    reads_body: bool
    #: Whether a multipart body is parsed as a form that no parameter declares.
    multipart: bool
    #: Of a multipart body it limits the whole, files included.
    max_body_size: int | None
    max_files: int | None
    #: What every uploaded file may claim to be; empty where that does not matter.
    content_types: list[str]
    arguments: list[Argument]
    status: int
    #: Whether replies get an ``ETag`` of their bytes.
    etag: bool
    #: What results may be rendered as; empty where nobody declared it, and all is JSON.
    renderers: list[Renderer]


class Plan(Document, frozen=True, kw_only=True):
    """A whole application."""

    version: int = VERSION
    service: Service
    authenticators: list[Authenticator]
    routes: list[Route]


def encode(plan: Plan) -> bytes:
    """Return the plan as the JSON that Rust reads."""
    return msgspec.json.encode(plan)
