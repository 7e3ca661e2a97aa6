"""One request in process, between the caller's thread and the loop's.

The handlers' blocking work comes to the caller's thread, which waits for the reply anyway: what
they ask of the database then happens on the connection, and in the transaction, of the test.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from django_bolt.dispatch.connections import thread_ends

Work: TypeAlias = Callable[[], None]


class Reply(NamedTuple):
    """What the application has answered."""

    status: int
    headers: list[tuple[bytes, bytes]]
    #: ``None`` where it is streamed.
    body: bytes | None


class Chunk(NamedTuple):
    """A part of a streamed body."""

    data: bytes


class End(NamedTuple):
    """The end of a streamed body."""

    #: What went wrong, if the body is not whole.
    problem: str | None


Item: TypeAlias = Work | Reply | Chunk | End


class Exchange:
    """Passes work and the reply on to ``deliver``, as long as the caller waits for them."""

    def __init__(self, deliver: Callable[[Item], None]) -> None:
        self._deliver = deliver
        self._lock = threading.Lock()
        self._abandoned = False
        #: Exceptions that became a 500.
        self.errors: list[BaseException] = []

    def run_blocking(self, work: Work) -> None:
        """Have the caller execute ``work``; if it has gone, a thread of its own."""
        with self._lock:
            if not self._abandoned:
                self._deliver(work)
                return
        run_elsewhere(work)

    def on_reply(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes | None) -> None:
        """Give the reply to the caller, who may have gone."""
        self._give(Reply(status, headers, body))

    def on_chunk(self, data: bytes) -> None:
        """Give a part of a streamed body to the caller."""
        self._give(Chunk(data))

    def on_end(self, problem: str | None) -> None:
        """Tell the caller that a streamed body is over."""
        self._give(End(problem))

    def _give(self, item: Item) -> None:
        with self._lock:
            if not self._abandoned:
                self._deliver(item)

    def on_error(self, error: BaseException) -> None:
        """Remember an exception of the application."""
        self.errors.append(error)

    def abandon(self) -> None:
        """Deliver nothing from now on."""
        with self._lock:
            self._abandoned = True


def run_elsewhere(work: Work) -> None:
    """Execute what nobody waits for: the request is cancelled, but has to come to its end."""

    def run() -> None:
        try:
            work()
        finally:
            thread_ends()

    threading.Thread(target=run, name="bolt-test-abandoned").start()


def run_here(work: Work) -> None:
    """Execute blocking work on this thread, as on one that turns no event loop.

    A test may be a coroutine, and then its thread does turn one. The handler would see it, and
    Django would refuse the database.
    """
    loop = asyncio._get_running_loop()  # noqa: SLF001 - documented for such embedders
    asyncio._set_running_loop(None)  # noqa: SLF001
    try:
        work()
    finally:
        asyncio._set_running_loop(loop)  # noqa: SLF001
