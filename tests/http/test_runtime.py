"""What coroutines rely on: tasks, contexts, cancellation, libraries of asyncio's world."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import anyio
import anyio.lowlevel
import anyio.to_thread
import httpx
import pytest

from django_bolt import BoltAPI, Request, inline
from django_bolt.testing import LiveServer
from tests.http.cases import Case, table

api = BoltAPI()
TIMEOUT = 30.0

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


@api.get("/task")
async def one_task() -> bool:
    before = asyncio.current_task()
    assert before is not None
    await asyncio.sleep(0)
    during = asyncio.current_task()
    assert during in asyncio.all_tasks()
    await asyncio.sleep(0.01)
    return before is during is asyncio.current_task()


@api.get("/task/none")
async def a_task_without_suspending() -> str:
    task = asyncio.current_task()
    assert task is not None
    assert asyncio.current_task() is task
    assert asyncio.get_running_loop() is task.get_loop()
    assert not task.done()
    return task.get_coro().__name__


@api.get("/context/{value}")
async def context(value: str) -> list[str]:
    seen = [variable.get()]
    variable.set(value)
    await asyncio.sleep(0.005)
    seen.append(variable.get())
    seen.append(await asyncio.to_thread(variable.get))
    seen.append(await asyncio.create_task(in_a_task()))
    return seen


async def in_a_task() -> str:
    await asyncio.sleep(0)
    return variable.get()


@api.get("/context/sync/{value}")
def context_in_a_thread(value: str) -> list[str]:
    before = variable.get()
    variable.set(value)
    return [before, variable.get()]


@api.get("/cancel-scope")
async def cancel_scope() -> list[bool]:
    with anyio.move_on_after(0.01) as scope:
        await anyio.sleep(TIMEOUT)
    with anyio.CancelScope() as inner:
        inner.cancel()
        await anyio.sleep(TIMEOUT)
    with anyio.CancelScope(shield=True):
        await anyio.lowlevel.checkpoint()
    return [scope.cancelled_caught, inner.cancelled_caught]


@api.get("/fail-after")
async def fail_after() -> str:
    try:
        with anyio.fail_after(0.01):
            await anyio.sleep(TIMEOUT)
    except TimeoutError:
        return "too late"
    return "in time"


@api.get("/task-group")
async def anyio_task_group() -> list[int]:
    found: list[int] = []

    async def work(number: int) -> None:
        await anyio.sleep(0.001 * number)
        found.append(number)

    async with anyio.create_task_group() as group:
        for number in (3, 1, 2):
            group.start_soon(work, number)
    return sorted(found)


@api.get("/task-group/fails")
async def anyio_task_group_fails() -> str:
    found = "nothing"

    async def fail() -> None:
        raise LookupError("one of them")

    try:
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep, TIMEOUT)
            group.start_soon(fail)
    except* LookupError as errors:
        found = str(errors.exceptions[0])
    return found


@api.get("/to-thread")
async def to_thread() -> bool:
    return await anyio.to_thread.run_sync(threading.get_ident) != threading.get_ident()


@api.get("/from-thread")
async def from_thread() -> int:
    def work() -> int:
        return anyio.from_thread.run(answer)

    return await anyio.to_thread.run_sync(work)


async def answer() -> int:
    await anyio.lowlevel.checkpoint()
    return 42


@api.get("/asyncio/timeout")
async def asyncio_timeout() -> list[str]:
    found = []
    try:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(TIMEOUT)
    except TimeoutError:
        found.append("timeout")
    try:
        await asyncio.wait_for(asyncio.sleep(TIMEOUT), 0.01)
    except TimeoutError:
        found.append("wait_for")
    task = asyncio.current_task()
    assert task is not None
    found.append(str(task.cancelling()))
    return found


@api.get("/asyncio/task-group")
async def asyncio_task_group() -> int:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(answer()) for _ in range(3)]
    return sum(task.result() for task in tasks)


@api.get("/asyncio/task-group/fails")
async def asyncio_task_group_fails() -> str:
    found = "nothing"

    async def fail() -> None:
        raise LookupError("one of them")

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(TIMEOUT))
            group.create_task(fail())
    except* LookupError as errors:
        found = str(errors.exceptions[0])
    return found


@api.get("/asyncio/gather")
async def gather() -> list[Any]:
    async def fail() -> None:
        raise LookupError

    results = await asyncio.gather(answer(), fail(), answer(), return_exceptions=True)
    return [type(result).__name__ for result in results]


@api.get("/asyncio/shield")
async def shield() -> list[Any]:
    inner = asyncio.ensure_future(answer())
    outer = asyncio.shield(inner)
    outer.cancel()
    try:
        await outer
    except asyncio.CancelledError:
        return ["cancelled", await inner]
    return []


@api.get("/asyncio/cancel-oneself")
async def cancel_oneself() -> str:
    task = asyncio.current_task()
    assert task is not None
    task.cancel("enough")
    try:
        await asyncio.sleep(TIMEOUT)
    except asyncio.CancelledError as error:
        left = task.uncancel()
        return f"{error.args[0]} {left}"
    return "not cancelled"


@api.get("/asyncio/primitives")
async def primitives() -> list[int]:
    queue: asyncio.Queue[int] = asyncio.Queue(maxsize=1)
    lock, event = asyncio.Lock(), asyncio.Event()
    found = []

    async def produce() -> None:
        for number in range(3):
            async with lock:
                await queue.put(number)
        event.set()

    producer = asyncio.create_task(produce())
    found.extend([await queue.get() for _ in range(3)])
    await event.wait()
    await producer
    return found


@api.get("/asyncio/subprocess")
async def run_a_process() -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "print('hello')", stdout=subprocess.PIPE
    )
    output, _ = await process.communicate()
    return output.decode().strip()


@api.get("/httpx")
async def another_server(url: str) -> Any:
    async with httpx.AsyncClient(timeout=TIMEOUT, trust_env=False) as client:
        replies = await asyncio.gather(*(client.get(f"{url}/hello") for _ in range(3)))
    return [reply.json() for reply in replies]


@api.get("/many-steps")
async def many_steps() -> int:
    for _ in range(1000):
        await asyncio.sleep(0)
    return 1000


@api.get("/closed-over")
async def an_async_generator_left_behind() -> int:
    async def numbers() -> Any:
        for number in range(3):
            yield number
            await asyncio.sleep(0)

    async for number in numbers():
        if number == 1:
            return number
    return -1


@api.get("/inline")
@inline
def on_the_workers_thread() -> int:
    return threading.get_ident()


@api.get("/thread")
async def the_workers_thread() -> int:
    return threading.get_ident()


@table(
    [
        Case("GET", "/task", body=True),
        Case("GET", "/task/none", body="a_task_without_suspending"),
        Case("GET", "/context/a", body=["unset", "a", "a", "a"]),
        Case("GET", "/context/b", body=["unset", "b", "b", "b"]),
        Case("GET", "/context/sync/c", body=["unset", "c"]),
        Case("GET", "/context/sync/d", body=["unset", "d"]),
        Case("GET", "/cancel-scope", body=[True, True]),
        Case("GET", "/fail-after", body="too late"),
        Case("GET", "/task-group", body=[1, 2, 3]),
        Case("GET", "/task-group/fails", body="one of them"),
        Case("GET", "/to-thread", body=True),
        Case("GET", "/from-thread", body=42),
        Case("GET", "/asyncio/timeout", body=["timeout", "wait_for", "0"]),
        Case("GET", "/asyncio/task-group", body=126),
        Case("GET", "/asyncio/task-group/fails", body="one of them"),
        Case("GET", "/asyncio/gather", body=["int", "LookupError", "int"]),
        Case("GET", "/asyncio/shield", body=["cancelled", 42]),
        Case("GET", "/asyncio/cancel-oneself", body="enough 0"),
        Case("GET", "/asyncio/primitives", body=[0, 1, 2]),
        Case("GET", "/asyncio/subprocess", body="hello"),
        Case("GET", "/many-steps", body=1000),
        Case("GET", "/closed-over", body=1),
    ]
)
def test_coroutines(client: httpx.Client, case: Case) -> None:
    for _ in range(2):
        case.check(client)


other = BoltAPI()


@other.get("/hello")
async def hello(request: Request) -> str:
    await asyncio.sleep(0.001)
    return "hello"


@pytest.fixture(scope="module")
def another() -> Iterator[str]:
    with LiveServer(other) as server:
        yield server.url


def test_httpx_within_a_handler(client: httpx.Client, another: str) -> None:
    Case("GET", f"/httpx?url={another}", body=["hello"] * 3).check(client)


def test_many_requests_share_nothing(client: httpx.Client) -> None:
    found: dict[str, Any] = {}

    def call(name: str) -> None:
        found[name] = client.get(f"/context/{name}").json()

    names = [f"n{number}" for number in range(20)]
    threads = [threading.Thread(target=call, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT)
    assert found == {name: ["unset", name, name, name] for name in names}


def test_inline_runs_on_the_workers_thread(live_client: httpx.Client) -> None:
    idents = {live_client.get(path).json() for path in ("/inline", "/thread")}
    assert len(idents) == 1


class Unwatchable(asyncio.Future[None]):
    def add_done_callback(self, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError("it cannot be watched")


odd = BoltAPI()


@odd.get("/{steps}/unwatchable")
async def await_unwatchable(steps: int) -> None:
    for _ in range(steps):
        await asyncio.sleep(0)
    await Unwatchable()


@odd.get("/{steps}/another-loop")
async def await_of_another_loop(steps: int) -> None:
    for _ in range(steps):
        await asyncio.sleep(0)
    other_loop = asyncio.new_event_loop()
    try:
        await other_loop.create_future()
    finally:
        other_loop.close()


@pytest.mark.parametrize("awaited", ["unwatchable", "another-loop"])
@pytest.mark.parametrize("steps", [0, 1, 2])
def test_what_cannot_be_awaited_fails_its_request_alone(steps: int, awaited: str) -> None:
    with LiveServer(odd) as server, httpx.Client(base_url=server.url, trust_env=False) as client:
        for _ in range(2):
            assert client.get(f"/{steps}/{awaited}").status_code == 500


class TestCancellation:
    """A client that leaves ends what is done for it."""

    @pytest.fixture
    def events(self) -> dict[str, threading.Event]:
        return {name: threading.Event() for name in ("began", "cancelled", "cleaned")}

    @pytest.fixture
    def served(self, events: dict[str, threading.Event]) -> Iterator[str]:
        waiting = BoltAPI()

        @waiting.get("/wait")
        async def wait() -> None:
            events["began"].set()
            try:
                await asyncio.sleep(TIMEOUT)
            except asyncio.CancelledError:
                events["cancelled"].set()
                raise
            finally:
                await asyncio.sleep(0.01)
                events["cleaned"].set()

        @waiting.get("/still-there")
        async def still_there() -> str:
            return "yes"

        with LiveServer(waiting) as server:
            yield server.url

    def test_over_a_socket(self, events: dict[str, threading.Event], served: str) -> None:
        address = urlsplit(served)
        with socket.create_connection((address.hostname, address.port), TIMEOUT) as connection:
            connection.sendall(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
            assert events["began"].wait(TIMEOUT)
            assert not events["cancelled"].is_set()
        assert events["cancelled"].wait(TIMEOUT)
        assert events["cleaned"].wait(TIMEOUT)
        assert httpx.get(f"{served}/still-there", trust_env=False).json() == "yes"

    def test_what_nothing_will_wake_is_collected(self) -> None:
        tasks: list[weakref.ref[Any]] = []
        waiting = BoltAPI()

        @waiting.get("/wait")
        async def wait() -> None:
            tasks.append(weakref.ref(asyncio.current_task()))
            try:
                await asyncio.sleep(TIMEOUT)
            except asyncio.CancelledError:
                await asyncio.get_running_loop().create_future()

        with LiveServer(waiting) as server:
            with pytest.raises(httpx.ReadTimeout):
                httpx.get(f"{server.url}/wait", timeout=0.3, trust_env=False)
            deadline = time.monotonic() + TIMEOUT
            while tasks[0]() is not None and time.monotonic() < deadline:
                gc.collect()
                time.sleep(0.01)
            assert tasks[0]() is None
