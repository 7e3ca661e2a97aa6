"""httpx transports whose other end is an application in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from queue import Empty, SimpleQueue

import httpx
from asgiref.sync import AsyncToSync, sync_to_async

from django_bolt.testing.exchange import Exchange, Reply, Work, run_elsewhere, run_here
from django_bolt.testing.in_process import Application


class InProcessTransport(httpx.BaseTransport):
    """Sends requests to an application; blocking work runs on the thread that waits."""

    def __init__(self, application: Application, *, raise_server_exceptions: bool) -> None:
        self._application = application
        self._raises = raise_server_exceptions

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request; the exception behind a 500 is raised if the client asks for that."""
        inbox: SimpleQueue[Work | Reply] = SimpleQueue()
        exchange = Exchange(inbox.put)
        cancel = _send(self._application, request, request.read(), exchange)
        reply = None
        try:
            reply = _converse(inbox, _timeout(request))
        except Empty:
            raise _too_late(request) from None
        finally:
            if reply is None:
                exchange.abandon()
                cancel()
                _finish(inbox)
        return _response(request, reply, exchange, raises=self._raises)


class AsyncInProcessTransport(httpx.AsyncBaseTransport):
    """Sends requests to an application; blocking work runs on the test's own thread."""

    def __init__(self, application: Application, *, raise_server_exceptions: bool) -> None:
        self._application = application
        self._raises = raise_server_exceptions

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request; the exception behind a 500 is raised if the client asks for that."""
        inbox: SimpleQueue[Work | Reply] = SimpleQueue()
        arrived = asyncio.Event()
        loop = asyncio.get_running_loop()

        def deliver(item: Work | Reply) -> None:
            inbox.put(item)
            loop.call_soon_threadsafe(arrived.set)

        exchange = Exchange(deliver)
        cancel = _send(self._application, request, await request.aread(), exchange)
        reply = None
        try:
            async with asyncio.timeout(_timeout(request)):
                reply = await _aconverse(inbox, arrived)
        except TimeoutError:
            raise _too_late(request) from None
        finally:
            if reply is None:
                exchange.abandon()
                cancel()
                _finish(inbox)
        return _response(request, reply, exchange, raises=self._raises)


def _send(
    application: Application, request: httpx.Request, body: bytes, exchange: Exchange
) -> Callable[[], None]:
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
        on_error=exchange.on_error,
    )


def _converse(inbox: SimpleQueue[Work | Reply], timeout: float | None) -> Reply:
    """Do the work that comes until the reply does; ``Empty`` after ``timeout`` idle seconds."""
    while True:
        item = inbox.get(timeout=timeout)
        if isinstance(item, Reply):
            return item
        run_here(item)


async def _aconverse(inbox: SimpleQueue[Work | Reply], arrived: asyncio.Event) -> Reply:
    while True:
        await arrived.wait()
        arrived.clear()
        while not inbox.empty():
            item = inbox.get_nowait()
            if isinstance(item, Reply):
                return item
            await _run_on_test_thread(item)


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


def _finish(inbox: SimpleQueue[Work | Reply]) -> None:
    """Have what was delivered, but is not wanted any more, come to its end."""
    while not inbox.empty():
        item = inbox.get_nowait()
        if not isinstance(item, Reply):
            run_elsewhere(item)


def _timeout(request: httpx.Request) -> float | None:
    timeouts: dict[str, float | None] = request.extensions.get("timeout", {})
    return timeouts.get("read")


def _too_late(request: httpx.Request) -> httpx.ReadTimeout:
    return httpx.ReadTimeout(
        f"{request.method} {request.url.path} has not been answered in time.", request=request
    )


def _response(
    request: httpx.Request, reply: Reply, exchange: Exchange, *, raises: bool
) -> httpx.Response:
    if raises and exchange.errors:
        raise exchange.errors[0]
    headers = list(reply.headers)
    if reply.body and not any(name == b"content-length" for name, _ in headers):
        headers.append((b"content-length", str(len(reply.body)).encode()))
    return httpx.Response(
        reply.status, headers=headers, stream=httpx.ByteStream(reply.body), request=request
    )
