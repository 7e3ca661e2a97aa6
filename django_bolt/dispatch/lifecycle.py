"""The life cycle of a controller that overrides hooks of it: what runs in place of the handler.

    initial -> handler -> finalize_response, exceptions through handle_exception

Permissions are not part of it: they are decided before the body is read, by Rust and by
``dispatch.admission``. A controller that overrides none of these hooks never comes here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, TypeAlias

from asgiref.sync import iscoroutinefunction, sync_to_async

#: The hooks of which one makes a life cycle.
HOOKS = frozenset({"initial", "handle_exception", "finalize_response"})

Function: TypeAlias = Callable[..., Any]
AsyncFunction: TypeAlias = Callable[..., Awaitable[Any]]


def wrap(function: Function, controller: Any, is_async: bool) -> Function:
    """Return what runs in place of the handler ``function``; it takes the same arguments.

    It is a coroutine function where the handler is (``is_async``) or where one overridden hook is;
    what is written ``def`` then runs on the request's thread.
    """
    hooks = _overridden(controller)
    if not hooks:
        return function
    if is_async or any(map(iscoroutinefunction, hooks.values())):
        return wraps(function)(_asynchronous(function, hooks))
    return wraps(function)(_synchronous(function, hooks))


def _overridden(controller: Any) -> dict[str, Function]:
    """Return the functions of the life cycle's overridden hooks by their names."""
    hooks = HOOKS & controller.__bolt__.hooks
    if "finalize_response" in hooks:
        # It finalizes error replies too, which the hook before it makes.
        hooks |= {"handle_exception"}
    return {name: getattr(controller, name) for name in sorted(hooks)}


def _synchronous(run: Function, hooks: dict[str, Function]) -> Function:
    if initial := hooks.get("initial"):
        run = _starting(run, initial)
    if handle_exception := hooks.get("handle_exception"):
        run = _handling(run, handle_exception)
    if finalize_response := hooks.get("finalize_response"):
        run = _finalizing(run, finalize_response)
    return run


def _starting(run: Function, initial: Function) -> Function:
    def started(view: Any, *args: Any, **kwargs: Any) -> Any:
        initial(view, view.request, *view.args, **view.kwargs)
        return run(view, *args, **kwargs)

    return started


def _handling(run: Function, handle_exception: Function) -> Function:
    def handled(view: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return run(view, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 (the hook is there for every exception)
            return handle_exception(view, error)

    return handled


def _finalizing(run: Function, finalize_response: Function) -> Function:
    def finalized(view: Any, *args: Any, **kwargs: Any) -> Any:
        response = run(view, *args, **kwargs)
        return finalize_response(view, view.request, response, *view.args, **view.kwargs)

    return finalized


def _asynchronous(function: Function, hooks: dict[str, Function]) -> AsyncFunction:
    run = _awaitable(function)
    steps = {name: _awaitable(hook) for name, hook in hooks.items()}
    if initial := steps.get("initial"):
        run = _starting_async(run, initial)
    if handle_exception := steps.get("handle_exception"):
        run = _handling_async(run, handle_exception)
    if finalize_response := steps.get("finalize_response"):
        run = _finalizing_async(run, finalize_response)
    return run


def _awaitable(function: Function) -> AsyncFunction:
    return function if iscoroutinefunction(function) else sync_to_async(function)


def _starting_async(run: AsyncFunction, initial: AsyncFunction) -> AsyncFunction:
    async def started(view: Any, *args: Any, **kwargs: Any) -> Any:
        await initial(view, view.request, *view.args, **view.kwargs)
        return await run(view, *args, **kwargs)

    return started


def _handling_async(run: AsyncFunction, handle_exception: AsyncFunction) -> AsyncFunction:
    async def handled(view: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return await run(view, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 (the hook is there for every exception)
            return await handle_exception(view, error)

    return handled


def _finalizing_async(run: AsyncFunction, finalize_response: AsyncFunction) -> AsyncFunction:
    async def finalized(view: Any, *args: Any, **kwargs: Any) -> Any:
        response = await run(view, *args, **kwargs)
        return await finalize_response(view, view.request, response, *view.args, **view.kwargs)

    return finalized
