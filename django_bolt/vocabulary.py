"""The words that a controller's class body may use, and those that it must not misspell.

Three lists: what the framework reads, what Django REST framework reads and this framework does not
(setting it would have no effect, so it is refused), and words that look like one of these.
"""

from __future__ import annotations

from collections.abc import Mapping

from django_bolt.spelling import misspelt, slip

#: The standard actions: method to action, for the collection and for one object.
COLLECTION_ACTIONS: Mapping[str, str] = {"get": "list", "post": "create"}
OBJECT_ACTIONS: Mapping[str, str] = {
    "get": "retrieve",
    "put": "update",
    "patch": "partial_update",
    "delete": "destroy",
}
STANDARD_ACTIONS = (*COLLECTION_ACTIONS.values(), *OBJECT_ACTIONS.values())

#: Class attributes that every controller reads.
ATTRIBUTES = frozenset(
    {
        "authentication_classes",
        "dependencies",
        "etag",
        "http_method_names",
        "parser_classes",
        "permission_classes",
        "renderer_classes",
        "tags",
    }
)
#: Class attributes that a viewset reads besides.
VIEWSET_ATTRIBUTES = frozenset({"lookup_field", "lookup_url_kwarg"})

#: Overridable hooks; overriding one of these makes the handlers run through the life cycle...
LIFECYCLE_HOOKS = frozenset(
    {
        "initial",
        "get_permissions",
        "check_permissions",
        "permission_denied",
        "handle_exception",
        "finalize_response",
    }
)
#: ...of which these take the permissions out of Rust's hands...
PERMISSION_HOOKS = frozenset({"get_permissions", "check_permissions", "permission_denied"})
#: ...and these are called by the author.
OBJECT_HOOKS = frozenset({"check_object_permissions", "acheck_object_permissions"})
HOOKS = LIFECYCLE_HOOKS | OBJECT_HOOKS
#: Hooks in which an author may decide who has access, from attributes of his own.
ACCESS_HOOKS = PERMISSION_HOOKS | OBJECT_HOOKS | {"initial"}

#: Attributes of Django REST framework that have no effect here.
UNSUPPORTED_ATTRIBUTES = frozenset(
    {
        "content_negotiation_class",
        "filter_backends",
        "filterset_class",
        "filterset_fields",
        "lookup_value_converter",
        "lookup_value_regex",
        "metadata_class",
        "middleware",
        "ordering",
        "ordering_fields",
        "pagination_class",
        "queryset",
        "schema",
        "search_fields",
        "serializer_class",
        "settings",
        "throttle_classes",
        "throttle_scope",
        "versioning_class",
    }
)
#: Hooks of Django REST framework that nothing calls here. ``get_object`` is not among them: its
#: own tutorial writes it as a helper that the author's handlers call.
UNSUPPORTED_HOOKS = frozenset(
    {
        "allowed_methods",
        "check_throttles",
        "default_response_headers",
        "determine_version",
        "dispatch",
        "filter_queryset",
        "get_authenticate_header",
        "get_authenticators",
        "get_content_negotiator",
        "get_exception_handler",
        "get_exception_handler_context",
        "get_extra_action_url_map",
        "get_format_suffix",
        "get_paginated_response",
        "get_parser_context",
        "get_parsers",
        "get_queryset",
        "get_renderer_context",
        "get_renderers",
        "get_serializer",
        "get_serializer_class",
        "get_serializer_context",
        "get_success_headers",
        "get_throttles",
        "get_view_description",
        "get_view_name",
        "http_method_not_allowed",
        "initialize_request",
        "paginate_queryset",
        "perform_authentication",
        "perform_content_negotiation",
        "perform_create",
        "perform_destroy",
        "perform_update",
        "raise_uncaught_exception",
        "setup",
        "throttled",
    }
)

#: Other frameworks' and shortened names for what an attribute says; for data only, since methods
#: and properties of these names are the author's.
LOOKALIKES = {
    "allowed_methods": "http_method_names",
    "auth": "authentication_classes",
    "auth_class": "authentication_classes",
    "auth_classes": "authentication_classes",
    "authentication": "authentication_classes",
    "authentications": "authentication_classes",
    "authenticator": "authentication_classes",
    "authenticator_class": "authentication_classes",
    "authenticator_classes": "authentication_classes",
    "authenticators": "authentication_classes",
    "etags": "etag",
    "filter_fields": "filterset_fields",
    "filters": "filter_backends",
    "filterset": "filterset_class",
    "guard": "permission_classes",
    "guard_classes": "permission_classes",
    "guards": "permission_classes",
    "http_methods": "http_method_names",
    "pagination": "pagination_class",
    "paginator": "pagination_class",
    "paginator_class": "pagination_class",
    "parsers": "parser_classes",
    "perm": "permission_classes",
    "perm_classes": "permission_classes",
    "permission": "permission_classes",
    "permissions": "permission_classes",
    "rate_limit": "throttle_classes",
    "rate_limits": "throttle_classes",
    "renderers": "renderer_classes",
    "serializer": "serializer_class",
    "serializers": "serializer_class",
    "tag": "tags",
    "tags_": "tags",
    "throttle": "throttle_classes",
    "throttle_rates": "throttle_classes",
    "throttles": "throttle_classes",
    "throttling": "throttle_classes",
    "url_kwarg": "lookup_url_kwarg",
    "versioning": "versioning_class",
}
#: Words for access control that REST framework's users let their own permissions or hooks read
#: from the view; refused where a class has neither.
READ_BY_PERMISSIONS = frozenset(
    {
        "authentication_classes_by_action",
        "permission_classes_by_action",
        "permission_required",
        "permissions_required",
        "perms",
        "required_permissions",
        "required_scopes",
    }
)
#: Settings of other frameworks that change nothing here.
_ELSEWHERE = frozenset({"cors"})
#: Options of one handler, which a class does not have: as its attributes they would be ignored.
HANDLER_OPTIONS = frozenset(
    {"content_types", "inline", "max_body_size", "max_files", "response_model", "status_code"}
)

#: Words of their own, although they are near a hook or a handler.
_ORDINARY = frozenset({"initials"})
#: The same for an action, unless the method is written as a handler is.
_ORDINARY_HELPERS = frozenset({"crate", "lit"})
#: Single words that are too common for their likenesses to be faults (``setting``, ``schemas``).
_EXACT_ONLY = frozenset(
    {
        "dependencies",
        "dispatch",
        "middleware",
        "ordering",
        "schema",
        "settings",
        "setup",
        "tags",
        "throttled",
    }
)


def attribute_fault(name: str, known: frozenset[str], *, computed: bool = False) -> str | None:
    """Say what is wrong with a class attribute that is not a method, or return ``None``.

    ``known`` are the attributes that this kind of controller reads; a property is ``computed``.
    """
    if name in known:
        return None
    if name in UNSUPPORTED_ATTRIBUTES or name in UNSUPPORTED_HOOKS - {"allowed_methods"}:
        return _unsupported(name)
    if name in VIEWSET_ATTRIBUTES:
        return f"{name!r} is read by viewsets only; this class would ignore it."
    if name in _ELSEWHERE and not computed:
        return f"{name!r} would have no effect: nothing reads it. Rename it if it is your own."
    if name in HANDLER_OPTIONS and not computed:
        return (
            f"{name!r} is said of one handler, with @endpoint({name}=...) or @action; this class "
            "would ignore it. Rename it if it is your own."
        )
    lookalike = None if computed else LOOKALIKES.get(name)
    meant = lookalike or _meant(name, known | VIEWSET_ATTRIBUTES | HOOKS | UNSUPPORTED_ATTRIBUTES)
    return _mistaken(name, meant, known | VIEWSET_ATTRIBUTES | HOOKS) if meant else None


def method_fault(name: str) -> str | None:
    """Say what is wrong with a method that is neither handler nor hook, or return ``None``."""
    if name in UNSUPPORTED_HOOKS or name in UNSUPPORTED_ATTRIBUTES - _EXACT_ONLY:
        return _unsupported(name)
    meant = _meant(name, HOOKS | UNSUPPORTED_HOOKS)
    return _mistaken(name, meant, HOOKS) if meant else None


def intended_action(name: str, *, takes_request: bool) -> str | None:
    """Return the standard action that a method's name is or misspells, or ``None``.

    Another form of the word (``updates``, ``created``) is a helper, unless its first parameter is
    ``request``.
    """
    if name in STANDARD_ACTIONS:
        return name
    meant = misspelt(name, STANDARD_ACTIONS) or slip(name, STANDARD_ACTIONS)
    if meant is None or takes_request:
        return meant
    return None if name in _ORDINARY_HELPERS or name in _forms(meant) else meant


def _forms(action: str) -> set[str]:
    """Return the other forms of a verb."""
    stem = action.removesuffix("e")
    return {action + "s"} | {stem + ending for ending in ("ed", "er", "ers", "ing")}


def unread(name: str) -> str:
    """Say that one of :data:`READ_BY_PERMISSIONS` has no effect."""
    kind = "authentication" if name.startswith("auth") else "permission"
    return (
        f"nothing reads {name!r}. Did you mean '{kind}_classes'? If a permission of your own "
        "reads it from the view, list that in permission_classes of this class."
    )


def _meant(name: str, candidates: frozenset[str]) -> str | None:
    return None if name in _ORDINARY else misspelt(name, sorted(candidates - _EXACT_ONLY))


def _unsupported(name: str) -> str:
    return (
        f"{name!r} of Django REST framework is not supported here, and would have no effect. "
        "Remove it, or rename it if it is your own."
    )


def _mistaken(name: str, meant: str, supported: frozenset[str]) -> str:
    if meant in supported:
        return f"{name!r} is not an attribute of the framework. Did you mean {meant!r}?"
    return (
        f"{name!r} is not an attribute of the framework; {meant!r} of Django REST framework, which "
        "it resembles, is not supported."
    )
