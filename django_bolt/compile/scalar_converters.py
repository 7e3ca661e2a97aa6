"""Converters of scalars: what fits passes, what fits without loss is converted, the rest fails."""

from __future__ import annotations

import datetime as dt
import enum
import inspect as python_inspect
import math
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from types import NoneType
from typing import Any, TypeAlias

import msgspec
from django.utils.functional import Promise
from msgspec import inspect

from django_bolt._core import Shape
from django_bolt.compile import shapes
from django_bolt.dispatch.awaitables import is_unawaited
from django_bolt.dispatch.body_check import check
from django_bolt.exceptions import ResultError

Converter: TypeAlias = Callable[[Any], Any]
#: Whole numbers beyond this are not all doubles.
_EXACT_DOUBLES = 2**53


@dataclass(frozen=True, slots=True)
class Node:
    """A compiled type."""

    convert: Converter
    #: Types whose instances fit as they are, whatever their value: no call is needed for them.
    exact: frozenset[type] = frozenset()
    #: What else fits as it is, where Rust can see it.
    _shape: Shape | None = None

    @property
    def shape(self) -> Shape | None:
        """What Rust can see of the values that fit as they are."""
        if self._shape is not None:
            return self._shape
        return Shape.anything() if self.exact is _EVERYTHING else shapes.of_types(self.exact)


def mismatch(expected: str, value: object) -> ResultError:
    """Return the refusal of a value of another type; it never shows the value itself."""
    if is_unawaited(value):
        if python_inspect.iscoroutine(value):
            value.close()
        kind = type(value).__name__
        return ResultError(f"Expected {expected}, got a {kind}: an await is missing")
    given = "None" if value is None else type(value).__qualname__
    return ResultError(f"Expected {expected}, got {given}")


def node(info: inspect.Type, *, lossless: bool) -> Node:
    """Return the converter of a scalar type; with ``lossless``, text takes other scalars too."""
    if isinstance(info, inspect.AnyType):
        return Node(_same, _EVERYTHING)
    if isinstance(info, inspect.StrType):
        made = Node(_any_to_str if lossless else _to_str, frozenset({str}))
    elif isinstance(info, inspect.EnumType):
        return _enum_node(info.cls)
    elif isinstance(info, inspect.LiteralType):
        return _literal_node(info)
    else:
        made = _NODES[type(info)]
    return _constrained(info, made)


class _Everything(frozenset[type]):
    """Contains every type."""

    def __contains__(self, item: object) -> bool:
        return True


_EVERYTHING = _Everything()


def _same(value: Any) -> Any:
    return value


def _constrained(info: Any, made: Node) -> Node:
    """Return the node with the constraints of the declared type, where it has any."""
    limits = (name for name in info.__struct_fields__ if getattr(info, name) is not None)
    if not any(limits):
        return made

    def convert(value: Any) -> Any:
        converted = made.convert(value)
        faults = check(info, msgspec.to_builtins(converted))
        if faults:
            raise ResultError(f"Breaks its declaration: {faults[0]}")  # type: ignore[index]
        return converted

    return Node(convert)


def _to_none(value: Any) -> Any:
    if value is None:
        return None
    raise mismatch("None", value)


def _to_bool(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    raise mismatch("bool", value)


def _to_int(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    raise mismatch("int", value)


def _to_float(value: Any) -> Any:
    if isinstance(value, float):
        if math.isfinite(value):
            return value if type(value) is float else float(value)
        raise ResultError("Expected a finite float: JSON has neither NaN nor infinity")
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) <= _EXACT_DOUBLES:
            return float(value)
    elif isinstance(value, Decimal) and value.is_finite():
        converted = float(value)
        if math.isfinite(converted) and Decimal(repr(converted)) == value:
            return converted
    raise mismatch("float", value)


def _to_decimal(value: Any) -> Any:
    if isinstance(value, Decimal):
        converted = value if type(value) is Decimal else Decimal(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        converted = Decimal(value)
    elif isinstance(value, float):
        converted = Decimal(repr(value))
    else:
        converted = _from_text(Decimal, value)
    if not converted.is_finite():
        raise ResultError("Expected a finite Decimal")
    return converted


def _to_str(value: Any) -> Any:
    """Return text of any class as ``str`` itself: Django has lazy and safe ones."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Promise):
        return str(value)
    raise mismatch("str", value)


def _any_to_str(value: Any) -> Any:
    """Return text, and other scalars in the one form that reads back as the same value."""
    if isinstance(value, enum.Enum) and not isinstance(value, str):
        value = value.value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(int(value))
    if isinstance(value, uuid.UUID | Decimal):
        return str(value)
    if isinstance(value, dt.date | dt.time):
        text: str = msgspec.to_builtins(_plain_temporal(value))
        return text
    return _to_str(value)


def _plain_temporal(value: Any) -> Any:
    """Return a date or time as the standard library's own class, which msgspec asks for."""
    for kind in (dt.datetime, dt.date, dt.time):
        if isinstance(value, kind):
            return value if type(value) is kind else kind.fromisoformat(value.isoformat())
    return value


def _temporal(kind: type) -> Converter:
    def convert(value: Any) -> Any:
        plain = _plain_temporal(value)
        return plain if type(plain) is kind else _from_text(kind, value)

    return convert


def _kind(kind: type) -> Converter:
    def convert(value: Any) -> Any:
        return value if type(value) is kind else _from_text(kind, value)

    return convert


def _from_text(kind: Any, value: Any) -> Any:
    """Return the value that a text stands for in JSON."""
    if not isinstance(value, str):
        raise mismatch(kind.__name__, value)
    try:
        return msgspec.convert(str.__str__(value), kind)
    except msgspec.ValidationError as error:
        raise ResultError(f"Expected {kind.__name__}, got text that is none") from error


def _enum_node(kind: type[enum.Enum]) -> Node:
    def convert(value: Any) -> Any:
        if isinstance(value, enum.Enum):
            value = value.value
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            raise ResultError(f"Expected a value of {kind.__name__}, got another one") from error

    return Node(convert, frozenset({kind}))


def _literal_node(info: inspect.LiteralType) -> Node:
    expected = " | ".join(map(repr, info.values))

    def convert(value: Any) -> Any:
        if isinstance(value, enum.Enum):
            value = value.value
        elif isinstance(value, str):
            value = str.__str__(value)
        for literal in info.values:
            if type(literal) is type(value) and literal == value:
                return literal
        raise ResultError(f"Expected {expected}, got another {type(value).__name__}")

    return Node(convert)


_NODES: dict[type[inspect.Type], Node] = {
    inspect.NoneType: Node(_to_none, frozenset({NoneType})),
    inspect.BoolType: Node(_to_bool, frozenset({bool})),
    inspect.IntType: Node(_to_int, frozenset({int})),
    inspect.FloatType: Node(_to_float, _shape=Shape.finite_float()),
    inspect.DecimalType: Node(_to_decimal),
    inspect.UUIDType: Node(_kind(uuid.UUID), frozenset({uuid.UUID})),
    inspect.DateType: Node(_temporal(dt.date), frozenset({dt.date})),
    inspect.DateTimeType: Node(_temporal(dt.datetime), frozenset({dt.datetime})),
    inspect.TimeType: Node(_temporal(dt.time), frozenset({dt.time})),
    inspect.TimeDeltaType: Node(_kind(dt.timedelta), frozenset({dt.timedelta})),
    inspect.BytesType: Node(_kind(bytes), frozenset({bytes})),
    inspect.ByteArrayType: Node(_kind(bytearray), frozenset({bytearray})),
    inspect.MemoryViewType: Node(_kind(memoryview), frozenset({memoryview})),
    inspect.RawType: Node(_kind(msgspec.Raw), frozenset({msgspec.Raw})),
}
