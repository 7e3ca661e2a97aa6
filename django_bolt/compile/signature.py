"""Handlers' signatures, read once when the server starts."""

from __future__ import annotations

import functools
import inspect
import re
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from asgiref.sync import iscoroutinefunction
from msgspec import UNSET

from django_bolt.background import BackgroundTasks
from django_bolt.compile import scalars
from django_bolt.decorators import describe
from django_bolt.dispatch import conditions
from django_bolt.dispatch.handler import REQUIRED
from django_bolt.exceptions import SignatureError
from django_bolt.params import Depends, Marker

_PATH_NAME = re.compile(r"\{(\*?)([^{}]*)\}")
_REQUEST_CLASSES = ("django_bolt.request.Request", "django.http.request.HttpRequest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One parameter of a handler's function, as it was written."""

    name: str
    #: Without markers; ``UNSET`` where there is none.
    annotation: Any
    marker: Marker | None
    #: ``REQUIRED`` where there is none.
    default: Any
    #: Whether it cannot be passed by position.
    keyword_only: bool
    #: Whether it is the request object.
    is_request: bool
    #: What it is injected from, in the place of the request.
    dependency: Depends | None = None
    #: Dotted name of what asks for it, where handler and dependencies are read together.
    owner: str = ""


#: The request as the framework's own code asks for it: the author's code does not get hold of it.
OWN_REQUEST = Input(
    name=conditions.REQUEST,
    annotation=UNSET,
    marker=None,
    default=REQUIRED,
    keyword_only=True,
    is_request=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What a handler asks for, and what it says it returns."""

    #: Dotted name, for people.
    handler: str
    inputs: tuple[Input, ...]
    #: Names in the path's template, in order.
    path_names: tuple[str, ...]
    #: Whether ``**kwargs`` takes the path values that no parameter names.
    takes_path_values: bool
    #: The return annotation; ``UNSET`` where there is none.
    returns: Any
    is_async: bool


def read(function: Callable[..., Any], path: str, *, is_method: bool, name: str = "") -> Signature:
    """Read a handler's function.

    ``path`` is the route's whole template and ``name`` the handler's dotted name for errors.
    ``is_method`` says that the first parameter is a controller's ``self``. Raises
    :class:`~django_bolt.exceptions.SignatureError`, which names handler and parameter.
    """
    name = name or describe(function)
    hints = _hints(function, name)
    parameters = list(inspect.signature(function).parameters.values())
    if is_method:
        if not parameters or parameters[0].kind is inspect.Parameter.KEYWORD_ONLY:
            raise SignatureError(f"{name} is a method, and takes no `self`.")
        parameters = parameters[1:]
    path_names = names_in(path)
    inputs: list[Input] = []
    takes_path_values = False
    for parameter in parameters:
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            takes_path_values = True
        elif parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            if not is_method:
                raise SignatureError(f"{name} takes `*{parameter.name}`, which nothing fills.")
        else:
            inputs.append(_input(parameter, hints.get(parameter.name, UNSET), path_names, name))
    return Signature(
        handler=name,
        inputs=tuple(inputs),
        path_names=path_names,
        takes_path_values=takes_path_values,
        returns=hints.get("return", UNSET),
        is_async=iscoroutinefunction(function),
    )


def read_dependency(function: Any, path: str) -> Signature:
    """Read what a dependency asks for: a function, a class, or any object that can be called.

    ``path`` is the template of the route that depends on it. Raises
    :class:`~django_bolt.exceptions.SignatureError`.
    """
    name = describe(function)
    try:
        parameters = inspect.signature(function).parameters.values()
    except (ValueError, TypeError) as error:
        raise SignatureError(f"{name} cannot be a dependency: {error}.") from error
    hints = _hints(_annotated(function), name)
    inputs: list[Input] = []
    for parameter in parameters:
        if parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}:
            raise SignatureError(
                f"{name} takes `{parameter}`, which nothing fills: a dependency names what it asks "
                "for."
            )
        inputs.append(_input(parameter, hints.get(parameter.name, UNSET), names_in(path), name))
    return Signature(
        handler=name,
        inputs=tuple(inputs),
        path_names=names_in(path),
        takes_path_values=False,
        returns=UNSET,
        is_async=False,
    )


def _annotated(function: Any) -> Any:
    """Return where the annotations of a callable's parameters are."""
    if isinstance(function, functools.partial):
        return _annotated(function.func)
    if isinstance(function, type):
        init = inspect.getattr_static(function, "__init__")
        return init if inspect.isfunction(init) else function
    return function if inspect.isroutine(function) else type(function).__call__


def names_in(path: str) -> tuple[str, ...]:
    """Return the parameters' names in a path template, in order."""
    return tuple(match[2] for match in _PATH_NAME.finditer(path))


def _hints(function: Callable[..., Any], name: str) -> dict[str, Any]:
    """Resolve every annotation, those written as text with the function's own surroundings too."""
    try:
        return typing.get_type_hints(function, localns=_surroundings(function), include_extras=True)
    except (NameError, AttributeError, SyntaxError, TypeError) as error:
        raise SignatureError(
            f"An annotation of {name} cannot be resolved: {error}. What a handler's annotations "
            "name must be importable when the server starts, not only under TYPE_CHECKING."
        ) from error


def _surroundings(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the names of the enclosing function that ``function`` uses itself."""
    plain = inspect.unwrap(function)
    if not inspect.isfunction(plain):
        return {}
    return dict(inspect.getclosurevars(plain).nonlocals)


def _input(
    parameter: inspect.Parameter, annotation: Any, path_names: tuple[str, ...], handler: str
) -> Input:
    name, default = parameter.name, parameter.default
    place = f"`{name}` of {handler}"
    dependency, annotation = _dependency(annotation, default, place)
    if dependency is not None:
        return Input(
            name=name,
            annotation=annotation,
            marker=None,
            default=REQUIRED,
            keyword_only=parameter.kind is inspect.Parameter.KEYWORD_ONLY,
            is_request=False,
            dependency=dependency,
        )
    if _is_marker(default):
        raise SignatureError(
            f"{place} has a marker as its default: write `{name}: Annotated[T, marker] = default`."
        )
    annotation, markers = split_markers(annotation)
    if _has_marker(annotation):
        raise SignatureError(
            f"{place} has a marker inside its type: it belongs around the whole, as in "
            "`Annotated[int | None, marker]`."
        )
    if len(markers) > 1:
        raise SignatureError(f"{place} has two markers: one says where it is read from.")
    marker = markers[0] if markers else None
    is_request = marker is None and _is_request(name, annotation, place, path_names)
    if annotation is UNSET and marker is None and not is_request and name not in path_names:
        raise SignatureError(
            f"{place} is neither annotated nor in the path, so that nobody can tell where it "
            "comes from. Annotate it, or name it `request` where the request is meant."
        )
    return Input(
        name=name,
        annotation=annotation,
        marker=marker,
        default=REQUIRED if default is inspect.Parameter.empty else default,
        keyword_only=parameter.kind is inspect.Parameter.KEYWORD_ONLY,
        is_request=is_request,
    )


def _dependency(annotation: Any, default: Any, place: str) -> tuple[Depends | None, Any]:
    """Return what a parameter is injected from, and its type without that."""
    bare, metadata = scalars.strip(annotation)
    found = [item for item in metadata if isinstance(item, Depends)]
    if any(item is Depends for item in (*metadata, default)):
        raise SignatureError(f"{place}: Depends is written with what is called, Depends(function).")
    if isinstance(default, Depends):
        found.append(default)
    elif found and default is not inspect.Parameter.empty:
        raise SignatureError(f"{place} is injected, and so its default would have no effect.")
    if bare is BackgroundTasks and not found:
        if default is not inspect.Parameter.empty or any(_is_marker(item) for item in metadata):
            raise SignatureError(f"{place} is filled by itself: BackgroundTasks stands alone.")
        return Depends(BackgroundTasks), bare
    if not found:
        return None, annotation
    if len(found) > 1 or any(_is_marker(item) for item in metadata):
        raise SignatureError(f"{place}: one marker says where it comes from, and there are two.")
    return found[0], bare


def split_markers(annotation: Any) -> tuple[Any, list[Marker]]:
    """Return the annotation without markers, whose other metadata stay, and the markers."""
    bare, metadata = scalars.strip(annotation)
    markers = [_instance(item) for item in metadata if _is_marker(item)]
    if not markers:
        return annotation, []
    for item in metadata:
        if not _is_marker(item):
            bare = typing.Annotated[bare, item]
    return bare, markers


def _is_marker(item: object) -> bool:
    return isinstance(item, Marker) or (isinstance(item, type) and issubclass(item, Marker))


def _has_marker(annotation: Any) -> bool:
    """Whether a marker is left in an annotation after those around it are taken away."""
    bare, metadata = scalars.strip(annotation)
    if any(_is_marker(item) for item in metadata):
        return True
    return any(_has_marker(item) for item in typing.get_args(bare))


def _instance(item: Any) -> Marker:
    """Return a marker; ``Annotated[str, Query]`` means what ``Query()`` means."""
    marker: Marker = item() if isinstance(item, type) else item
    return marker


def _is_request(name: str, annotation: Any, place: str, path_names: tuple[str, ...]) -> bool:
    named = isinstance(annotation, type) and any(
        f"{base.__module__}.{base.__qualname__}" in _REQUEST_CLASSES for base in annotation.__mro__
    )
    if name != "request" or name in path_names:
        return named
    if named or annotation is UNSET or annotation in (Any, object):
        return True
    raise SignatureError(
        f"{place} is always the request, and is annotated as something else: rename it, or "
        "annotate it as django_bolt.request.Request."
    )
