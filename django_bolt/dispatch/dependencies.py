"""Runs a route's dependencies before its handler: a straight line of steps, compiled at start.

A request has one *frame*, a list that begins with what Rust extracted, in the plan's order. Every
step takes its arguments from places in the frame and appends its result. A generator is a context
manager: it is entered by its step, and left when the reply is out (``dispatch.concluding``), or
with the exception where there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from asgiref.sync import sync_to_async

from django_bolt.dispatch.concluding import (
    Conclusion,
    Entered,
    aunwind,
    raise_other,
    unwind,
    wait_for_thread,
)

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A handler and what runs before it."""

    steps: Sequence[Step]
    handler: Step
    is_method: bool
    #: Whether what runs in the handler's place is given a conclusion before its other arguments.
    concludes: bool
    #: Places in the frame of the background tasks, and of the request that they belong to.
    background: tuple[int, int] | None


def synchronous(line: Line) -> Callable[..., Any]:
    """Return what runs in place of a ``def`` handler none of whose dependencies is asynchronous."""
    steps, handler = line.steps, line.handler
    first, second = int(line.is_method), line.is_method + line.concludes

    def run(*values: Any, **path_values: Any) -> Any:
        frame, entered = list(values[second:]), _entered(values[first:second])
        try:
            _run(steps, frame, entered)
            return handler.call(frame, *values[:first], **path_values)
        except BaseException as error:
            raise_other(unwind(entered, error), error)
            raise

    return run


def _entered(conclusion: tuple[Conclusion, ...]) -> list[Entered]:
    return conclusion[0].entered if conclusion else []


def _run(steps: Iterable[Step], frame: Frame, entered: list[Entered]) -> None:
    for step in steps:
        result = step.call(frame)
        if step.kind == "generator":
            manager, result = result, result.__enter__()
            entered.append(Entered(manager, is_async=False))
        frame.append(result)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Steps that run one after the other on the same thread."""

    steps: tuple[Step, ...]
    on_loop: bool


def asynchronous(line: Line) -> Callable[..., Any]:
    """Return the coroutine function that runs in place of a handler.

    What is written ``def`` runs on the request's leased thread, neighbours in one visit.
    """
    handler, background = line.handler, line.background
    stretches = _stretches(line.steps)
    blocks = not all(step.on_loop for step in (*line.steps, handler))
    call = handler.call if handler.on_loop else sync_to_async(handler.call)
    awaits = handler.kind == "coroutine" or not handler.on_loop
    first, second = int(line.is_method), line.is_method + line.concludes

    async def run(*values: Any, **path_values: Any) -> Any:
        frame, entered = list(values[second:]), _entered(values[first:second])
        try:
            for stretch in stretches:
                if stretch.on_loop:
                    await _run_on_loop(stretch.steps, frame, entered)
                else:
                    await _run_on_thread(stretch.steps, frame, entered)
            result = call(frame, *values[:first], **path_values)
            if awaits:
                result = await result
        except BaseException as error:
            if blocks:
                await wait_for_thread(error)
            raise_other(await aunwind(entered, error), error)
            raise
        if background is not None:
            conclusion = values[first]
            conclusion.background, conclusion.request = (frame[place] for place in background)
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


async def _run_on_loop(steps: Iterable[Step], frame: Frame, entered: list[Entered]) -> None:
    for step in steps:
        result = step.call(frame)
        if step.kind == "coroutine":
            result = await result
        elif step.kind == "async_generator":
            manager, result = result, await result.__aenter__()
            entered.append(Entered(manager, is_async=True))
        elif step.kind == "generator":
            manager, result = result, result.__enter__()
            entered.append(Entered(manager, is_async=False))
        frame.append(result)


_run_on_thread = sync_to_async(_run)
