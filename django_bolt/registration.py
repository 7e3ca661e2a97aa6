"""What a registered class answers: the entries of a controller's and of a viewset's paths."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django_bolt import metadata, url_templates
from django_bolt.controllers import Controller
from django_bolt.decorators import HandlerOptions, describe, options_of
from django_bolt.exceptions import ConfigurationError
from django_bolt.introspection import ControllerMeta, HandlerFunction
from django_bolt.routes import Entry, nearest
from django_bolt.viewsets import BoltViewSet, ExtraAction
from django_bolt.vocabulary import COLLECTION_ACTIONS, OBJECT_ACTIONS


def default_basename(cls: type[Controller]) -> str:
    """Return the name of a class's routes where none is given: ``AirportViewSet``, ``airport``."""
    return "-".join(word.lower() for word in metadata.words(cls)) or cls.__name__.lower()


def entries(path: str, cls: object, basename: str) -> list[Entry]:
    """Return every handler of a class below ``path``, with its metadata.

    Raises ``ConfigurationError`` for what is not a controller, and for one that answers nothing.
    """
    controller = _check_class(cls)
    if issubclass(controller, BoltViewSet):
        endpoints = list(_viewset(path, controller, basename))
    else:
        handlers = controller.__bolt__.handlers
        endpoints = [_Endpoint(path, basename, {name: name for name in handlers}, "")]
    found = list(_entries(controller, endpoints))
    if not found:
        raise _nothing_to_serve(controller)
    return found


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """One path of a class."""

    path: str
    name: str
    #: Lower-case method to handler.
    methods: Mapping[str, str]
    #: What follows the class's name in its metadata.
    suffix: str
    #: The ``@action`` whose policies hold for everything that is mapped to its path.
    parent: str | None = None


def _viewset(path: str, cls: type[BoltViewSet], basename: str) -> Iterator[_Endpoint]:
    lookup = cls.lookup_url_kwarg or cls.lookup_field
    detail = url_templates.join(path, f"{{{lookup}}}")
    yield _Endpoint(path, f"{basename}-list", COLLECTION_ACTIONS, "List")
    yield _Endpoint(detail, f"{basename}-detail", OBJECT_ACTIONS, "Instance")
    for extra in cls.get_extra_actions():
        yield _Endpoint(
            url_templates.join(detail if extra.detail else path, _extra_path(cls, extra)),
            f"{basename}-{extra.url_name}",
            extra.methods,
            extra.name.replace("_", " ").title(),
            extra.name,
        )


def _entries(cls: type[Controller], endpoints: list[_Endpoint]) -> Iterator[Entry]:
    """Yield the handlers of every path and, unless one of them does, what describes the path."""
    allowed: dict[str, set[str]] = {}
    for endpoint in endpoints:
        allowed.setdefault(endpoint.path, set()).update(_served(cls, endpoint))
    described: set[str] = set()
    for endpoint in endpoints:
        served = _served(cls, endpoint)
        for method, handler in served.items():
            yield _handler(cls, endpoint, method, handler)
        # Actions may share a path, which is described once.
        methods = allowed[endpoint.path]
        if served and endpoint.path not in described and "options" not in methods:
            described.add(endpoint.path)
            if "options" in cls.http_method_names:
                yield _metadata(cls, endpoint, methods)


def _served(cls: type[Controller], endpoint: _Endpoint) -> dict[str, str]:
    return {
        method: handler
        for method, handler in endpoint.methods.items()
        if method in cls.http_method_names and handler in cls.__bolt__.handlers
    }


def _handler(cls: type[Controller], endpoint: _Endpoint, method: str, handler: str) -> Entry:
    function = cls.__bolt__.handlers[handler]
    return Entry(
        method=method.upper(),
        path=endpoint.path,
        function=function,
        origin=f"{describe(cls)}.{handler}",
        name=endpoint.name,
        controller=cls,
        action=handler if issubclass(cls, BoltViewSet) else None,
        options=_options(cls, function, endpoint.parent),
    )


def _metadata(cls: type[Controller], endpoint: _Endpoint, methods: set[str]) -> Entry:
    description = metadata.Description(cls, endpoint.suffix, frozenset(methods))
    return Entry(
        method="OPTIONS",
        path=endpoint.path,
        function=description.handler(),
        description=description,
        origin=f"{describe(cls)}.options",
        name=endpoint.name,
        controller=cls,
        action="metadata" if issubclass(cls, BoltViewSet) else None,
        # It does not block, but overridden hooks around it may.
        options=replace(_class_options(cls), inline=not cls.__bolt__.hooked),
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
        renderer_classes=nearest(inner.renderer_classes, outer.renderer_classes),
        parser_classes=nearest(inner.parser_classes, outer.parser_classes),
        etag=nearest(inner.etag, outer.etag),
        tags=tuple(dict.fromkeys((*outer.tags, *inner.tags))),
        dependencies=(*outer.dependencies, *inner.dependencies),
    )


def _class_options(cls: type[Controller]) -> HandlerOptions:
    return HandlerOptions(
        owner=describe(cls),
        authentication_classes=cls.authentication_classes,
        permission_classes=cls.permission_classes,
        renderer_classes=cls.renderer_classes,
        parser_classes=cls.parser_classes,
        etag=cls.etag,
        tags=tuple(cls.tags),
        dependencies=tuple(cls.dependencies),
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
    if cls.__bolt__.handlers:
        hint = f" Its http_method_names are {sorted(cls.http_method_names)}."
    return ConfigurationError(f"{describe(cls)} has no {kind} to serve.{hint}")
