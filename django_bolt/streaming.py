"""Replies whose body is produced while it is sent."""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from typing import Any

from msgspec import UNSET, Struct

from django_bolt.responses import BaseResponse

__all__ = ["EventStream", "ServerSentEvent", "StreamingResponse"]

#: What ends a line of an event (WHATWG HTML, section 9.2.5).
LINE_BREAK = re.compile(r"\r\n|\r|\n")
#: Seconds. More often, comments would be all that a server does; later, nobody waits for one.
SHORTEST_PING, LONGEST_PING = 0.01, 86_400


class StreamingResponse(BaseResponse):
    """Sends what a generator yields, as the client takes it.

    ``content`` is an iterable or an async iterable of ``bytes`` or ``str`` (sent as UTF-8); where
    ``media_type`` is ``application/x-ndjson``, other items are encoded as JSON, a line each. A
    client that reads slowly makes the generator wait; one that leaves has it closed, so that its
    ``finally`` blocks run. An async generator runs in one task, in the request's context; any
    other iterable on a thread that is its own until it ends.

    Raises ``TypeError`` for content that is no such iterable, and ``ValueError`` for a header
    ``Content-Length``, which nobody knows yet.
    """

    __slots__ = ()
    media_type = "application/octet-stream"
    #: Seconds of silence after which a comment is sent; ``None`` is never.
    ping: float | None = None

    def __init__(
        self,
        content: Iterable[Any] | AsyncIterable[Any],
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        media_type: str | None = None,
    ) -> None:
        if isinstance(content, str | bytes | bytearray | memoryview | Mapping) or not isinstance(
            content, Iterable | AsyncIterable
        ):
            raise TypeError(
                f"{type(self).__name__} takes a generator or another iterable of chunks, not "
                f"{type(content).__name__}."
            )
        super().__init__(content, status_code, headers, media_type)
        if "Content-Length" in self.headers:
            raise ValueError(f"The length of a {type(self).__name__} is not known: leave it out.")


class ItemStream(StreamingResponse):
    """What a generator handler yields, as lines of JSON; ``convert`` enforces the declared type."""

    __slots__ = ("convert",)
    media_type = "application/x-ndjson"

    def __init__(
        self,
        content: Iterable[Any] | AsyncIterable[Any],
        convert: Callable[[Any], Any],
        status_code: int = 200,
    ) -> None:
        super().__init__(content, status_code)
        self.convert = convert


class ServerSentEvent(Struct, frozen=True):
    """One event of an :class:`EventStream` (WHATWG HTML, section 9.2).

    ``data`` is text, or anything else that has JSON; it may have several lines. ``event`` is its
    type for ``addEventListener``, ``id`` what a client that comes back sends as ``Last-Event-ID``,
    ``retry`` how many milliseconds it waits before that, ``comment`` what clients do not see.
    Raises ``ValueError`` for a line break in ``event`` or ``id``, for a NUL in ``id``, and for a
    ``retry`` that is no integer from 0 up.
    """

    data: Any = UNSET
    event: str | None = None
    id: str | int | None = None
    retry: int | None = None
    comment: str | None = None

    def __post_init__(self) -> None:
        """Refuse what would end a field early."""
        for name in ("event", "id"):
            text = str(getattr(self, name) or "")
            if LINE_BREAK.search(text) or (name == "id" and "\0" in text):
                raise ValueError(f"The {name} of an event is one line without NUL, not {text!r}.")
        if self.retry is not None and (type(self.retry) is not int or self.retry < 0):
            raise ValueError(f"An event's retry is a number of milliseconds, not {self.retry!r}.")


class EventStream(StreamingResponse):
    """Server-sent events: what the generator yields, as ``text/event-stream``.

    Items are :class:`ServerSentEvent`, text, or anything else that has JSON, which becomes an
    event's data. After ``ping`` seconds of silence a comment is sent, so that proxies keep the
    connection and a client that has gone is noticed; ``None`` sends none. A handler reads where a
    client was from the header ``Last-Event-ID``, or from ``request.last_event_id``.

    Raises ``ValueError`` for a ``ping`` below 0.01 or above a day, and what
    :class:`StreamingResponse` does.
    """

    __slots__ = ("ping",)
    media_type = "text/event-stream"

    def __init__(
        self,
        content: Iterable[Any] | AsyncIterable[Any],
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        *,
        ping: float | None = 15.0,
    ) -> None:
        if ping is not None and not SHORTEST_PING <= ping <= LONGEST_PING:
            raise ValueError(
                f"ping is a number of seconds from {SHORTEST_PING} to {LONGEST_PING}, not {ping!r}."
            )
        super().__init__(content, status_code, headers)
        self.ping = ping
        self.headers.setdefault("Cache-Control", "no-cache")
        # nginx would keep events back until it has a buffer full of them.
        self.headers.setdefault("X-Accel-Buffering", "no")
