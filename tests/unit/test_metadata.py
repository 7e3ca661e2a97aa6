"""OPTIONS: what describes a controller's path."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_bolt.controllers import Controller
from django_bolt.decorators import action
from django_bolt.routing import Router, check_duplicates, described_once
from django_bolt.viewsets import BoltViewSet


class Ping(Controller):
    """Say pong."""

    async def get(self, request: Any) -> None: ...


class AirportViewSet(BoltViewSet):
    """The world's airports."""

    def list(self, request: Any) -> None: ...

    def create(self, request: Any) -> None: ...

    def retrieve(self, request: Any, pk: str) -> None: ...

    def partial_update(self, request: Any, pk: str) -> None: ...

    @action(detail=True, methods=["get"])
    async def nearest_ones(self, request: Any, pk: str) -> None: ...

    @nearest_ones.mapping.delete
    def forget_nearest(self, request: Any, pk: str) -> None: ...

    @action(detail=False, url_path="of/{country}", url_name="national")
    def by_country(self, request: Any, country: str) -> None: ...


def test_options_describe_the_endpoint() -> None:
    router = Router()
    router.register("airports", AirportViewSet)
    router.register("ping", Ping)
    names = {
        route.path: route.function(object()).data
        for route in router.routes()
        if route.method == "OPTIONS"
    }
    assert names["/airports"] == {
        "name": "Airport List",
        "description": "The world's airports.",
        "renders": ["application/json"],
        "parses": ["application/json"],
    }
    assert {path: described["name"] for path, described in names.items()} == {
        "/airports": "Airport List",
        "/airports/{pk}": "Airport Instance",
        "/airports/of/{country}": "Airport By Country",
        "/airports/{pk}/nearest_ones": "Airport Nearest Ones",
        "/ping": "Ping",
    }


def test_options_say_what_is_allowed() -> None:
    router = Router()
    router.register("airports", AirportViewSet)
    allowed = {
        route.path: route.function(object()).headers["Allow"]
        for route in router.routes()
        if route.method == "OPTIONS"
    }
    assert allowed == {
        "/airports": "GET, HEAD, OPTIONS, POST",
        "/airports/{pk}": "GET, HEAD, OPTIONS, PATCH",
        "/airports/of/{country}": "GET, HEAD, OPTIONS",
        "/airports/{pk}/nearest_ones": "DELETE, GET, HEAD, OPTIONS",
    }


def test_a_class_may_name_and_describe_itself() -> None:
    class Named(AirportViewSet):
        name = "Aerodromes"
        description = "All of them."

    router = Router()
    router.register("x", Named)
    described = [
        route.function(object()).data for route in router.routes() if route.method == "OPTIONS"
    ]
    assert {(each["name"], each["description"]) for each in described} == {
        ("Aerodromes", "All of them.")
    }


def test_metadata_behind_hooks_may_block() -> None:
    class Hooked(Ping):
        def initial(self, request: Any, *args: Any, **kwargs: Any) -> None: ...

    router = Router()
    router.register("x", Hooked)
    assert [route.inline for route in router.routes()] == [False, False]


def test_own_options_stand_in_the_place_of_the_metadata() -> None:
    class Own(Ping):
        def options(self, request: Any) -> None: ...

    router = Router()
    router.register("x", Own)
    assert [route.function for route in router.routes()] == [Ping.get, Own.options]


def test_actions_that_share_a_path_are_described_once() -> None:
    class Shared(BoltViewSet):
        @action(detail=False, url_path="x")
        def read(self, request: Any) -> None: ...

        @action(detail=False, url_path="x", methods=["post"])
        def write(self, request: Any) -> None: ...

    router = Router()
    router.register("", Shared)
    check_duplicates(router.routes())
    assert [route.method for route in router.routes()] == ["GET", "OPTIONS", "POST"]
    assert router.routes()[1].function(object()).headers["Allow"] == "GET, HEAD, OPTIONS, POST"


class Reads(Controller):
    """Reads things."""

    permission_classes = (int,)

    def get(self) -> None: ...


class Writes(Controller):
    def post(self) -> None: ...

    def delete(self) -> None: ...


class Asks(Controller):
    def options(self) -> None: ...


def one(path: str, cls: type[Controller]) -> Router:
    router = Router()
    router.register(path, cls)
    return router


@pytest.mark.parametrize(
    ("registered", "allow"),
    [
        ([("a/{x}", Reads)], ["GET, HEAD, OPTIONS"]),
        ([("a/{x}", Reads), ("a/{y}", Writes)], ["DELETE, GET, HEAD, OPTIONS, POST"]),
        ([("a", Writes), ("a", Reads)], ["DELETE, GET, HEAD, OPTIONS, POST"]),
        ([("a/{x}", Reads), ("a/b", Writes)], ["GET, HEAD, OPTIONS", "DELETE, OPTIONS, POST"]),
        ([("a/{x}", Reads), ("a/{y}", Asks), ("a/{z}", Writes)], []),
        ([("a/{y}", Asks), ("a/{x}", Reads)], []),
    ],
)
def test_a_path_is_described_once(registered: list[tuple[str, Any]], allow: list[str]) -> None:
    found = [route for path, cls in registered for route in one(path, cls).routes()]
    routes = described_once(found)
    check_duplicates(routes)
    described = [route for route in routes if route.description is not None]
    assert [route.function(object()).headers["Allow"] for route in described] == allow
    # What somebody wrote is all there, in its order.
    written = [route for route in found if route.description is None]
    assert [route for route in routes if route.description is None] == written
    for route in described:
        # Under the policies of its own class.
        assert (route.permission_classes == (int,)) is (route.controller is Reads)


def test_the_same_method_twice_is_told_of_the_methods_that_were_written() -> None:
    found = [*one("a/{x}", Reads).routes(), *one("a/{y}", Reads).routes()]
    with pytest.raises(ImproperlyConfigured, match=r"GET /a/\{x\} and /a/\{y\} is declared twice"):
        check_duplicates(described_once(found))
