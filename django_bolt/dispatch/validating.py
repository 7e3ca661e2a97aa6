"""Runs the validators of what a request has sent, and gathers what they refuse."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import msgspec
from asgiref.sync import iscoroutinefunction, sync_to_async
from django.core.exceptions import ValidationError as DjangoValidationError

from django_bolt.dispatch.failures import as_api_exception
from django_bolt.exceptions import ValidationError

_ROOT = "non_field_errors"
_REFUSALS = (ValueError, DjangoValidationError, ValidationError)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassPlan:
    """Where validation looks in the instances of one class."""

    #: Fields' names on the wire.
    names: dict[str, str]
    #: Fields inside which there are validators.
    nested: tuple[str, ...]
    #: Validators of fields, in their order.
    fields: tuple[tuple[str, Callable[..., Any]], ...]
    #: Validators of the whole.
    whole: tuple[Callable[..., Any], ...]


Plans: TypeAlias = Mapping[type, ClassPlan]
Fault: TypeAlias = "dict[str, Any] | list[Any]"
#: Yields the calls of validators, is sent their results, and returns the faults.
Walk: TypeAlias = "Generator[partial[Any], Any, Fault | None]"


def synchronous(plans: Plans, defaults: Iterable[Any]) -> Callable[..., None]:
    """Return what validates values, none of which has a validator that is a coroutine function.

    ``defaults`` are those of the values: what was not sent is not looked at.
    """
    defaults = tuple(defaults)

    def validate(*values: Any) -> None:
        walk = _all(plans, values, defaults)
        try:
            call = next(walk)
            while True:
                try:
                    result = call()
                except _REFUSALS as error:
                    call = walk.throw(error)
                else:
                    call = walk.send(result)
        except StopIteration as end:
            _refuse(end.value)

    return validate


def asynchronous(plans: Plans, defaults: Iterable[Any]) -> Callable[..., Any]:
    """Return the coroutine function that validates values; ``def`` runs on the leased thread."""
    defaults = tuple(defaults)

    async def validate(*values: Any) -> None:
        walk = _all(plans, values, defaults)
        try:
            call = next(walk)
            while True:
                try:
                    run = call if iscoroutinefunction(call.func) else sync_to_async(call)
                    result = await run()
                except _REFUSALS as error:
                    call = walk.throw(error)
                else:
                    call = walk.send(result)
        except StopIteration as end:
            _refuse(end.value)

    return validate


def _refuse(fault: Fault | None) -> None:
    if fault is not None:
        raise ValidationError(fault)


def _all(plans: Plans, values: tuple[Any, ...], defaults: tuple[Any, ...]) -> Walk:
    found: list[Fault] = []
    for index, (value, default) in enumerate(zip(values, defaults, strict=True)):
        # Several dependencies may name the one body.
        if value is default or any(value is other for other in values[:index]):
            continue
        fault = yield from _value(plans, value)
        if fault is not None:
            found.append(fault)
    if len(found) < 2:
        return found[0] if found else None
    merged: dict[str, Any] = {}
    for fault in found:
        _merge(merged, fault)
    return merged


def _value(plans: Plans, value: Any) -> Walk:
    if isinstance(value, list | tuple | set | frozenset):
        faults: list[Fault | None] = []
        for item in value:
            fault = yield from _value(plans, item)
            faults.append(fault)
        return [fault or {} for fault in faults] if any(faults) else None
    plan = plans.get(type(value))
    if plan is not None:
        return (yield from _object(plans, plan, value))
    if isinstance(value, dict):
        found = {}
        for key, item in value.items():
            fault = yield from _value(plans, item)
            if fault is not None:
                found[str(key)] = fault
        return found or None
    return None


def _object(plans: Plans, plan: ClassPlan, value: Any) -> Walk:
    faults: dict[str, Any] = {}
    for name in plan.nested:
        fault = yield from _value(plans, getattr(value, name))
        if fault is not None:
            faults[plan.names[name]] = fault
    refused = set(faults)
    for name, function in plan.fields:
        if plan.names[name] in refused:
            continue
        try:
            result = yield partial(function, value, getattr(value, name))
        except _REFUSALS as error:
            detail = _detail(error)
            known = faults.get(plan.names[name])
            both = isinstance(known, list) and isinstance(detail, list)
            faults[plan.names[name]] = [*known, *detail] if both else detail  # type: ignore[misc]
        else:
            _replace(value, name, result)
    if faults:
        return faults
    for function in plan.whole:
        try:
            yield partial(function, value)
        except _REFUSALS as error:
            _merge(faults, _detail(error))
    return faults or None


def _replace(value: Any, name: str, result: Any) -> None:
    if isinstance(value, msgspec.Struct):
        msgspec.structs.force_setattr(value, name, result)
    else:
        object.__setattr__(value, name, result)


def _merge(faults: dict[str, Any], detail: Fault) -> None:
    """Add an object's faults; messages about the whole stand under ``non_field_errors``."""
    for name, found in (detail if isinstance(detail, dict) else {_ROOT: detail}).items():
        known = faults.get(name)
        both = isinstance(known, list) and isinstance(found, list)
        faults[name] = [*known, *found] if both else found  # type: ignore[misc]


def _detail(error: Exception) -> Fault:
    if isinstance(error, DjangoValidationError | ValidationError):
        known = as_api_exception(error)
        detail: Any = None if known is None else known.detail
        # What Django raises for a value is about that value.
        whole: Fault = detail
        if isinstance(detail, dict) and list(detail) == [_ROOT]:
            whole = detail[_ROOT]
        return whole
    detail = ValidationError(str(error) or None).detail
    return list(detail)
