"""What follows a reply: when generators among the dependencies end, and what becomes of faults."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import httpx
import msgspec
import pytest
from django.contrib.auth import get_user_model
from django.core.signals import got_request_exception
from django.db import connection

from django_bolt import BoltAPI, Controller, Request
from django_bolt.exceptions import NotFound, ResultError
from django_bolt.params import Depends
from django_bolt.responses import FileResponse, StreamingResponse
from django_bolt.testing import LiveServer, TestClient
from tests.http.cases import eventually

api = BoltAPI()

#: What happened in the request that a test has just made.
events: list[str] = []
#: Set where a test lets what follows its reply go on.
gate = threading.Event()
variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


@pytest.fixture(autouse=True)
def no_events() -> Iterator[None]:
    events.clear()
    gate.clear()
    yield
    gate.set()


class Point(msgspec.Struct):
    x: int


def resource(request: Request) -> Iterator[int]:
    try:
        yield threading.get_ident()
    except Exception as error:
        events.append(f"saw {type(error).__name__}")
        raise
    finally:
        if "wait" in request.query_params:
            gate.wait(10)
        events.append(f"closed {variable.get()}")


async def async_resource(request: Request) -> AsyncIterator[None]:
    try:
        yield
    except Exception as error:
        events.append(f"saw {type(error).__name__}")
        raise
    finally:
        if "wait" in request.query_params:
            await asyncio.to_thread(gate.wait, 10)
        events.append(f"closed {variable.get()}")


Sync = Annotated[int, Depends(resource)]
Async = Annotated[None, Depends(async_resource)]


@api.get("/sync")
def sync(given: Sync, x: str = "1") -> Point:
    variable.set("set")
    return {"x": int(x) if x.isdecimal() else x}  # type: ignore[return-value]


@api.get("/async")
async def asynchronous(given: Async, x: str = "1") -> Point:
    variable.set("set")
    return {"x": int(x) if x.isdecimal() else x}  # type: ignore[return-value]


@api.get("/suspended")
async def suspended(given: Async, x: str = "1") -> Point:
    variable.set("set")
    await asyncio.sleep(0)
    return {"x": int(x) if x.isdecimal() else x}  # type: ignore[return-value]


@api.get("/mixed")
async def mixed(given: Sync, x: str = "1") -> Point:
    variable.set("set")
    return {"x": int(x) if x.isdecimal() else x}  # type: ignore[return-value]


@api.get("/inline", inline=True)
def inline(given: Sync, x: str = "1") -> Point:
    variable.set("set")
    return {"x": int(x) if x.isdecimal() else x}  # type: ignore[return-value]


ROUTES = ["/sync", "/async", "/suspended", "/mixed"]
BOTH = pytest.mark.parametrize("path", [*ROUTES, "/inline"])


@BOTH
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_end_follows_the_reply(client: httpx.Client, path: str, method: str) -> None:
    assert client.request(method, path).status_code == 200
    eventually(lambda: events, ["closed set"])


@pytest.mark.parametrize("path", ROUTES)
def test_a_result_that_makes_no_reply(client: httpx.Client, path: str) -> None:
    reply = client.get(path, params={"x": "no number"})
    assert reply.status_code == 500
    assert events == ["saw ResultError", "closed set"]


@pytest.mark.parametrize("path", ROUTES)
def test_the_reply_does_not_wait(live_client: httpx.Client, path: str) -> None:
    assert live_client.get(path, params={"wait": "1"}).json() == {"x": 1}
    assert events == []
    gate.set()
    eventually(lambda: events, ["closed set"])


def test_what_runs_inline_ends_before_its_reply(live_client: httpx.Client) -> None:
    assert live_client.get("/inline").json() == {"x": 1}
    assert events == ["closed set"]


def replacing() -> Iterator[None]:
    try:
        yield
    except ResultError as error:
        raise NotFound("Replaced.") from error


@api.get("/replaced/sync")
def replaced(given: Annotated[None, Depends(replacing)]) -> Point:
    return {"x": "no number"}  # type: ignore[return-value]


@api.get("/replaced/async")
async def areplaced(given: Annotated[None, Depends(replacing)]) -> Point:
    await asyncio.sleep(0)
    return {"x": "no number"}  # type: ignore[return-value]


@pytest.mark.parametrize("path", ["/replaced/sync", "/replaced/async"])
def test_a_generator_may_replace_that_failure(client: httpx.Client, path: str) -> None:
    reply = client.get(path)
    assert (reply.status_code, reply.json()) == (404, {"detail": "Replaced."})


def breaking() -> Iterator[None]:
    yield
    raise LookupError("the end of it")


async def async_breaking() -> AsyncIterator[None]:
    yield
    await asyncio.sleep(0)
    raise LookupError("the end of it")


@api.get("/breaking/sync")
def breaks(outer: Sync, given: Annotated[None, Depends(breaking)]) -> int:
    return 1


@api.get("/breaking/async")
async def abreaks(outer: Async, given: Annotated[None, Depends(async_breaking)]) -> int:
    return 1


@contextmanager
def announcements() -> Iterator[list[Any]]:
    """Collect what ``got_request_exception`` tells."""
    announced: list[Any] = []

    def receive(request: Any, **_: Any) -> None:
        announced.append(request.path)

    got_request_exception.connect(receive)
    try:
        yield announced
    finally:
        got_request_exception.disconnect(receive)


@pytest.mark.parametrize("path", ["/breaking/sync", "/breaking/async"])
def test_a_failing_end_is_told(
    client: httpx.Client, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    with announcements() as announced, caplog.at_level(logging.ERROR, logger="django.request"):
        assert client.get(path).json() == 1
        eventually(lambda: announced, [path])
        eventually(lambda: len(caplog.records), 1)
    assert caplog.records[0].exc_info is not None
    assert str(caplog.records[0].exc_info[1]) == "the end of it"
    assert events == ["saw LookupError", "closed unset"]


@pytest.mark.parametrize("path", ["/breaking/sync", "/breaking/async"])
def test_a_test_hears_of_a_failing_end(path: str) -> None:
    with TestClient(api) as client, pytest.raises(LookupError, match="the end of it"):
        client.get(path)


def parts(ident: int, count: int) -> Iterator[str]:
    try:
        for _ in range(count):
            events.append("own thread" if threading.get_ident() == ident else "another thread")
            yield "x" * 100
    finally:
        events.append("stream closed")


@api.get("/stream/sync")
def sync_stream(given: Sync, count: int = 2) -> StreamingResponse:
    return StreamingResponse(parts(given, count))


@api.get("/stream/async")
async def async_stream(request: Request, given: Async, count: int = 2) -> StreamingResponse:
    async def produce() -> AsyncIterator[str]:
        try:
            for _ in range(count):
                events.append("step")
                yield "x" * 100
                await asyncio.sleep(0)
        finally:
            await asyncio.sleep(0.05)
            events.append("stream closed")

    return StreamingResponse(produce())


@api.get("/stream/file")
def file(given: Sync) -> FileResponse:
    return FileResponse(__file__)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/stream/sync", ["own thread", "own thread", "stream closed", "closed unset"]),
        ("/stream/async", ["step", "step", "stream closed", "closed unset"]),
        ("/stream/file", ["closed unset"]),
    ],
)
def test_streams_end_before_what_they_read_from(
    client: httpx.Client, path: str, expected: list[str]
) -> None:
    client.get(path)
    eventually(lambda: events, expected)
    events.clear()
    assert client.head(path).text == ""
    eventually(lambda: events, ["closed unset"])


@pytest.mark.parametrize("path", ["/stream/sync", "/stream/async"])
def test_a_client_that_leaves_in_mid_stream(live_client: httpx.Client, path: str) -> None:
    with live_client.stream("GET", path, params={"count": 10**7}) as reply:
        next(reply.iter_raw())
    eventually(lambda: events[-2:], ["stream closed", "closed unset"])
    time.sleep(0.05)
    assert events.count("closed unset") == 1


@api.get("/slow/sync")
def slow(given: Sync) -> int:
    events.append("handler")
    gate.wait(10)
    return 1


@api.get("/slow/async")
async def slow_async(given: Async) -> int:
    events.append("handler")
    try:
        await asyncio.sleep(10)
    except asyncio.CancelledError:
        events.append("cancelled")
    return 1


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/slow/sync", ["handler", "closed unset"]),
        ("/slow/async", ["handler", "cancelled", "closed unset"]),
    ],
)
def test_a_client_that_leaves_before_the_reply(
    live_client: httpx.Client, path: str, expected: list[str]
) -> None:
    with socket.create_connection((live_client.base_url.host, live_client.base_url.port)) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: testserver\r\n\r\n".encode())
        eventually(lambda: events, ["handler"])
    time.sleep(0.1)
    gate.set()
    eventually(lambda: events, expected)


def in_transaction() -> Iterator[None]:
    def note(execute: Callable[..., Any], *args: Any) -> Any:
        events.append("query")
        return execute(*args)

    with connection.execute_wrapper(note):
        yield
    events.append("closed")


class Name(msgspec.Struct):
    username: str


@api.get("/queryset/sync")
def queryset(given: Annotated[None, Depends(in_transaction)]) -> list[Name]:
    return get_user_model().objects.order_by("username")  # type: ignore[return-value]


@api.get("/queryset/async")
async def aqueryset(given: Annotated[None, Depends(in_transaction)]) -> list[Name]:
    return get_user_model().objects.order_by("username")  # type: ignore[return-value]


@api.get("/queryset/suspended")
async def squeryset(given: Annotated[None, Depends(in_transaction)]) -> list[Name]:
    await asyncio.sleep(0)
    return get_user_model().objects.order_by("username")  # type: ignore[return-value]


@pytest.mark.parametrize("path", ["/queryset/sync", "/queryset/async", "/queryset/suspended"])
def test_a_queryset_is_read_before_the_end(db_client: httpx.Client, path: str) -> None:
    get_user_model().objects.create(username="ada")
    assert db_client.get(path).json() == [{"username": "ada"}]
    eventually(lambda: events, ["query", "closed"])


class Hooked(Controller):
    dependencies = [Depends(resource)]

    def get(self, request: Request) -> Any:
        return {"given": True}

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        events.append(f"finalized {response}")
        if "break" in request.query_params:
            raise NotFound
        return response


api.register("hooked", Hooked)


@pytest.mark.parametrize(
    ("path", "status", "end"),
    [
        ("/hooked", 200, ["closed unset"]),
        ("/hooked?break=1", 404, ["saw NotFound", "closed unset"]),
    ],
)
def test_the_life_cycle_is_inside(
    client: httpx.Client, path: str, status: int, end: list[str]
) -> None:
    assert client.get(path).status_code == status
    eventually(lambda: events, ["finalized {'given': True}", *end])


@pytest.mark.parametrize("path", ROUTES)
def test_a_server_that_stops_waits(path: str) -> None:
    with LiveServer(api) as server:
        reply = httpx.get(server.url + path, params={"wait": "1"}, trust_env=False)
        assert reply.json() == {"x": 1}
        threading.Timer(0.3, gate.set).start()
    assert events == ["closed set"]
