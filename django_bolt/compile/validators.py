"""Which Structs of a declared type have validators, found once when the server starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_origin

from asgiref.sync import iscoroutinefunction
from msgspec import inspect

from django_bolt.compile import schema
from django_bolt.dispatch.validating import ClassPlan
from django_bolt.exceptions import SignatureError
from django_bolt.validation import ATTRIBUTE

_OBJECTS = inspect.StructType | inspect.DataclassType | inspect.TypedDictType


@dataclass(frozen=True, slots=True)
class Validators:
    """The classes of one declared type at which validation looks."""

    plans: dict[type, ClassPlan]
    is_async: bool


def read(annotation: Any) -> Validators | None:
    """Return the validators of a type; ``None`` where it has none.

    Raises :class:`~django_bolt.exceptions.SignatureError` for a validator of a field that is not
    there.
    """
    try:
        info = schema.type_info(annotation)
    except schema.UnknownTypeError:
        return None  # what it is instead is said where it is bound
    objects = [part for part in schema.walk(info) if isinstance(part, _OBJECTS)]
    plans = {_class(part): plan for part in objects if (plan := _plan(part)) is not None}
    functions = [function for plan in plans.values() for _, function in plan.fields]
    functions += [function for plan in plans.values() for function in plan.whole]
    if not functions:
        return None
    return Validators(plans, any(map(iscoroutinefunction, functions)))


def _plan(info: Any) -> ClassPlan | None:
    names = {field.name: field.encode_name for field in info.fields}
    fields: list[tuple[str, Callable[..., Any]]] = []
    whole: list[Callable[..., Any]] = []
    for function, wanted in _functions(_class(info)):
        if not wanted:
            whole.append(function)
        for name in wanted:
            if name not in names:
                raise SignatureError(
                    f"{_class(info).__qualname__}.{function.__name__} validates `{name}`, which is "
                    f"no field: there are {', '.join(names) or 'none'}."
                )
            fields.append((name, function))
    nested = tuple(field.name for field in info.fields if _has_validators(field.type))
    if not (fields or whole or nested):
        return None
    return ClassPlan(names=names, nested=nested, fields=tuple(fields), whole=tuple(whole))


def _class(info: Any) -> type:
    """Return the class of an object's type; of a generic one, that of its instances."""
    cls: type = get_origin(info.cls) or info.cls
    return cls


def _functions(cls: type) -> list[tuple[Callable[..., Any], tuple[str, ...]]]:
    """Return validators with their fields, those of base classes first."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        found.update({name: value for name, value in vars(base).items() if callable(value)})
    marked = [(value, getattr(value, ATTRIBUTE, None)) for value in found.values()]
    return [(value, fields) for value, fields in marked if fields is not None]


def _has_validators(info: inspect.Type) -> bool:
    return any(
        isinstance(part, _OBJECTS) and _functions(_class(part)) for part in schema.walk(info)
    )
