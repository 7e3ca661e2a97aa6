"""Finding the routes of a project, and their URLs by name."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.signals import setting_changed
from django.urls import NoReverseMatch, get_script_prefix
from django.urls import reverse as django_reverse

from django_bolt import url_templates
from django_bolt.exceptions import ConfigurationError
from django_bolt.routing import Route, Router, check_duplicates, described_once
from django_bolt.settings import django_settings
from django_bolt.spelling import suggestion

if TYPE_CHECKING:
    from django_bolt.request import Request

#: Module to the attribute that holds its router.
SOURCES: Mapping[str, str] = {"bolt_routes": "router", "api": "api"}
#: Settings on which the found routes depend.
_SETTINGS = frozenset({"ROOT_URLCONF", "INSTALLED_APPS"})


def discover() -> list[Route]:
    """Return the routes of the project: of the package of ``ROOT_URLCONF`` and of every app.

    ``bolt_routes.py`` gives its attribute ``router``, ``api.py`` its ``api``; a router that
    another one includes is not mounted by itself. The modules are read once; see :func:`reset`.
    Raises ``ConfigurationError`` for a module without its router and for two routes that match the
    same requests; an error inside a module comes out as it is.
    """
    return list(_discovered())


def reset() -> None:
    """Forget what was found; needed only where routers change after the first look (in tests).

    Overriding ``ROOT_URLCONF`` or ``INSTALLED_APPS`` in a test does it.
    """
    _discovered.cache_clear()
    _by_name.cache_clear()


def reverse(
    name: str,
    args: Sequence[Any] | None = None,
    kwargs: Mapping[str, Any] | None = None,
    request: Request | None = None,
) -> str:
    """Return the URL of a route by its name, absolute where a request is given.

    Names of Django's own URLconf are found too. Of several routes with the name, the last whose
    parameters are those given counts, as in Django. Raises ``NoReverseMatch``.
    """
    if args and kwargs:
        raise ValueError("reverse() takes args or kwargs, not both.")
    path = _reverse(name, tuple(args or ()), dict(kwargs or {}))
    return path if request is None else request.build_absolute_uri(path)


def _reverse(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    named = _by_name().get(name, ())
    reasons = []
    for route in reversed(named):
        try:
            return _url(route, args, kwargs)
        except ValueError as error:
            reasons.append(f"{route.path}: {error}")
    try:
        return django_reverse(name, args=args or None, kwargs=kwargs or None)
    except NoReverseMatch as error:
        if reasons:
            raise NoReverseMatch(
                f"No URL for {name!r} with these values. {'; '.join(reasons)}."
            ) from error
        raise NoReverseMatch(f"{error}{suggestion(name, _by_name())}") from error


def _url(route: Route, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """Return the URL of a route; raise ``ValueError`` where the values are not its parameters."""
    names = url_templates.parameters(route.path)
    given = kwargs
    if args:
        if len(args) != len(names):
            raise ValueError(f"takes {len(names)} values, not {len(args)}")
        given = dict(zip(names, args, strict=True))
    if given.keys() != set(names):
        raise ValueError(f"takes {names or 'no values'}, not {sorted(given)}")
    path = url_templates.fill(route.path, given)
    if route.trailing_slash and path != "/":
        path += "/"
    return get_script_prefix() + path.removeprefix("/")


@lru_cache(maxsize=1)
def _by_name() -> Mapping[str, tuple[Route, ...]]:
    """Return the distinct paths of every name; the methods of one path count once."""
    found: dict[str, dict[str, Route]] = {}
    for route in _discovered():
        if route.name is not None:
            found.setdefault(route.name, {}).setdefault(route.path, route)
    return MappingProxyType({name: tuple(paths.values()) for name, paths in found.items()})


@lru_cache(maxsize=1)
def _discovered() -> tuple[Route, ...]:
    found = (route for router in _mounted(_routers()) for route in router.routes())
    routes = tuple(described_once(found))
    check_duplicates(routes)
    return routes


def _mounted(routers: Iterable[Router]) -> list[Router]:
    """Return the routers that no other one includes, each once."""
    found = list({id(router): router for router in routers}.values())
    included = {id(inner) for router in found for inner in router.descendants()}
    return [router for router in found if id(router) not in included]


def _routers() -> Iterator[Router]:
    for name in dict.fromkeys(_module_names()):
        router = _router_of(importlib.import_module(name))
        if router is not None:
            yield router


def _module_names() -> Iterator[str]:
    """Yield the modules that may hold routes and exist."""
    urlconf = django_settings().root_urlconf
    package = urlconf.rpartition(".")[0]
    if package:
        yield from _existing(package)
    else:
        yield from _beside(urlconf)
    for config in apps.get_app_configs():
        yield from _existing(config.name)


def _existing(package: str) -> Iterator[str]:
    # find_spec tells a module that is missing from one that cannot be imported.
    if not hasattr(importlib.import_module(package), "__path__"):
        return
    for module in SOURCES:
        name = f"{package}.{module}"
        if find_spec(name) is not None:
            yield name


def _beside(urlconf: str) -> Iterator[str]:
    """Yield the modules beside a URLconf outside any package; others of the name are not ours."""
    spec = find_spec(urlconf)
    if spec is None or spec.origin is None:
        return
    for module in SOURCES:
        other = find_spec(module)
        if other is None or other.origin is None:
            continue
        if Path(other.origin).parent == Path(spec.origin).parent:
            yield module


def _router_of(module: ModuleType) -> Router | None:
    """Return the router of a module; ``None`` for an ``api.py`` that is not about this framework.

    Many packages have one (``django.contrib.messages.api``), so that only a router under another
    name there is a mistake.
    """
    source = module.__name__.rpartition(".")[2]
    attribute = SOURCES[source]
    router = getattr(module, attribute, None)
    if isinstance(router, Router):
        return router
    others = [name for name, value in vars(module).items() if isinstance(value, Router)]
    if source == "api" and not others:
        return None
    meant = f" It has {', '.join(map(repr, others))}: rename it." if others else ""
    problem = f"{attribute!r} is {router!r}" if hasattr(module, attribute) else f"no {attribute!r}"
    raise ConfigurationError(
        f"{module.__name__} ({module.__file__}) must have a Router named {attribute!r}; "
        f"there is {problem}.{meant}"
    )


def _forget(*, setting: str, **_: object) -> None:
    if setting in _SETTINGS:
        reset()


setting_changed.connect(_forget, dispatch_uid="django_bolt.discovery")
