"""What msgspec knows of a type, and whether it is one that a JSON body or result can have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect

_OBJECTS = (
    inspect.StructType,
    inspect.DataclassType,
    inspect.TypedDictType,
    inspect.NamedTupleType,
    inspect.DictType,
)
_COLLECTIONS = (
    inspect.ListType,
    inspect.SetType,
    inspect.FrozenSetType,
    inspect.VarTupleType,
    inspect.CollectionType,
)
_UNHASHABLE = (
    inspect.AnyType,
    inspect.ListType,
    inspect.SetType,
    inspect.DictType,
    inspect.DataclassType,
    inspect.TypedDictType,
    inspect.ByteArrayType,
)


class UnknownTypeError(TypeError):
    """A type that has no meaning in JSON."""


def type_info(annotation: Any) -> inspect.Type:
    """Return msgspec's description of a type.

    Raises :class:`UnknownTypeError` where the type, or one inside it, has no meaning in JSON.
    """
    try:
        info = inspect.type_info(annotation)
        msgspec.json.Decoder(annotation)
    except (TypeError, NameError, AttributeError) as error:
        raise UnknownTypeError(str(error)) from error
    for custom in (part for part in walk(info) if isinstance(part, inspect.CustomType)):
        name = getattr(custom.cls, "__qualname__", str(custom.cls))
        raise UnknownTypeError(f"{name} has no meaning in JSON")
    for part in walk(info):
        if isinstance(part, inspect.SetType | inspect.FrozenSetType) and not _hashable(part):
            raise UnknownTypeError("a set holds only what can be hashed; declare a list")
    return info


def _hashable(info: inspect.SetType | inspect.FrozenSetType) -> bool:
    """Whether every item that a client may send fits into a set."""
    for part in walk(info.item_type):
        if isinstance(part, _UNHASHABLE):
            return False
        if isinstance(part, inspect.StructType):
            frozen: bool = part.cls.__struct_config__.frozen
            if not frozen:
                return False
    return True


def is_body(info: inspect.Type) -> bool:
    """Whether a parameter of this type is the body: objects, and lists or unions of them."""
    if isinstance(info, _OBJECTS):
        return True
    if isinstance(info, _COLLECTIONS):
        return is_body(info.item_type)
    if isinstance(info, inspect.TupleType):
        return any(is_body(item) for item in info.item_types)
    if isinstance(info, inspect.UnionType):
        return any(is_body(item) for item in info.types)
    return isinstance(info, inspect.Metadata) and is_body(info.type)


def walk(info: inspect.Type) -> Iterator[inspect.Type]:
    """Yield a type and every type inside it, each once."""
    seen: set[int] = set()
    waiting = [info]
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        waiting.extend(children(part))


def children(info: inspect.Type) -> list[inspect.Type]:
    """Return the types that stand directly inside a type."""
    if isinstance(info, _COLLECTIONS):
        return [info.item_type]
    if isinstance(info, inspect.TupleType):
        return list(info.item_types)
    if isinstance(info, inspect.DictType):
        return [info.key_type, info.value_type]
    if isinstance(info, inspect.UnionType):
        return list(info.types)
    if isinstance(info, inspect.Metadata):
        return [info.type]
    if isinstance(
        info,
        inspect.StructType | inspect.DataclassType | inspect.TypedDictType | inspect.NamedTupleType,
    ):
        return [field.type for field in info.fields]
    return []
