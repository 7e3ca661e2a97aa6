"""Which results leave as they are: what Rust sees for itself of a declared type.

A shape says less than its converter: a value that fits is one that the converter would return
unchanged, and one that does not fit may still be converted.
"""

from __future__ import annotations

from collections.abc import Iterable

from django_bolt._core import Shape


def of_types(types: Iterable[type]) -> Shape | None:
    """Return the shape of instances of ``types``; of none there is no shape."""
    known = list(types)
    return Shape.one_of(known) if known else None


def of_list(item: Shape | None) -> Shape | None:
    """Return the shape of a list whose items have a shape."""
    return None if item is None else Shape.list_of(item)


def of_dict(keys: Iterable[type], item: Shape | None) -> Shape | None:
    """Return the shape of a dict whose keys and items are known."""
    known = list(keys)
    return Shape.dict_of(known, item) if known and item is not None else None


def of_instance(kind: type, attributes: Iterable[tuple[str, Shape | None]]) -> Shape | None:
    """Return the shape of a class's own instances whose attributes all have one."""
    if any("__getattribute__" in vars(cls) for cls in kind.__mro__[:-1]):
        return None  # to look at it would be to run its code
    known = []
    for name, shape in attributes:
        if shape is None:
            return None
        known.append((name, shape))
    return Shape.instance_of(kind, known)
