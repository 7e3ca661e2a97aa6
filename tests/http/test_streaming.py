"""Replies that are produced while they are sent, and what ends them."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any

import anyio
import httpx
import pytest
from django.core.signals import got_request_exception
from msgspec import Struct

from django_bolt import BoltAPI, Request
from django_bolt.params import Header
from django_bolt.responses import StreamingResponse
from tests.http.cases import Case, table

api = BoltAPI()

NDJSON = "application/x-ndjson"
TEXT = "text/plain; charset=utf-8"
OCTETS = "application/octet-stream"
#: Seconds; far beyond what anything here takes.
PATIENCE = 10.0
events: list[str] = []
variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


class Point(Struct):
    x: int
    y: int = 0


@api.get("/async")
async def async_text() -> StreamingResponse:
    async def parts() -> AsyncIterator[str | bytes]:
        yield "a"
        await asyncio.sleep(0)
        yield b"\xff"
        yield ""
        yield "ö"

    return StreamingResponse(parts(), media_type="text/plain", headers={"X-Name": "value"})


@api.get("/sync")
def sync_text() -> StreamingResponse:
    return StreamingResponse((str(number) for number in range(5)), status_code=201)


@api.get("/sync-from-async")
async def sync_from_async() -> StreamingResponse:
    return StreamingResponse(iter([b"a", bytearray(b"b"), memoryview(b"c")]))


@api.get("/list")
def of_a_list() -> StreamingResponse:
    return StreamingResponse(["a", "b"])


@api.get("/empty")
async def empty() -> StreamingResponse:
    return StreamingResponse([])


@api.get("/lines")
async def lines() -> StreamingResponse:
    async def points() -> AsyncIterator[Any]:
        yield Point(1)
        yield {"x": 2}
        yield "3\n"

    return StreamingResponse(points(), media_type=NDJSON)


@api.get("/inline", inline=True)
def inline() -> StreamingResponse:
    return StreamingResponse(str(number) for number in range(3))


@table(
    [
        Case(
            "GET",
            "/async",
            content=None,
            reply_headers={
                "content-type": "text/plain",
                "x-name": "value",
                "transfer-encoding": "chunked",
                "content-length": None,
            },
        ),
        Case("GET", "/sync", status=201, text="01234"),
        Case("GET", "/sync-from-async", text="abc"),
        Case("GET", "/list", text="ab"),
        Case("GET", "/empty", text=""),
        Case("GET", "/inline", text="012"),
        Case("GET", "/lines", text='{"x":1,"y":0}\n{"x":2}\n3\n'),
        Case("HEAD", "/async", text="", reply_headers={"content-type": "text/plain"}),
    ]
)
def test_streams(client: httpx.Client, case: Case) -> None:
    case.check(client)


def test_bytes_and_text_are_sent_as_they_are(client: httpx.Client) -> None:
    assert client.get("/async").content == b"a\xff\xc3\xb6"


@api.get("/context")
async def context(request: Request, name: Annotated[str, Header()]) -> StreamingResponse:
    variable.set(name)

    async def parts() -> AsyncIterator[str]:
        task = asyncio.current_task()
        for _ in range(3):
            await asyncio.sleep(0)
            assert asyncio.current_task() is task
            yield variable.get() + request.path

    return StreamingResponse(parts())


@api.get("/context-sync")
def context_sync(name: Annotated[str, Header()]) -> StreamingResponse:
    variable.set(name)

    def parts() -> Iterator[str]:
        thread = threading.get_ident()
        for _ in range(3):
            assert threading.get_ident() == thread
            yield variable.get()

    return StreamingResponse(parts())


def test_a_generator_sees_the_context_of_its_request(client: httpx.Client) -> None:
    assert client.get("/context", headers={"name": "a"}).text == "a/context" * 3
    assert client.get("/context-sync", headers={"name": "b"}).text == "bbb"


@api.get("/timeout")
async def with_timeout() -> StreamingResponse:
    async def parts() -> AsyncIterator[str]:
        async with asyncio.timeout(PATIENCE):
            yield "a"
            await asyncio.sleep(0)
            yield "b"
        with anyio.CancelScope() as scope:
            yield "c"
            scope.cancel()
            with anyio.CancelScope(shield=True):
                yield "d"
            await anyio.sleep(PATIENCE)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.01):
                yield "e"
                await asyncio.sleep(PATIENCE)
        yield "f"

    return StreamingResponse(parts())


def test_scopes_hold_over_a_yield(client: httpx.Client) -> None:
    assert client.get("/timeout").text == "abcdef"


def eventually(holds: Callable[[], bool], patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@api.get("/endless")
async def endless() -> StreamingResponse:
    async def parts() -> AsyncIterator[str]:
        try:
            while True:
                yield "x"
                await asyncio.sleep(0.01)
        finally:
            await asyncio.sleep(0)
            events.append("closed")

    return StreamingResponse(parts())


@api.get("/endless-sync")
def endless_sync() -> StreamingResponse:
    def parts() -> Iterator[str]:
        thread = threading.get_ident()
        try:
            while True:
                yield "x"
                time.sleep(0.01)
        finally:
            assert threading.get_ident() == thread
            events.append("closed")

    return StreamingResponse(parts())


@api.get("/silent")
async def silent() -> StreamingResponse:
    async def parts() -> AsyncIterator[str]:
        yield "x"
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            events.append("closed")
            raise

    return StreamingResponse(parts())


@pytest.mark.parametrize("path", ["/endless", "/endless-sync", "/silent"])
def test_a_client_that_leaves_closes_the_generator(client: httpx.Client, path: str) -> None:
    events.clear()
    with client.stream("GET", path) as reply:
        chunks = reply.iter_raw()
        assert next(chunks).startswith(b"x")
        assert events == []
    eventually(lambda: events == ["closed"], 1.0)


@api.get("/flood")
async def flood() -> StreamingResponse:
    async def parts() -> AsyncIterator[bytes]:
        try:
            for number in range(10_000):
                events.append(str(number))
                yield b"x" * 10_000
        finally:
            events.append("closed")

    return StreamingResponse(parts())


@api.get("/flood-sync")
def flood_sync() -> StreamingResponse:
    def parts() -> Iterator[bytes]:
        try:
            for number in range(10_000):
                events.append(str(number))
                yield b"x" * 10_000
        finally:
            events.append("closed")

    return StreamingResponse(parts())


@pytest.mark.parametrize("path", ["/flood", "/flood-sync"])
def test_a_slow_reader_holds_the_generator_back(client: httpx.Client, path: str) -> None:
    events.clear()
    with client.stream("GET", path) as reply:
        chunks = reply.iter_raw()
        next(chunks)
        time.sleep(0.5)
        produced = len(events)
        # What the kernel's buffers of a socket hold is not the generator's to know.
        assert produced < 1500
        time.sleep(0.2)
        assert len(events) == produced
    eventually(lambda: events[-1] == "closed")


def test_a_whole_flood_arrives(client: httpx.Client) -> None:
    for path in ("/flood", "/flood-sync"):
        assert len(client.get(path).content) == 100_000_000


@api.get("/broken")
async def broken() -> StreamingResponse:
    async def parts() -> AsyncIterator[str]:
        yield "x"
        await asyncio.sleep(0)
        raise ValueError("in mid-stream")

    return StreamingResponse(parts())


@api.get("/broken-sync")
def broken_sync() -> StreamingResponse:
    def parts() -> Iterator[str]:
        yield "x"
        raise ValueError("in mid-stream")

    return StreamingResponse(parts())


@api.get("/wrong-item")
async def wrong_item(request: Request) -> StreamingResponse:
    async def parts() -> AsyncIterator[Any]:
        yield "x"
        yield 1

    return StreamingResponse(parts())


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/broken", "in mid-stream"),
        ("/broken-sync", "in mid-stream"),
        ("/wrong-item", "bytes or str, not int"),
    ],
)
def test_a_failure_cuts_the_connection(
    client: httpx.Client, path: str, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    announced: list[Any] = []

    def receive(**given: Any) -> None:
        announced.append(given)

    got_request_exception.connect(receive)
    try:
        with (
            caplog.at_level(logging.ERROR, logger="django.request"),
            pytest.raises(httpx.RemoteProtocolError),
        ):
            client.get(path)
    finally:
        got_request_exception.disconnect(receive)
    assert len(announced) == 1
    [record] = [record for record in caplog.records if record.name == "django.request"]
    assert record.exc_info is not None
    assert message in str(record.exc_info[1])
    assert client.get("/list").text == "ab"


@api.get("/numbers")
async def numbers(count: int = 3) -> AsyncIterator[Point]:
    for number in range(count):
        await asyncio.sleep(0)
        yield Point(number)


@api.get("/numbers-sync")
def numbers_sync(count: int = 3) -> Iterator[Point]:
    for number in range(count):
        yield Point(number)


@api.get("/cut")
async def cut_to_the_declared() -> AsyncIterator[Point]:
    yield {"x": 1, "y": 2, "secret": 3}  # type: ignore[misc]


@api.get("/text")
async def text() -> AsyncIterator[str]:
    yield "a"
    yield "b"


@api.get("/bytes")
def octets() -> Iterator[bytes]:
    yield b"a"
    yield b"b"


@table(
    [
        Case(
            "GET",
            "/numbers?count=2",
            text='{"x":0,"y":0}\n{"x":1,"y":0}\n',
            reply_headers={"content-type": NDJSON},
        ),
        Case("GET", "/numbers-sync?count=1", text='{"x":0,"y":0}\n'),
        Case(
            "GET", "/numbers?count=x", status=400, body={"count": ["A valid integer is required."]}
        ),
        Case("GET", "/cut", text='{"x":1,"y":2}\n'),
        Case(
            "GET", "/text", text="ab", reply_headers={"content-type": "text/plain; charset=utf-8"}
        ),
        Case(
            "GET", "/bytes", text="ab", reply_headers={"content-type": "application/octet-stream"}
        ),
    ]
)
def test_handlers_that_are_generators(client: httpx.Client, case: Case) -> None:
    case.check(client)


@pytest.mark.parametrize(
    ("content", "message"),
    [("text", "not str"), (b"bytes", "not bytes"), ({"a": 1}, "not dict"), (1, "not int")],
)
def test_content_that_is_no_stream(content: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        StreamingResponse(content)


def test_a_length_that_nobody_knows() -> None:
    with pytest.raises(ValueError, match="leave it out"):
        StreamingResponse([], headers={"Content-Length": "3"})
