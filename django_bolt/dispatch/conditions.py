"""Preconditions before a handler: what runs in the place of one that has ``@condition``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from http import HTTPStatus
from typing import Any, TypeAlias

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.utils.http import quote_etag

from django_bolt.conditional import Condition
from django_bolt.exceptions import PreconditionFailed, PreconditionRequired
from django_bolt.responses import Response

#: Keyword by which a plain function's guard is given the request.
REQUEST = "__bolt_request__"

_SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
Function: TypeAlias = Callable[..., Any]


def guard(function: Function, condition: Condition, *, is_method: bool) -> Function:
    """Return what runs in the place of the handler ``function``.

    It takes the same arguments and, unless the handler is a controller's method, the request under
    the keyword :data:`REQUEST`. It is a coroutine function where the handler or one of the
    condition's functions is; what is written ``def`` then runs on the request's thread.
    """
    functions = (function, condition.etag_func, condition.last_modified_func)
    if any(iscoroutinefunction(one) for one in functions if one is not None):
        return _asynchronous(function, condition, is_method)
    return _synchronous(function, condition, is_method)


def _synchronous(function: Function, condition: Condition, is_method: bool) -> Function:
    # None of them is a coroutine function here.
    etag_func: Function | None = condition.etag_func
    last_modified_func: Function | None = condition.last_modified_func

    @wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        request = args[0].request if is_method else kwargs.pop(REQUEST)
        require(condition, request)
        values = request.path_values
        tag = etag_func and etag_func(request, **values)
        changed = last_modified_func and last_modified_func(request, **values)
        answer = check(request, tag, changed)
        return function(*args, **kwargs) if answer is None else answer

    return guarded


def _asynchronous(function: Function, condition: Condition, is_method: bool) -> Function:
    run = _awaitable(function)
    etag_func = condition.etag_func and _awaitable(condition.etag_func)
    last_modified_func = condition.last_modified_func and _awaitable(condition.last_modified_func)

    @wraps(function)
    async def guarded(*args: Any, **kwargs: Any) -> Any:
        request = args[0].request if is_method else kwargs.pop(REQUEST)
        require(condition, request)
        values = request.path_values
        tag = etag_func and await etag_func(request, **values)
        changed = last_modified_func and await last_modified_func(request, **values)
        answer = check(request, tag, changed)
        return await run(*args, **kwargs) if answer is None else answer

    return guarded


def _awaitable(function: Function) -> Function:
    return function if iscoroutinefunction(function) else sync_to_async(function)


def require(condition: Condition, request: Any) -> None:
    """Refuse a change that does not say what it is based on, where it must.

    Raises ``PreconditionRequired``.
    """
    if not condition.required or request.method in _SAFE or request.header("if-match") is not None:
        return
    if condition.last_modified_func and request.header("if-unmodified-since") is not None:
        return
    # What must not be there yet cannot be overwritten.
    if (request.header("if-none-match") or "").strip() == "*":
        return
    raise PreconditionRequired


def check(request: Any, tag: str | None, changed: datetime | None) -> Response | None:
    """Return the 304 in the place of the handler's reply, or ``None`` where it is to run.

    Raises ``PreconditionFailed``, and ``ValueError`` for what is no entity tag.
    """
    status = request.check_preconditions(
        None if tag is None else quote_etag(tag), None if changed is None else _seconds(changed)
    )
    if status is None:
        return None
    if status == HTTPStatus.PRECONDITION_FAILED:
        raise PreconditionFailed
    return Response(status=status)


def _seconds(moment: datetime) -> int:
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
