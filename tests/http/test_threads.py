"""Blocking work: one leased thread and one connection for each request, many requests at once."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth.models import Group
from django.core.signals import request_finished, request_started
from django.db import connection, transaction

from django_bolt import BoltAPI, Controller, Request, inline
from tests.http.cases import Case

api = BoltAPI()
TIMEOUT = 30.0

#: Two requests meet here, which they can only if both are served at once.
meeting = threading.Barrier(2)


def ident() -> int:
    return threading.get_ident()


@api.get("/ident")
def blocking() -> int:
    with contextlib.suppress(RuntimeError):
        asyncio.get_running_loop()
        raise AssertionError("a loop is running")
    return ident()


@api.get("/ident/async")
async def coroutine() -> int:
    return ident()


@api.get("/one-thread")
async def one_thread() -> dict[str, Any]:
    idents = {await sync_to_async(ident)() for _ in range(3)}
    idents.update(await asyncio.gather(*(sync_to_async(ident)() for _ in range(3))))
    idents.add(await asyncio.create_task(sync_to_async(ident)()))
    return {"threads": len(idents), "the loop's": ident() in idents}


@api.get("/not-sensitive")
async def not_sensitive() -> bool:
    return await sync_to_async(ident, thread_sensitive=False)() == await sync_to_async(ident)()


@api.get("/one-connection")
async def one_connection() -> int:
    def used() -> int:
        connection.ensure_connection()
        return id(connection.connection)

    connections = {await sync_to_async(used)()}
    await Group.objects.acount()
    connections.add(await sync_to_async(used)())
    return len(connections)


@api.get("/back-and-forth")
def back_and_forth() -> bool:
    """From a thread to the loop and back, as in Django's async_to_sync."""
    return async_to_sync(sync_to_async(ident))() == ident()


@api.get("/meet")
def meet() -> int:
    meeting.wait(TIMEOUT)
    return ident()


@api.get("/meet/async")
async def meet_from_a_coroutine() -> int:
    await sync_to_async(meeting.wait)(TIMEOUT)
    return await sync_to_async(ident)()


@api.post("/groups/{name}")
async def create(name: str) -> int:
    return (await Group.objects.acreate(name=name)).pk


@api.post("/groups/{name}/sync")
def create_in_a_thread(name: str) -> int:
    return Group.objects.create(name=name).pk


@api.post("/groups/{name}/inline")
@inline
def create_inline(name: str) -> int:
    return Group.objects.create(name=name).pk


@api.get("/groups")
async def names() -> list[str]:
    return [group.name async for group in Group.objects.order_by("name")]


@api.get("/groups/sync")
def names_in_a_thread() -> list[str]:
    return list(Group.objects.order_by("name").values_list("name", flat=True))


@api.post("/atomic/{name}")
async def atomic(name: str) -> None:
    """Fails after it has written: what was written is taken back, on the one connection."""

    @sync_to_async
    def write() -> None:
        with transaction.atomic():
            Group.objects.create(name=name)
            raise LookupError

    with contextlib.suppress(LookupError):
        await write()


class Mixed(Controller):
    def get(self, request: Request) -> str:
        return threading.current_thread().name

    async def post(self, request: Request) -> str:
        return threading.current_thread().name


api.register("mixed", Mixed)


def at_once(client: httpx.Client, *paths: str) -> list[Any]:
    """Return what several requests at the same time give."""
    found: list[Any] = [None] * len(paths)

    def call(place: int, path: str) -> None:
        reply = client.get(path)
        assert reply.status_code == 200, reply.text
        found[place] = reply.json()

    threads = [threading.Thread(target=call, args=pair) for pair in enumerate(paths)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT)
    return found


class TestThreads:
    def test_a_plain_function_runs_on_the_pool(self, live_client: httpx.Client) -> None:
        loop = live_client.get("/ident/async").json()
        assert live_client.get("/ident").json() != loop
        assert live_client.get("/ident/async").json() == loop

    def test_both_kinds_in_one_class(self, live_client: httpx.Client) -> None:
        assert live_client.post("/mixed").json() == "bolt-live-server"
        assert live_client.get("/mixed").json() != "bolt-live-server"

    def test_one_request_has_one_thread(self, client: httpx.Client) -> None:
        Case("GET", "/one-thread", body={"threads": 1, "the loop's": False}).check(client)
        Case("GET", "/not-sensitive", body=False).check(client)

    def test_from_a_thread_to_the_loop_and_back(self, client: httpx.Client) -> None:
        Case("GET", "/back-and-forth", body=True).check(client)

    @pytest.mark.parametrize(
        "paths", [("/meet", "/meet"), ("/meet/async", "/meet/async"), ("/meet", "/meet/async")]
    )
    def test_two_requests_use_two_threads_at_once(
        self, client: httpx.Client, paths: tuple[str, str]
    ) -> None:
        meeting.reset()
        one, other = at_once(client, *paths)
        assert one != other


class TestDatabase:
    @pytest.mark.parametrize("suffix", ["", "/sync", "/inline"])
    def test_what_is_written_is_read(self, db_client: httpx.Client, suffix: str) -> None:
        for name in "ba":
            Case("POST", f"/groups/{name}{suffix}").check(db_client)
        for path in ("/groups", "/groups/sync"):
            Case("GET", path, body=["a", "b"]).check(db_client)
        assert Group.objects.count() == 2

    def test_one_request_has_one_connection(self, db_client: httpx.Client) -> None:
        Case("GET", "/one-connection", body=1).check(db_client)

    def test_a_transaction_that_fails_is_taken_back(self, db_client: httpx.Client) -> None:
        Case("POST", "/atomic/a", status=204).check(db_client)
        Case("POST", "/groups/b").check(db_client)
        Case("GET", "/groups", body=["b"]).check(db_client)


class TestSignals:
    @pytest.fixture
    def heard(self) -> Iterator[list[str]]:
        heard: list[str] = []

        def started(**_: object) -> None:
            heard.append("started")

        def finished(**_: object) -> None:
            heard.append("finished")

        request_started.connect(started)
        request_finished.connect(finished)
        yield heard
        request_started.disconnect(started)
        request_finished.disconnect(finished)

    @pytest.mark.parametrize("path", ["/ident", "/ident/async", "/one-thread", "/mixed"])
    def test_they_stand_around_every_request(
        self, client: httpx.Client, heard: list[str], path: str
    ) -> None:
        for _ in range(3):
            heard.clear()
            client.get(path)
            # The next request may begin on another thread before this one's has heard of its end.
            until(lambda: len(heard) == 2)
            assert heard == ["started", "finished"]

    def test_a_handler_that_fails_too(self, client: httpx.Client, heard: list[str]) -> None:
        meeting.abort()
        try:
            Case("GET", "/meet", status=500).check(client)
        finally:
            meeting.reset()
        until(lambda: len(heard) == 2)
        assert heard == ["started", "finished"]


def until(condition: Any) -> None:
    """Wait: the end of a request is not a part of its reply."""
    waiting = threading.Event()
    for _ in range(int(TIMEOUT / 0.01)):
        if condition():
            return
        waiting.wait(0.01)
