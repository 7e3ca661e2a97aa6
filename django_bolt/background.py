"""Work that a handler leaves for after its reply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ParamSpec

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class BackgroundTask:
    """A call that is still to be made."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


@dataclass(slots=True)
class BackgroundTasks:
    """What one request leaves to be done when its reply is out, in order.

    A parameter of a handler or of a dependency that is annotated with this class receives it: the
    same object throughout a request. The tasks are in the memory of the worker: one that must
    survive a crash belongs in a queue.
    """

    tasks: list[BackgroundTask] = field(default_factory=list, init=False)

    def add(self, function: Callable[P, Any], /, *args: P.args, **kwargs: P.kwargs) -> None:
        """Have ``function`` called with these arguments after the reply.

        ``def`` runs on the request's leased thread, ``async def`` on the loop. Raises ``TypeError``
        for what cannot be called, above all a coroutine: ``add(send, 1)`` and not ``add(send(1))``.
        """
        if not callable(function):
            raise TypeError(
                f"BackgroundTasks.add takes a function and its arguments, not {function!r}."
            )
        self.tasks.append(BackgroundTask(function, args, kwargs))
