"""httpx transports whose other end is an application in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx

from django_bolt.testing.conversation import AsyncConversation, Conversation
from django_bolt.testing.exchange import Chunk, End, Exchange, Reply
from django_bolt.testing.in_process import Application


class InProcessTransport(httpx.BaseTransport):
    """Sends requests to an application; blocking work runs on the thread that waits."""

    def __init__(self, application: Application, *, raise_server_exceptions: bool) -> None:
        self._application = application
        self._raises = raise_server_exceptions

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request; the exception behind a 500 is raised if the client asks for that."""
        conversation = Conversation(self._application, request, request.read())
        reply = conversation.reply()
        stream = None if reply.body is not None else _Body(conversation, raises=self._raises)
        return _response(request, reply, conversation.exchange, stream, raises=self._raises)


class AsyncInProcessTransport(httpx.AsyncBaseTransport):
    """Sends requests to an application; blocking work runs on the test's own thread."""

    def __init__(self, application: Application, *, raise_server_exceptions: bool) -> None:
        self._application = application
        self._raises = raise_server_exceptions

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request; the exception behind a 500 is raised if the client asks for that."""
        conversation = AsyncConversation(self._application, request, await request.aread())
        reply = await conversation.reply()
        stream = None if reply.body is not None else _AsyncBody(conversation, raises=self._raises)
        return _response(request, reply, conversation.exchange, stream, raises=self._raises)


class _Body(httpx.SyncByteStream):
    """A streamed body: each part is asked for when it is read."""

    def __init__(self, conversation: Conversation, *, raises: bool) -> None:
        self._conversation = conversation
        self._raises = raises
        self._ended = False

    def __iter__(self) -> Iterator[bytes]:
        while not self._ended:
            self._conversation.sent.pull()
            message = self._conversation.receive()
            if isinstance(message, Chunk):
                yield message.data
            elif isinstance(message, End):
                self._ended = True
                _check(message, self._conversation.exchange, raises=self._raises)

    def close(self) -> None:
        """Leave, and wait until the application has cleaned up after the request."""
        if self._ended:
            return
        self._ended = True
        self._conversation.sent.cancel()
        try:
            while not isinstance(self._conversation.receive(), End):
                pass
        finally:
            self._conversation.leave()


class _AsyncBody(httpx.AsyncByteStream):
    """The same for a coroutine."""

    def __init__(self, conversation: AsyncConversation, *, raises: bool) -> None:
        self._conversation = conversation
        self._raises = raises
        self._ended = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while not self._ended:
            self._conversation.sent.pull()
            message = await self._conversation.receive()
            if isinstance(message, Chunk):
                yield message.data
            elif isinstance(message, End):
                self._ended = True
                _check(message, self._conversation.exchange, raises=self._raises)

    async def aclose(self) -> None:
        """Leave, and wait until the application has cleaned up after the request."""
        if self._ended:
            return
        self._ended = True
        self._conversation.sent.cancel()
        try:
            while not isinstance(await self._conversation.receive(), End):
                pass
        finally:
            self._conversation.leave()


def _check(end: End, exchange: Exchange, *, raises: bool) -> None:
    """Raise what a client sees of a body that breaks off, or the exception that is behind it."""
    if end.problem is None:
        return
    if raises and exchange.errors:
        raise exchange.errors[0]
    raise httpx.RemoteProtocolError(f"The body is not complete: {end.problem}")


def _response(
    request: httpx.Request,
    reply: Reply,
    exchange: Exchange,
    stream: _Body | _AsyncBody | None,
    *,
    raises: bool,
) -> httpx.Response:
    if raises and exchange.errors:
        raise exchange.errors[0]
    headers = list(reply.headers)
    if reply.body and not any(name == b"content-length" for name, _ in headers):
        headers.append((b"content-length", str(len(reply.body)).encode()))
    return httpx.Response(
        reply.status,
        headers=headers,
        stream=stream or httpx.ByteStream(reply.body or b""),
        request=request,
    )
