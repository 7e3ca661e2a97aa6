"""Validators of Structs: what a type alone cannot say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

#: Where a validator keeps the names of its fields.
ATTRIBUTE = "__bolt_validates__"


def validates(*fields: str) -> Callable[[F], F]:
    """Make a method of a ``msgspec.Struct`` a validator of bodies and groups of parameters.

    With names, ``method(self, value)`` is called with each of these fields, and returns the value
    that takes its place. Without names, ``method(self)`` looks at the whole, after its fields and
    only where they are right. ``def`` runs on the request's leased thread, ``async def`` on the
    loop; both may use the database. To refuse, raise ``ValueError``,
    ``django.core.exceptions.ValidationError`` or ``django_bolt.exceptions.ValidationError``.
    Raises ``TypeError`` where it is written without parentheses.
    """
    if not all(isinstance(name, str) for name in fields):
        raise TypeError('Write @validates("field"), or @validates() for the whole.')

    def mark(function: F) -> F:
        setattr(function, ATTRIBUTE, fields)
        return function

    return mark
