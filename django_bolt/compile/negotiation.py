"""What a route's results may be rendered as: checked, and put into the plan."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django_bolt.compile import plan
from django_bolt.dispatch.rendering import Renderers
from django_bolt.exceptions import ConfigurationError
from django_bolt.renderers import BaseRenderer
from django_bolt.routing import Route
from django_bolt.settings import bolt_settings

#: RFC 9110 section 8.3.1, with the tokens of section 5.6.2, to which a wildcard belongs.
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_MEDIA_TYPE = re.compile(rf"{_WORD}/{_WORD}(\s*;\s*{_WORD}=({_WORD}|\"[^\"]*\"))*")


def renderers(
    route: Route, parameters: Sequence[plan.Parameter]
) -> tuple[list[plan.Renderer], Renderers | None]:
    """Return a route's renderers for the plan and for Python; nothing where nobody declared them.

    Raises :class:`~django_bolt.exceptions.ConfigurationError`, which names the handler.
    """
    listed = route.renderer_classes
    if listed is None:
        listed = bolt_settings().default_renderer_classes
        if not listed:
            return [], None
    if not listed:
        raise ConfigurationError(
            f"{route.origin}: renderer_classes is empty, so that nothing could be answered."
        )
    offers: list[plan.Renderer] = []
    for item in listed:
        offer = _offer(item, route.origin)
        if offer in offers:
            raise ConfigurationError(
                f"{route.origin}: {_name(item)} would never be chosen: a renderer before it has "
                f"the same media type, {offer.media_type}, and format."
            )
        offers.append(offer)
    _check_parameters(parameters, route.origin)
    return offers, Renderers(listed)


def _offer(item: Any, handler: str) -> plan.Renderer:
    try:
        renderer = item() if isinstance(item, type) and issubclass(item, BaseRenderer) else item
    except TypeError as error:
        raise ConfigurationError(
            f"{handler}: {_name(item)} needs arguments: list an instance of it. ({error})"
        ) from error
    if not isinstance(renderer, BaseRenderer):
        raise ConfigurationError(
            f"{handler}: {item!r} is not a renderer. Renderers derive from "
            "django_bolt.renderers.BaseRenderer."
        )
    media_type: str | None = renderer.media_type
    name: object = renderer.format
    if media_type is None or "*" in media_type or not _MEDIA_TYPE.fullmatch(media_type):
        raise ConfigurationError(
            f"{handler}: {_name(item)}.media_type must be a media type without wildcards, not "
            f"{media_type!r}."
        )
    if name is not None and (not isinstance(name, str) or not name):
        raise ConfigurationError(f"{handler}: {_name(item)}.format must be a name, not {name!r}.")
    return plan.Renderer(media_type=media_type, format=name)


def _check_parameters(parameters: Sequence[plan.Parameter], handler: str) -> None:
    name = bolt_settings().url_format_override
    for parameter in parameters:
        if parameter.source == "query" and parameter.alias == name:
            raise ConfigurationError(
                f"{handler}: the query parameter {name!r} chooses the renderer here. Give "
                f"`{parameter.name}` another alias, or set BOLT['URL_FORMAT_OVERRIDE'] to another "
                "name or None."
            )


def _name(item: Any) -> str:
    kind = item if isinstance(item, type) else type(item)
    return kind.__qualname__
