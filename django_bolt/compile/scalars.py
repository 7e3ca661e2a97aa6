"""Annotations of scalars: which of the plan's types one means, and what constrains it."""

from __future__ import annotations

import datetime as dt
import enum
import types
import typing
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Annotated, Any, Literal, NewType, Union, cast, get_args, get_origin

import msgspec

from django_bolt.compile import plan

_TYPES: dict[object, str] = {
    str: "str",
    int: "int",
    float: "float",
    bool: "bool",
    uuid.UUID: "uuid",
    dt.date: "date",
    dt.datetime: "datetime",
    dt.time: "time",
    dt.timedelta: "timedelta",
    Decimal: "decimal",
}
NO_CONSTRAINTS = plan.Constraints()
_COLLECTIONS = (list, set, frozenset, tuple)
_META_UNSUPPORTED = ("multiple_of", "tz")
_BOUNDS = ("ge", "gt", "le", "lt")
_LENGTHS = ("min_length", "max_length")


class UnsupportedAnnotationError(TypeError):
    """An annotation that looks like a scalar's and cannot be read from text; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What an annotation of a parameter means."""

    scalar: plan.Scalar
    #: Members of a closed list, in the order of ``scalar.values``.
    choices: tuple[Any, ...] | None = None
    #: ``list``, ``set``, ``frozenset`` or ``tuple`` where values repeat.
    collection: type | None = None
    #: Whether the annotation allows ``None``.
    nullable: bool = False
    #: Constraints that stand in the annotation as :class:`msgspec.Meta`.
    constraints: plan.Constraints = NO_CONSTRAINTS


def strip(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return an annotation without its names and ``Annotated``, and the latter's metadata.

    ``NewType`` and ``type X = ...`` give what they stand for.
    """
    metadata: tuple[Any, ...] = ()
    while True:
        if get_origin(annotation) is Annotated:
            metadata = (*annotation.__metadata__, *metadata)
            annotation = annotation.__origin__
        elif isinstance(annotation, NewType):
            annotation = annotation.__supertype__
        elif type(annotation).__name__ == "TypeAliasType":
            annotation = annotation.__value__
        else:
            return annotation, metadata


def without_none(annotation: Any) -> tuple[Any, bool]:
    """Return an annotation without ``None`` among its alternatives, and whether it was there."""
    origin = get_origin(annotation)
    if origin is not Union and origin is not types.UnionType:
        return annotation, False
    members = tuple(member for member in get_args(annotation) if member is not types.NoneType)
    if len(members) == len(get_args(annotation)) or not members:
        return annotation, False
    return Union[members], True  # noqa: UP007 (the members are known only here)


def read(annotation: Any) -> Shape | None:
    """Return what a parameter's annotation means, or ``None`` where it is no scalar's.

    Raises :class:`UnsupportedAnnotationError` for a scalar that text cannot be converted to.
    """
    bare, metadata = strip(annotation)
    bare, nullable = without_none(bare)
    bare, inner = strip(bare)
    shape = _read_collection(bare) or _read_union(bare) or _read_single(bare)
    if shape is None:
        return None
    own = _constraints(item for item in (*metadata, *inner) if isinstance(item, msgspec.Meta))
    return replace(
        shape,
        nullable=nullable or shape.nullable,
        constraints=merge(shape.constraints, own),
    )


def merge(first: plan.Constraints, second: plan.Constraints) -> plan.Constraints:
    """Return both constraints as one; the second decides where both say something."""
    values = {
        name: first_value if second_value is None else second_value
        for name in plan.Constraints.__struct_fields__
        for first_value, second_value in [(getattr(first, name), getattr(second, name))]
    }
    return plan.Constraints(**values)


def check_constraints(shape: Shape, constraints: plan.Constraints) -> None:
    """Refuse constraints that mean nothing for the type.

    Raises :class:`UnsupportedAnnotationError`.
    """
    kinds = [shape.scalar.type]
    if shape.scalar.of is not msgspec.UNSET:
        kinds = [scalar.type for scalar in shape.scalar.of]
    for name in plan.Constraints.__struct_fields__:
        if getattr(constraints, name) is None:
            continue
        if name in _BOUNDS:
            fits = not {"int", "float", "decimal"}.isdisjoint(kinds)
        elif name in _LENGTHS:
            fits = "str" in kinds or shape.collection is not None
        else:
            fits = "str" in kinds
        if not fits:
            raise UnsupportedAnnotationError(f"`{name}` means nothing for a {' or '.join(kinds)}")
    _check_range(constraints)


def _check_range(constraints: plan.Constraints) -> None:
    lowest = max((x for x in (constraints.ge, constraints.gt) if x is not None), default=None)
    highest = min((x for x in (constraints.le, constraints.lt) if x is not None), default=None)
    if lowest is not None and highest is not None and lowest > highest:
        raise UnsupportedAnnotationError(f"no number is at least {lowest} and at most {highest}")
    shortest, longest = constraints.min_length, constraints.max_length
    if shortest is not None and longest is not None and shortest > longest:
        raise UnsupportedAnnotationError(f"`min_length` {shortest} is over `max_length` {longest}")


def _read_single(annotation: Any) -> Shape | None:
    if get_origin(annotation) is Literal:
        return _read_literal(annotation)
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return _read_enum(annotation)
    try:
        kind = _TYPES.get(annotation)
    except TypeError:  # an annotation that cannot be hashed is nobody's scalar
        return None
    return None if kind is None else Shape(scalar=plan.Scalar(type=cast("Any", kind)))


def _read_collection(annotation: Any) -> Shape | None:
    origin = get_origin(annotation)
    if origin not in _COLLECTIONS:
        return None
    arguments = get_args(annotation)
    if origin is tuple:
        if len(arguments) != 2 or arguments[1] is not Ellipsis:
            if any(_is_scalar(item) for item in arguments):
                raise UnsupportedAnnotationError("write `tuple[T, ...]`: values repeat freely")
            return None
        arguments = arguments[:1]
    item = read(arguments[0])
    if item is None:
        return None
    if item.collection is not None or item.nullable:
        raise UnsupportedAnnotationError("text cannot hold lists of lists, nor None in a list")
    if item.constraints.min_length is not None or item.constraints.max_length is not None:
        raise UnsupportedAnnotationError(
            "a length inside a list is not supported; outside it counts the items"
        )
    return replace(item, collection=cast("type", origin))


#: In which order the alternatives of a union are tried: what takes the fewest texts comes first.
_SPECIFIC = (
    "choice",
    "uuid",
    "int",
    "bool",
    "float",
    "decimal",
    "date",
    "datetime",
    "time",
    "timedelta",
    "str",
)


def _read_union(annotation: Any) -> Shape | None:
    if get_origin(annotation) not in (Union, types.UnionType):
        return None
    members = [read(member) for member in get_args(annotation)]
    alternatives = [member for member in members if member is not None]
    if len(alternatives) < len(members):
        return None
    if any(member.collection is not None for member in alternatives):
        raise UnsupportedAnnotationError("text cannot be either a list or a single value")
    closed = [member for member in alternatives if member.choices is not None]
    if len(closed) > 1:
        raise UnsupportedAnnotationError("a union has at most one closed list: join them into one")
    alternatives.sort(key=lambda member: _SPECIFIC.index(member.scalar.type))
    return Shape(
        scalar=plan.Scalar(type="union", of=[member.scalar for member in alternatives]),
        choices=closed[0].choices if closed else None,
        nullable=any(member.nullable for member in alternatives),
        constraints=_joined(alternatives),
    )


def _joined(alternatives: list[Shape]) -> plan.Constraints:
    """Return the constraints of all alternatives, of which no two may limit the same."""
    joined = NO_CONSTRAINTS
    for member in alternatives:
        for name in plan.Constraints.__struct_fields__:
            if getattr(joined, name) is not None and getattr(member.constraints, name) is not None:
                raise UnsupportedAnnotationError(f"two alternatives of a union have `{name}`")
        joined = merge(joined, member.constraints)
    return joined


def _is_scalar(annotation: Any) -> bool:
    return annotation is not Ellipsis and read(annotation) is not None


def _read_literal(annotation: Any) -> Shape:
    members = typing.get_args(annotation)
    return replace(
        _choice([member for member in members if member is not None], str(annotation)),
        nullable=None in members,
    )


def _read_enum(annotation: type[enum.Enum]) -> Shape:
    if issubclass(annotation, enum.Flag):
        raise UnsupportedAnnotationError(f"{annotation.__name__} is a Flag, not a closed list")
    members = list(annotation)
    shape = _choice([member.value for member in members], annotation.__name__)
    return replace(shape, choices=tuple(members))


def _choice(values: list[Any], name: str) -> Shape:
    """Return a closed list whose members are its values."""
    for value in values:
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise UnsupportedAnnotationError(f"{name} has {value!r}, neither a str nor an int")
    wire = [str(value) for value in values]
    if not wire or len(set(wire)) != len(wire):
        raise UnsupportedAnnotationError(f"{name} has no values, or two that read the same")
    return Shape(scalar=plan.Scalar(type="choice", values=wire), choices=tuple(values))


def _constraints(metas: Iterable[msgspec.Meta]) -> plan.Constraints:
    merged = plan.Constraints()
    for meta in metas:
        for name in _META_UNSUPPORTED:
            if getattr(meta, name) is not None:
                raise UnsupportedAnnotationError(f"`{name}` is not supported for a parameter")
        values = {name: getattr(meta, name) for name in plan.Constraints.__struct_fields__}
        merged = merge(merged, plan.Constraints(**values))
    return merged
