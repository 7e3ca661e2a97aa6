"""What stands in JSON, MessagePack and YAML for objects that msgspec does not know."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Set
from decimal import Decimal
from typing import Any

from django.db.models import Manager, Model, QuerySet
from django.utils.functional import Promise

#: Built-in types of which msgspec encodes instances, and of their subclasses (such as Django's
#: ``SafeString``) none.
_PLAIN: tuple[type, ...] = (str, int, float, Decimal, bytes)


def to_encodable(value: Any) -> Any:
    """Return what stands in JSON for an object that msgspec does not know.

    Raises ``TypeError`` where nothing does.
    """
    if isinstance(value, Promise):
        return str(value)
    if isinstance(value, enum.Enum):
        return value.value
    for plain in _PLAIN:
        if isinstance(value, plain):
            return plain(value) if plain is not str else str.__str__(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Set):
        return list(value)
    raise TypeError(_refusal(value))


def _refusal(value: object) -> str:
    if isinstance(value, Model | QuerySet | Manager):
        kind = "model instance" if isinstance(value, Model) else type(value).__name__
        return (
            f"A {kind} ({value.__class__.__name__}) has no JSON of its own: declare the handler's "
            "return type, a msgspec.Struct with the fields that may leave."
        )
    return f"{type(value).__module__}.{type(value).__qualname__} has no JSON of its own."
