"""Drives the generators of streamed replies, and makes bytes of what they yield."""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator
from typing import Any, TypeAlias

from django.http import StreamingHttpResponse
from msgspec import UNSET

from django_bolt._core import StreamSink
from django_bolt.dispatch.django_responses import AsyncContent, content_of
from django_bolt.dispatch.encoding import encode
from django_bolt.streaming import (
    LINE_BREAK,
    EventStream,
    ItemStream,
    ServerSentEvent,
    StreamingResponse,
)

ChunkOf: TypeAlias = Callable[[Any], bytes]
#: An iterator, whether it is an async one, what makes the bytes of its items, and the seconds of
#: silence after which a comment is sent.
Source: TypeAlias = tuple[Iterator[Any] | AsyncIterator[Any], bool, ChunkOf, float | None]

#: Media types of JSON texts that are lines: https://github.com/ndjson/ndjson-spec, and its rival.
_JSON_LINES = re.compile(r"application/(x-)?(ndjson|jsonl|json-lines)\b", re.IGNORECASE)


def source_of(response: StreamingResponse | StreamingHttpResponse) -> Source:
    """Return what Rust needs of a streamed reply, ours or Django's."""
    if isinstance(response, StreamingHttpResponse):
        parts = content_of(response)
        return parts, isinstance(parts, AsyncContent), plain_chunk, None
    content, chunk_of = response.data, _chunk_of(response)
    if isinstance(content, AsyncIterable):
        return aiter(content), True, chunk_of, response.ping
    return iter(content), False, chunk_of, response.ping


def _chunk_of(response: StreamingResponse) -> ChunkOf:
    if isinstance(response, EventStream):
        return event_chunk
    if isinstance(response, ItemStream):
        convert = response.convert
        return lambda item: encode(convert(item)) + b"\n"
    return json_line if _JSON_LINES.match(response.content_type or "") else plain_chunk


async def pump(items: AsyncIterator[Any], chunk_of: ChunkOf, sink: StreamSink) -> None:
    """Give what an async generator yields to the connection, all of it in one task.

    Timeouts and task groups may therefore hold over a ``yield``. The generator is closed whatever
    ends it: its own end, an exception, or a client that leaves, for which the task is cancelled.
    """
    try:
        # A client that left before the first item, or asked with HEAD, has nothing produced.
        if sink.is_wanted:
            async for item in items:
                room = sink.put(chunk_of(item))
                if room is not None:
                    await room
    finally:
        close = getattr(items, "aclose", None)
        if close is not None:
            await close()


def plain_chunk(item: Any) -> bytes:
    """Return the bytes of an item; ``TypeError`` for one that is neither bytes nor text."""
    if isinstance(item, bytes):
        return item
    if isinstance(item, str):
        return item.encode()
    if isinstance(item, bytearray | memoryview):
        return bytes(item)
    raise TypeError(f"A stream's items are bytes or str, not {type(item).__name__}.")


def json_line(item: Any) -> bytes:
    """Return an item as a line of JSON; text and bytes are sent as they are."""
    return plain_chunk(item) if isinstance(item, str | bytes) else encode(item) + b"\n"


def event_chunk(item: Any) -> bytes:
    """Return an event as it is sent (WHATWG HTML, section 9.2.5)."""
    event = item if isinstance(item, ServerSentEvent) else ServerSentEvent(data=item)
    lines: list[str] = []
    if event.comment is not None:
        lines += [f": {line}" for line in LINE_BREAK.split(event.comment)]
    if event.event is not None:
        lines.append(f"event: {event.event}")
    if event.id is not None:
        lines.append(f"id: {event.id}")
    if event.retry is not None:
        lines.append(f"retry: {event.retry}")
    if event.data is not UNSET:
        lines += [f"data: {line}" for line in LINE_BREAK.split(_text(event.data))]
    return ("\n".join(lines) + "\n\n").encode()


def _text(data: Any) -> str:
    if isinstance(data, str):
        return data
    return (data if isinstance(data, bytes) else encode(data)).decode()
