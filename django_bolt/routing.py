"""Routers: collections of routes with a prefix, and with policies that hold for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, overload

from django_bolt import url_templates
from django_bolt.controllers import Controller
from django_bolt.decorators import check_policy, check_tags, describe
from django_bolt.exceptions import ConfigurationError
from django_bolt.params import Depends, check_dependencies
from django_bolt.registration import default_basename, entries
from django_bolt.routes import Entry, Route, Surroundings

__all__ = ["Route", "Router", "check_duplicates", "described_once"]


class Router:
    """A collection of routes.

    ``authentication_classes``, ``permission_classes`` and ``renderer_classes`` hold for everything
    in it that declares none of its own, included routers too: the nearest declaration wins.
    ``tags`` add up, and so do ``dependencies``, which run before the handlers', those of the outer
    router first. ``trailing_slash`` makes the slash canonical in ``reverse`` and in the schema (a
    path answers with and without it). ``inline`` runs ``def`` handlers on the worker's own thread,
    for those that do not block. ``None`` leaves each of them to the router around this one.
    """

    def __init__(
        self,
        prefix: str = "",
        *,
        authentication_classes: Sequence[Any] | None = None,
        permission_classes: Sequence[Any] | None = None,
        renderer_classes: Sequence[Any] | None = None,
        parser_classes: Sequence[Any] | None = None,
        trailing_slash: bool | None = None,
        inline: bool | None = None,
        tags: Sequence[str] = (),
        dependencies: Sequence[Depends] = (),
    ) -> None:
        owner = f"{type(self).__name__}({prefix!r})"
        self._owner = owner
        self._surroundings = Surroundings(
            prefix=_check_prefix(prefix, owner),
            authentication_classes=_policy("authentication_classes", authentication_classes, owner),
            permission_classes=_policy("permission_classes", permission_classes, owner),
            renderer_classes=_policy("renderer_classes", renderer_classes, owner),
            parser_classes=_policy("parser_classes", parser_classes, owner),
            trailing_slash=_switch("trailing_slash", trailing_slash, owner),
            inline=_switch("inline", inline, owner),
            tags=check_tags(tags, owner),
            dependencies=check_dependencies(dependencies, owner),
        )
        self._items: list[Entry | tuple[str, Router]] = []
        self._basenames: dict[str, type[Controller]] = {}

    def __repr__(self) -> str:
        return self._owner

    @property
    def prefix(self) -> str:
        """The path that everything in this router is below, as it was given."""
        return self._surroundings.prefix

    @property
    def routers(self) -> list[Router]:
        """The routers that this one includes itself, in their order."""
        return [item[1] for item in self._items if isinstance(item, tuple)]

    def register(self, prefix: str, cls: type[Controller], basename: str | None = None) -> None:
        """Serve a class below ``prefix``.

        A controller's methods answer at that path, under the name ``basename``; a viewset gets
        Django REST framework's URLs and names (``basename-list``, ``basename-detail``,
        ``basename-<url_name>``). ``basename`` is by default the class's name in lower case, words
        joined by hyphens, without ``Controller``, ``ViewSet`` or ``View``. Raises
        ``ConfigurationError`` where the class cannot be served, or the name is taken in here.
        """
        path = _check_prefix(prefix, f"{self._owner}.register")
        given: object = basename
        if given is not None and (not isinstance(given, str) or not given):
            raise ConfigurationError(
                f"{self._owner}.register: basename must be a name, not {given!r}."
            )
        name = basename
        if name is None and isinstance(cls, type):
            name = default_basename(cls)
        added = entries(path, cls, name or "")
        if name in self._basenames:
            raise ConfigurationError(
                f"{self._owner}: the basename {name!r} of {describe(cls)} is already that of "
                f"{describe(self._basenames[name])}. Give one of them another basename."
            )
        for entry in added:
            url_templates.check(url_templates.join(entry.path), entry.origin)
        self._basenames[name or ""] = cls
        self._items.extend(added)

    @overload
    def include(self, prefix: Router, /) -> None: ...
    @overload
    def include(self, prefix: str, router: Router, /) -> None: ...
    def include(self, prefix: str | Router, router: Router | None = None, /) -> None:
        """Put another router into this one: ``include(router)`` or ``include(prefix, router)``.

        What is set on this router holds for the other, unless that sets its own. A router may be
        included under several prefixes. Raises ``ConfigurationError`` for a cycle.
        """
        owner = f"{self._owner}.include"
        given: object = prefix if router is None else router
        if not isinstance(given, Router):
            is_class = isinstance(given, type)
            hint = " Classes are registered: register(prefix, cls)." if is_class else ""
            raise ConfigurationError(f"{owner} takes a Router, not {given!r}.{hint}")
        if given is self or self in given.descendants():
            raise ConfigurationError(f"{owner}: {given!r} would include itself.")
        path = "" if router is None else _check_prefix(prefix, owner)
        self._items.append((path, given))

    def descendants(self) -> Iterator[Router]:
        """Yield every router that is included in this one, at any depth."""
        for router in self.routers:
            yield router
            yield from router.descendants()

    def routes(self) -> list[Route]:
        """Return everything in this router with its prefix and inherited policies, in order.

        Raises ``ConfigurationError`` for a path that cannot be matched.
        """
        return list(self.routes_within(Surroundings()))

    def routes_within(self, outer: Surroundings) -> Iterator[Route]:
        """Yield what :meth:`routes` returns, for a router that has another one around it."""
        here = self._surroundings.within(outer)
        for item in self._items:
            if isinstance(item, Entry):
                yield item.route(here)
            else:
                prefix, router = item
                yield from router.routes_within(Surroundings(prefix=prefix).within(here))

    def _add(self, entry: Entry) -> None:
        self._items.append(entry)


def described_once(routes: Iterable[Route]) -> list[Route]:
    """Return the routes with one answer to OPTIONS for each path.

    Several classes and functions may answer different methods of one path, and each class brings a
    description. An OPTIONS that somebody wrote stands in the place of all of them; otherwise the
    first stays, under its own policies, and allows the methods of the whole path.
    """
    found = list(routes)
    paths: dict[str, list[Route]] = {}
    for route in found:
        paths.setdefault(url_templates.shape(route.path), []).append(route)
    described: list[Route] = []
    for route in found:
        if route.description is None:
            described.append(route)
            continue
        same = paths[url_templates.shape(route.path)]
        answers = [other for other in same if other.method == route.method]
        if route is answers[0] and all(other.description is not None for other in answers):
            described.append(_allowing(route, same))
    return described


def _allowing(route: Route, others: Iterable[Route]) -> Route:
    """Return a route that describes a path, for all that answer there."""
    methods = {other.method.lower() for other in others} - {"options"}
    if route.description is None or methods == route.description.methods:
        return route
    description = replace(route.description, methods=frozenset(methods))
    return replace(route, description=description, function=description.handler())


def check_duplicates(routes: Iterable[Route]) -> None:
    """Refuse two routes that match the same method and paths, naming both.

    Paths are the same where only their parameters' names differ. Raises ``ConfigurationError``.
    """
    seen: dict[tuple[str, str], Route] = {}
    for route in routes:
        other = seen.setdefault((route.method, url_templates.shape(route.path)), route)
        if other is not route:
            paths = route.path if route.path == other.path else f"{other.path} and {route.path}"
            raise ConfigurationError(
                f"{route.method} {paths} is declared twice: by {other.origin} and by "
                f"{route.origin}."
            )


def _check_prefix(prefix: object, owner: str) -> str:
    if not isinstance(prefix, str):
        raise ConfigurationError(f"{owner}: the prefix must be a str, not {prefix!r}.")
    if "//" in prefix:
        raise ConfigurationError(f"{owner}: {prefix!r} has an empty segment.")
    return prefix


def _policy(name: str, classes: Sequence[Any] | None, owner: str) -> tuple[Any, ...] | None:
    return None if classes is None else check_policy(name, classes, owner)


def _switch(name: str, value: object, owner: str) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise ConfigurationError(f"{owner}: {name} must be a bool, not {value!r}.")
    return value
