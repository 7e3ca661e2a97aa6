"""asgiref's thread-sensitive work, on the thread that the request leases.

``sync_to_async`` asks the context for a ``ThreadSensitiveContext``, and looks its executor up in
``SyncToAsync.context_to_thread_executor``. Every request's context holds a
:class:`django_bolt._core.RequestScope` there, and the look-up below gives the scope's thread:
Django's asynchronous ORM, hooks and ``atomic`` blocks of one request share one connection.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from asgiref.sync import SyncToAsync

from django_bolt._core import RequestScope

_P = ParamSpec("_P")
_R = TypeVar("_R")


class LeasedExecutor(Executor):
    """Runs calls one after the other on a request's leased thread."""

    def __init__(self, scope: RequestScope) -> None:
        self._scope = scope

    def submit(
        self, function: Callable[_P, _R], /, *args: _P.args, **kwargs: _P.kwargs
    ) -> Future[_R]:
        """Queue ``function(*args, **kwargs)``; see :meth:`concurrent.futures.Executor.submit`."""
        future: Future[_R] = Future()

        def call() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = function(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - it belongs to whoever awaits the future
                future.set_exception(error)
            else:
                future.set_result(result)

        self._scope.run(call)
        return future


class ScopeExecutors(WeakKeyDictionary[Any, Executor]):
    """asgiref's table of executors, in which every request's scope is found."""

    def __contains__(self, context: object) -> bool:
        return isinstance(context, RequestScope) or super().__contains__(context)

    def __getitem__(self, context: Any) -> Executor:
        if isinstance(context, RequestScope):
            return LeasedExecutor(context)
        return super().__getitem__(context)


def install() -> None:
    """Put the table in asgiref's place; a second call does nothing."""
    present = SyncToAsync.context_to_thread_executor
    if not isinstance(present, ScopeExecutors):
        executors = ScopeExecutors()
        executors.update(present)
        SyncToAsync.context_to_thread_executor = executors
