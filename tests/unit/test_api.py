"""The function style's decorators."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from msgspec import UNSET

from django_bolt.api import BoltAPI
from django_bolt.controllers import Controller
from django_bolt.decorators import action, endpoint, inline
from django_bolt.routing import Route, Router


def handler(request: Any) -> None:
    """Stand for a handler."""


async def coroutine(request: Any) -> None:
    """Stand for an async handler."""


@inline
def short(request: Any) -> None:
    """Stand for a short handler."""


def only(api: Router) -> Route:
    (route,) = api.routes()
    return route


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "head", "options"])
def test_decorators(method: str) -> None:
    api = BoltAPI()
    assert getattr(api, method)("/users/{user_id}")(coroutine) is coroutine
    route = only(api)
    assert (route.method, route.path) == (method.upper(), "/users/{user_id}")
    assert route.function is coroutine
    assert (route.controller, route.action, route.name) == (None, None, None)
    assert (route.status_code, route.response_model, route.inline) == (200, UNSET, False)
    assert (route.authentication_classes, route.permission_classes) == (None, None)
    assert route.origin.endswith("test_api.coroutine")


def test_options_of_a_decorator() -> None:
    api = BoltAPI("/api", auth=[int], guards=[int], tags=["all"])
    api.post(
        "/x",
        auth=[float],
        guards=[],
        response_model=dict,
        status_code=201,
        name="x-create",
        tags=["own"],
        inline=True,
        max_body_size=10,
    )(handler)
    route = only(api)
    assert (route.path, route.name, route.tags) == ("/api/x", "x-create", ("all", "own"))
    assert (route.authentication_classes, route.permission_classes) == ((float,), ())
    assert (route.response_model, route.status_code, route.max_body_size) == (dict, 201, 10)
    assert route.inline


def test_a_response_model_of_none_is_a_declaration() -> None:
    api = BoltAPI()
    api.delete("/x", response_model=None)(handler)
    assert only(api).response_model is None


@pytest.mark.parametrize(
    ("prefix", "path", "expected"),
    [
        ("", "/", ("/", False)),
        ("", "", ("/", False)),
        ("", "/users", ("/users", False)),
        ("", "users", ("/users", False)),
        ("", "/users/", ("/users", True)),
        ("/api/", "/users/", ("/api/users", True)),
        ("/api", "/", ("/api", False)),
        ("/api", "", ("/api", False)),
        ("", "/files/{*rest}", ("/files/{*rest}", False)),
    ],
)
def test_paths_stay_as_written(prefix: str, path: str, expected: tuple[str, bool]) -> None:
    api = BoltAPI(prefix)
    api.get(path)(handler)
    assert (only(api).path, only(api).trailing_slash) == expected


def test_decorators_stack() -> None:
    api = BoltAPI()

    @api.get("/a")
    @api.get("/b")
    async def both() -> None: ...

    assert [route.path for route in api.routes()] == ["/b", "/a"]
    assert {route.function for route in api.routes()} == {both}


def test_inline() -> None:
    api = BoltAPI()
    api.get("/short")(short)
    api.get("/handler")(handler)
    inlined = BoltAPI(inline=True)
    inlined.get("/i-handler")(handler)
    inlined.get("/i-coroutine")(coroutine)
    inlined.get("/i-not", inline=False)(handler)
    api.include(inlined)
    assert {route.path: route.inline for route in api.routes()} == {
        "/short": True,
        "/handler": False,
        "/i-handler": True,
        "/i-coroutine": False,
        "/i-not": False,
    }


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("permission_classes", "Did you mean 'guards'"),
        ("authentication_classes", "Did you mean 'auth'"),
        ("guard", "Did you mean 'guards'"),
        ("status", "Did you mean 'status_code'"),
        ("respons_model", "Did you mean 'response_model'"),
        ("middleware", "does not take 'middleware'"),
    ],
)
def test_unknown_options_are_refused(option: str, expected: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=expected):
        BoltAPI().get("/x", **{option: []})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"auth": int}, r"^@BoltAPI\.get\('/x'\): auth must be a list, .* Write auth = \["),
        ({"guards": int}, r"guards must be a list, .* Write guards = \["),
        ({"auth": [None]}, "auth holds None"),
        ({"guards": ["app.IsStaff"]}, "guards holds 'app.IsStaff'"),
        ({"name": ""}, "name must be a str"),
        ({"name": 3}, "name must be a str"),
        ({"status_code": 1000}, "status from 200 to 599"),
        ({"max_body_size": -1}, "number of bytes"),
        ({"tags": "x"}, "tags must be a list"),
    ],
)
def test_impossible_options_are_refused(options: dict[str, Any], expected: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=expected):
        BoltAPI().get("/x", **options)


@pytest.mark.parametrize("name", ["auth", "guards"])
def test_impossible_policies_of_an_api(name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=rf"^BoltAPI\('/a'\): {name} must be a list"):
        BoltAPI("/a", **{name: int})  # type: ignore[arg-type]


class Thing(Controller):
    def get(self) -> None: ...


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (Thing, r"register\(prefix, cls\)"),
        (3, "decorates a function"),
        (partial(handler), "decorates a function"),
        (endpoint(status_code=201)(lambda request: None), "which are for classes"),
        (action(detail=True)(lambda self: None), "which are for classes"),
    ],
)
def test_only_functions_are_decorated(function: Any, expected: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=expected):
        BoltAPI().get("/x")(function)


def test_inline_contradicted() -> None:
    with pytest.raises(ImproperlyConfigured, match="exclude each other"):
        BoltAPI().get("/x", inline=False)(short)


def test_inline_async() -> None:
    api = BoltAPI()
    api.get("/x", inline=True)(coroutine)
    with pytest.raises(ImproperlyConfigured, match="inline is for def"):
        api.routes()


@pytest.mark.parametrize("path", [None, 3, "/a//b"])
def test_path_must_be_text(path: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match="without empty segments"):
        BoltAPI().get(path)


def test_an_api_is_a_router() -> None:
    api, router = BoltAPI("/api", guards=[int]), Router("/r")
    api.register("thing", Thing)
    router.include(api)
    assert [(route.method, route.path, route.permission_classes) for route in router.routes()] == [
        ("GET", "/r/api/thing", (int,)),
        ("OPTIONS", "/r/api/thing", (int,)),
    ]
