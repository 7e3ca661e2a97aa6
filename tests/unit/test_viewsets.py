"""Viewsets, ``@action`` with its mappings, ``@endpoint`` and ``@inline``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_bolt.controllers import Controller
from django_bolt.decorators import HTTP_METHODS, action, endpoint, inline, options_of
from django_bolt.viewsets import STANDARD_ACTIONS, BoltViewSet


def method(self: Any, request: Any) -> None:
    """Stand for a method."""


async def coroutine(self: Any) -> None:
    """Stand for an async method."""


def named(name: str, *decorators: Callable[[Any], Any]) -> Any:
    def function(self: Any, request: Any) -> None: ...

    function.__name__ = function.__qualname__ = name
    decorated: Any = function
    for decorate in decorators:
        decorated = decorate(decorated)
    return decorated


def make(*bases: type, **body: Any) -> type[BoltViewSet]:
    return type(BoltViewSet)("Made", bases or (BoltViewSet,), body)


def test_handlers_are_actions() -> None:
    class Airports(BoltViewSet):
        def list(self, request: Any) -> None: ...

        async def destroy(self, request: Any, pk: str) -> None: ...

        @action(detail=True, methods=["GET", "post"])
        def nearest(self, request: Any, pk: str) -> None: ...

        @nearest.mapping.delete
        def forget_nearest(self, request: Any, pk: str) -> None: ...

        @action(detail=False, url_path="of/{country}", url_name="national")
        async def by_country(self, request: Any, country: str) -> None: ...

        def helper(self, request: Any) -> None: ...

    assert set(Airports.__bolt__.handlers) == {
        "list", "destroy", "nearest", "forget_nearest", "by_country",
    }  # fmt: skip
    found = [
        (a.name, a.detail, a.url_path, a.url_name, dict(a.methods))
        for a in Airports.get_extra_actions()
    ]
    assert found == [
        ("by_country", False, "of/{country}", "national", {"get": "by_country"}),
        ("nearest", True, "nearest", "nearest",
         {"get": "nearest", "post": "nearest", "delete": "forget_nearest"}),
    ]  # fmt: skip
    # As in DRF, the function stays a function and says what was decorated.
    assert (Airports.nearest.detail, Airports.nearest.url_path) == (True, "nearest")


@pytest.mark.parametrize("name", HTTP_METHODS)
def test_plain_methods_are_refused_with_an_explanation(name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=rf"{name!r} would never be called.*@action"):
        make(**{name: method})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("get", "'list' or 'retrieve'"),
        ("post", "'create'"),
        ("patch", "'partial_update'"),
        ("delete", "'destroy'"),
    ],
)
def test_the_explanation_names_the_actions(name: str, expected: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"write {expected}, or"):
        make(**{name: method})


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"retreive": method}, "Did you mean 'retrieve'"),
        ({"partialupdate": method}, "Did you mean 'partial_update'"),
        ({"destory": method}, "Did you mean 'destroy'"),
        ({"lookup_fields": "code"}, "Did you mean 'lookup_field'"),
        ({"lookup_kwarg_url": "code"}, None),
        ({"lookup_url_kwargs": "code"}, "Did you mean 'lookup_url_kwarg'"),
        ({"lookup_value_regex": "[A-Z]+"}, "not supported"),
        ({"permision_classes": []}, "Did you mean 'permission_classes'"),
        ({"list": []}, "handler 'list' must be a function"),
        ({"create": None}, "nothing to remove"),
        ({"list": named("list", action(detail=False))}, "standard action already"),
        ({"initial": named("initial", action(detail=False))}, "belongs to the framework"),
        ({"kwargs": named("kwargs", action(detail=False))}, "belongs to the framework"),
        ({"other": named("nearest", action(detail=False))}, "stands under another name"),
        ({"updates": lambda self, since: None}, None),
        ({"create_many": method}, None),
        ({"listing": method}, None),
        ({"lookup_field": "code", "lookup_url_kwarg": "code"}, None),
        ({"permissions": named("permissions", action(detail=False))}, None),
        ({"tag": named("tag", action(detail=False))}, None),
        ({"set_permissions": named("set_permissions", action(detail=True))}, None),
    ],
)
def test_class_body(body: dict[str, Any], expected: str | None) -> None:
    if expected is None:
        make(**body)
        return
    with pytest.raises(ImproperlyConfigured, match=expected):
        make(**body)


def test_a_mapping_must_stand_in_the_class() -> None:
    nearest = named("nearest", action(detail=True))
    nearest.mapping.delete(named("gone"))
    with pytest.raises(ImproperlyConfigured, match=r"nearest\.mapping\.delete: .*'gone'"):
        make(nearest=nearest)


def test_an_override_keeps_or_removes_the_action() -> None:
    base = make(nearest=named("nearest", action(detail=True)), list=method)
    with pytest.raises(ImproperlyConfigured, match="Decorate it with @action too"):
        make(base, nearest=method)
    assert make(base, nearest=None, list=None).__bolt__.handlers == {}
    kept = make(base, nearest=named("nearest", action(detail=False)))
    assert [extra.detail for extra in kept.get_extra_actions()] == [False]


def test_actions_come_from_mixins() -> None:
    class Mixin:
        @action(detail=False)
        def recent(self, request: Any) -> None: ...

        def list(self, request: Any) -> None: ...

    made = make(Mixin, BoltViewSet)
    assert set(made.__bolt__.handlers) == {"list", "recent"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"detail": "yes"}, "detail must be True or False"),
        ({"methods": "get"}, "methods must be a list"),
        ({"methods": []}, "methods must be a list"),
        ({"methods": ["fetch"]}, "'fetch' is not an HTTP method"),
        ({"methods": ["delet"]}, "Did you mean 'delete'"),
        ({"methods": ["get", "GET"]}, "repeats itself"),
        ({"permission_classes": int}, "permission_classes must be a list"),
        ({"authentication_classes": [None]}, "classes and instances"),
        ({"status_code": 99}, "status from 200 to 599"),
        ({"status_code": 600}, "status from 200 to 599"),
        ({"status_code": True}, "status from 200 to 599"),
        ({"status_code": "201"}, "status from 200 to 599"),
        ({"max_body_size": -1}, "number of bytes"),
        ({"max_body_size": 1.5}, "number of bytes"),
        ({"inline": 1}, "inline must be a bool"),
        ({"tags": "a"}, "tags must be a list"),
    ],
)
def test_options_of_an_action(options: dict[str, Any], expected: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=expected):
        action(**{"detail": True, **options})


@pytest.mark.parametrize(
    ("decorate", "expected"),
    [
        (lambda: action(detail=True)(7), "@action decorates a function"),  # type: ignore[arg-type]
        (lambda: endpoint()(7), "@endpoint decorates a function"),  # type: ignore[type-var]
        (lambda: inline(7), "@inline decorates a function"),  # type: ignore[type-var]
        (lambda: inline(coroutine), "@inline is for def"),
        (lambda: named("x", endpoint(), action(detail=True)), "options are given twice"),
        (lambda: named("x", endpoint(), endpoint()), "options are given twice"),
        (lambda: options_of(named("x", inline, endpoint(inline=False))), "exclude each other"),
        (lambda: named("x", action(detail=True)).mapping.get(named("y")), "already mapped to 'x'"),
        (lambda: named("x", action(detail=True)).mapping.post(named("x")), "a name of its own"),
        (lambda: named("x", action(detail=True)).mapping.post(3), "decorates a function"),
        (
            lambda: named("x", action(detail=True)).mapping.post(named("y", action(detail=True))),
            "either @action or a mapping",
        ),
    ],
)
def test_misuse_of_decorators(decorate: Callable[[], object], expected: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=expected):
        decorate()


def test_mapping_has_every_method() -> None:
    decorated = named("x", action(detail=True, methods=["get"]))
    for name in HTTP_METHODS[1:]:
        getattr(decorated.mapping, name)(named(f"x_{name}"))
    assert decorated.mapping.methods == {"get": "x"} | {m: f"x_{m}" for m in HTTP_METHODS[1:]}


def test_decorators_give_the_function_back() -> None:
    for decorate in (inline, endpoint(status_code=201)):
        assert decorate(named("x")).__name__ == "x"
    marked = options_of(named("x", inline, endpoint(status_code=201)))
    assert marked is not None
    assert (marked.inline, marked.status_code) == (True, 201)
    assert options_of(named("x")) is None


def test_a_viewset_is_a_controller() -> None:
    assert issubclass(BoltViewSet, Controller)
    assert not set(STANDARD_ACTIONS) & set(dir(BoltViewSet))
