"""Converters of unions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any, get_origin

from msgspec import inspect

from django_bolt.compile.scalar_converters import Node, mismatch
from django_bolt.exceptions import ResultError


def union_node(members: Sequence[tuple[inspect.Type, Node]], *, nullable: bool) -> Node:
    """Return the node of a union; ``members`` are tried in their order, ``None`` not among them.

    The same alternative may stand there twice: as it is, and with conversions.
    """
    if any(isinstance(info, inspect.AnyType) for info, _ in members):
        return next(node for info, node in members if isinstance(info, inspect.AnyType))
    exact = frozenset[type]().union(*(node.exact for _, node in members))
    exact = exact | {NoneType} if nullable else exact
    if len(members) == 1:
        return _optional(members[0][1], exact) if nullable else members[0][1]
    classes = _by_class(members)
    tags = _by_tag(members)
    names = " | ".join(dict.fromkeys(_name(info) for info, _ in members))

    def convert(value: Any) -> Any:
        if value is None and nullable:
            return None
        meant = _meant(value, classes, tags)
        if meant is not None:
            return meant.convert(value)
        for _, node in members:
            try:
                return node.convert(value)
            except ResultError:
                continue
        raise mismatch(names, value)

    return Node(convert, exact)


def _meant(
    value: Any,
    classes: Sequence[tuple[type, Node]],
    tags: Mapping[str, Mapping[Any, Node]],
) -> Node | None:
    """Return the alternative that a value names by its class or its tag."""
    for kind, node in classes:
        if isinstance(value, kind):
            return node
    if isinstance(value, Mapping):
        for field, known in tags.items():
            tag = value.get(field)
            # Anything may stand there, what cannot be hashed too.
            if isinstance(tag, str | int) and tag in known:
                return known[tag]
    return None


def _optional(node: Node, exact: frozenset[type]) -> Node:
    inner = node.convert

    def convert(value: Any) -> Any:
        return None if value is None else inner(value)

    return Node(convert, exact)


def _by_class(members: Sequence[tuple[inspect.Type, Node]]) -> list[tuple[type, Node]]:
    """Return the alternatives whose instances are known by their class.

    The declared class itself comes before those that it derives from.
    """
    found: dict[type, Node] = {}
    for info, node in members:
        if isinstance(info, inspect.StructType | inspect.DataclassType):
            found[get_origin(info.cls) or info.cls] = node
    return sorted(found.items(), key=lambda pair: -len(pair[0].__mro__))


def _by_tag(members: Sequence[tuple[inspect.Type, Node]]) -> dict[str, dict[Any, Node]]:
    found: dict[str, dict[Any, Node]] = {}
    for info, node in members:
        if isinstance(info, inspect.StructType) and info.tag_field is not None:
            found.setdefault(info.tag_field, {})[info.tag] = node
    return found


def _name(info: inspect.Type) -> str:
    kind = getattr(info, "cls", None)
    if kind is not None:
        return getattr(kind, "__qualname__", str(kind))
    return type(info).__name__.removesuffix("Type").lower()
