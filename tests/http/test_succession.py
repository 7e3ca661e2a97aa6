"""What one request leaves to the next on the same worker: nothing that a handler can see.

A coroutine that ends at once leaves its task, context and scope to be used again. Each handler here
keeps or changes one of them, and then asks whether another request found it.
"""

from __future__ import annotations

import asyncio
import contextvars
import weakref
from typing import Any

import httpx
import pytest
from asgiref.sync import SyncToAsync, sync_to_async

from django_bolt import BoltAPI
from django_bolt.server.worker import Workers
from django_bolt.testing import LiveServer

api = BoltAPI()
variable: contextvars.ContextVar[str] = contextvars.ContextVar("left", default="unset")
scope_variable: contextvars.ContextVar[Any] = SyncToAsync.thread_sensitive_context
kept: list[Any] = []


def current_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None
    return task


@api.get("/nothing")
async def nothing() -> None:
    """Keeps nothing: the way in which most requests end."""


@api.get("/variable")
async def set_variable() -> str:
    before = variable.get()
    variable.set("set")
    return before


@api.get("/variable/reset")
async def set_and_reset_variable() -> str:
    before = variable.get()
    variable.reset(variable.set("set"))
    return before


@api.get("/scope")
async def replace_scope() -> bool:
    replaced = scope_variable.get() in kept
    kept.append(object())
    scope_variable.set(kept[-1])
    return replaced


@api.get("/scope/kept")
async def keep_scope() -> bool:
    seen = scope_variable.get() in kept
    kept.append(scope_variable.get())
    return seen


@api.get("/context/copied")
async def copy_context() -> bool:
    seen = any(copy[scope_variable] is scope_variable.get() for copy in kept)
    kept.append(contextvars.copy_context())
    return seen


@api.get("/task/kept")
async def keep_task() -> bool:
    seen = current_task() in kept
    kept.append(current_task())
    return seen


@api.get("/task/weakly-kept")
async def keep_task_weakly() -> bool:
    seen = any(reference() is current_task() for reference in kept)
    kept.append(weakref.ref(current_task()))
    return seen


@api.get("/task/named")
async def name_task() -> bool:
    named = current_task().get_name() == "mine"
    current_task().set_name("mine")
    return named


@api.get("/task/cancelled")
async def cancel_task() -> int:
    before = current_task().cancelling()
    current_task().cancel()
    return before


@api.get("/task/child")
async def leave_child() -> bool:
    seen = any(copy[scope_variable] is scope_variable.get() for _, copy in kept)
    copy = contextvars.copy_context()
    kept.append((asyncio.create_task(asyncio.sleep(0), context=copy), copy))
    return seen


@api.get("/task/changed-child")
async def leave_child_with_changed_context() -> bool:
    # By identity, which is the child's alone while it lives: a reference would be seen.
    seen = id(scope_variable.get()) in [identity for identity, _ in kept]
    kept.append((id(scope_variable.get()), asyncio.create_task(change_and_wait())))
    await asyncio.sleep(0.001)
    return seen


async def change_and_wait() -> None:
    variable.set("changed")
    await asyncio.sleep(0.5)


@api.get("/thread")
async def use_thread() -> bool:
    seen = scope_variable.get() in kept
    await sync_to_async(kept.append)(scope_variable.get())
    return seen


@pytest.fixture(autouse=True)
def _nothing_kept() -> Any:
    kept.clear()
    yield
    kept.clear()


CASES = [
    ("/variable", "unset"),
    ("/variable/reset", "unset"),
    ("/scope", False),
    ("/scope/kept", False),
    ("/context/copied", False),
    ("/task/kept", False),
    ("/task/weakly-kept", False),
    ("/task/named", False),
    ("/task/cancelled", 0),
    ("/task/child", False),
    ("/task/changed-child", False),
    ("/thread", False),
]


@pytest.mark.parametrize(("path", "expected"), CASES)
def test_the_next_request_finds_nothing(client: httpx.Client, path: str, expected: object) -> None:
    for _ in range(3):
        assert client.get("/nothing").status_code == 204
        assert client.get(path).json() == expected


def test_a_context_of_many_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    # CPython keeps many in a tree, of which a changed copy shares whole branches.
    variables = [contextvars.ContextVar[int](f"variable {number}") for number in range(40)]
    run = Workers.run

    def run_in_full_context(workers: Workers, **options: Any) -> None:
        for number, one in enumerate(variables):
            one.set(number)
        run(workers, **options)

    monkeypatch.setattr(Workers, "run", run_in_full_context)
    with LiveServer(api) as server, httpx.Client(base_url=server.url, trust_env=False) as client:
        for path, expected in CASES:
            test_the_next_request_finds_nothing(client, path, expected)
            kept.clear()
