"""Django's own responses as results: what a view written for Django returns."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from django.http.response import HttpResponseBase, StreamingHttpResponse

from django_bolt.dispatch.hooks import RenderedReply
from django_bolt.dispatch.templates import refuse_event_loop


def render_django(response: HttpResponseBase) -> RenderedReply:
    """Return what a Django response says; a ``TemplateResponse`` is rendered first.

    Its ``close()`` is not called: that would send ``request_finished`` a second time, and there is
    nothing else to close in a response whose content is in memory. One that streams has no body
    here: see :func:`content_of`. Raises ``TypeError`` for one that streams in a way of its own.
    """
    if getattr(response, "is_rendered", True) is False:
        refuse_event_loop()
        response = response.render()  # type: ignore[attr-defined]
    if response.streaming and not isinstance(response, StreamingHttpResponse):
        raise TypeError(
            f"{type(response).__name__} streams, and is no StreamingHttpResponse of Django: return "
            "one, or a StreamingResponse of django_bolt.responses."
        )
    headers = [(name, value) for name, value in response.items() if name.lower() != "content-type"]
    headers += [("Set-Cookie", cookie.OutputString()) for cookie in response.cookies.values()]
    body: bytes | None = None if response.streaming else response.content  # type: ignore[attr-defined]
    return response.status_code, response.headers.get("Content-Type"), headers, body


def content_of(response: StreamingHttpResponse) -> Content | AsyncContent:
    """Return what a ``StreamingHttpResponse`` or ``FileResponse`` of Django sends, as bytes.

    Closing it closes what the response holds, such as its file.
    """
    return AsyncContent(response) if response.is_async else Content(response)


class Content:
    """The content of a response with a synchronous iterator."""

    def __init__(self, response: StreamingHttpResponse) -> None:
        self._response = response
        self._parts = iter(response.streaming_content)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._parts)

    def close(self) -> None:
        """Close what the response holds."""
        _close_resources(self._response)


class AsyncContent:
    """The content of a response with an asynchronous iterator."""

    def __init__(self, response: StreamingHttpResponse) -> None:
        self._response = response
        # ``streaming_content`` is a generator around it, whose end would not reach it.
        self._parts: AsyncIterator[object] = response._iterator  # type: ignore[attr-defined]  # noqa: SLF001

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        return self._response.make_bytes(await anext(self._parts))

    async def aclose(self) -> None:
        """Close the iterator, and what the response holds besides."""
        try:
            close = getattr(self._parts, "aclose", None)
            if close is not None:
                await close()
        finally:
            _close_resources(self._response)


def _close_resources(response: StreamingHttpResponse) -> None:
    """Do what ``response.close()`` does, apart from sending ``request_finished`` once more."""
    closers = response._resource_closers  # type: ignore[attr-defined]  # noqa: SLF001
    while closers:
        closers.pop(0)()
    response.closed = True
