"""Converters of types with named fields, from instances, mappings and objects with attributes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_origin

import msgspec
from django.db.models import Manager, QuerySet
from msgspec import NODEFAULT, UNSET, inspect

from django_bolt.compile import shapes
from django_bolt.compile.scalar_converters import Converter, Node, mismatch
from django_bolt.exceptions import ResultError

_MISSING = object()
#: Objects without attributes that anybody could mean as fields.
_NO_ATTRIBUTES = (str, bytes, bytearray, int, float, list, tuple, set, frozenset, type)


@dataclass(frozen=True, slots=True)
class FieldStep:
    """One field: how to find its value, and what the value must be."""

    name: str
    #: Name on the wire.
    wire: str
    node: Node
    required: bool
    default: Any
    default_factory: Any

    @classmethod
    def of(cls, field: inspect.Field, node: Node) -> FieldStep:
        """Return the step of a field as msgspec describes it."""
        return cls(
            name=field.name,
            wire=field.encode_name,
            node=node,
            required=field.required,
            default=field.default,
            default_factory=field.default_factory,
        )

    def absent(self) -> Any:
        """Return what stands for a value that is not there: ``UNSET`` where nothing does."""
        if self.default is not NODEFAULT:
            return self.default
        if self.default_factory is not NODEFAULT:
            return self.default_factory()
        if self.required:
            raise ResultError("The declared field is missing", f".{self.name}")
        return UNSET

    def converted(self, value: Any) -> Any:
        """Return the field's value, converted."""
        try:
            return self.node.convert(value)
        except ResultError as error:
            raise error.within(f".{self.name}") from error.__cause__


def object_node(info: Any, steps: Sequence[FieldStep]) -> Node:
    """Return the node of a Struct, dataclass, ``TypedDict`` or ``NamedTuple``."""
    kind = get_origin(info.cls) or info.cls
    name = kind.__qualname__
    gather = _gatherer(steps)
    finish = _finisher(info, kind, steps)
    from_mapping = _mapping_reader(info, gather)
    from_instance = _unchanged_or_copy(steps) if isinstance(info, inspect.StructType) else None
    is_sequence = isinstance(info, inspect.NamedTupleType) or (
        isinstance(info, inspect.StructType) and info.array_like and info.tag_field is None
    )

    def convert(value: Any) -> Any:
        if from_instance is not None and type(value) is kind:
            return from_instance(value)
        if isinstance(value, Mapping):
            return finish(from_mapping(value))
        if is_sequence and isinstance(value, list | tuple) and not hasattr(value, "_fields"):
            if len(value) > len(steps):
                raise mismatch(f"{len(steps)} items", value)
            pairs = {step.wire: item for step, item in zip(steps, value, strict=False)}
            return finish(gather(pairs.get))
        if not _has_attributes(value):
            raise mismatch(name, value)
        return finish(gather(_attribute_reader(value, steps)))

    if from_instance is None:
        return Node(convert)
    attributes = ((step.name, step.node.shape) for step in steps)
    return Node(convert, _shape=shapes.of_instance(kind, attributes))


def _has_attributes(value: Any) -> bool:
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return True
    if value is None or isinstance(value, _NO_ATTRIBUTES) or callable(value):
        return False
    return type(value).__module__ != "builtins" and not isinstance(value, QuerySet | Manager)


def _attribute_reader(value: Any, steps: Sequence[FieldStep]) -> Callable[[str, Any], Any]:
    names = {step.wire: step.name for step in steps}
    return lambda wire, default: getattr(value, names.get(wire, wire), default)


def _gatherer(steps: Sequence[FieldStep]) -> Callable[[Callable[..., Any]], dict[str, Any]]:
    """Return a function that reads every field from ``get(name, default)`` and converts it."""
    plain = [
        (step.name, step.wire, step.name if step.name != step.wire else None, step.node.exact, step)
        for step in steps
    ]

    def gather(get: Callable[..., Any]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, wire, other, exact, step in plain:
            item = get(wire, _MISSING)
            if item is _MISSING:
                item = _MISSING if other is None else get(other, _MISSING)
                if item is _MISSING:
                    item = step.absent()
            if type(item) in exact and item is not UNSET:
                values[name] = item
            elif item is not UNSET or step.required:
                values[name] = step.converted(item)
        return values

    return gather


def _mapping_reader(
    info: Any, gather: Callable[[Callable[..., Any]], dict[str, Any]]
) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    tag_field = getattr(info, "tag_field", None)
    if tag_field is None:
        return lambda value: gather(value.get)

    def read(value: Mapping[str, Any]) -> dict[str, Any]:
        if value.get(tag_field, info.tag) != info.tag:
            raise ResultError(f"Expected the tag {info.tag!r}, got another one", f".{tag_field}")
        return gather(value.get)

    return read


def _finisher(info: Any, kind: Any, steps: Sequence[FieldStep]) -> Callable[[dict[str, Any]], Any]:
    """Return what makes of converted fields a value that is encoded as the declared type.

    Only a Struct needs an instance, for its tag, its omitted defaults and its being an array; the
    others are encoded as plain dicts and lists, and spared a second ``__init__``.
    """
    if isinstance(info, inspect.StructType):
        return _struct_maker(kind)
    if isinstance(info, inspect.NamedTupleType):
        return lambda values: list(values.values())
    if all(step.name == step.wire for step in steps):
        return lambda values: values
    wires = {step.name: step.wire for step in steps}
    return lambda values: {wires[name]: item for name, item in values.items()}


def _struct_maker(kind: Any) -> Callable[[dict[str, Any]], Any]:
    if not hasattr(kind, "__post_init__"):
        return lambda values: kind(**values)

    def make(values: dict[str, Any]) -> Any:
        try:
            return kind(**values)
        except (ValueError, TypeError) as error:
            raise ResultError(f"{kind.__qualname__} refuses its fields: {error}") from error

    return make


def _unchanged_or_copy(steps: Sequence[FieldStep]) -> Converter:
    """Return the converter of the declared Struct's own instances.

    The instance itself leaves where every field fits. ``__post_init__`` never runs a second time:
    it need not be idempotent.
    """
    plain = [(step.name, step.node.exact, step) for step in steps]

    def convert(value: Any) -> Any:
        changed: dict[str, Any] | None = None
        for name, exact, step in plain:
            item = getattr(value, name)
            if type(item) in exact:
                continue
            if item is UNSET and not step.required:
                continue
            made = step.converted(item)
            if made is not item:
                changed = changed or {}
                changed[name] = made
        if changed is None:
            return value
        duplicate = copy.copy(value)
        for name, made in changed.items():
            msgspec.structs.force_setattr(duplicate, name, made)
        return duplicate

    return convert
