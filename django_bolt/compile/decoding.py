"""Decoders of bodies."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import inspect

from django_bolt.compile import schema


def decoder(
    annotation: Any, info: inspect.Type, decode: Callable[[bytes], Any] | None = None
) -> Callable[[bytes], Any]:
    """Return what decodes JSON as a type, of which ``info`` is msgspec's description.

    ``decode`` stands in its place for other notations. It raises ``msgspec.DecodeError``.
    """
    if decode is None:
        decode = msgspec.json.Decoder(annotation).decode
    if not any(isinstance(part, inspect.DataclassType) for part in schema.walk(info)):
        return decode

    def decode_whole(body: bytes) -> Any:
        value = decode(body)
        _complete(value)
        return value

    return decode_whole


def _complete(value: Any) -> None:
    """Give every dataclass instance the defaults that it has from its class alone.

    msgspec leaves them there when it decodes, and does not see them when it encodes: an instance
    that is sent back would lack these fields.
    """
    if isinstance(value, Mapping):
        for item in value.values():
            _complete(item)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            _complete(item)
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            _complete(getattr(value, name))
    elif dataclasses.is_dataclass(value):
        own = getattr(value, "__dict__", None)
        for field in dataclasses.fields(value):
            item = getattr(value, field.name)
            if own is not None:
                own.setdefault(field.name, item)
            _complete(item)
