"""A handler's dependencies: read like handlers, flattened into its signature and into steps."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from asgiref.sync import iscoroutinefunction

from django_bolt.background import BackgroundTasks
from django_bolt.compile import signature, validators
from django_bolt.compile.signature import Input, Signature
from django_bolt.decorators import describe, options_of
from django_bolt.dispatch import validating
from django_bolt.dispatch.dependencies import Kind, Line, Step, asynchronous, synchronous
from django_bolt.exceptions import ConfigurationError
from django_bolt.params import Depends
from django_bolt.routing import Route


class Overrides:
    """What stands in the place of dependencies in a test, and which of it was asked for."""

    def __init__(self, given: Mapping[Any, Any] | None = None) -> None:
        """Refuse what is not callable with ``ConfigurationError``."""
        self._given = dict(given or {})
        self._used: list[Any] = []
        for original, other in self._given.items():
            if not callable(original) or not callable(other):
                raise ConfigurationError(
                    f"overrides maps callables to callables, not {original!r} to {other!r}."
                )

    def get(self, function: Any) -> Any:
        """Return what is called in the place of a dependency."""
        try:
            other = self._given.get(function, function)
        except TypeError:  # what cannot be hashed cannot be a key either
            return function
        if other is not function:
            self._used.append(function)
        return other

    def check(self) -> None:
        """Refuse an override for what no route depends on."""
        unused = [describe(one) for one in self._given if one not in self._used]
        if unused:
            raise ConfigurationError(f"No route depends on {', '.join(unused)}, to be overridden.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flattened:
    """A handler with its dependencies."""

    #: Everything that is asked of the request, by the handler and by its dependencies.
    signature: Signature
    #: What runs in the handler's place.
    function: Callable[..., Any]
    #: Whether it takes a ``dispatch.concluding.Conclusion`` before its other arguments.
    concludes: bool = False


@dataclass(frozen=True, slots=True)
class _Value:
    """A place among the extracted values."""

    index: int


@dataclass(frozen=True, slots=True)
class _Result:
    """A place among the results of dependencies."""

    index: int


_Place = _Value | _Result


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    function: Callable[..., Any]
    kind: Kind
    on_loop: bool
    positional: tuple[_Place, ...]
    keywords: tuple[tuple[str, _Place], ...]


def flatten(
    declared: Signature, function: Callable[..., Any], route: Route, overrides: Overrides
) -> Flattened:
    """Return a route's handler ``function`` with its dependencies; itself where it has none.

    Those of the route run before the handler's own, for what they do. Raises
    :class:`~django_bolt.exceptions.ConfigurationError` for a cycle, which it shows, and for
    asynchronous dependencies of a handler that runs ``inline``.
    """
    walk = _Walk(route.path, overrides)
    for effect in route.dependencies:
        walk.depend(effect, ())
    handler = walk.call(declared, function, ())
    walk.validate_inputs()
    if not walk.calls and walk.first is None:
        return Flattened(signature=declared, function=function)
    if walk.background is not None and route.inline:
        raise ConfigurationError(
            f"{declared.handler}: inline is for what runs in one go, without BackgroundTasks."
        )
    calls = walk.calls if walk.first is None else [walk.first, *walk.calls]
    kinds = {call.kind for call in calls}
    # Tasks may be asynchronous, and so what follows the reply is.
    asynchronously = declared.is_async or bool(kinds & _ASYNC) or walk.background is not None
    if asynchronously and route.inline:
        raise ConfigurationError(
            f"{declared.handler}: inline is for what runs in one go, and a dependency or validator "
            "is async."
        )
    line = Line(
        steps=[walk.step(call) for call in calls],
        handler=walk.step(handler),
        is_method=route.controller is not None,
        concludes=bool(kinds & _GENERATORS) or walk.background is not None,
        background=walk.background_places(),
    )
    run = asynchronous(line) if asynchronously else synchronous(line)
    return Flattened(
        signature=replace(declared, inputs=tuple(walk.inputs), is_async=asynchronously),
        function=functools.wraps(function)(run),
        concludes=line.concludes,
    )


class _Walk:
    """Collects, depth first, what a handler and its dependencies ask for."""

    def __init__(self, path: str, overrides: Overrides) -> None:
        self._path = path
        self._overrides = overrides
        self._cached: list[tuple[Any, _Result]] = []
        self.inputs: list[Input] = []
        self.calls: list[_Call] = []
        #: The background tasks, and the request that they belong to.
        self.background: tuple[_Result, _Value] | None = None
        #: The validation, which comes before all calls and has no result.
        self.first: _Call | None = None

    def depend(self, given: Depends, around: tuple[Any, ...]) -> _Result:
        """Return the place of a dependency's result; ``around`` are those that ask for it."""
        if given.dependency is BackgroundTasks:
            return self._tasks()
        function = self._overrides.get(given.dependency)
        if any(function is other or function == other for other in around):
            cycle = " -> ".join(describe(one) for one in (*around, function))
            raise ConfigurationError(f"Dependencies go round in a circle: {cycle}.")
        if given.use_cache:
            for known, place in self._cached:
                if known is function or known == function:
                    return place
        kind = _kind(function)
        declared = signature.read_dependency(function, self._path)
        call = replace(
            self.call(declared, _callable(function, kind), (*around, function)),
            kind=kind,
            on_loop=kind in _ASYNC or _is_short(function),
        )
        place = _Result(len(self.calls))
        self.calls.append(call)
        if given.use_cache:
            self._cached.append((function, place))
        return place

    def _tasks(self) -> _Result:
        """Return the place of the background tasks, of which a request has one object."""
        if self.background is None:
            made = _Call(
                function=BackgroundTasks, kind="function", on_loop=True, positional=(), keywords=()
            )
            self.background = _Result(len(self.calls)), _Value(len(self.inputs))
            self.calls.append(made)
            self.inputs.append(replace(signature.OWN_REQUEST, keyword_only=False))
        return self.background[0]

    def validate_inputs(self) -> None:
        """Have what was sent validated before anything else runs, where its types say how."""
        found = [
            (_Value(index), given.default, validated)
            for index, given in enumerate(self.inputs)
            if (validated := validators.read(given.annotation)) is not None
        ]
        if not found:
            return
        plans = {cls: plan for _, _, one in found for cls, plan in one.plans.items()}
        is_async = any(one.is_async for _, _, one in found)
        make = validating.asynchronous if is_async else validating.synchronous
        self.first = _Call(
            function=make(plans, [default for _, default, _ in found]),
            kind="coroutine" if is_async else "function",
            on_loop=is_async,
            positional=tuple(place for place, _, _ in found),
            keywords=(),
        )

    def background_places(self) -> tuple[int, int] | None:
        """Return the places of the tasks and their request, now that all are known."""
        if self.background is None:
            return None
        return self._place(self.background[0]), self._place(self.background[1])

    def call(
        self,
        declared: Signature,
        function: Callable[..., Any],
        around: tuple[Any, ...],
    ) -> _Call:
        """Return a call, for which the dependencies that it asks for are collected before it."""
        positional: list[_Place] = []
        keywords: list[tuple[str, _Place]] = []
        for given in declared.inputs:
            place: _Place
            if given.dependency is not None:
                place = self.depend(given.dependency, around)
            else:
                place = _Value(len(self.inputs))
                self.inputs.append(replace(given, keyword_only=False, owner=declared.handler))
            if given.keyword_only:
                keywords.append((given.name, place))
            else:
                positional.append(place)
        return _Call(
            function=function,
            kind="coroutine" if declared.is_async else "function",
            on_loop=declared.is_async,
            positional=tuple(positional),
            keywords=tuple(keywords),
        )

    def step(self, call: _Call) -> Step:
        """Return a call with its places in the frame, now that all of them are known."""

        return Step(
            function=call.function,
            kind=call.kind,
            on_loop=call.on_loop,
            positional=tuple(self._place(one) for one in call.positional),
            keywords=tuple((name, self._place(one)) for name, one in call.keywords),
        )

    def _place(self, one: _Place) -> int:
        if isinstance(one, _Value):
            return one.index
        return len(self.inputs) + (self.first is not None) + one.index


_ASYNC = frozenset({"coroutine", "async_generator"})
_GENERATORS = frozenset({"generator", "async_generator"})


def _is_short(function: Any) -> bool:
    """Whether a ``def`` never blocks: it is marked ``@inline``, or only fills a Struct's fields."""
    if isinstance(function, type):
        return issubclass(function, msgspec.Struct) and not hasattr(function, "__post_init__")
    options = options_of(function)
    return options is not None and bool(options.inline)


def _kind(function: Any) -> Kind:
    """Return how a dependency gives its value; a callable object is what its ``__call__`` is."""
    if isinstance(function, type):
        return "function"
    called = function if inspect.isroutine(function) else _method(function)
    if inspect.isasyncgenfunction(called):
        return "async_generator"
    if inspect.isgeneratorfunction(called):
        return "generator"
    return "coroutine" if iscoroutinefunction(called) else "function"


def _method(function: Any) -> Any:
    if isinstance(function, functools.partial):
        return function
    return type(function).__call__


def _callable(function: Any, kind: Kind) -> Callable[..., Any]:
    if kind in {"function", "coroutine"}:
        call: Callable[..., Any] = function
        return call
    # The managers are made of functions, which an object with __call__ is not.
    plain = function if inspect.isroutine(function) else function.__call__
    make = asynccontextmanager if kind == "async_generator" else contextmanager
    return make(plain)
