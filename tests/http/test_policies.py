"""Where policies come from: settings < router < class < action; the nearest declaration wins."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import override_settings

from django_bolt import BoltAPI, BoltViewSet, Controller, Router, action, endpoint
from django_bolt.auth import (
    AllowAny,
    APIKeyAuthentication,
    BasePermission,
    IsAuthenticated,
    JWTAuthentication,
)
from tests.http.cases import Case
from tests.http.conftest import Serve


def says(word: str) -> type[BasePermission]:
    """Return a permission that refuses with its own name, so that a reply tells who decided."""

    class Refusal(BasePermission):
        message = word

        def has_permission(self, request: Any, view: Any) -> bool:
            return False

    return Refusal


class FromSettings(BasePermission):
    message = "settings"

    def has_permission(self, request: Any, view: Any) -> bool:
        return False


class Inherits(BoltViewSet):
    def list(self) -> str:
        return "in"

    @endpoint(permission_classes=[says("action")])
    async def create(self) -> str:
        return "in"

    @action(detail=False, permission_classes=[AllowAny])
    def open(self) -> str:
        return "in"

    @action(detail=False)
    def closed(self) -> str:
        return "in"


class Declares(Inherits):
    permission_classes = [says("class")]


class Opens(Inherits):
    permission_classes = ()


class Plain(Controller):
    permission_classes = [says("class")]

    def get(self) -> str:
        return "in"


inner = Router("/inner", permission_classes=[says("inner")])
inner.register("inherits", Inherits, basename="inner-inherits")
inner.register("declares", Declares, basename="inner-declares")
outer = Router("/outer", permission_classes=[says("outer")])
outer.register("inherits", Inherits, basename="outer-inherits")
outer.include(inner)
outer.include(Router("/empty"))
bare = Router("/bare")
bare.register("inherits", Inherits, basename="bare-inherits")
bare.register("declares", Declares, basename="bare-declares")
bare.register("opens", Opens, basename="bare-opens")
bare.register("plain", Plain)
functions = BoltAPI("/functions", guards=[says("functions")])


@functions.get("/inherits")
async def inherits() -> str:
    return "in"


@functions.get("/declares", guards=[says("function")])
async def declares() -> str:
    return "in"


@functions.get("/open", guards=[])
def opened() -> str:
    return "in"


WHO_DECIDES = [
    ("GET", "/bare/inherits", "settings"),
    ("POST", "/bare/inherits", "action"),
    ("GET", "/bare/inherits/open", None),
    ("GET", "/bare/inherits/closed", "settings"),
    ("OPTIONS", "/bare/inherits", "settings"),
    ("GET", "/bare/declares", "class"),
    ("POST", "/bare/declares", "action"),
    ("GET", "/bare/declares/open", None),
    ("GET", "/bare/declares/closed", "class"),
    ("OPTIONS", "/bare/declares", "class"),
    ("GET", "/bare/opens", None),
    ("POST", "/bare/opens", "action"),
    ("GET", "/bare/plain", "class"),
    ("GET", "/outer/inherits", "outer"),
    ("POST", "/outer/inherits", "action"),
    ("GET", "/outer/inner/inherits", "inner"),
    ("GET", "/outer/inner/declares", "class"),
    ("GET", "/functions/inherits", "functions"),
    ("GET", "/functions/declares", "function"),
    ("GET", "/functions/open", None),
]


@override_settings(BOLT={"DEFAULT_PERMISSION_CLASSES": [f"{__name__}.FromSettings"]})
def test_permissions(serve: Serve) -> None:
    client = serve([outer, bare, functions])
    for method, path, who in WHO_DECIDES:
        status, body = (200, "in") if who is None else (403, {"detail": who})
        Case(method, path, status=status, body=body).check(client)


def test_without_any_declaration_everybody_may(serve: Serve) -> None:
    Case("GET", "/bare/inherits", body="in").check(serve(bare))


def keys(name: str) -> list[Any]:
    return [APIKeyAuthentication([f"{name}-key"], header=f"x-{name}")]


class Keyed(BoltViewSet):
    def list(self, request) -> bool:
        return request.identity is not None

    @endpoint(authentication_classes=keys("action"))
    def create(self, request) -> bool:
        return request.identity is not None

    @endpoint(authentication_classes=[])
    def retrieve(self, request) -> bool:
        return request.identity is not None


class KeyedHere(Keyed):
    authentication_classes = keys("class")


keyed = Router("/router", authentication_classes=keys("router"))
keyed.register("inherits", Keyed, basename="keyed")
keyed.register("declares", KeyedHere, basename="keyed-here")
unkeyed = Router("/bare")
unkeyed.register("inherits", Keyed, basename="unkeyed")

WHO_ASKS = [
    ("GET", "/bare/inherits", "settings"),
    ("POST", "/bare/inherits", "action"),
    ("GET", "/bare/inherits/1", None),
    ("GET", "/router/inherits", "router"),
    ("GET", "/router/declares", "class"),
    ("POST", "/router/declares", "action"),
    ("GET", "/router/declares/1", None),
]


@override_settings(
    BOLT={
        "DEFAULT_AUTHENTICATION_CLASSES": keys("settings"),
        "DEFAULT_PERMISSION_CLASSES": [AllowAny],
    }
)
def test_authentication(serve: Serve) -> None:
    client = serve([keyed, unkeyed])
    names = ("settings", "router", "class", "action")
    for method, path, who in WHO_ASKS:
        for name in names:
            headers = {f"x-{name}": f"{name}-key"}
            Case(method, path, headers=headers, body=name == who).check(client)


@override_settings(
    BOLT={
        "DEFAULT_AUTHENTICATION_CLASSES": ["django_bolt.auth.JWTAuthentication"],
        "DEFAULT_PERMISSION_CLASSES": ["django_bolt.auth.IsAuthenticated"],
    }
)
def test_settings_by_dotted_path(serve: Serve) -> None:
    Case(
        "GET",
        "/bare/inherits",
        status=401,
        reply_headers={"www-authenticate": 'Bearer realm="api"'},
    ).check(serve(bare))


@pytest.mark.parametrize("classes", [[JWTAuthentication], [*keys("a"), JWTAuthentication]])
def test_the_first_class_names_the_challenge(serve: Serve, classes: list[Any]) -> None:
    api = BoltAPI(auth=classes, guards=[IsAuthenticated])

    @api.get("/")
    async def root() -> str:
        return "in"

    expected = 'Bearer realm="api"' if len(classes) == 1 else 'ApiKey realm="api"'
    Case("GET", "/", status=401, reply_headers={"www-authenticate": expected}).check(serve(api))
