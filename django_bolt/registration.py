"""What a registered class answers: the entries of a controller's and of a viewset's paths."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from django_bolt import metadata, url_templates
from django_bolt.controllers import Controller, ControllerMeta, HandlerFunction
from django_bolt.decorators import HTTP_METHODS, HandlerOptions, describe, options_of
from django_bolt.exceptions import ConfigurationError
from django_bolt.routes import Entry, nearest
from django_bolt.viewsets import (
    COLLECTION_ACTIONS,
    OBJECT_ACTIONS,
    STANDARD_ACTIONS,
    BoltViewSet,
    ExtraAction,
)


def default_basename(cls: type[Controller]) -> str:
    """Return the name of a class's routes where none is given: ``AirportViewSet``, ``airport``."""
    return "-".join(word.lower() for word in metadata.words(cls)) or cls.__name__.lower()


def entries(path: str, cls: object, basename: str) -> list[Entry]:
    """Return every handler of a class below ``path``, with its metadata.

    Raises ``ConfigurationError`` for what is not a controller, and for one that answers nothing.
    """
    controller = _check_class(cls)
    if issubclass(controller, BoltViewSet):
        found = list(_viewset(path, controller, basename))
    else:
        found = list(_controller(path, controller, basename))
    if not found:
        raise _nothing_to_serve(controller)
    return found


def _controller(path: str, cls: type[Controller], basename: str) -> Iterator[Entry]:
    handlers = cls.__bolt__.handlers
    methods = {method: method for method in HTTP_METHODS if method in handlers}
    yield from _endpoint(path, cls, methods, basename, is_action=False, suffix="")


def _viewset(path: str, cls: type[BoltViewSet], basename: str) -> Iterator[Entry]:
    lookup = cls.lookup_url_kwarg or cls.lookup_field
    detail = url_templates.join(path, f"{{{lookup}}}")
    described: set[str] = set()
    for where, methods, ending, suffix in (
        (path, COLLECTION_ACTIONS, "list", "List"),
        (detail, OBJECT_ACTIONS, "detail", "Instance"),
    ):
        present = {m: name for m, name in methods.items() if name in cls.__bolt__.handlers}
        yield from _endpoint(where, cls, present, f"{basename}-{ending}", suffix=suffix)
    for extra in cls.get_extra_actions():
        where = url_templates.join(detail if extra.detail else path, _extra_path(cls, extra))
        for entry in _endpoint(
            where,
            cls,
            extra.methods,
            f"{basename}-{extra.url_name}",
            suffix=extra.name.replace("_", " ").title(),
            parent=extra.name,
        ):
            # Actions may share a path, which is described once.
            if entry.action is None:
                if where in described:
                    continue
                described.add(where)
            yield entry


def _endpoint(
    path: str,
    cls: type[Controller],
    methods: Mapping[str, str],
    name: str,
    *,
    suffix: str,
    is_action: bool = True,
    parent: str | None = None,
) -> Iterator[Entry]:
    """Yield the entries of one path: its allowed handlers and, if it has any, OPTIONS.

    ``parent`` is the action whose policies hold for those that are mapped to its path.
    """
    allowed = {m: handler for m, handler in methods.items() if m in cls.http_method_names}
    for method, handler in allowed.items():
        function = cls.__bolt__.handlers[handler]
        yield Entry(
            method=method.upper(),
            path=path,
            function=function,
            origin=f"{describe(cls)}.{handler}",
            name=name,
            controller=cls,
            action=handler if is_action else None,
            options=_options(cls, function, parent),
        )
    if allowed and "options" not in allowed and "options" in cls.http_method_names:
        yield Entry(
            method="OPTIONS",
            path=path,
            function=metadata.handler(cls, suffix),
            origin=f"{describe(cls)}.options",
            name=name,
            controller=cls,
            options=replace(_class_options(cls), inline=True),
        )


def _options(
    cls: type[Controller], function: HandlerFunction, parent: str | None
) -> HandlerOptions:
    """Return a handler's options; where it says nothing of policies, those around it."""
    given = options_of(function) or HandlerOptions()
    around = _class_options(cls)
    if parent is not None:
        around = _within(options_of(cls.__bolt__.handlers[parent]) or HandlerOptions(), around)
    return _within(given, around)


def _within(inner: HandlerOptions, outer: HandlerOptions) -> HandlerOptions:
    return replace(
        inner,
        authentication_classes=nearest(inner.authentication_classes, outer.authentication_classes),
        permission_classes=nearest(inner.permission_classes, outer.permission_classes),
        tags=tuple(dict.fromkeys((*outer.tags, *inner.tags))),
    )


def _class_options(cls: type[Controller]) -> HandlerOptions:
    return HandlerOptions(
        owner=describe(cls),
        authentication_classes=cls.authentication_classes,
        permission_classes=cls.permission_classes,
        tags=tuple(cls.tags),
    )


def _extra_path(cls: type[BoltViewSet], extra: ExtraAction) -> str:
    if not extra.url_path.strip("/"):
        raise ConfigurationError(
            f"{describe(cls)}.{extra.name}: an empty url_path is the standard actions' own."
        )
    return extra.url_path


def _check_class(cls: object) -> type[Controller]:
    if not isinstance(cls, ControllerMeta) or not issubclass(cls, Controller):
        hint = ""
        if isinstance(cls, Controller):
            hint = " Register the class, not an instance."
        elif inspect.isroutine(cls):
            hint = " Functions are served by BoltAPI's decorators."
        elif isinstance(cls, type):
            hint = " Derive it from Controller or BoltViewSet."
        raise ConfigurationError(f"register() takes a controller's class, not {cls!r}.{hint}")
    required = _required_by_init(cls)
    if required:
        raise ConfigurationError(
            f"{describe(cls)}.__init__ is called without arguments for every request; "
            f"give {', '.join(required)} a default."
        )
    return cls


def _required_by_init(cls: type[Controller]) -> list[str]:
    if not cls.__bolt__.initializes:
        return []
    parameters: Iterable[Any] = list(
        inspect.signature(inspect.getattr_static(cls, "__init__")).parameters.values()
    )[1:]
    return [
        parameter.name
        for parameter in parameters
        if parameter.default is parameter.empty
        and parameter.kind not in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}
    ]


def _nothing_to_serve(cls: type[Controller]) -> ConfigurationError:
    kind = "actions" if issubclass(cls, BoltViewSet) else "methods such as get"
    hint = ""
    if not issubclass(cls, BoltViewSet) and any(hasattr(cls, name) for name in STANDARD_ACTIONS):
        hint = " It looks like a viewset: derive it from BoltViewSet."
    elif cls.__bolt__.handlers:
        hint = f" Its http_method_names are {sorted(cls.http_method_names)}."
    return ConfigurationError(f"{describe(cls)} has no {kind} to serve.{hint}")
