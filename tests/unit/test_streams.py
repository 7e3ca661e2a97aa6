"""What becomes of the items of a stream, and which streams are refused."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from django_bolt.compile.streams import compile_stream
from django_bolt.dispatch.streams import event_chunk, json_line, plain_chunk
from django_bolt.exceptions import SignatureError
from django_bolt.streaming import EventStream, ServerSentEvent, StreamingResponse


class Point(Struct):
    x: int


@pytest.mark.parametrize(
    ("item", "chunk"),
    [
        ("text", "data: text\n\n"),
        ("", "data: \n\n"),
        ("a\nb\r\nc\rd", "data: a\ndata: b\ndata: c\ndata: d\n\n"),
        (Point(1), 'data: {"x":1}\n\n'),
        ({"a": [None]}, 'data: {"a":[null]}\n\n'),
        (None, "data: null\n\n"),
        (0, "data: 0\n\n"),
        (b"bytes", "data: bytes\n\n"),
        (ServerSentEvent(data="x", event="e"), "event: e\ndata: x\n\n"),
        (ServerSentEvent(data="x", id=0), "id: 0\ndata: x\n\n"),
        (ServerSentEvent(id=""), "id: \n\n"),
        (ServerSentEvent(retry=0), "retry: 0\n\n"),
        (ServerSentEvent(comment="a\nb"), ": a\n: b\n\n"),
    ],
)
def test_events(item: Any, chunk: str) -> None:
    assert event_chunk(item).decode() == chunk


def received(stream: str) -> list[str]:
    """Return the data of a stream's events, as WHATWG HTML §9.2.6 has a client find them."""
    found: list[str] = []
    data: list[str] = []
    for line in re.split(r"\r\n|\r|\n", stream):
        field, _, value = line.partition(":")
        if not line and data:
            found.append("\n".join(data))
            data = []
        elif field == "data":
            data.append(value.removeprefix(" "))
    return found


@given(st.lists(st.text(), max_size=5))
def test_text_arrives_as_it_was(texts: list[str]) -> None:
    stream = b"".join(map(event_chunk, texts)).decode()
    assert received(stream) == [re.sub(r"\r\n|\r", "\n", text) for text in texts]


@pytest.mark.parametrize(
    "wrong",
    [
        {"event": "a\nb"},
        {"event": "a\rb"},
        {"id": "a\nb"},
        {"id": "a\0b"},
        {"retry": -1},
    ],
)
def test_what_would_end_a_field_early(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}"):
        ServerSentEvent(data="x", **wrong)


@pytest.mark.parametrize("ping", [0, -1, float("inf"), float("nan")])
def test_pings_that_are_no_times(ping: float) -> None:
    with pytest.raises(ValueError, match="ping"):
        EventStream([], ping=ping)


@pytest.mark.parametrize(
    ("item", "chunk"),
    [(b"a", b"a"), ("ö", b"\xc3\xb6"), (bytearray(b"a"), b"a"), (memoryview(b"a"), b"a")],
)
def test_items(item: Any, chunk: bytes) -> None:
    assert plain_chunk(item) == chunk


def test_items_that_are_neither_bytes_nor_text() -> None:
    with pytest.raises(TypeError, match="not Point"):
        plain_chunk(Point(1))
    assert json_line(Point(1)) == b'{"x":1}\n'
    assert json_line("as it is") == b"as it is"


def undeclared():  # type: ignore[no-untyped-def]
    yield 1


def declares_its_items() -> int:  # type: ignore[misc]
    yield 1


async def declares_an_unknown() -> AsyncIterator[re.Pattern[str]]:
    yield re.compile("")


@pytest.mark.parametrize(
    ("function", "returns", "message"),
    [
        (undeclared, None, "declares what it yields"),
        (declares_its_items, int, "declares what it yields"),
        (declares_its_items, list[int], "declares what it yields"),
        (declares_an_unknown, AsyncIterator[re.Pattern[str]], "What a.b yields"),
    ],
)
def test_generators_that_are_refused(function: Any, returns: Any, message: str) -> None:
    with pytest.raises(SignatureError, match=message) as caught:
        compile_stream(function, returns, 200, "a.b")
    assert "a.b" in str(caught.value)


@pytest.mark.parametrize(
    ("returns", "media_type", "waits"),
    [
        (Iterator[str], "text/plain; charset=utf-8", True),
        (Iterator[bytes], "application/octet-stream", True),
        (Annotated[Iterator[ServerSentEvent], "note"], "text/event-stream", False),
        (Iterator[Point], "application/x-ndjson", True),
        (Iterator[Any], "application/x-ndjson", True),
        (Iterator[dict], "application/x-ndjson", True),
    ],
)
def test_what_generators_become(returns: Any, media_type: str, waits: bool) -> None:
    function, begins_stream = compile_stream(undeclared, returns, 201, "a.b")
    response = asyncio.run(function())
    assert isinstance(response, StreamingResponse)
    assert (response.content_type, response.status_code) == (media_type, 201)
    assert begins_stream is waits
