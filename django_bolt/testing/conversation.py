"""What goes to and fro between a request's sender and the application in this process."""

from __future__ import annotations

import asyncio
from queue import Empty, SimpleQueue
from typing import TypeAlias

import httpx
from asgiref.sync import AsyncToSync, sync_to_async

from django_bolt._core import InProcessRequest
from django_bolt.testing.exchange import (
    Chunk,
    End,
    Exchange,
    Item,
    Reply,
    Work,
    run_elsewhere,
    run_here,
)
from django_bolt.testing.in_process import Application

#: What the application sends to whoever waits for it.
Message: TypeAlias = Reply | Chunk | End


class Conversation:
    """One request, on the thread that sent it; blocking work runs there too."""

    def __init__(self, application: Application, request: httpx.Request, body: bytes) -> None:
        """Send the request."""
        self._inbox: SimpleQueue[Item] = SimpleQueue()
        self.request = request
        self.exchange = Exchange(self._inbox.put)
        self.sent = _send(application, request, body, self.exchange)

    def reply(self) -> Reply:
        """Wait for the head of the reply; where none comes, nothing is waited for any more."""
        reply = None
        try:
            reply = self.receive()
        finally:
            if reply is None:
                self.leave()
        return _as_reply(reply)

    def receive(self) -> Message:
        """Do the work that comes until a message does; raises ``ReadTimeout`` when none does."""
        try:
            while True:
                item = self._inbox.get(timeout=_timeout(self.request))
                if isinstance(item, Message):
                    return item
                run_here(item)
        except Empty:
            raise _too_late(self.request) from None

    def leave(self) -> None:
        """Wait for nothing any more."""
        self.exchange.abandon()
        self.sent.cancel()
        _finish(self._inbox)


class AsyncConversation:
    """The same for a coroutine; blocking work runs on the test's own thread."""

    def __init__(self, application: Application, request: httpx.Request, body: bytes) -> None:
        """Send the request."""
        self._inbox: SimpleQueue[Item] = SimpleQueue()
        self._arrived = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self.request = request
        self.exchange = Exchange(self._deliver)
        self.sent = _send(application, request, body, self.exchange)

    def _deliver(self, item: Item) -> None:
        self._inbox.put(item)
        self._loop.call_soon_threadsafe(self._arrived.set)

    async def reply(self) -> Reply:
        """Wait for the head of the reply; where none comes, nothing is waited for any more."""
        reply = None
        try:
            reply = await self.receive()
        finally:
            if reply is None:
                self.leave()
        return _as_reply(reply)

    async def receive(self) -> Message:
        """Do the work that comes until a message does; raises ``ReadTimeout`` when none does."""
        try:
            async with asyncio.timeout(_timeout(self.request)):
                while True:
                    while not self._inbox.empty():
                        item = self._inbox.get_nowait()
                        if isinstance(item, Message):
                            return item
                        await _run_on_test_thread(item)
                    await self._arrived.wait()
                    self._arrived.clear()
        except TimeoutError:
            raise _too_late(self.request) from None

    def leave(self) -> None:
        """Wait for nothing any more."""
        self.exchange.abandon()
        self.sent.cancel()
        _finish(self._inbox)


def _as_reply(message: Message) -> Reply:
    if not isinstance(message, Reply):
        raise RuntimeError(  # noqa: TRY004 - the application breaks a promise
            f"{message!r} came before the head of its reply."
        )
    return message


def _send(
    application: Application, request: httpx.Request, body: bytes, exchange: Exchange
) -> InProcessRequest:
    # The body is here as a whole, however it would have travelled.
    headers = [
        (name.lower(), value)
        for name, value in request.headers.raw
        if name.lower() != b"transfer-encoding"
    ]
    if body and not any(name == b"content-length" for name, _ in headers):
        headers.append((b"content-length", str(len(body)).encode()))
    return application.send(
        request.method,
        request.url.raw_path.decode("ascii"),
        headers,
        body,
        run_blocking=exchange.run_blocking,
        on_reply=exchange.on_reply,
        on_chunk=exchange.on_chunk,
        on_end=exchange.on_end,
        on_error=exchange.on_error,
    )


async def _run_on_test_thread(work: Work) -> None:
    """Execute blocking work where the test's own database connection is.

    Below ``async_to_sync`` (Django's test cases call a coroutine so) it is the thread that waits
    there, and not this one. Elsewhere this thread is the test's.
    """
    loop = asyncio.get_running_loop()
    below = getattr(AsyncToSync.executors, "current", None)
    if below is None and loop not in AsyncToSync.loop_thread_executors:
        run_here(work)
    else:
        await sync_to_async(work, thread_sensitive=True)()


def _finish(inbox: SimpleQueue[Item]) -> None:
    """Have what was delivered, but is not wanted any more, come to its end."""
    while not inbox.empty():
        item = inbox.get_nowait()
        if not isinstance(item, Message):
            run_elsewhere(item)


def _timeout(request: httpx.Request) -> float | None:
    timeouts: dict[str, float | None] = request.extensions.get("timeout", {})
    return timeouts.get("read")


def _too_late(request: httpx.Request) -> httpx.ReadTimeout:
    return httpx.ReadTimeout(
        f"{request.method} {request.url.path} has not been answered in time.", request=request
    )
