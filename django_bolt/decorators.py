"""Decorators of handlers: ``@action``, ``@endpoint`` and ``@inline``.

They only attach what they are given; a function stays the function that was written, so that it
can be called and tested by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Concatenate, ParamSpec, Protocol, Self, TypeVar, cast, overload

from asgiref.sync import iscoroutinefunction
from django.core.exceptions import ImproperlyConfigured
from msgspec import UNSET

from django_bolt.params import Depends, check_dependencies, check_media_types
from django_bolt.spelling import suggestion

HTTP_METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "trace")

#: Lists of classes of which the nearest declaration holds.
POLICIES = ("authentication_classes", "permission_classes", "renderer_classes", "parser_classes")

#: Attributes of decorated functions.
OPTIONS = "__bolt_options__"
_ACTION = "__bolt_action__"
_INLINE = "__bolt_inline__"

F = TypeVar("F", bound=Callable[..., Any])
P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)


def check_policy(name: str, classes: object, owner: str) -> tuple[Any, ...]:
    """Return a list of policy classes as a tuple; refuse what is not a list or a tuple.

    ``name`` and ``owner`` are for the message of ``ImproperlyConfigured``.
    """
    if not isinstance(classes, list | tuple):
        raise ImproperlyConfigured(
            f"{owner}: {name} must be a list, not {classes!r}. Write {name} = [...]."
        )
    for item in classes:
        if item is None or isinstance(item, str):
            raise ImproperlyConfigured(
                f"{owner}: {name} holds {item!r}; it takes classes and instances."
            )
    return tuple(classes)


def check_tags(tags: object, owner: str) -> tuple[str, ...]:
    """Return tags as a tuple; refuse what is not a list or a tuple of strings."""
    if not isinstance(tags, list | tuple) or not all(isinstance(tag, str) and tag for tag in tags):
        raise ImproperlyConfigured(f"{owner}: tags must be a list of strings, not {tags!r}.")
    return tuple(tags)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlerOptions:
    """What can be said about one handler; ``None`` and ``UNSET`` leave it to what is around it.

    ``max_body_size`` is in bytes. ``owner`` is for messages only. Raises ``ImproperlyConfigured``
    for a value that cannot be meant.
    """

    owner: str = field(default="handler", compare=False)
    authentication_classes: Sequence[Any] | None = None
    permission_classes: Sequence[Any] | None = None
    renderer_classes: Sequence[Any] | None = None
    parser_classes: Sequence[Any] | None = None
    status_code: int | None = None
    response_model: Any = UNSET
    inline: bool | None = None
    max_body_size: int | None = None
    etag: bool | None = None
    max_files: int | None = None
    content_types: Sequence[str] = ()
    tags: Sequence[str] = ()
    dependencies: Sequence[Depends] = ()

    def __post_init__(self) -> None:
        for name in POLICIES:
            classes = getattr(self, name)
            if classes is not None:
                object.__setattr__(self, name, check_policy(name, classes, self.owner))
        object.__setattr__(self, "tags", check_tags(self.tags, self.owner))
        given = check_dependencies(self.dependencies, self.owner)
        object.__setattr__(self, "dependencies", given)
        object.__setattr__(self, "content_types", check_media_types(self.content_types, self.owner))
        self._check_numbers()
        for name in ("inline", "etag"):
            if not isinstance(getattr(self, name), bool | None):
                raise ImproperlyConfigured(f"{self.owner}: {name} must be a bool.")

    def _check_numbers(self) -> None:
        status, size = self.status_code, self.max_body_size
        if status is not None and not _is_whole(status, 200, 599):
            raise ImproperlyConfigured(
                f"{self.owner}: status_code must be a status from 200 to 599, not {status!r}."
            )
        if size is not None and not _is_whole(size, 0):
            raise ImproperlyConfigured(
                f"{self.owner}: max_body_size must be a number of bytes, not {size!r}."
            )
        if self.max_files is not None and not _is_whole(self.max_files, 0):
            raise ImproperlyConfigured(
                f"{self.owner}: max_files must be a number of files, not {self.max_files!r}."
            )


def _is_whole(value: object, low: int, high: int | None = None) -> bool:
    return (
        isinstance(value, int)
        and not isinstance(value, bool)
        and value >= low
        and (high is None or value <= high)
    )


def describe(function: object) -> str:
    """Return the dotted name of a function, for messages."""
    name = getattr(function, "__qualname__", None)
    return f"{getattr(function, '__module__', '?')}.{name}" if name else repr(function)


def is_function(value: object) -> bool:
    """Whether this is a function that becomes a method when it stands in a class."""
    return (
        callable(value)
        and hasattr(type(value), "__get__")
        # A partial does not become a method before Python 3.14, though it looks so in 3.13.
        and not isinstance(value, type | staticmethod | classmethod | partial)
    )


def _attach(function: object, decorator: str, options: HandlerOptions | None) -> None:
    if not is_function(function):
        raise ImproperlyConfigured(f"@{decorator} decorates a function, not {function!r}.")
    if hasattr(function, OPTIONS):
        raise ImproperlyConfigured(
            f"{describe(function)}: options are given twice; write them in one decorator."
        )
    if options is not None:
        setattr(function, OPTIONS, options)


def options_of(function: object) -> HandlerOptions | None:
    """Return what ``@action`` or ``@endpoint`` attached, with ``@inline`` merged in."""
    options = cast("HandlerOptions | None", getattr(function, OPTIONS, None))
    if not getattr(function, _INLINE, False):
        return options
    if options is None:
        return HandlerOptions(inline=True)
    if options.inline is False:
        raise ImproperlyConfigured(
            f"{describe(function)}: @inline and inline=False exclude each other."
        )
    return replace(options, inline=True)


def action_of(function: object) -> ActionSpec | None:
    """Return what ``@action`` attached."""
    return cast("ActionSpec | None", getattr(function, _ACTION, None))


def inline(function: F) -> F:
    """Run a short ``def`` handler on the worker's own thread.

    For handlers that neither block nor compute for long: nothing else is served meanwhile. Raises
    ``ImproperlyConfigured`` for ``async def``, which runs there anyway.
    """
    if not is_function(function):
        raise ImproperlyConfigured(f"@inline decorates a function, not {function!r}.")
    if iscoroutinefunction(function):
        raise ImproperlyConfigured(
            f"{describe(function)}: @inline is for def; async def runs on the worker thread anyway."
        )
    setattr(function, _INLINE, True)
    return function


def endpoint(
    *,
    authentication_classes: Sequence[Any] | None = None,
    permission_classes: Sequence[Any] | None = None,
    renderer_classes: Sequence[Any] | None = None,
    parser_classes: Sequence[Any] | None = None,
    status_code: int | None = None,
    response_model: Any = UNSET,
    inline: bool | None = None,
    max_body_size: int | None = None,
    etag: bool | None = None,
    max_files: int | None = None,
    content_types: Sequence[str] = (),
    tags: Sequence[str] = (),
    dependencies: Sequence[Depends] = (),
) -> Callable[[F], F]:
    """Give options to one handler: a controller's method, a viewset's standard action, a mapping.

    Policies replace those of the class for this handler. ``status_code`` is that of a result which
    does not say its own; ``response_model`` stands for the return annotation; ``inline`` is
    :func:`inline`; ``max_body_size`` is in bytes, of all of a body; ``max_files`` counts uploaded
    files, and ``content_types`` lists what they may claim to be; ``etag`` says whether replies to
    GET get an ``ETag`` of their bytes; ``dependencies`` are added to those of the class and run
    before the handler's own. (``@action`` takes these itself.)
    """
    given = HandlerOptions(
        owner="@endpoint",
        authentication_classes=authentication_classes,
        permission_classes=permission_classes,
        renderer_classes=renderer_classes,
        parser_classes=parser_classes,
        status_code=status_code,
        response_model=response_model,
        inline=inline,
        max_body_size=max_body_size,
        etag=etag,
        max_files=max_files,
        content_types=content_types,
        tags=tags,
        dependencies=dependencies,
    )

    def decorate(function: F) -> F:
        _attach(function, "endpoint", given)
        return function

    return decorate


class MethodMapper:
    """Further methods of an action's path: ``@nearest.mapping.delete``.

    The decorated function needs a name of its own. It takes :func:`endpoint` for its options;
    its policies are otherwise those of the action.
    """

    def __init__(self, action: str, methods: Sequence[str]) -> None:
        self._action = action
        self._methods = dict.fromkeys(methods, action)

    @property
    def methods(self) -> dict[str, str]:
        """Lower-case method to the name of the function that answers it; a new dict."""
        return dict(self._methods)

    def _map(self, method: str, function: F) -> F:
        if not is_function(function):
            raise ImproperlyConfigured(
                f"@{self._action}.mapping.{method} decorates a function, not {function!r}."
            )
        name = function.__name__
        if method in self._methods:
            raise ImproperlyConfigured(
                f"{describe(function)}: {method} of {self._action!r} is already mapped to "
                f"{self._methods[method]!r}."
            )
        if name == self._action or name in self._methods.values():
            raise ImproperlyConfigured(
                f"{describe(function)}: a mapped function needs a name of its own; this one would "
                f"replace {name!r}."
            )
        if action_of(function) is not None:
            raise ImproperlyConfigured(
                f"{describe(function)}: either @action or a mapping, not both."
            )
        self._methods[method] = name
        return function

    def get(self, function: F) -> F:
        """Answer GET."""
        return self._map("get", function)

    def post(self, function: F) -> F:
        """Answer POST."""
        return self._map("post", function)

    def put(self, function: F) -> F:
        """Answer PUT."""
        return self._map("put", function)

    def patch(self, function: F) -> F:
        """Answer PATCH."""
        return self._map("patch", function)

    def delete(self, function: F) -> F:
        """Answer DELETE."""
        return self._map("delete", function)

    def head(self, function: F) -> F:
        """Answer HEAD."""
        return self._map("head", function)

    def options(self, function: F) -> F:
        """Answer OPTIONS, in the place of the metadata."""
        return self._map("options", function)

    def trace(self, function: F) -> F:
        """Answer TRACE."""
        return self._map("trace", function)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionSpec:
    """What ``@action`` says about a function."""

    detail: bool
    url_path: str
    url_name: str
    mapping: MethodMapper


class Action(Protocol[P, R_co]):
    """An action's function, for type checkers: the function itself, with ``mapping``."""

    mapping: MethodMapper
    detail: bool
    url_path: str
    url_name: str

    def __call__(self, view: Any, /, *args: P.args, **kwargs: P.kwargs) -> R_co: ...
    @overload
    def __get__(self, instance: None, owner: type, /) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type | None = None, /) -> Callable[P, R_co]: ...


def action(
    *,
    detail: bool,
    methods: Sequence[str] = ("get",),
    url_path: str | None = None,
    url_name: str | None = None,
    authentication_classes: Sequence[Any] | None = None,
    permission_classes: Sequence[Any] | None = None,
    renderer_classes: Sequence[Any] | None = None,
    parser_classes: Sequence[Any] | None = None,
    status_code: int | None = None,
    response_model: Any = UNSET,
    inline: bool | None = None,
    max_body_size: int | None = None,
    etag: bool | None = None,
    max_files: int | None = None,
    content_types: Sequence[str] = (),
    tags: Sequence[str] = (),
    dependencies: Sequence[Depends] = (),
) -> Callable[[Callable[Concatenate[Any, P], R_co]], Action[P, R_co]]:
    """Make a method of a viewset an action of its own, as in Django REST framework.

    ``detail`` says whether its URL is below one object's. ``url_path`` (by default the function's
    name) may hold parameters: ``"nearest/{count}"``. ``url_name`` (by default the function's name
    with hyphens) is the end of its name in ``reverse``. The remaining options are those of
    :func:`endpoint`. Raises ``ImproperlyConfigured`` for what cannot be meant.
    """
    if not isinstance(detail, bool):
        raise ImproperlyConfigured(f"@action: detail must be True or False, not {detail!r}.")
    names = _check_methods(methods)
    given = HandlerOptions(
        owner="@action",
        authentication_classes=authentication_classes,
        permission_classes=permission_classes,
        renderer_classes=renderer_classes,
        parser_classes=parser_classes,
        status_code=status_code,
        response_model=response_model,
        inline=inline,
        max_body_size=max_body_size,
        etag=etag,
        max_files=max_files,
        content_types=content_types,
        tags=tags,
        dependencies=dependencies,
    )

    def decorate(function: Callable[Concatenate[Any, P], R_co]) -> Action[P, R_co]:
        _attach(function, "action", given)
        name = function.__name__
        spec = ActionSpec(
            detail=detail,
            url_path=name if url_path is None else url_path,
            url_name=name.replace("_", "-") if url_name is None else url_name,
            mapping=MethodMapper(name, names),
        )
        setattr(function, _ACTION, spec)
        decorated = cast("Action[P, R_co]", function)
        decorated.mapping = spec.mapping
        decorated.detail = spec.detail
        decorated.url_path = spec.url_path
        decorated.url_name = spec.url_name
        return decorated

    return decorate


def _check_methods(methods: Sequence[str]) -> list[str]:
    if isinstance(methods, str) or not methods:
        raise ImproperlyConfigured(
            f'@action: methods must be a list such as ["get"], not {methods!r}.'
        )
    names = [str(method).lower() for method in methods]
    for name in names:
        if name not in HTTP_METHODS:
            raise ImproperlyConfigured(
                f"@action: {name!r} is not an HTTP method.{suggestion(name, HTTP_METHODS)}"
            )
    if len(set(names)) < len(names):
        raise ImproperlyConfigured(f"@action: methods repeats itself: {methods!r}.")
    return names
