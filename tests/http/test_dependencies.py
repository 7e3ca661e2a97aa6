"""Dependencies: what they are given, when they run, and what becomes of them."""

from __future__ import annotations

import contextvars
import functools
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any

import httpx
import msgspec
import pytest

from django_bolt import BoltAPI, Controller, Request, Router
from django_bolt.exceptions import ConfigurationError, NotFound
from django_bolt.params import Depends, Header, Query
from django_bolt.testing import TestClient
from tests.http.cases import Case, eventually, table

api = BoltAPI()

REQUIRED = ["This field is required."]
NOT_AN_INTEGER = ["A valid integer is required."]
#: What happened in the request that a test has just made.
events: list[str] = []
variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


@pytest.fixture(autouse=True)
def no_events() -> None:
    events.clear()


class Item(msgspec.Struct):
    name: str


def page(limit: Annotated[int, Query(ge=1)] = 10, offset: int = 0) -> tuple[int, int]:
    return limit, offset


async def tenant(x_tenant: Annotated[str, Header]) -> str:
    return x_tenant.upper()


def counted() -> int:
    events.append("counted")
    return len(events)


class Service:
    def __init__(self, name: Annotated[str, Depends(tenant)], verbose: bool = False) -> None:
        self.name, self.verbose = name, verbose


class Window(msgspec.Struct):
    first: int = 1
    last: int = 9


class Multiplier:
    def __init__(self, factor: int) -> None:
        self.factor = factor

    async def __call__(self, number: int) -> int:
        return self.factor * number


def opened(name: str) -> Callable[..., Iterator[str]]:
    def generator() -> Iterator[str]:
        events.append(f"open {name}")
        try:
            yield name
        except LookupError as error:
            events.append(f"{name} saw {type(error).__name__}")
            raise
        finally:
            events.append(f"close {name}")

    generator.__qualname__ = name
    return generator


first, second = opened("first"), opened("second")


async def third(second: Annotated[str, Depends(second)]) -> AsyncIterator[str]:
    events.append("open third")
    try:
        yield f"third of {second}"
    finally:
        events.append("close third")


def swallowing() -> Iterator[None]:
    try:
        yield
    except KeyError:
        events.append("swallowed")


def replacing() -> Iterator[None]:
    try:
        yield
    except KeyError as error:
        raise NotFound("Replaced.") from error


def twice() -> Iterator[None]:
    try:
        yield
    except KeyError:
        yield


def sets_variable() -> str:
    variable.set("set")
    return threading.current_thread().name


async def sets_variable_on_the_loop() -> None:
    variable.set("set on the loop")


@api.get("/sync/{pk}")
def sync(pk: int, given: Annotated[tuple[int, int], Depends(page)], q: str = "-") -> Any:
    return [pk, given, q]


@api.get("/async/{pk}")
async def asynchronous(pk: int, *, name: str = Depends(tenant), given: Any = Depends(page)) -> Any:  # noqa: B008
    return [pk, name, given]


@api.get("/mixed")
def mixed(name: Annotated[str, Depends(tenant)]) -> Any:
    return name


def path_of(request: Request, pk: str) -> str:
    return f"{request.path}|{pk}"


@api.get("/requests/{pk}")
def with_request(path: Annotated[str, Depends(path_of)], **kwargs: str) -> Any:
    return [path, kwargs]


@api.get("/classes")
async def classes(
    service: Annotated[Service, Depends(Service)],
    window: Annotated[Window, Depends(Window)],
    number: Annotated[int, Depends(Multiplier(3))],
    partial: Annotated[Any, Depends(functools.partial(page, 5))],
) -> Any:
    return [service.name, service.verbose, window, number, partial]


def before(one: Annotated[int, Depends(counted)]) -> int:
    return one


@api.get("/cached")
def cached(
    a: Annotated[int, Depends(counted)],
    b: Annotated[int, Depends(before)],
    c: Annotated[int, Depends(counted, use_cache=False)],
) -> Any:
    return [a, b, c]


def name_of(item: Item) -> str:
    return item.name


@api.post("/bodies")
async def bodies(item: Item, name: Annotated[str, Depends(name_of)], q: int) -> Any:
    return [item.name, name, q]


def fail(kind: str) -> None:
    if kind:
        raise {"key": KeyError("k"), "404": NotFound()}[kind]


@api.get("/generators")
def generators(
    a: Annotated[str, Depends(first)], b: Annotated[str, Depends(second)], kind: str = ""
) -> Any:
    events.append("handler")
    fail(kind)
    return [a, b]


@api.get("/async-generators")
async def async_generators(
    a: Annotated[str, Depends(first)], b: Annotated[str, Depends(third)], kind: str = ""
) -> Any:
    events.append("handler")
    fail(kind)
    return [a, b]


def failing(kind: str = "") -> None:
    fail(kind)


@api.get("/failing")
async def after_a_failure(a: Annotated[str, Depends(third)], b: Annotated[Any, Depends(failing)]):
    return a


def serve_failure(dependency: Callable[..., Any]) -> None:
    def raising(resource: Any = Depends(dependency)) -> Any:  # noqa: B008
        raise KeyError("the handler's")

    api.get(f"/{dependency.__name__}")(raising)


for generator_function in (swallowing, replacing, twice):
    serve_failure(generator_function)


@api.get("/context")
async def context(thread: Annotated[str, Depends(sets_variable)]) -> Any:
    return variable.get()


@api.get("/context/sync")
def context_of_def(
    thread: Annotated[str, Depends(sets_variable)],
    none: Annotated[None, Depends(sets_variable_on_the_loop)],
) -> Any:
    return [variable.get(), thread == threading.current_thread().name]


def event(name: str) -> Depends:
    def dependency(request: Request) -> None:
        if name in request.query_params:
            raise NotFound
        events.append(name)

    return Depends(dependency)


class Hooked(Controller):
    dependencies = [event("class"), Depends(first)]

    def initial(self, request, *args: Any, **kwargs: Any) -> None:
        events.append("initial")

    def get(self, request, q: str = "") -> Any:
        events.append("handler")
        return q

    def handle_exception(self, exc: Exception) -> Any:
        events.append(f"handled {type(exc).__name__}")
        return {"handled": True}


inner = Router(dependencies=[event("inner")])
inner.register("hooked", Hooked)
outer = BoltAPI(dependencies=[event("outer")])
outer.include(inner)


@outer.get("/function", dependencies=[event("own")])
async def function_with_effects() -> Any:
    return list(events)


api.include("/effects", outer)


@table(
    [
        Case("GET", "/sync/1?limit=3", body=[1, [3, 0], "-"]),
        Case(
            "GET",
            "/sync/x?limit=0&offset=y",
            status=400,
            body={
                "pk": NOT_AN_INTEGER,
                "limit": ["Ensure this value is greater than or equal to 1."],
                "offset": NOT_AN_INTEGER,
            },
            name="the faults of all at once",
        ),
        Case("GET", "/async/1", headers={"x-tenant": "a"}, body=[1, "A", [10, 0]]),
        Case("GET", "/async/1", status=400, body={"x-tenant": REQUIRED}),
        Case("GET", "/mixed", headers={"x-tenant": "a"}, body="A"),
        Case("GET", "/requests/7", body=["/requests/7|7", {}]),
        Case(
            "GET",
            "/classes?verbose=1&last=4&number=2&offset=1",
            headers={"x-tenant": "a"},
            body=["A", True, {"first": 1, "last": 4}, 6, [5, 1]],
        ),
        Case("GET", "/cached", body=[1, 1, 2]),
        Case("POST", "/bodies?q=1", json={"name": "n"}, body=["n", "n", 1]),
        Case("POST", "/bodies", json={}, status=400, body={"name": REQUIRED, "q": REQUIRED}),
        Case("GET", "/context", body="set"),
        Case("GET", "/context/sync", body=["set on the loop", True]),
    ]
)
def test_values(client: httpx.Client, case: Case) -> None:
    case.check(client)


ENTERED = ["open first", "open second", "handler"]
ENTERED_ASYNC = ["open first", "open second", "open third", "handler"]


@pytest.mark.parametrize(
    ("path", "status", "expected"),
    [
        ("/generators", 200, [*ENTERED, "close second", "close first"]),
        (
            "/generators?kind=key",
            500,
            [
                *ENTERED,
                "second saw KeyError",
                "close second",
                "first saw KeyError",
                "close first",
            ],
        ),
        ("/generators?kind=404", 404, [*ENTERED, "close second", "close first"]),
        (
            "/async-generators",
            200,
            [*ENTERED_ASYNC, "close third", "close second", "close first"],
        ),
        (
            "/async-generators?kind=404",
            404,
            [*ENTERED_ASYNC, "close third", "close second", "close first"],
        ),
        (
            "/failing?kind=404",
            404,
            ["open second", "open third", "close third", "close second"],
        ),
        ("/swallowing", 500, ["swallowed"]),
        ("/replacing", 404, []),
        ("/twice", 500, []),
        ("/effects/function", 200, ["outer", "own"]),
        (
            "/effects/hooked",
            200,
            ["initial", "outer", "inner", "class", "open first", "handler", "close first"],
        ),
        ("/effects/hooked?inner=1", 200, ["initial", "outer", "handled NotFound"]),
        ("/effects/function?outer=1", 404, []),
        ("/effects/hooked?outer=1", 200, ["initial", "handled NotFound"]),
    ],
)
def test_events(client: httpx.Client, path: str, status: int, expected: list[str]) -> None:
    assert client.get(path).status_code == status
    eventually(lambda: events, expected)


def test_overrides_reach_every_use() -> None:
    def other_tenant() -> str:
        return "other"

    with TestClient(api, overrides={tenant: other_tenant}) as client:
        assert client.get("/mixed").json() == "other"
        assert client.get("/classes?number=1").json()[0] == "other"
    with TestClient(api) as client:
        assert client.get("/mixed", headers={"x-tenant": "a"}).json() == "A"


def knot(x: Any = None) -> None: ...


def loop(x: Annotated[Any, Depends(knot)]) -> None: ...


knot.__annotations__ = {"x": Annotated[Any, Depends(loop)]}
knot.__defaults__ = None


def with_rest(*args: Any) -> None: ...


def route_of(handler: Callable[..., Any], **options: Any) -> BoltAPI:
    one = BoltAPI()
    one.get("/", **options)(handler)
    return one


def needs_loop(x: Annotated[Any, Depends(loop)]) -> None: ...
def needs_rest(x: Annotated[Any, Depends(with_rest)]) -> None: ...
def needs_tenant(x: Annotated[Any, Depends(tenant)]) -> None: ...
def bare(x: Annotated[Any, Depends]) -> None: ...
def double(x: Annotated[Any, Depends(page), Query()]) -> None: ...
def with_default(x: Annotated[Any, Depends(page)] = 1) -> None: ...


class OtherItem(msgspec.Struct):
    name: str


def two_bodies(item: OtherItem, name: Annotated[str, Depends(name_of)]) -> None: ...


@pytest.mark.parametrize(
    ("handler", "options", "message"),
    [
        (needs_loop, {}, r"loop -> \S*knot -> \S*loop"),
        (needs_rest, {}, "with_rest takes `\\*args"),
        (needs_tenant, {"inline": True}, "inline"),
        (bare, {}, r"Depends\(function\)"),
        (double, {}, "there are two"),
        (with_default, {}, "would have no effect"),
        (two_bodies, {}, "the body is `item` already"),
    ],
)
def test_refusals_at_start(
    handler: Callable[..., Any], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        TestClient(route_of(handler, **options))


def test_an_override_of_nothing_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"No route depends on .*with_rest"):
        TestClient(api, overrides={with_rest: page})


@pytest.mark.parametrize("given", [page, [page], [Depends], "x"])
def test_lists_hold_depends(given: Any) -> None:
    from django.core.exceptions import ImproperlyConfigured

    with pytest.raises(ImproperlyConfigured, match=r"a list of Depends"):
        Router(dependencies=given)
