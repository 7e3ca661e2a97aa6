"""What a controller's class body may hold."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_bolt import vocabulary
from django_bolt.auth import (
    IsAuthenticated,
    IsStaff,
    JWTAuthentication,
)
from django_bolt.controllers import Controller
from django_bolt.decorators import action, endpoint, inline
from django_bolt.responses import Response
from django_bolt.viewsets import BoltViewSet


def method(self: Any) -> None:
    """Stand for a method."""


def handler(self: Any, request: Any) -> None:
    """Stand for a handler as REST framework's users write it."""


async def coroutine(self: Any) -> None:
    """Stand for an async method."""


def make(*bases: type, **body: Any) -> type[Controller]:
    return type(Controller)("Made", bases or (Controller,), body)


REFUSED_DATA = [
    # misspelt
    ("permision_classes", "'permission_classes'"),
    ("permission_class", "'permission_classes'"),
    ("permissions_classes", "'permission_classes'"),
    ("permissionclasses", "'permission_classes'"),
    ("Permission_Classes", "'permission_classes'"),
    ("authentification_classes", "'authentication_classes'"),
    ("authentication_class", "'authentication_classes'"),
    ("authenticaton_classes", "'authentication_classes'"),
    ("http_method_name", "'http_method_names'"),
    ("http_methods_names", "'http_method_names'"),
    ("parser_clases", "'parser_classes'"),
    ("trottle_classes", "'throttle_classes'"),
    ("serialiser_class", "'serializer_class'"),
    ("query_set", "'queryset'"),
    # other words for the same
    ("auth", "'authentication_classes'"),
    ("guards", "'permission_classes'"),
    ("permissions", "'permission_classes'"),
    ("pagination", "'pagination_class'"),
    ("throttles", "'throttle_classes'"),
    ("allowed_methods", "'http_method_names'"),
    ("tag", "'tags'"),
    *((name, f"'{meant}'") for name, meant in sorted(vocabulary.LOOKALIKES.items())),
    ("cors", "no effect"),
    *((name, f"@endpoint\\({name}=") for name in sorted(vocabulary.HANDLER_OPTIONS)),
    *((name, "nothing reads") for name in sorted(vocabulary.READ_BY_PERMISSIONS)),
    # a viewset's
    ("lookup_field", "viewsets only"),
    ("lookup_url_kwarg", "viewsets only"),
    ("lookup_fields", "'lookup_field'"),
    # a hook that is data
    ("get_permission", "'get_permissions'"),
    *((name, "not supported") for name in sorted(vocabulary.UNSUPPORTED_ATTRIBUTES)),
]


@pytest.mark.parametrize(("name", "expected"), REFUSED_DATA)
def test_attribute_without_effect_is_refused(name: str, expected: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=expected):
        make(**{name: []})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("get_permission", "'get_permissions'"),
        ("getpermissions", "'get_permissions'"),
        ("check_permission", "'check_permissions'"),
        ("check_object_permission", "'check_object_permissions'"),
        ("acheck_object_permission", "'acheck_object_permissions'"),
        ("permissions_denied", "'permission_denied'"),
        ("handle_exceptions", "'handle_exception'"),
        ("handle_execption", "'handle_exception'"),
        ("finalise_response", "'finalize_response'"),
        ("inital", "'initial'"),
        ("intial", "'initial'"),
        ("get_authenticator", "'get_authenticators'"),
        ("get_query_set", "'get_queryset'"),
        ("permission_classes", "permission_classes must be a list"),
        ("queryset", "not supported"),
        *((name, "not supported") for name in sorted(vocabulary.UNSUPPORTED_HOOKS)),
    ],
)
def test_method_that_nothing_calls_is_refused(name: str, expected: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=expected):
        make(**{name: method})


@pytest.mark.parametrize(
    "name",
    [
        "airline", "border", "class_name", "classes", "client", "codes", "default_limit",
        "description", "detail", "fields", "filename", "initials", "limit", "lookup", "model",
        "name", "names", "ordered", "page_size", "parser", "path", "permission_message",
        "renderer", "schemas", "search_index", "setting", "stages", "status", "tagline",
        "template_name", "timeout", "user_classes", "version", "_permision_classes",
    ],
)  # fmt: skip
def test_ordinary_attributes_are_the_authors(name: str) -> None:
    assert getattr(make(**{name: []}), name) == []


@pytest.mark.parametrize(
    "name",
    [
        "auth", "build_response", "check_airport_permissions", "check_in", "check_version",
        "finalize", "finalize_booking", "get_airport", "get_all_permissions",
        "get_my_permissions", "get_object", "get_options", "get_permission_names",
        "get_user_permissions", "guards", "handle", "handle_error", "has_permissions",
        "initialize", "list_permissions", "paginate", "parse", "pagination", "permission",
        "permission_granted", "permissions", "perform", "post_process", "set_permissions", "tag",
        "throttle", "_get_permission",
    ],
)  # fmt: skip
def test_ordinary_methods_are_the_authors(name: str) -> None:
    assert getattr(make(**{name: method}), name) is method


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("auth", None),
        ("permissions", None),
        ("permission_classes", "must be a list"),
        ("permision_classes", "'permission_classes'"),
        ("get_permission", "'get_permissions'"),
        ("queryset", "not supported"),
    ],
)
def test_properties(name: str, expected: str | None) -> None:
    if expected is None:
        assert make(**{name: property(method)})
        return
    with pytest.raises(ImproperlyConfigured, match=expected):
        make(**{name: property(method)})


def test_class_keywords_reach_init_subclass() -> None:
    class Mixin:
        def __init_subclass__(cls, flag: bool = False) -> None:
            cls.flag = flag  # type: ignore[attr-defined]

    class Flagged(Mixin, Controller, flag=True):
        pass

    assert Flagged.flag  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match="keyword"):
        type(Controller)("Made", (Controller,), {}, flag=True)


@pytest.mark.parametrize(
    "value",
    [
        1,
        "GET",
        [],
        partial(print),
        staticmethod(method),
        classmethod(method),
        property(method),
        Response,
    ],
)
@pytest.mark.parametrize("name", ["get", "delete", "options"])
def test_handler_must_be_a_function(name: str, value: object) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"handler {name!r} must be a function"):
        make(**{name: value})


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"permission_classes": IsStaff}, "must be a list"),
        ({"permission_classes": IsStaff | IsAuthenticated}, "must be a list"),
        ({"permission_classes": None}, "must be a list"),
        ({"permission_classes": "app.IsStaff"}, "must be a list"),
        ({"permission_classes": ["app.IsStaff"]}, "classes and instances"),
        ({"permission_classes": {IsStaff}}, "must be a list"),
        ({"authentication_classes": JWTAuthentication}, "must be a list"),
        ({"authentication_classes": [None]}, "classes and instances"),
        ({"tags": "airports"}, "tags must be a list"),
        ({"tags": [1]}, "tags must be a list"),
        ({"http_method_names": "get"}, "must be a list"),
        ({"http_method_names": ["GET"]}, "'GET', which is no method in lower case.*'get'"),
        ({"http_method_names": ["pots"]}, "Did you mean 'post'"),
        ({"initial": 3}, "hook 'initial' must be a method"),
        ({"initial": staticmethod(method)}, "hook 'initial' must be a method"),
        ({"get_permissions": []}, "hook 'get_permissions' must be a method"),
        ({"get_permissions": coroutine}, "cannot be async def"),
        ({"check_object_permissions": coroutine}, "acheck_object_permissions"),
        ({"acheck_object_permissions": method}, "must be async def"),
        ({"permission_denied": coroutine}, "cannot be async def"),
        ({"post": None}, "nothing to remove"),
        ({"nearby": action(detail=False)(lambda self: None)}, "belong to a BoltViewSet"),
    ],
)
def test_impossible_value_is_refused(body: dict[str, Any], expected: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=expected):
        make(**body)


def test_refusal_names_class_and_mixin() -> None:
    class Mixin:
        permision_classes = ()

    with pytest.raises(ImproperlyConfigured, match=r"test_introspection\.Made \(from .*Mixin\)"):
        make(Mixin, Controller)


def test_handlers_come_from_bases_and_mixins() -> None:
    class Mixin:
        def get(self) -> None: ...

        async def post(self) -> None: ...

    class Base(Mixin, Controller):
        tags = ("base",)

        def delete(self) -> None: ...

    class Child(Base):
        delete = None  # type: ignore[assignment]

        async def get(self) -> None: ...

    assert dict(Base.__bolt__.handlers) == {
        "get": Mixin.get, "post": Mixin.post, "delete": Base.delete,
    }  # fmt: skip
    assert dict(Child.__bolt__.handlers) == {"get": Child.get, "post": Mixin.post}
    assert Child.tags == ("base",)


@pytest.mark.parametrize(
    ("hook", "hooked"),
    [
        *((name, True) for name in sorted(vocabulary.LIFECYCLE_HOOKS)),
        ("check_object_permissions", False),
    ],
)
def test_overridden_hooks_are_known(hook: str, hooked: bool) -> None:
    mixin = type("Mixin", (), {hook: method})
    for cls in (make(**{hook: method}), make(make(**{hook: method})), make(mixin, Controller)):
        assert cls.__bolt__.hooks == {hook}
        assert cls.__bolt__.hooked is hooked


def test_nothing_is_hooked_by_default() -> None:
    assert not make(get=method).__bolt__.hooks
    assert not make(get=method).__bolt__.hooked


def test_init_only_where_a_class_defines_it() -> None:
    assert not make().__bolt__.initializes
    assert make(__init__=method).__bolt__.initializes
    assert make(make(__init__=method)).__bolt__.initializes


@pytest.mark.parametrize("function", [method, coroutine, handler, staticmethod(method)])
@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("gett", "get"), ("gte", "get"), ("GET", "get"), ("Get", "get"), ("psot", "post"),
        ("pst", "post"), ("postt", "post"), ("ptu", "put"), ("pacth", "patch"), ("pach", "patch"),
        ("delte", "delete"), ("delet", "delete"), ("deleet", "delete"), ("haed", "head"),
        ("optoins", "options"), ("optons", "options"), ("tarce", "trace"),
    ],
)  # fmt: skip
def test_misspelt_method(name: str, meant: str, function: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"{name!r} would answer no .* mean {meant!r}"):
        make(**{name: function})


@pytest.mark.parametrize("function", [method, coroutine, handler])
@pytest.mark.parametrize("name", [*vocabulary.STANDARD_ACTIONS, "retreive", "destory", "List"])
def test_actions_of_a_plain_controller_are_refused(name: str, function: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"{name!r} would answer no.* BoltViewSet.*'_"):
        make(**{name: function})
    assert make(**{f"_{name}": function})


@pytest.mark.parametrize(
    "name",
    [
        "all", "batch", "carry_out", "create_airport", "created", "creates", "crate", "deleted",
        "deletes", "fetch", "gets", "had", "header", "headers", "heads", "host", "input", "last",
        "let", "listing", "lists", "load", "lost", "map", "match", "met", "net", "option", "output",
        "past", "patched", "path", "port", "pos", "posts", "puts", "race", "react", "read",
        "remove", "save", "set", "stop", "store", "traced", "traces", "updated", "updates", "wait",
        "_gett", "_list",
    ],
)  # fmt: skip
def test_helpers_near_a_handlers_name_are_the_authors(name: str) -> None:
    assert getattr(make(**{name: method}), name) is method
    assert getattr(type(BoltViewSet)("Made", (BoltViewSet,), {name: method}), name) is method


@pytest.mark.parametrize("decorate", [endpoint(status_code=201), inline])
def test_options_of_a_method_that_answers_nothing(decorate: Any) -> None:
    for base in (Controller, BoltViewSet):

        def fetch(self: Any) -> None: ...

        with pytest.raises(ImproperlyConfigured, match="'fetch' answers no requests"):
            type(base)("Made", (base,), {"fetch": decorate(fetch)})
