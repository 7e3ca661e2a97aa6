from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
import time
from typing import Annotated

import httpx
import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import override_settings
from msgspec import Struct

from django_bolt import BoltAPI, Controller, Router
from django_bolt.auth import AllowAny, IsAuthenticated, JWTAuthentication
from django_bolt.params import Header
from django_bolt.responses import JSON
from django_bolt.testing import AsyncTestClient, TestClient

api = BoltAPI(auth=[], guards=[AllowAny()])
User = get_user_model()


class Note(Struct):
    text: str


@api.get("/async")
async def asynchronous() -> str:
    return threading.current_thread().name


@api.get("/sync")
def synchronous() -> str:
    with contextlib.suppress(RuntimeError):
        asyncio.get_running_loop()
        return "a loop is running"
    return threading.current_thread().name


@api.post("/notes")
async def take_note(note: Note) -> Note:
    return note


@api.get("/header")
async def header(word: Annotated[str, Header("x-word")]) -> str:
    return word


@api.get("/users")
async def users() -> list[str]:
    return [user.username async for user in User.objects.order_by("username")]


@api.get("/users/sync")
def users_sync() -> list[str]:
    return list(User.objects.order_by("username").values_list("username", flat=True))


@api.post("/users/{name}")
async def add_user(name: str) -> None:
    await User.objects.acreate(username=name)


@api.get("/boom")
async def boom() -> None:
    raise LookupError("out of shelf")


@api.get("/boom/sync")
def boom_sync() -> None:
    raise LookupError("out of shelf")


@api.get("/sleep")
async def sleep(events: str = "") -> None:
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        cancelled.set()
        raise


@api.get("/me", auth=[JWTAuthentication()], guards=[IsAuthenticated()])
async def me(request) -> str:
    return (await request.auser()).username


@api.get("/echo/{*rest}")
async def echo(request, rest: str) -> dict[str, str]:
    return {"rest": rest, "query": request.query_string, "host": request.headers["host"]}


@api.get("/debug")
async def debug() -> JSON:
    from django.conf import settings

    return JSON({"secret": settings.SECRET_KEY}, headers={"x-extra": "1"})


cancelled = threading.Event()


@pytest.fixture
def client():
    with TestClient(api) as client:
        yield client


def run(coroutine):
    """Run a coroutine the way a test runner for asyncio does: on this thread."""
    return asyncio.run(coroutine)


class TestSync:
    def test_async_handlers_run_on_the_loop_and_def_handlers_here(self, client) -> None:
        assert client.get("/async").json() == "bolt-test-loop"
        assert client.get("/sync").json() == threading.current_thread().name

    def test_bodies_headers_queries_and_paths_arrive(self, client) -> None:
        assert client.post("/notes", json={"text": "é"}).json() == {"text": "é"}
        assert client.get("/header", headers={"X-Word": "yes"}).json() == "yes"
        reply = client.get("/echo/a/b%20c", params={"q": "ä"})
        assert reply.json() == {"rest": "a/b c", "query": "q=%C3%A4", "host": "testserver"}

    def test_a_streamed_body_arrives_as_a_whole(self, client) -> None:
        chunks = iter([b'{"te', b'xt":', b'"x"}'])
        reply = client.post("/notes", content=chunks, headers={"content-type": "application/json"})
        assert reply.json() == {"text": "x"}

    def test_replies_carry_what_the_server_sends(self, client) -> None:
        reply = client.get("/debug")
        assert reply.headers["content-type"] == "application/json"
        assert reply.headers["content-length"] == str(len(reply.content))
        assert reply.headers["x-extra"] == "1"
        assert client.get("/nothing").status_code == 404
        assert client.post("/async").headers["allow"] == "GET, HEAD, OPTIONS"

    @pytest.mark.parametrize("path", ["/boom", "/boom/sync"])
    def test_what_a_handler_did_not_catch_is_raised(self, client, path: str) -> None:
        with pytest.raises(LookupError, match="out of shelf") as raised:
            client.get(path)
        assert raised.traceback[-1].name.startswith("boom")

    @pytest.mark.parametrize("path", ["/boom", "/boom/sync"])
    def test_or_not_raised(self, path: str) -> None:
        with TestClient(api, raise_server_exceptions=False) as client:
            reply = client.get(path)
        assert reply.status_code == 500
        assert "shelf" not in reply.text

    def test_a_timeout_cancels_the_handler(self, client) -> None:
        cancelled.clear()
        with pytest.raises(httpx.ReadTimeout, match="GET /sleep"):
            client.get("/sleep", timeout=0.05)
        assert cancelled.wait(5)
        assert client.get("/async").status_code == 200

    @pytest.mark.django_db
    def test_handlers_see_the_tests_transaction_and_it_sees_theirs(self, client) -> None:
        assert connection.in_atomic_block
        User.objects.create(username="ann")
        assert client.get("/users").json() == ["ann"]
        assert client.get("/users/sync").json() == ["ann"]
        client.post("/users/bob")
        assert User.objects.filter(username="bob").exists()

    @pytest.mark.django_db
    def test_authenticate(self, client) -> None:
        user = User.objects.create(username="ann")
        assert client.get("/me").status_code == 401
        client.authenticate(user)
        assert client.get("/me").json() == "ann"
        client.authenticate(None)
        assert client.get("/me").status_code == 401
        client.authenticate(user, secret="another key of thirty-two bytes!")
        assert client.get("/me").status_code == 401

    def test_settings_that_change_are_followed(self, client) -> None:
        assert client.get("/me").status_code == 401
        with override_settings(BOLT={"ERROR_CODES": True}):
            assert client.get("/me").json()["code"] == "not_authenticated"
        assert "code" not in client.get("/me").json()

    def test_calls_from_many_threads(self, client) -> None:
        names: list[str] = []

        def call() -> None:
            for _ in range(20):
                assert client.get("/sync").json() == threading.current_thread().name
                names.append(threading.current_thread().name)

        threads = [threading.Thread(target=call) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(names) == 160


class TestRoutes:
    class Ping(Controller):
        async def get(self) -> str:
            return "pong"

    def test_routers_and_lists_of_them(self) -> None:
        router = Router()
        router.register("ping", self.Ping)
        for routes in (router, [router], [router, api], router.routes(), [*router.routes(), api]):
            with TestClient(routes) as client:
                assert client.get("/ping").json() == "pong"

    def test_the_projects_routes_by_default(self) -> None:
        with TestClient() as client:
            assert client.get("/api/ping").json() == {"pong": True}

    def test_what_is_no_router_is_refused(self) -> None:
        with pytest.raises(TypeError, match="takes a Router, a BoltAPI or a list"):
            TestClient([synchronous])

    def test_what_cannot_be_served_is_refused_at_once(self) -> None:
        with pytest.raises(ImproperlyConfigured, match="declared twice"):
            TestClient([api, api])


def loop_threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name == "bolt-test-loop"]


class TestThreads:
    def test_the_loop_starts_with_a_request_and_ends_with_the_client(self) -> None:
        gc.collect()
        before = len(loop_threads())
        client = TestClient(api)
        assert len(loop_threads()) == before
        client.get("/async")
        assert len(loop_threads()) == before + 1
        client.close()
        assert len(loop_threads()) == before

    def test_a_client_that_nobody_closed(self) -> None:
        gc.collect()
        before = len(loop_threads())
        client = TestClient(api)
        client.get("/async")
        del client
        gc.collect()
        deadline = time.monotonic() + 5
        while len(loop_threads()) > before and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(loop_threads()) == before

    def test_a_request_in_flight_is_cancelled_by_closing(self) -> None:
        cancelled.clear()
        client = TestClient(api)

        def call() -> None:
            with contextlib.suppress(httpx.ReadTimeout, asyncio.CancelledError):
                client.get("/sleep", timeout=1)

        thread = threading.Thread(target=call)
        thread.start()
        time.sleep(0.2)
        client.close()
        thread.join(5)
        assert not thread.is_alive()
        assert cancelled.wait(5)


class TestAsync:
    def test_handlers_and_bodies(self) -> None:
        async def scenario() -> None:
            async with AsyncTestClient(api) as client:
                assert (await client.get("/async")).json() == "bolt-test-loop"
                assert (await client.get("/sync")).json() == threading.current_thread().name
                assert (await client.post("/notes", json={"text": "x"})).json() == {"text": "x"}
                with pytest.raises(LookupError, match="out of shelf"):
                    await client.get("/boom")

        run(scenario())

    def test_many_at_once(self) -> None:
        async def scenario() -> None:
            async with AsyncTestClient(api) as client:
                replies = await asyncio.gather(
                    *(client.get(path) for path in ("/sync", "/async") for _ in range(50))
                )
                assert {reply.status_code for reply in replies} == {200}

        run(scenario())

    def test_cancellation_and_timeouts_cancel_the_handler(self) -> None:
        async def scenario() -> None:
            async with AsyncTestClient(api) as client:
                cancelled.clear()
                with pytest.raises(httpx.ReadTimeout):
                    await client.get("/sleep", timeout=0.05)
                assert cancelled.wait(5)
                cancelled.clear()
                task = asyncio.create_task(client.get("/sleep"))
                await asyncio.sleep(0.1)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                assert cancelled.wait(5)

        run(scenario())

    @pytest.mark.django_db
    def test_below_async_to_sync_the_waiting_threads_transaction_is_seen(self) -> None:
        # Django's test cases run a coroutine on another thread, and wait on the test's own.
        test_thread = threading.current_thread().name

        async def scenario() -> None:
            async with AsyncTestClient(api) as client:
                assert (await client.get("/sync")).json() == test_thread
                assert (await client.get("/users")).json() == ["ann"]
                await client.post("/users/bob")

        User.objects.create(username="ann")
        async_to_sync(scenario)()
        assert User.objects.filter(username="bob").exists()

    @pytest.mark.django_db
    def test_on_the_tests_own_thread_its_transaction_is_seen(self) -> None:
        async def scenario() -> None:
            async with AsyncTestClient(api) as client:
                assert (await client.get("/users")).json() == ["ann"]
                assert (await client.get("/users/sync")).json() == ["ann"]
                await client.post("/users/bob")

        User.objects.create(username="ann")
        run(scenario())
        assert User.objects.filter(username="bob").exists()

    @pytest.mark.django_db
    def test_authenticate(self) -> None:
        user = User.objects.create(username="ann")

        async def scenario() -> None:
            async with AsyncTestClient(api) as client:
                client.authenticate(user)
                assert (await client.get("/me")).json() == "ann"

        run(scenario())

    def test_a_sync_client_within_a_coroutine(self) -> None:
        async def scenario() -> None:
            with TestClient(api) as client:
                assert client.get("/sync").json() == threading.current_thread().name

        run(scenario())
