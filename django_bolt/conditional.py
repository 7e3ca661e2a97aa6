"""Conditional requests: ``@etag``, ``@last_modified`` and ``@condition`` (RFC 9110, section 13).

They have the arguments of Django's ``django.views.decorators.http``, and only attach what they are
given; a function stays the function that was written.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured

from django_bolt.decorators import describe, is_function

__all__ = ["Condition", "condition", "etag", "last_modified"]

#: Attribute of decorated functions.
_CONDITION = "__bolt_condition__"

ETagFunction = Callable[..., str | Awaitable[str | None] | None]
LastModifiedFunction = Callable[..., datetime | Awaitable[datetime | None] | None]
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What is known of a resource before its handler runs."""

    etag_func: ETagFunction | None = None
    last_modified_func: LastModifiedFunction | None = None
    #: Whether a request that changes something must say what it saw.
    required: bool = False


def condition(
    etag_func: ETagFunction | None = None,
    last_modified_func: LastModifiedFunction | None = None,
    *,
    required: bool = False,
) -> Callable[[F], F]:
    """Answer 304 and 412 before the handler runs, from what two functions say of the resource.

    Both are called with the request and the path's values by name, as in Django, and may be
    ``async def``. ``etag_func`` returns an entity tag (quotes are added where there are none) and
    ``last_modified_func`` a datetime (UTC where it is naive); ``None`` is no such thing. What they
    return is sent as ``ETag`` and ``Last-Modified`` where the method is GET or HEAD and the handler
    has set no other.

    ``required`` answers 428 (RFC 6585) to a request that would change something and has neither
    ``If-Match`` (or, with ``last_modified_func``, ``If-Unmodified-Since``) nor
    ``If-None-Match: *``. Raises ``ImproperlyConfigured`` for what cannot be meant.
    """
    for name, function in (("etag_func", etag_func), ("last_modified_func", last_modified_func)):
        if function is not None and not callable(function):
            raise ImproperlyConfigured(f"@condition: {name} must be a function, not {function!r}.")
    if etag_func is None and last_modified_func is None:
        raise ImproperlyConfigured("@condition needs etag_func, last_modified_func or both.")
    if not isinstance(required, bool):
        raise ImproperlyConfigured(f"@condition: required must be True or False, not {required!r}.")
    given = Condition(etag_func=etag_func, last_modified_func=last_modified_func, required=required)

    def decorate(function: F) -> F:
        if not is_function(function):
            raise ImproperlyConfigured(f"@condition decorates a function, not {function!r}.")
        setattr(function, _CONDITION, _merged(function, given))
        return function

    return decorate


def etag(etag_func: ETagFunction, *, required: bool = False) -> Callable[[F], F]:
    """Answer 304 and 412 by an entity tag: :func:`condition` with one function."""
    return condition(etag_func, required=required)


def last_modified(
    last_modified_func: LastModifiedFunction, *, required: bool = False
) -> Callable[[F], F]:
    """Answer 304 and 412 by a date: :func:`condition` with one function."""
    return condition(last_modified_func=last_modified_func, required=required)


def condition_of(function: object) -> Condition | None:
    """Return what the decorators attached."""
    found: Condition | None = getattr(function, _CONDITION, None)
    return found


def _merged(function: object, given: Condition) -> Condition:
    """Return one condition for decorators that are stacked."""
    other = condition_of(function)
    if other is None:
        return given
    for name in ("etag_func", "last_modified_func"):
        if getattr(other, name) is not None and getattr(given, name) is not None:
            raise ImproperlyConfigured(f"{describe(function)}: {name} is given twice.")
    return Condition(
        etag_func=given.etag_func or other.etag_func,
        last_modified_func=given.last_modified_func or other.last_modified_func,
        required=given.required or other.required,
    )
