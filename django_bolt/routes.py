"""Routes: method, path and handler, with every policy that was declared around them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from asgiref.sync import iscoroutinefunction
from msgspec import UNSET

from django_bolt import url_templates
from django_bolt.controllers import Controller
from django_bolt.decorators import HandlerOptions
from django_bolt.exceptions import ConfigurationError
from django_bolt.metadata import Description
from django_bolt.params import Depends


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Method, path and handler, with every policy that was declared around it."""

    #: In upper case.
    method: str
    #: Full template; without a trailing slash, other than ``/`` itself.
    path: str
    #: For ``reverse``; several routes of one path share it.
    name: str | None = None
    #: A plain function; of a controller, the function that takes the instance first.
    function: Callable[..., Any]
    controller: type[Controller] | None = None
    #: Name of a viewset's action.
    action: str | None = None
    #: Nearest declaration of action, class and routers; ``None`` leaves it to the settings.
    authentication_classes: Sequence[Any] | None = None
    permission_classes: Sequence[Any] | None = None
    renderer_classes: Sequence[Any] | None = None
    parser_classes: Sequence[Any] | None = None
    status_code: int = 200
    #: Stands for the return annotation; ``UNSET`` where none is given.
    response_model: Any = UNSET
    #: Whether a ``def`` handler runs on the worker's own thread.
    inline: bool = False
    #: In bytes; ``None`` leaves it to the settings.
    max_body_size: int | None = None
    #: Whether replies get an ``ETag`` of their bytes; ``None`` leaves it to the settings.
    etag: bool | None = None
    #: Most files of one request; ``None`` leaves it to the settings.
    max_files: int | None = None
    #: What every uploaded file may claim to be; empty where that does not matter.
    content_types: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    #: Run for what they do, before the handler's own; outer before inner.
    dependencies: tuple[Depends, ...] = ()
    #: Dotted name of the handler, for people.
    origin: str
    #: Whether ``reverse`` and the schema write the path with a slash at its end.
    trailing_slash: bool = False
    #: Of the OPTIONS that nobody wrote; ``None`` for every other route.
    description: Description | None = None

    @property
    def attributes(self) -> dict[str, Any]:
        """What each new instance of the controller is given: its action and its policies.

        The hooks of a controller read the policies there, so that those of an action and of the
        routers hold for objects as they do for requests.
        """
        if self.controller is None:
            return {}
        return {
            "action": self.action,
            "authentication_classes": self.authentication_classes,
            "permission_classes": self.permission_classes,
            "renderer_classes": self.renderer_classes,
            "parser_classes": self.parser_classes,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What routers hand down to what they hold."""

    prefix: str = ""
    authentication_classes: tuple[Any, ...] | None = None
    permission_classes: tuple[Any, ...] | None = None
    renderer_classes: tuple[Any, ...] | None = None
    parser_classes: tuple[Any, ...] | None = None
    trailing_slash: bool | None = None
    inline: bool | None = None
    tags: tuple[str, ...] = ()
    dependencies: tuple[Depends, ...] = ()

    def within(self, outer: Surroundings) -> Surroundings:
        """Return these surroundings inside ``outer``: the nearest wins.

        Tags and dependencies add up.
        """
        return Surroundings(
            prefix=url_templates.join(outer.prefix, self.prefix),
            authentication_classes=nearest(
                self.authentication_classes, outer.authentication_classes
            ),
            permission_classes=nearest(self.permission_classes, outer.permission_classes),
            renderer_classes=nearest(self.renderer_classes, outer.renderer_classes),
            parser_classes=nearest(self.parser_classes, outer.parser_classes),
            trailing_slash=nearest(self.trailing_slash, outer.trailing_slash),
            inline=nearest(self.inline, outer.inline),
            tags=tuple(dict.fromkeys((*outer.tags, *self.tags))),
            dependencies=(*outer.dependencies, *self.dependencies),
        )


def nearest(inner: Any, outer: Any) -> Any:
    """Return ``inner`` unless it is ``None``, that is: not declared."""
    return outer if inner is None else inner


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One handler as it was registered, before its surroundings are known."""

    method: str
    path: str
    function: Callable[..., Any]
    origin: str
    name: str | None = None
    controller: type[Controller] | None = None
    action: str | None = None
    options: HandlerOptions = field(default_factory=HandlerOptions)
    #: ``None`` leaves it to the routers.
    trailing_slash: bool | None = None
    description: Description | None = None

    def route(self, outer: Surroundings) -> Route:
        """Return the route of this handler in its surroundings."""
        options = self.options
        path = url_templates.join(outer.prefix, self.path)
        url_templates.check(path, self.origin)
        return Route(
            method=self.method,
            path=path,
            name=self.name,
            function=self.function,
            controller=self.controller,
            action=self.action,
            authentication_classes=nearest(
                options.authentication_classes, outer.authentication_classes
            ),
            permission_classes=nearest(options.permission_classes, outer.permission_classes),
            renderer_classes=nearest(options.renderer_classes, outer.renderer_classes),
            parser_classes=nearest(options.parser_classes, outer.parser_classes),
            status_code=nearest(options.status_code, 200),
            response_model=options.response_model,
            inline=self._inline(outer),
            max_body_size=options.max_body_size,
            etag=options.etag,
            max_files=options.max_files,
            content_types=tuple(options.content_types),
            tags=tuple(dict.fromkeys((*outer.tags, *options.tags))),
            dependencies=(*outer.dependencies, *options.dependencies),
            origin=self.origin,
            trailing_slash=bool(nearest(self.trailing_slash, outer.trailing_slash)),
            description=self.description,
        )

    def _inline(self, outer: Surroundings) -> bool:
        if self.description is not None and (outer.dependencies or self.options.dependencies):
            return False  # what describes a path does not block, but dependencies may
        if not iscoroutinefunction(self.function):
            return bool(nearest(self.options.inline, outer.inline))
        if self.options.inline:
            raise ConfigurationError(
                f"{self.origin}: inline is for def; async def runs on the worker thread anyway."
            )
        return False
