"""Server-sent events, and what holds for streams that go on: heartbeats, threads, shutdown."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from typing import Annotated, Any

import httpx
import pytest
from asgiref.sync import sync_to_async
from django.http import Http404
from django.test import override_settings
from msgspec import Struct

from django_bolt import BoltAPI, Controller, Request
from django_bolt.params import Depends, Header
from django_bolt.responses import EventStream, ServerSentEvent, StreamingResponse
from django_bolt.testing import LiveServer, TestClient
from tests.http.cases import Case, table

api = BoltAPI()

EVENTS = "text/event-stream"
#: Seconds; far beyond what anything here takes.
PATIENCE = 10.0


class Point(Struct):
    x: int


@api.get("/kinds")
async def kinds() -> EventStream:
    async def events() -> AsyncIterator[Any]:
        yield "text"
        yield {"a": 1}
        yield Point(2)
        yield ServerSentEvent(data="x\ny", event="moved", id="7", retry=500, comment="c")

    return EventStream(events(), headers={"X-Name": "value"})


@api.get("/kinds-sync")
def kinds_sync() -> EventStream:
    return EventStream(iter(["a", ServerSentEvent(data=[1])]))


@api.get("/typed")
async def typed() -> AsyncIterator[ServerSentEvent]:
    yield ServerSentEvent(data="a")
    await asyncio.sleep(0)
    yield ServerSentEvent(comment="b")


@api.get("/typed-sync")
def typed_sync() -> Iterator[ServerSentEvent]:
    yield ServerSentEvent(data="a")


@api.get("/resumed")
async def resumed(
    request: Request, last_event_id: Annotated[int, Header()] = 0
) -> AsyncIterator[ServerSentEvent]:
    yield ServerSentEvent(data=request.last_event_id, id=last_event_id + 1)


class Feed(Controller):
    async def get(self, request: Request) -> AsyncIterator[Point]:
        for x in range(2):
            yield Point(x)

    def post(self, request: Request) -> Iterator[ServerSentEvent]:
        yield ServerSentEvent(data=request.path)


api.register("controller", Feed)


@api.get("/anything")
async def anything() -> AsyncIterator[Any]:
    yield {"a": 1}
    yield None


@api.get("/dicts", status_code=202)
def dicts() -> Iterator[dict[str, int]]:
    yield {"a": 1}


@api.get("/late-fault")
def late_fault() -> Iterator[Point]:
    yield Point(1)
    yield "no point"  # type: ignore[misc]


async def doubled(x: int) -> int:
    return 2 * x


@api.get("/injected")
async def injected(x: Annotated[int, Depends(doubled)]) -> AsyncIterator[Point]:
    yield Point(x)


@table(
    [
        Case(
            "GET",
            "/kinds",
            text='data: text\n\ndata: {"a":1}\n\ndata: {"x":2}\n\n'
            ": c\nevent: moved\nid: 7\nretry: 500\ndata: x\ndata: y\n\n",
            reply_headers={
                "content-type": EVENTS,
                "cache-control": "no-cache",
                "x-accel-buffering": "no",
                "x-name": "value",
                "content-length": None,
            },
        ),
        Case("GET", "/kinds-sync", text="data: a\n\ndata: [1]\n\n"),
        Case("GET", "/typed", text="data: a\n\n: b\n\n", reply_headers={"content-type": EVENTS}),
        Case("GET", "/typed-sync", text="data: a\n\n", reply_headers={"cache-control": "no-cache"}),
        Case("GET", "/resumed", headers={"last-event-id": "41"}, text="id: 42\ndata: 41\n\n"),
        Case("GET", "/resumed", text="id: 1\ndata: null\n\n", name="first time"),
        Case(
            "GET",
            "/resumed",
            headers={"last-event-id": "x"},
            status=400,
            body={"last-event-id": ["A valid integer is required."]},
        ),
        Case("GET", "/controller", text='{"x":0}\n{"x":1}\n'),
        Case("POST", "/controller", text="data: /controller\n\n"),
        Case("GET", "/anything", text='{"a":1}\nnull\n'),
        Case("GET", "/dicts", status=202, text='{"a":1}\n'),
        Case("HEAD", "/dicts", status=202, text=""),
        Case("HEAD", "/absent", status=404, text=""),
        Case("GET", "/injected?x=2", text='{"x":4}\n'),
    ]
)
def test_events(client: httpx.Client, case: Case) -> None:
    case.check(client)


@api.get("/silent")
async def silent() -> EventStream:
    async def events() -> AsyncIterator[str]:
        yield "first"
        await asyncio.sleep(0.35)
        yield "last"

    return EventStream(events(), ping=0.1)


@api.get("/busy")
async def busy() -> EventStream:
    async def events() -> AsyncIterator[str]:
        for _ in range(8):
            yield "x"
            await asyncio.sleep(0.05)

    return EventStream(events(), ping=0.2)


@api.get("/unpinged")
async def unpinged() -> EventStream:
    async def events() -> AsyncIterator[str]:
        await asyncio.sleep(0.1)
        yield "x"

    return EventStream(events(), ping=None)


def test_silence_is_filled_with_comments(client: httpx.Client) -> None:
    text = client.get("/silent").text
    assert text.startswith("data: first\n\n: ping\n\n")
    assert text.endswith("data: last\n\n")
    assert 1 <= text.count(": ping") <= 3
    assert client.get("/busy").text == "data: x\n\n" * 8
    assert client.get("/unpinged").text == "data: x\n\n"


def eventually(holds: Callable[[], bool], patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@api.get("/blocking-feed")
async def blocking_feed() -> EventStream:
    async def events() -> AsyncIterator[int]:
        for number in range(1000):
            yield await sync_to_async(int)(number)
            await asyncio.sleep(0.05)

    return EventStream(events())


def test_events_leave_threads_to_others() -> None:
    """Ten feeds that block now and then are served by two threads."""
    with (
        override_settings(BOLT={"BLOCKING_THREADS": 2}),
        LiveServer(api) as server,
        httpx.Client(base_url=server.url, trust_env=False, timeout=PATIENCE) as client,
        ExitStack() as stack,
    ):
        replies = [stack.enter_context(client.stream("GET", "/blocking-feed")) for _ in range(10)]
        for reply in replies:
            lines = reply.iter_lines()
            assert [next(lines) for _ in range(4)] == ["data: 0", "", "data: 1", ""]


def _get(client: httpx.Client, path: str) -> httpx.Request:
    return client.build_request("GET", path)


ended: list[str] = []


@api.get("/endless-events")
async def endless_events() -> AsyncIterator[ServerSentEvent]:
    try:
        yield ServerSentEvent(data="on")
        await asyncio.sleep(1000)
    finally:
        await asyncio.sleep(0.05)
        ended.append("events")


@api.get("/endless-bytes")
def endless_bytes() -> Iterator[bytes]:
    try:
        while True:
            yield b"x"
            time.sleep(0.01)
    finally:
        ended.append("bytes")


@pytest.mark.parametrize("path", ["/endless-events", "/endless-bytes"])
def test_a_server_that_stops_ends_its_streams(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django_bolt.testing.live._SHUTDOWN_TIMEOUT", 0.5)
    ended.clear()
    with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
        with LiveServer(api) as server:
            reply = client.send(_get(client, server.url + path), stream=True)
            chunks = reply.iter_raw()
            next(chunks)
            began = time.monotonic()
        assert time.monotonic() - began < 3.0
        assert ended == [path.removeprefix("/endless-")]
        with pytest.raises(httpx.RemoteProtocolError):
            list(chunks)


@api.get("/stubborn")
async def stubborn() -> StreamingResponse:
    async def parts() -> AsyncIterator[str]:
        try:
            while True:
                try:
                    yield "x"
                    await asyncio.sleep(0.02)
                except asyncio.CancelledError:
                    ended.append("told")
        finally:
            ended.append("stubborn")

    return StreamingResponse(parts())


def test_a_generator_that_does_not_listen_is_closed_all_the_same(client: httpx.Client) -> None:
    ended.clear()
    with client.stream("GET", "/stubborn") as reply:
        next(reply.iter_raw())
    eventually(lambda: ended[-1:] == ["stubborn"], 1.0)


class Closable:
    """An iterator that holds something open."""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        return "x"

    def close(self) -> None:
        ended.append("closable")


@api.get("/closable")
def closable() -> StreamingResponse:
    return StreamingResponse(Closable())


def test_what_is_never_sent_is_closed(client: httpx.Client) -> None:
    ended.clear()
    assert client.head("/closable").status_code == 200
    eventually(lambda: ended == ["closable"], 1.0)


@api.get("/absent")
async def absent() -> AsyncIterator[Point]:
    await asyncio.sleep(0)
    raise Http404
    yield


@api.get("/absent-sync")
def absent_sync() -> Iterator[Point]:
    raise Http404
    yield


@api.get("/broken-at-once")
async def broken_at_once() -> AsyncIterator[bytes]:
    raise ValueError("before anything was sent")
    yield


@table(
    [
        Case("GET", "/absent", status=404, body={"detail": "Not found."}),
        Case("GET", "/absent-sync", status=404, body={"detail": "Not found."}),
        Case("GET", "/broken-at-once", status=500, body={"detail": "Internal server error."}),
    ]
)
def test_what_is_raised_before_the_first_item_is_answered(client: httpx.Client, case: Case) -> None:
    case.check(client)


async def cleaned_up() -> AsyncIterator[int]:
    yield 1
    await asyncio.sleep(0.01)
    ended.append("cleaned up")


@api.get("/absent-injected")
async def absent_injected(x: Annotated[int, Depends(cleaned_up)]) -> AsyncIterator[Point]:
    raise Http404
    yield


def test_a_refusal_comes_when_dependencies_are_cleaned_up(client: httpx.Client) -> None:
    ended.clear()
    assert client.get("/absent-injected").status_code == 404
    assert ended == ["cleaned up"]


def test_an_item_that_is_not_what_is_declared(client: httpx.Client) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/late-fault")


def test_the_exception_behind_a_stream_is_raised() -> None:
    broken = BoltAPI()

    @broken.get("/")
    async def broken_stream() -> AsyncIterator[str]:
        yield "x"
        raise ValueError("in mid-stream")

    with TestClient(broken) as client, pytest.raises(ValueError, match="in mid-stream"):
        client.get("/")
