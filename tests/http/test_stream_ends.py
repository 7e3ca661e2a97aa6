"""How streams end: on their own, by a fault, or since nobody reads them any more."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import httpx
import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Group
from django.core.signals import request_finished, request_started
from django.test import override_settings

from django_bolt import BoltAPI, Controller, Request, Router, inline
from django_bolt.auth import BasePermission
from django_bolt.params import Depends
from django_bolt.responses import EventStream, ServerSentEvent, StreamingResponse
from django_bolt.testing import AsyncTestClient, LiveServer, TestClient
from tests.http.test_streaming import eventually

api = BoltAPI()
router = Router()

#: What generators tell of their ends.
ends: list[str] = []
ROWS = 5000


@pytest.fixture(autouse=True)
def no_ends() -> None:
    ends.clear()


class Items:
    """An iterator of its own kind, with something to close."""

    def __init__(self, count: int = 3) -> None:
        self.left = count

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if not self.left:
            raise StopIteration
        self.left -= 1
        return "x"

    def close(self) -> None:
        ends.append("closed")


class AsyncItems:
    """The same, asynchronous."""

    def __init__(self, count: int = 3) -> None:
        self.left = count

    def __aiter__(self) -> AsyncIterator[str]:
        return self  # type: ignore[return-value]

    async def __anext__(self) -> str:
        await asyncio.sleep(0)
        if not self.left:
            raise StopAsyncIteration
        self.left -= 1
        return "x"

    async def aclose(self) -> None:
        await asyncio.sleep(0)
        ends.append("closed")


class Bare:
    """An async iterator without ``aclose``."""

    def __init__(self, count: int = 3) -> None:
        self.left = count

    def __aiter__(self) -> AsyncIterator[str]:
        return self  # type: ignore[return-value]

    async def __anext__(self) -> str:
        if not self.left:
            raise StopAsyncIteration
        self.left -= 1
        await asyncio.sleep(0.001)
        return "x"


@api.get("/items")
def items() -> StreamingResponse:
    return StreamingResponse(Items())


@api.get("/items/async")
async def async_items() -> StreamingResponse:
    return StreamingResponse(AsyncItems())


@api.get("/bare")
async def bare(count: int = 3) -> StreamingResponse:
    return StreamingResponse(Bare(count))


@api.get("/no-content")
async def no_content() -> StreamingResponse:
    return StreamingResponse(AsyncItems(), status_code=204)


@pytest.mark.parametrize(
    ("method", "path", "text"),
    [
        ("GET", "/items", "xxx"),
        ("GET", "/items/async", "xxx"),
        ("HEAD", "/items", ""),
        ("HEAD", "/items/async", ""),
        ("GET", "/no-content", ""),
    ],
)
def test_what_a_stream_holds_is_closed_however_much_was_read(
    client: httpx.Client, method: str, path: str, text: str
) -> None:
    assert client.request(method, path).text == text
    eventually(lambda: ends == ["closed"])
    time.sleep(0.05)
    assert ends == ["closed"]


def test_an_iterator_that_cannot_be_closed(client: httpx.Client) -> None:
    assert client.get("/bare").text == "xxx"
    with client.stream("GET", "/bare?count=1000000") as reply:
        assert next(reply.iter_raw()).startswith(b"x")
    assert client.get("/bare").text == "xxx"


@api.get("/stubborn")
async def stubborn() -> StreamingResponse:
    async def parts() -> AsyncIterator[str]:
        try:
            while True:
                try:
                    yield "x"
                    await asyncio.sleep(0.01)
                except asyncio.CancelledError:
                    ends.append("cancelled")
        finally:
            ends.append("closed")

    return StreamingResponse(parts())


@api.get("/stubborn/room")
async def stubborn_without_a_pause() -> StreamingResponse:
    async def parts() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 10_000
        finally:
            ends.append("closed")

    return StreamingResponse(parts())


@pytest.mark.parametrize("path", ["/stubborn", "/stubborn/room"])
def test_a_generator_that_goes_on_after_its_cancellation(client: httpx.Client, path: str) -> None:
    with client.stream("GET", path) as reply:
        next(reply.iter_raw())
    eventually(lambda: "closed" in ends, 1.0)
    assert client.get("/items").text == "xxx"


@api.get("/immortal")
async def immortal() -> StreamingResponse:
    async def parts() -> AsyncIterator[str]:
        while True:
            try:
                yield "x"
                await asyncio.sleep(0.01)
            except GeneratorExit:
                ends.append("exit")
                yield "y"

    return StreamingResponse(parts())


@api.get("/immortal/sync")
def immortal_sync() -> StreamingResponse:
    def parts() -> Iterator[str]:
        while True:
            try:
                yield "x"
                time.sleep(0.01)
            except GeneratorExit:
                ends.append("exit")
                yield "y"

    return StreamingResponse(parts())


def test_a_generator_that_refuses_to_end_is_left_behind(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    for path in ("/immortal/sync", "/immortal"):
        caplog.clear()
        ends.clear()
        # The async one is cancelled at its pause, and so hears of it only if it is at its yield.
        with client.stream("GET", path) as reply:
            next(reply.iter_raw())
        if path.endswith("sync"):
            eventually(lambda: ends == ["exit"], 1.0)
            eventually(lambda: "ignored GeneratorExit" in caplog.text, 1.0)
    assert client.get("/items").text == "xxx"


@api.get("/finally")
async def raises_in_finally() -> StreamingResponse:
    async def parts() -> AsyncIterator[str]:
        try:
            while True:
                yield "x"
                await asyncio.sleep(0.01)
        finally:
            raise ValueError("while it was closed")

    return StreamingResponse(parts())


@api.get("/finally/sync")
def raises_in_finally_sync() -> StreamingResponse:
    def parts() -> Iterator[str]:
        try:
            while True:
                yield "x"
                time.sleep(0.01)
        finally:
            raise ValueError("while it was closed")

    return StreamingResponse(parts())


@pytest.mark.parametrize("path", ["/finally", "/finally/sync"])
def test_a_fault_of_a_closed_generator_is_logged(
    client: httpx.Client, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    with client.stream("GET", path) as reply:
        next(reply.iter_raw())
    eventually(lambda: "while it was closed" in caplog.text, 1.0)
    time.sleep(0.05)
    assert len([one for one in caplog.records if one.name == "django.request"]) == 1


@api.get("/by-hand")
async def ended_by_hand() -> StreamingResponse:
    async def parts() -> AsyncIterator[str]:
        yield "x"
        raise StopAsyncIteration

    return StreamingResponse(parts())


@api.get("/cancelled")
async def cancelled_by_itself() -> StreamingResponse:
    async def parts() -> AsyncIterator[str]:
        yield "x"
        raise asyncio.CancelledError

    return StreamingResponse(parts())


@api.get("/exit")
def exits() -> StreamingResponse:
    def parts() -> Iterator[str]:
        yield "x"
        raise SystemExit(3)

    return StreamingResponse(parts())


@pytest.mark.parametrize("path", ["/by-hand", "/cancelled", "/exit"])
def test_an_end_that_is_none(client: httpx.Client, path: str) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        client.get(path)
    assert client.get("/items").text == "xxx"


class NoIterator:
    def __iter__(self) -> Any:
        return 5


@api.get("/no-iterator")
async def no_iterator() -> StreamingResponse:
    return StreamingResponse(NoIterator())  # type: ignore[arg-type]


def test_content_that_cannot_be_iterated_is_an_error(client: httpx.Client) -> None:
    assert client.get("/no-iterator").status_code == 500


blocked = threading.Event()


@api.get("/blocked")
def blocks() -> StreamingResponse:
    def parts() -> Iterator[str]:
        try:
            yield "x"
            blocked.wait(10)
            yield "y"
        finally:
            ends.append("closed")

    return StreamingResponse(parts())


def test_a_generator_that_blocks_is_closed_when_it_comes_back(live_client: httpx.Client) -> None:
    blocked.clear()
    with live_client.stream("GET", "/blocked") as reply:
        assert next(reply.iter_raw()) == b"x"
    assert live_client.get("/bare").text == "xxx"
    assert ends == []
    blocked.set()
    eventually(lambda: ends == ["closed"], 1.0)


class Slow:
    """What a generator holds."""


held: list[weakref.ref[Slow]] = []


@api.get("/held")
async def holds(request: Request) -> StreamingResponse:
    async def parts() -> AsyncIterator[str]:
        mine = Slow()
        held.append(weakref.ref(mine))
        while True:
            yield "x"
            await asyncio.sleep(0.01)

    return StreamingResponse(parts())


def test_nothing_of_a_stream_remains(live_client: httpx.Client) -> None:
    held.clear()
    for _ in range(3):
        with live_client.stream("GET", "/held") as reply:
            next(reply.iter_raw())

    def gone() -> bool:
        gc.collect()
        return len(held) == 3 and all(one() is None for one in held)

    eventually(gone, 3.0)


# Where streams come from


@api.get("/inline")
@inline
def from_inline() -> StreamingResponse:
    return StreamingResponse(AsyncItems())


@api.get("/def")
def async_from_def() -> StreamingResponse:
    return StreamingResponse(AsyncItems())


class Asks(BasePermission):
    async def has_permission(self, request: Any, view: Any) -> bool:
        await asyncio.sleep(0)
        return True


@api.get("/admitted", guards=[Asks()])
def admitted() -> StreamingResponse:
    return StreamingResponse(Items())


@api.get("/admitted/async", guards=[Asks()])
async def admitted_async() -> AsyncIterator[str]:
    for _ in range(3):
        await asyncio.sleep(0)
        yield "x"
    ends.append("closed")


class Feed(Controller):
    def get(self) -> StreamingResponse:
        return StreamingResponse(Items())

    async def post(self) -> AsyncIterator[str]:
        for _ in range(3):
            yield "x"
        ends.append(self.request.method)

    def put(self) -> Iterator[str]:
        for _ in range(3):
            yield "x"
        ends.append(self.request.method)

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        response["X-Final"] = type(response).__name__
        return response


router.register("feed", Feed)
api.include(router)


async def teardown() -> AsyncIterator[str]:
    yield "x"
    ends.append("teardown")


def plain() -> str:
    return "x"


@api.get("/depends")
async def depends(
    one: Annotated[str, Depends(teardown)], other: Annotated[str, Depends(plain)]
) -> AsyncIterator[str]:
    yield one
    yield other
    yield "x"
    ends.append("closed")


@api.get("/depends/sync")
def depends_sync(
    one: Annotated[str, Depends(plain)], other: Annotated[str, Depends(plain)]
) -> Iterator[str]:
    yield one
    yield other
    yield "x"
    ends.append("closed")


@pytest.mark.parametrize(
    ("method", "path", "end", "final"),
    [
        ("GET", "/inline", "closed", None),
        ("GET", "/def", "closed", None),
        ("GET", "/admitted", "closed", None),
        ("GET", "/admitted/async", "closed", None),
        ("GET", "/feed", "closed", "StreamingResponse"),
        ("POST", "/feed", "POST", "StreamingResponse"),
        ("PUT", "/feed", "PUT", "StreamingResponse"),
        ("GET", "/depends", "closed", None),
        ("GET", "/depends/sync", "closed", None),
    ],
)
def test_streams_from_every_kind_of_handler(
    client: httpx.Client, method: str, path: str, end: str, final: str | None
) -> None:
    reply = client.request(method, path)
    assert (reply.status_code, reply.text) == (200, "xxx")
    assert reply.headers.get("x-final") == final
    eventually(lambda: end in ends)


@pytest.mark.parametrize("path", ["/items", "/items/async", "/bare", "/admitted", "/feed"])
def test_signals_come_once(client: httpx.Client, path: str) -> None:
    heard: list[str] = []

    def starts(**_: Any) -> None:
        heard.append("started")

    def finishes(**_: Any) -> None:
        heard.append("finished")

    request_started.connect(starts)
    request_finished.connect(finishes)
    try:
        assert client.get(path).text == "xxx"
        eventually(lambda: "finished" in heard)
        time.sleep(0.1)
    finally:
        request_started.disconnect(starts)
        request_finished.disconnect(finishes)
    assert heard.count("started") == 1
    assert heard.count("finished") == 1


# The database


@pytest.fixture
def groups() -> None:
    Group.objects.bulk_create(Group(name=f"group {number}") for number in range(ROWS))


@api.get("/groups")
def names() -> StreamingResponse:
    def lines() -> Iterator[str]:
        thread = threading.get_ident()
        for group in Group.objects.order_by("pk").iterator(chunk_size=100):
            assert threading.get_ident() == thread
            yield f"{group.name}\n"

    return StreamingResponse(lines())


@api.get("/groups/async")
async def names_async() -> AsyncIterator[str]:
    async for group in Group.objects.order_by("pk").aiterator(chunk_size=100):
        yield f"{group.name}\n"


@api.get("/groups/async/pages")
async def names_in_pages(pause: float = 0.0) -> AsyncIterator[str]:
    last = 0
    while True:
        page = [group async for group in Group.objects.filter(pk__gt=last).order_by("pk")[:2500]]
        if not page:
            return
        last = page[-1].pk
        yield "".join(f"{group.name}\n" for group in page)
        await asyncio.sleep(pause)


@pytest.mark.parametrize(
    "path", ["/groups", "/groups/async", "/groups/async/pages", "/groups/async/pages?pause=0.2"]
)
def test_rows_are_streamed(db_client: httpx.Client, groups: None, path: str) -> None:
    lines = db_client.get(path).text.splitlines()
    assert lines == [f"group {number}" for number in range(ROWS)]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/groups", "/groups/async", "/groups/async/pages"])
def test_rows_of_a_test_s_transaction_are_streamed(groups: None, path: str) -> None:
    with TestClient(api) as client:
        assert len(client.get(path).text.splitlines()) == ROWS
        with client.stream("GET", path) as reply:
            assert next(reply.iter_lines()) == "group 0"
        assert Group.objects.count() == ROWS


def test_a_cursor_holds_while_its_client_pauses(db_client: httpx.Client, groups: None) -> None:
    with db_client.stream("GET", "/groups") as reply:
        lines = reply.iter_lines()
        assert next(lines) == "group 0"
        time.sleep(0.3)
        assert len(list(lines)) == ROWS - 1


def test_two_streams_share_one_thread() -> None:
    api = BoltAPI()

    @api.get("/one")
    def one() -> Iterator[str]:
        for _ in range(5):
            time.sleep(0.01)
            yield "x"

    @api.get("/async")
    async def asynchronous() -> AsyncIterator[str]:
        for _ in range(5):
            yield await sync_to_async(lambda: "x")()
            await asyncio.sleep(0.1)

    texts: list[str] = []

    with override_settings(BOLT={"BLOCKING_THREADS": 1}), LiveServer(api) as server:

        def ask(path: str) -> None:
            texts.append(httpx.get(server.url + path, timeout=10, trust_env=False).text)

        paths = ("/one", "/one", "/async", "/async")
        threads = [threading.Thread(target=ask, args=(path,)) for path in paths]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(15)
    assert texts == ["xxxxx"] * 4


@pytest.mark.parametrize("path", ["/items", "/items/async", "/bare", "/admitted", "/feed"])
def test_an_async_client(path: str) -> None:
    async def ask() -> str:
        async with AsyncTestClient(api) as client:
            async with client.stream("GET", path) as reply:
                async for chunk in reply.aiter_raw():
                    assert chunk.startswith(b"x")
                    break
            return (await client.get(path)).text

    assert asyncio.run(ask()) == "xxx"


def test_a_reply_that_nobody_reads_in_time(client: httpx.Client) -> None:
    """A client that leaves between head and body."""
    for _ in range(5):
        with client.stream("GET", "/items/async"):
            pass
    eventually(lambda: ends == ["closed"] * 5, 2.0)


@api.get("/session")
async def changes_the_session(request: Request) -> StreamingResponse:
    await request.session.aset("name", "value")
    return StreamingResponse(AsyncItems())


@api.get("/session/sync")
async def changes_the_session_of_items(request: Request) -> StreamingResponse:
    await request.session.aset("name", "value")
    return StreamingResponse(Items())


@pytest.mark.parametrize("path", ["/session", "/session/sync"])
def test_a_session_is_saved_before_the_stream_begins(db_client: httpx.Client, path: str) -> None:
    reply = db_client.get(path)
    assert reply.text == "xxx"
    assert "sessionid=" in reply.headers["set-cookie"]
    eventually(lambda: ends == ["closed"])


@pytest.mark.parametrize("ping", [0, -1, 1e-12, 1e300, float("inf"), float("nan")])
def test_a_period_that_no_clock_has(ping: float) -> None:
    with pytest.raises(ValueError, match=r"from 0\.01 to 86400"):
        EventStream([], ping=ping)


@pytest.mark.parametrize("retry", [-1, 1.5, True])
def test_a_retry_that_clients_would_not_read(retry: Any) -> None:
    with pytest.raises(ValueError, match="number of milliseconds"):
        ServerSentEvent(retry=retry)
