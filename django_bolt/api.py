"""The function style: decorators over the same routes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypedDict, TypeVar, Unpack

from django_bolt import url_templates
from django_bolt.decorators import (
    OPTIONS,
    HandlerOptions,
    action_of,
    check_policy,
    describe,
    options_of,
)
from django_bolt.exceptions import ConfigurationError
from django_bolt.params import Depends
from django_bolt.routes import Entry
from django_bolt.routing import Router
from django_bolt.spelling import suggestion

F = TypeVar("F", bound=Callable[..., Any])


class FunctionOptions(TypedDict, total=False):
    """What the decorators of :class:`BoltAPI` take beside the path."""

    #: Authentication classes and permissions, in the place of those around the function.
    auth: Sequence[Any] | None
    guards: Sequence[Any] | None
    #: Renderers, in the place of those around the function.
    renderer_classes: Sequence[Any] | None
    parser_classes: Sequence[Any] | None
    #: Stands for the return annotation.
    response_model: Any
    #: Status of a result that does not say its own.
    status_code: int | None
    #: For ``reverse``.
    name: str | None
    #: For the schema; added to those of the routers.
    tags: Sequence[str]
    #: ``Depends(...)`` that run before the function's own, after those of the routers.
    dependencies: Sequence[Depends]
    #: Run a short ``def`` handler on the worker's own thread.
    inline: bool | None
    #: In bytes.
    max_body_size: int | None
    #: Whether replies to GET get an ``ETag`` of their bytes.
    etag: bool | None
    #: Most uploaded files of one request.
    max_files: int | None
    #: What uploaded files may claim to be, such as ``image/*``.
    content_types: Sequence[str]


#: The class style's names of what has another name here.
_OTHER_NAMES = {
    "authentication_classes": "auth",
    "permission_classes": "guards",
    "permissions": "guards",
    "status": "status_code",
    "url_name": "name",
}
_RENAMED = {"auth": "authentication_classes", "guards": "permission_classes"}


class BoltAPI(Router):
    """A router whose handlers are functions: ``@api.get("/users/{user_id}")``.

    ``auth`` and ``guards`` are the authentication classes and permissions of everything in it
    that declares none of its own; the rest is as in :class:`~django_bolt.routing.Router`.
    A decorator gives the function back unchanged, so that several may be stacked.
    """

    def __init__(
        self,
        prefix: str = "",
        *,
        auth: Sequence[Any] | None = None,
        guards: Sequence[Any] | None = None,
        renderer_classes: Sequence[Any] | None = None,
        parser_classes: Sequence[Any] | None = None,
        trailing_slash: bool | None = None,
        inline: bool | None = None,
        tags: Sequence[str] = (),
        dependencies: Sequence[Depends] = (),
    ) -> None:
        _check_policies({"auth": auth, "guards": guards}, f"{type(self).__name__}({prefix!r})")
        super().__init__(
            prefix,
            authentication_classes=auth,
            permission_classes=guards,
            renderer_classes=renderer_classes,
            parser_classes=parser_classes,
            trailing_slash=trailing_slash,
            inline=inline,
            tags=tags,
            dependencies=dependencies,
        )

    def get(self, path: str, **options: Unpack[FunctionOptions]) -> Callable[[F], F]:
        """Answer GET (and HEAD, unless the path has a function for it) at ``path``."""
        return self._decorator("GET", path, options)

    def post(self, path: str, **options: Unpack[FunctionOptions]) -> Callable[[F], F]:
        """Answer POST at ``path``."""
        return self._decorator("POST", path, options)

    def put(self, path: str, **options: Unpack[FunctionOptions]) -> Callable[[F], F]:
        """Answer PUT at ``path``."""
        return self._decorator("PUT", path, options)

    def patch(self, path: str, **options: Unpack[FunctionOptions]) -> Callable[[F], F]:
        """Answer PATCH at ``path``."""
        return self._decorator("PATCH", path, options)

    def delete(self, path: str, **options: Unpack[FunctionOptions]) -> Callable[[F], F]:
        """Answer DELETE at ``path``."""
        return self._decorator("DELETE", path, options)

    def head(self, path: str, **options: Unpack[FunctionOptions]) -> Callable[[F], F]:
        """Answer HEAD at ``path``."""
        return self._decorator("HEAD", path, options)

    def options(self, path: str, **options: Unpack[FunctionOptions]) -> Callable[[F], F]:
        """Answer OPTIONS at ``path``."""
        return self._decorator("OPTIONS", path, options)

    def _decorator(self, method: str, path: str, options: FunctionOptions) -> Callable[[F], F]:
        owner = f"@{type(self).__name__}.{method.lower()}({path!r})"
        given_path: object = path
        if not isinstance(given_path, str) or "//" in path:
            raise ConfigurationError(f"{owner}: the path must be a str without empty segments.")
        url_templates.check(url_templates.join(path), owner)
        name, given = _read_options(options, owner)

        def decorate(function: F) -> F:
            _check_function(function, owner)
            entry = Entry(
                method=method,
                path=path,
                function=function,
                origin=describe(function),
                name=name,
                options=_with_inline(given, function),
                trailing_slash=path.endswith("/") if path.strip("/") else None,
            )
            self._add(entry)
            return function

        return decorate


def _read_options(options: Mapping[str, Any], owner: str) -> tuple[str | None, HandlerOptions]:
    known = FunctionOptions.__annotations__
    for option in options:
        if option not in known:
            meant = _OTHER_NAMES.get(option)
            hint = f" Did you mean {meant!r}?" if meant else suggestion(option, known)
            raise ConfigurationError(f"{owner} does not take {option!r}.{hint}")
    name = options.get("name")
    if name is not None and (not isinstance(name, str) or not name):
        raise ConfigurationError(f"{owner}: name must be a str, not {name!r}.")
    _check_policies(options, owner)
    given = {_RENAMED.get(key, key): value for key, value in options.items() if key != "name"}
    return name, HandlerOptions(owner=owner, **given)


def _check_policies(options: Mapping[str, Any], owner: str) -> None:
    """Refuse what is no list under the name that it has here."""
    for name in _RENAMED:
        if options.get(name) is not None:
            check_policy(name, options[name], owner)


def _with_inline(given: HandlerOptions, function: Callable[..., Any]) -> HandlerOptions:
    """Return the decorator's options with the function's own ``@inline`` merged in."""
    marked = options_of(function)
    if marked is None or given.inline is not None:
        if marked is not None and given.inline is False:
            raise ConfigurationError(
                f"{describe(function)}: @inline and inline=False exclude each other."
            )
        return given
    return replace(given, inline=True)


def _check_function(function: object, owner: str) -> None:
    if isinstance(function, type):
        raise ConfigurationError(
            f"{owner} decorates a function; classes are served by register(prefix, cls)."
        )
    if not inspect.isroutine(function):
        raise ConfigurationError(f"{owner} decorates a function, not {function!r}.")
    if action_of(function) is not None or hasattr(function, OPTIONS):
        raise ConfigurationError(
            f"{owner}: {describe(function)} has @action or @endpoint, which are for classes; "
            "give its options here."
        )
