"""Handlers that are generators: what they yield is the reply."""

from __future__ import annotations

import collections.abc as abc
import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, get_args, get_origin

from msgspec import UNSET

from django_bolt.compile import schema
from django_bolt.compile.converters import compile_converter
from django_bolt.compile.scalars import strip
from django_bolt.exceptions import SignatureError
from django_bolt.streaming import EventStream, ItemStream, ServerSentEvent, StreamingResponse

_ITERATORS = (
    abc.AsyncIterator,
    abc.AsyncIterable,
    abc.AsyncGenerator,
    abc.Iterator,
    abc.Iterable,
    abc.Generator,
)
_TEXT = "text/plain; charset=utf-8"


def is_generator(function: Callable[..., Any]) -> bool:
    """Whether calling a function makes a generator, of either kind."""
    return inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)


def compile_stream(
    function: Callable[..., Any], returns: Any, status: int, handler: str
) -> tuple[Callable[..., Any], bool]:
    """Return the coroutine function that answers with what a generator function yields.

    With it comes whether the reply waits for the first item, so that what is raised before becomes
    an error reply: everywhere but for events, whose clients are to see at once that they are heard.

    ``returns`` is its annotation, such as ``AsyncIterator[Airport]``: text is sent as it is, bytes
    too, :class:`~django_bolt.streaming.ServerSentEvent` as events, and everything else as lines of
    JSON (``application/x-ndjson``), of which each is enforced as a declared result is. Raises
    :class:`~django_bolt.exceptions.SignatureError`, which names ``handler``, without one.
    """
    item = _item_type(returns, handler)
    respond = _respond(item, status, handler)

    @wraps(function)
    async def produce(*args: Any, **kwargs: Any) -> StreamingResponse:
        return respond(function(*args, **kwargs))

    return produce, item is not ServerSentEvent


def _item_type(returns: Any, handler: str) -> Any:
    bare = UNSET if returns is UNSET else strip(returns)[0]
    if get_origin(bare) not in _ITERATORS:
        raise SignatureError(
            f"{handler} is a generator, which declares what it yields: `-> AsyncIterator[T]` of "
            "an `async def`, `-> Iterator[T]` of a `def`. T is str, bytes, ServerSentEvent, or "
            "what a line of JSON holds."
        )
    return get_args(bare)[0]


def _respond(item: Any, status: int, handler: str) -> Callable[[Any], StreamingResponse]:
    if item is str:
        return lambda items: StreamingResponse(items, status, media_type=_TEXT)
    if item is bytes:
        return lambda items: StreamingResponse(items, status)
    if item is ServerSentEvent:
        return lambda items: EventStream(items, status)
    try:
        convert = compile_converter(schema.type_info(item)).convert
    except schema.UnknownTypeError as error:
        raise SignatureError(f"What {handler} yields: {error}.") from error
    return lambda items: ItemStream(items, convert, status)
