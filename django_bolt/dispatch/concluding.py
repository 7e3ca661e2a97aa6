"""What a request has to do when its reply is out: to end its generators, and background tasks.

Rust calls ``Concluded.finish`` exactly once: without an exception after the last byte or when the
client is gone, with one when the reply could not be made of the result. The request's context and
leased thread live until it is done.
"""

from __future__ import annotations

import asyncio
from asyncio import CancelledError
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeAlias, final

from asgiref.sync import iscoroutinefunction, sync_to_async

from django_bolt.background import BackgroundTask, BackgroundTasks
from django_bolt.dispatch.failures import announce

Function: TypeAlias = Callable[..., Any]


@final
@dataclass(frozen=True, slots=True)
class Concluded:
    """A result, and what is called when the reply that is made of it is out."""

    result: Any
    #: Of a ``def`` route a plain function, of an asynchronous one a coroutine function. What it
    #: raises takes the place of the exception that it is given; otherwise Django and the log are
    #: told. It may return a list of exceptions that they were told of already.
    finish: Callable[[BaseException | None], Any]


@dataclass(frozen=True, slots=True)
class Entered:
    """A generator that waits for its end."""

    manager: Any
    is_async: bool


@dataclass(slots=True)
class Conclusion:
    """What one request has to do after its reply; the executor of its dependencies fills it."""

    entered: list[Entered] = field(default_factory=list)
    #: Of a handler that has returned.
    background: BackgroundTasks | None = None
    #: What listeners of failing tasks are shown.
    request: Any = None

    def of(self, result: Any, finish: Callable[[BaseException | None], Any]) -> Any:
        """Return the result with what is to be done after it, if there is anything."""
        if self.entered or (self.background is not None and self.background.tasks):
            return Concluded(result, finish)
        return result

    def finish(self, error: BaseException | None) -> None:
        """End the generators, of which none is asynchronous."""
        if error is None:
            close(self.entered)
        else:
            raise_other(unwind(self.entered, error), error)

    async def afinish(self, error: BaseException | None) -> list[BaseException]:
        """End the generators, then run the tasks; return what those raised.

        The tasks come last, so that they see what ending a generator has committed, and hold none
        of its resources. Where that failed, or there is no reply, they do not run.
        """
        if error is not None:
            raise_other(await aunwind(self.entered, error), error)
            return []
        await aclose(self.entered)
        if self.background is None:
            return []
        return [failed async for failed in _failures(self.background, self.request)]


def after_reply(function: Function, *, is_method: bool, is_async: bool) -> Function:
    """Return what runs in the place of ``function``, which fills the conclusion that it is given.

    That is its first argument, after a controller's instance.
    """
    return wraps(function)((_asynchronous if is_async else _synchronous)(function, is_method))


def before_reply(function: Function, *, is_method: bool) -> Function:
    """Return the same for what runs in one go: its generators end before there is a reply.

    Between handler and reply, other requests have the thread, and with it the connection.
    """

    @wraps(function)
    def run(*values: Any, **path_values: Any) -> Any:
        conclusion = Conclusion()
        result = _call(function, is_method, conclusion, values, path_values)
        close(conclusion.entered)
        return result

    return run


def _synchronous(function: Function, is_method: bool) -> Function:
    def run(*values: Any, **path_values: Any) -> Any:
        conclusion = Conclusion()
        result = _call(function, is_method, conclusion, values, path_values)
        return conclusion.of(result, conclusion.finish)

    return run


def _call(
    function: Function,
    is_method: bool,
    conclusion: Conclusion,
    values: tuple[Any, ...],
    path_values: dict[str, Any],
) -> Any:
    try:
        return function(*values[:is_method], conclusion, *values[is_method:], **path_values)
    except BaseException as error:
        raise_other(unwind(conclusion.entered, error), error)
        raise


def _asynchronous(function: Function, is_method: bool) -> Function:
    async def run(*values: Any, **path_values: Any) -> Any:
        conclusion = Conclusion()
        try:
            result = await function(
                *values[:is_method], conclusion, *values[is_method:], **path_values
            )
        except BaseException as error:
            raise_other(await aunwind(conclusion.entered, error), error)
            raise
        return conclusion.of(result, conclusion.afinish)

    return run


async def wait_for_thread(error: BaseException) -> None:
    """Wait until the leased thread is idle: at a cancellation, it may still enter generators."""
    if isinstance(error, CancelledError):
        await _nothing()


_nothing = sync_to_async(lambda: None)


def raise_other(left: BaseException, error: BaseException) -> None:
    """Raise what generators have raised in the place of ``error``."""
    if left is not error:
        raise left


def unwind(entered: list[Entered], error: BaseException) -> BaseException:
    """Throw an exception into the generators, the last first; return the one that is left.

    A generator may raise another in its place. One that catches it does not undo it: there is no
    reply to send.
    """
    while entered:
        manager = entered.pop().manager
        try:
            manager.__exit__(type(error), error, error.__traceback__)
        except BaseException as other:  # noqa: BLE001
            error = other
    return error


def close(entered: list[Entered]) -> None:
    """End the generators, the last first; what one of them raises is thrown into the others."""
    while entered:
        try:
            entered.pop().manager.__exit__(None, None, None)
        except BaseException as error:
            raise_other(unwind(entered, error), error)
            raise


async def aunwind(entered: list[Entered], error: BaseException) -> BaseException:
    """Do what :func:`unwind` does, for generators of both kinds."""
    while entered:
        try:
            await _leave(entered.pop(), error)
        except BaseException as other:  # noqa: BLE001
            error = other
    return error


async def aclose(entered: list[Entered]) -> None:
    """Do what :func:`close` does, for generators of both kinds."""
    while entered:
        try:
            await _leave(entered.pop(), None)
        except BaseException as error:
            raise_other(await aunwind(entered, error), error)
            raise


async def _leave(one: Entered, error: BaseException | None) -> None:
    details = (None, None, None) if error is None else (type(error), error, error.__traceback__)
    if one.is_async:
        await one.manager.__aexit__(*details)
    else:
        await sync_to_async(one.manager.__exit__)(*details)


async def _failures(background: BackgroundTasks, request: Any) -> AsyncIterator[BaseException]:
    # A task may add others.
    for task in background.tasks:
        try:
            await _run(task)
        except CancelledError as error:
            if _is_being_cancelled():
                raise
            # What it waited for was cancelled, and not the task itself.
            announce(error, request)
            yield error
        except Exception as error:  # noqa: BLE001 (it must not keep the others from running)
            announce(error, request)
            yield error


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _run(task: BackgroundTask) -> None:
    function = task.function
    if iscoroutinefunction(function) or iscoroutinefunction(type(function).__call__):
        await function(*task.args, **task.kwargs)
    else:
        await sync_to_async(function)(*task.args, **task.kwargs)
