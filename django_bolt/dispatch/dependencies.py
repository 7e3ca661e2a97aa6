"""Runs a route's dependencies around its handler: a straight line of steps, compiled at start.

A request has one *frame*, a list that begins with what Rust extracted, in the plan's order. Every
step takes its arguments from places in the frame and appends its result. A generator is a context
manager: it is entered by its step, and left in reverse order, with the exception where there is
one, before the error becomes a reply.
"""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from asgiref.sync import sync_to_async

Frame: TypeAlias = list[Any]
Kind: TypeAlias = Literal["function", "coroutine", "generator", "async_generator"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One call: of a dependency, or of the handler."""

    #: For a generator, what makes its context manager.
    function: Callable[..., Any]
    kind: Kind
    #: Whether it runs where the executor runs, and not on the request's leased thread.
    on_loop: bool
    #: Places in the frame.
    positional: tuple[int, ...]
    keywords: tuple[tuple[str, int], ...]

    def call(self, frame: Frame, *before: Any, **more: Any) -> Any:
        """Call the function with its arguments out of the frame."""
        arguments = [frame[place] for place in self.positional]
        for name, place in self.keywords:
            more[name] = frame[place]
        return self.function(*before, *arguments, **more)


@dataclass(frozen=True, slots=True)
class _Entered:
    """A generator that waits for its end."""

    manager: Any
    is_async: bool


def synchronous(steps: Sequence[Step], handler: Step, *, is_method: bool) -> Callable[..., Any]:
    """Return what runs in place of a ``def`` handler none of whose dependencies is asynchronous."""

    def run(*values: Any, **path_values: Any) -> Any:
        before, frame = (values[:1], list(values[1:])) if is_method else ((), list(values))
        entered: list[_Entered] = []
        try:
            _run(steps, frame, entered)
            result = handler.call(frame, *before, **path_values)
        except BaseException as error:
            left = _unwind(entered, error)
            if left is error:
                raise
            raise left  # noqa: B904 (its own cause and context are what there is to tell)
        if entered:
            _close(entered)
        return result

    return run


def _run(steps: Iterable[Step], frame: Frame, entered: list[_Entered]) -> None:
    for step in steps:
        result = step.call(frame)
        if step.kind == "generator":
            manager, result = result, result.__enter__()
            entered.append(_Entered(manager, is_async=False))
        frame.append(result)


def _unwind(entered: list[_Entered], error: BaseException) -> BaseException:
    """Throw an exception into the generators, the last first; return the one that is left.

    A generator may raise another in its place. One that catches it does not undo it: the handler
    has no result.
    """
    while entered:
        manager = entered.pop().manager
        try:
            manager.__exit__(type(error), error, error.__traceback__)
        except BaseException as other:  # noqa: BLE001
            error = other
    return error


def _close(entered: list[_Entered]) -> None:
    """End the generators, the last first; what one of them raises is thrown into the others."""
    while entered:
        try:
            entered.pop().manager.__exit__(None, None, None)
        except BaseException as error:
            left = _unwind(entered, error)
            if left is error:
                raise
            raise left  # noqa: B904 (as above)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Steps that run one after the other on the same thread."""

    steps: tuple[Step, ...]
    on_loop: bool


def asynchronous(steps: Sequence[Step], handler: Step, *, is_method: bool) -> Callable[..., Any]:
    """Return the coroutine function that runs in place of a handler.

    What is written ``def`` runs on the request's leased thread, neighbours in one visit.
    """
    stretches = _stretches(steps)
    blocks = not all(step.on_loop for step in (*steps, handler))
    call = handler.call if handler.on_loop else sync_to_async(handler.call)

    async def run(*values: Any, **path_values: Any) -> Any:
        before, frame = (values[:1], list(values[1:])) if is_method else ((), list(values))
        entered: list[_Entered] = []
        try:
            for stretch in stretches:
                if stretch.on_loop:
                    await _run_on_loop(stretch.steps, frame, entered)
                else:
                    await _run_on_thread(stretch.steps, frame, entered)
            result = call(frame, *before, **path_values)
            if handler.kind == "coroutine" or not handler.on_loop:
                result = await result
        except BaseException as error:
            if blocks and isinstance(error, CancelledError):
                # The leased thread may still be entering generators: wait until it is idle.
                await _nothing()
            left = await _aunwind(entered, error)
            if left is error:
                raise
            raise left  # noqa: B904 (as above)
        if entered:
            await _aclose(entered)
        return result

    return run


def _stretches(steps: Sequence[Step]) -> tuple[_Stretch, ...]:
    found: list[_Stretch] = []
    for step in steps:
        if found and found[-1].on_loop == step.on_loop:
            found[-1] = _Stretch((*found[-1].steps, step), step.on_loop)
        else:
            found.append(_Stretch((step,), step.on_loop))
    return tuple(found)


async def _run_on_loop(steps: Iterable[Step], frame: Frame, entered: list[_Entered]) -> None:
    for step in steps:
        result = step.call(frame)
        if step.kind == "coroutine":
            result = await result
        elif step.kind == "async_generator":
            manager, result = result, await result.__aenter__()
            entered.append(_Entered(manager, is_async=True))
        elif step.kind == "generator":
            manager, result = result, result.__enter__()
            entered.append(_Entered(manager, is_async=False))
        frame.append(result)


_run_on_thread = sync_to_async(_run)
_nothing = sync_to_async(lambda: None)


async def _leave(one: _Entered, error: BaseException | None) -> None:
    details = (None, None, None) if error is None else (type(error), error, error.__traceback__)
    if one.is_async:
        await one.manager.__aexit__(*details)
    else:
        await sync_to_async(one.manager.__exit__)(*details)


async def _aunwind(entered: list[_Entered], error: BaseException) -> BaseException:
    while entered:
        try:
            await _leave(entered.pop(), error)
        except BaseException as other:  # noqa: BLE001
            error = other
    return error


async def _aclose(entered: list[_Entered]) -> None:
    while entered:
        try:
            await _leave(entered.pop(), None)
        except BaseException as error:
            left = await _aunwind(entered, error)
            if left is error:
                raise
            raise left  # noqa: B904 (as above)
