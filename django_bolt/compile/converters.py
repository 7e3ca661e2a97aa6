"""Compiles a declared return type into a function that enforces it on results.

A converter returns a value that leaves as JSON which decodes strictly as the declared type, and
that holds nothing but the declared fields; it raises :class:`~django_bolt.exceptions.ResultError`
with the field's path otherwise. What fits already is returned as it is, so that the usual result
costs one walk and no copy.

msgspec's own ``convert`` is not enough: it lets instances through unchecked, it lets a subclass's
further fields through, and it knows no lossless conversion to text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Manager, Model
from msgspec import inspect

from django_bolt.compile import scalar_converters, shapes
from django_bolt.compile.object_converters import FieldStep, object_node
from django_bolt.compile.scalar_converters import Converter, Node, mismatch
from django_bolt.compile.union_converters import union_node
from django_bolt.exceptions import ResultError

_LISTS = (
    inspect.ListType
    | inspect.SetType
    | inspect.FrozenSetType
    | inspect.VarTupleType
    | inspect.CollectionType
)
_OBJECTS = (
    inspect.StructType | inspect.DataclassType | inspect.TypedDictType | inspect.NamedTupleType
)


def compile_converter(info: inspect.Type) -> Node:
    """Return the converter of a type as msgspec describes it."""
    return _Compiler(lossless=True).node(info)


class _Compiler:
    """Compiles one type; ``lossless`` allows other scalars where text is declared."""

    def __init__(self, *, lossless: bool) -> None:
        self._lossless = lossless
        # By identity: msgspec describes a recursive type with one object that contains itself.
        self._objects: dict[int, Node] = {}
        self._exact_only: _Compiler | None = None

    def node(self, info: inspect.Type) -> Node:
        if isinstance(info, inspect.Metadata):
            return self.node(info.type)
        if isinstance(info, _OBJECTS):
            return self._object(info)
        if isinstance(info, inspect.UnionType):
            return self._union(info)
        if isinstance(info, _LISTS):
            return _list_node(info, self.node(info.item_type))
        if isinstance(info, inspect.TupleType):
            return _tuple_node([self.node(item) for item in info.item_types])
        if isinstance(info, inspect.DictType):
            return _dict_node(info, self.node(info.key_type), self.node(info.value_type))
        return scalar_converters.node(info, lossless=self._lossless)

    def _object(self, info: Any) -> Node:
        known = self._objects.get(id(info))
        if known is not None:
            return known
        made: list[Converter] = []

        def forward(value: Any) -> Any:
            return made[0](value)

        self._objects[id(info)] = Node(forward)
        steps = [FieldStep.of(field, self.node(field.type)) for field in info.fields]
        node = object_node(info, steps)
        made.append(node.convert)
        self._objects[id(info)] = node
        return node

    def _union(self, info: inspect.UnionType) -> Node:
        members = [
            (member, self.node(member))
            for member in info.types
            if not isinstance(member, inspect.NoneType)
        ]
        nullable = len(members) < len(info.types)
        if self._lossless and len(members) > 1:
            # A value that fits an alternative as it is goes there, before any is converted.
            if self._exact_only is None:
                self._exact_only = _Compiler(lossless=False)
            exact = [(member, self._exact_only.node(member)) for member, _ in members]
            return union_node([*exact, *members], nullable=nullable)
        return union_node(members, nullable=nullable)


def _items(value: Any) -> Iterable[Any]:
    """Return what to iterate over for a declared list; refuse what is no collection of items."""
    if isinstance(value, list | tuple | set | frozenset):
        return value
    if isinstance(value, Manager):
        every: Iterable[Any] = value.all()
        return every
    if isinstance(value, str | bytes | bytearray | memoryview | Mapping | Model):
        raise mismatch("a list", value)
    if not isinstance(value, Iterable):
        raise mismatch("a list", value)
    return value


def _list_node(info: Any, item: Node) -> Node:
    exact, convert_item = item.exact, item.convert
    sized = info.min_length is not None or info.max_length is not None
    least, most = info.min_length or 0, info.max_length

    def convert(value: Any) -> Any:
        converted: list[Any] = []
        changed = type(value) is not list
        for index, given in enumerate(_items(value)):
            if type(given) in exact:
                converted.append(given)
                continue
            try:
                made = convert_item(given)
            except ResultError as error:
                raise error.within(f"[{index}]") from error.__cause__
            changed = changed or made is not given
            converted.append(made)
        if sized and (len(converted) < least or (most is not None and len(converted) > most)):
            raise ResultError(f"A list of {len(converted)} items breaks the declared length")
        return converted if changed else value

    return Node(convert, _shape=None if sized else shapes.of_list(item.shape))


def _tuple_node(parts: list[Node]) -> Node:
    def convert(value: Any) -> Any:
        if not isinstance(value, list | tuple) or len(value) != len(parts):
            raise mismatch(f"{len(parts)} items", value)
        converted = []
        for index, (part, given) in enumerate(zip(parts, value, strict=True)):
            try:
                converted.append(part.convert(given))
            except ResultError as error:
                raise error.within(f"[{index}]") from error.__cause__
        return converted

    return Node(convert)


def _dict_node(info: inspect.DictType, key: Node, item: Node) -> Node:
    least, most = info.min_length or 0, info.max_length

    def convert(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise mismatch("a dict", value)
        converted: dict[Any, Any] = {}
        for name, given in value.items():
            try:
                made = name if type(name) in key.exact else key.convert(name)
                converted[made] = given if type(given) in item.exact else item.convert(given)
            except ResultError as error:
                raise error.within(f"[{name!r}]") from error.__cause__
        if len(converted) != len(value):
            raise ResultError("Two keys of a dict are the same text")
        if len(converted) < least or (most is not None and len(converted) > most):
            raise ResultError(f"A dict of {len(converted)} items breaks the declared length")
        return converted

    sized = least > 0 or most is not None
    return Node(convert, _shape=None if sized else shapes.of_dict(key.exact, item.shape))
