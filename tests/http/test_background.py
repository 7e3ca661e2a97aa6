"""Background tasks: when they run, where, in which order, and when they do not."""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import httpx
import pytest

from django_bolt import BackgroundTasks, BoltAPI, Controller, Request
from django_bolt.exceptions import ConfigurationError, NotFound
from django_bolt.params import Depends, Query
from django_bolt.responses import StreamingResponse
from django_bolt.testing import TestClient
from tests.http.cases import eventually
from tests.http.test_concluding import announcements

api = BoltAPI()

#: What happened in the request that a test has just made.
events: list[Any] = []
gate = threading.Event()


@pytest.fixture(autouse=True)
def no_events() -> None:
    events.clear()
    gate.clear()


def note(*args: Any, **kwargs: Any) -> None:
    events.append([*args, kwargs] if kwargs else [*args])


async def anote(*args: Any) -> None:
    await asyncio.sleep(0)
    events.append(["async", *args])


class Noting:
    async def __call__(self, name: str) -> None:
        await anote(name)


def where() -> None:
    events.append(threading.get_ident())


def adding(tasks: BackgroundTasks) -> None:
    tasks.add(note, "added by a task")


def fail(error: Exception) -> None:
    raise error


async def afail(error: Exception) -> None:
    raise error


def resource(tasks: BackgroundTasks) -> Iterator[BackgroundTasks]:
    tasks.add(note, "of the dependency")
    yield tasks
    events.append("closed")


Given = Annotated[BackgroundTasks, Depends(resource)]


@api.get("/sync")
def sync(tasks: BackgroundTasks, of_dependency: Given) -> bool:
    tasks.add(note, 1, two=2)
    tasks.add(anote, 3)
    tasks.add(functools.partial(anote, 4), 5)
    tasks.add(Noting(), "object")
    tasks.add(adding, tasks)
    return tasks is of_dependency


@api.get("/async")
async def asynchronous(of_dependency: Given, tasks: BackgroundTasks) -> bool:
    await asyncio.sleep(0)
    tasks.add(note, 1, two=2)
    tasks.add(anote, 3)
    tasks.add(functools.partial(anote, 4), 5)
    tasks.add(Noting(), "object")
    tasks.add(adding, tasks)
    return tasks is of_dependency


EVENTS = [
    "closed",
    ["of the dependency"],
    [1, {"two": 2}],
    ["async", 3],
    ["async", 4, 5],
    ["async", "object"],
    ["added by a task"],
]


@pytest.mark.parametrize("path", ["/sync", "/async"])
def test_tasks_run_in_order_after_the_dependencies(client: httpx.Client, path: str) -> None:
    assert client.get(path).json() is True
    eventually(lambda: events, EVENTS)


@api.get("/thread")
def thread(tasks: BackgroundTasks) -> int:
    tasks.add(where)
    return threading.get_ident()


def test_plain_functions_run_on_the_requests_thread(client: httpx.Client) -> None:
    ident = client.get("/thread").json()
    eventually(lambda: events, [ident])


@api.get("/waiting")
async def waiting(tasks: BackgroundTasks) -> int:
    tasks.add(gate.wait, 10)
    tasks.add(note, "done")
    return 1


def test_the_reply_does_not_wait(live_client: httpx.Client) -> None:
    assert live_client.get("/waiting").json() == 1
    assert events == []
    gate.set()
    eventually(lambda: events, [["done"]])


@api.get("/none")
async def none(tasks: BackgroundTasks) -> bool:
    return tasks.tasks == []


def test_a_handler_need_not_add_any(client: httpx.Client) -> None:
    assert client.get("/none").json() is True


@api.get("/failing")
async def failing(tasks: BackgroundTasks) -> int:
    tasks.add(fail, LookupError("first"))
    tasks.add(note, "second")
    tasks.add(afail, KeyError("third"))
    tasks.add(note, "fourth")
    # As where something that a task waits for was cancelled.
    tasks.add(afail, asyncio.CancelledError())
    tasks.add(note, "fifth")
    return 1


def test_a_failing_task_is_told_and_the_others_run(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    with announcements() as announced, caplog.at_level(logging.ERROR, logger="django.request"):
        assert client.get("/failing").json() == 1
        eventually(lambda: events, [["second"], ["fourth"], ["fifth"]])
        eventually(lambda: announced, ["/failing"] * 3)
    kinds = [record.exc_info[0] for record in caplog.records if record.exc_info]
    assert kinds == [LookupError, KeyError, asyncio.CancelledError]


def test_a_test_hears_of_a_failing_task() -> None:
    with TestClient(api) as client, pytest.raises(LookupError, match="first"):
        client.get("/failing")


@api.get("/raising")
def raising(tasks: BackgroundTasks) -> int:
    tasks.add(note, "never")
    raise NotFound


@api.get("/unfit")
def unfit(tasks: BackgroundTasks) -> int:
    tasks.add(note, "never")
    return "no number"  # type: ignore[return-value]


def breaking() -> Iterator[None]:
    yield
    events.append("broke")
    raise LookupError


@api.get("/breaking")
def breaks(tasks: BackgroundTasks, given: Annotated[None, Depends(breaking)]) -> int:
    tasks.add(note, "never")
    return 1


@pytest.mark.parametrize(
    ("path", "status", "expected"),
    [("/raising", 404, []), ("/unfit", 500, []), ("/breaking", 200, ["broke"])],
)
def test_what_keeps_tasks_from_running(
    client: httpx.Client, path: str, status: int, expected: list[str]
) -> None:
    assert client.get(path).status_code == status
    # What belongs to the next request comes after what belonged to this one.
    assert client.get("/sync").json() is True
    eventually(lambda: events, [*expected, *EVENTS])


@api.get("/stream")
async def stream(tasks: BackgroundTasks) -> StreamingResponse:
    def parts() -> Iterator[str]:
        events.append("step")
        yield "x"

    tasks.add(note, "task")
    return StreamingResponse(parts())


def test_tasks_follow_the_end_of_a_stream(client: httpx.Client) -> None:
    assert client.get("/stream").text == "x"
    eventually(lambda: events, ["step", ["task"]])


class Hooked(Controller):
    def get(self, request: Request, tasks: BackgroundTasks, broken: bool = False) -> Any:
        tasks.add(note, "task")
        if broken:
            raise NotFound
        return "got"

    def handle_exception(self, exc: Exception) -> Any:
        return "handled"


api.register("hooked", Hooked)


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [("/hooked", "got", [["task"]]), ("/hooked?broken=1", "handled", [])],
)
def test_the_life_cycle_is_inside(
    client: httpx.Client, path: str, body: str, expected: list[Any]
) -> None:
    assert client.get(path).json() == body
    eventually(lambda: events, expected)


def inline(tasks: BackgroundTasks) -> None: ...
def with_default(tasks: BackgroundTasks = BackgroundTasks()) -> None: ...  # noqa: B008
def marked(tasks: Annotated[BackgroundTasks, Query()]) -> None: ...


@pytest.mark.parametrize(
    ("handler", "options", "message"),
    [
        (inline, {"inline": True}, "without BackgroundTasks"),
        (with_default, {}, "BackgroundTasks stands alone"),
        (marked, {}, "BackgroundTasks stands alone"),
    ],
)
def test_refusals_at_start(
    handler: Callable[..., Any], options: dict[str, Any], message: str
) -> None:
    one = BoltAPI()
    one.get("/", **options)(handler)
    with pytest.raises(ConfigurationError, match=message):
        TestClient(one)


def test_a_call_is_no_task() -> None:
    with pytest.raises(TypeError, match="takes a function"):
        BackgroundTasks().add(note("called"))  # type: ignore[func-returns-value, arg-type]
