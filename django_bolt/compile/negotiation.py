"""What a route's results may be rendered as, and its body written in: checked, and planned."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from asgiref.sync import iscoroutinefunction

from django_bolt.compile import plan, schema
from django_bolt.compile.binding import Binding
from django_bolt.compile.decoding import decoder
from django_bolt.dispatch.parsing import ParsedFaults, plain_decoder, typed_decoder
from django_bolt.dispatch.rendering import Renderers
from django_bolt.exceptions import ConfigurationError
from django_bolt.parsers import (
    BaseParser,
    FormParser,
    JSONParser,
    MessagePackParser,
    MultiPartParser,
    Parsers,
    refuse_extension,
)
from django_bolt.renderers import BaseRenderer
from django_bolt.routing import Route
from django_bolt.settings import bolt_settings

#: RFC 9110 section 8.3.1, with the tokens of section 5.6.2, to which a wildcard belongs.
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_MEDIA_TYPE = re.compile(rf"{_WORD}/{_WORD}(\s*;\s*{_WORD}=({_WORD}|\"[^\"]*\"))*")


def renderers(
    route: Route, parameters: Sequence[plan.Parameter], *, renders_itself: bool
) -> tuple[list[plan.Renderer], Renderers | None]:
    """Return a route's renderers for the plan and for Python; nothing where nobody declared them.

    ``renders_itself`` says that every result has a media type of its own, such as ``-> HTML``: of
    these nothing is negotiated. Raises
    :class:`~django_bolt.exceptions.ConfigurationError`, which names the handler.
    """
    if renders_itself:
        return [], None
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
    if iscoroutinefunction(renderer.render):
        raise ConfigurationError(
            f"{handler}: {_name(item)}.render is async: a renderer is called where the result is "
            "made, and answers at once."
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a route's body is read."""

    body: plan.Body | None
    parsers: Parsers | None = None
    #: As in ``dispatch.handler.Handler``.
    decoders: tuple[Any, ...] = ()


def parsers(route: Route, bound: Binding) -> Reading:
    """Return how a route's body is read; as JSON, or a form, where nobody declared parsers.

    Raises :class:`~django_bolt.exceptions.ConfigurationError`, which names the handler.
    """
    listed = route.parser_classes
    if listed is None:
        listed = bolt_settings().default_parser_classes
        if not listed:
            return Reading(body=bound.body)
    if not listed:
        raise ConfigurationError(
            f"{route.origin}: parser_classes is empty, so that no body could be read."
        )
    for item in listed:
        _check_parser(item, route.origin)
    if bound.body is None:
        return Reading(body=None, parsers=Parsers(listed))
    # The fields of a form are declared one by one, or in a Struct under Form.
    kinds: list[tuple[type[BaseParser], Any]] = [
        (item if isinstance(item, type) else type(item), item) for item in listed
    ]
    whole = [(kind, item) for kind, item in kinds if not issubclass(kind, _FORMS)]
    if not whole:
        raise ConfigurationError(
            f"{route.origin}: `{bound.body.name}` is the whole body, and its parsers read forms "
            "alone. Declare it as Annotated[..., Form()], or list another parser."
        )
    return Reading(
        body=msgspec.structs.replace(
            bound.body, media_types=[str(item.media_type) for _, item in whole]
        ),
        parsers=Parsers(listed),
        decoders=tuple(_decoder(kind, item, bound, bound.body) for kind, item in whole),
    )


_FORMS = (FormParser, MultiPartParser)


def _decoder(
    kind: type[BaseParser], item: Any, bound: Binding, body: plan.Body
) -> tuple[Any, Any, bool]:
    """Return what decodes a declared body, what lists its faults, and whether it is text."""
    if kind.parse is JSONParser.parse:
        return bound.decode, bound.faults, True
    annotation = bound.body_type
    plain = plain_decoder(item)
    typed = typed_decoder(plain, annotation)
    notation = kind.__name__.removesuffix("Parser")
    if kind.parse is MessagePackParser.parse:
        typed = msgspec.msgpack.Decoder(annotation, ext_hook=refuse_extension).decode
    typed = decoder(annotation, schema.type_info(annotation), typed)
    faults = ParsedFaults(
        annotation,
        name=body.name,
        required=body.required,
        notation=notation,
        decode=typed,
        plain=plain,
    )
    return typed, faults, False


def _check_parser(item: Any, handler: str) -> None:
    try:
        parser = item() if isinstance(item, type) and issubclass(item, BaseParser) else item
    except TypeError as error:
        raise ConfigurationError(
            f"{handler}: {_name(item)} needs arguments: list an instance of it. ({error})"
        ) from error
    if not isinstance(parser, BaseParser):
        raise ConfigurationError(
            f"{handler}: {item!r} is not a parser. Parsers derive from "
            "django_bolt.parsers.BaseParser."
        )
    media_type: str | None = parser.media_type
    if media_type is None or not _MEDIA_TYPE.fullmatch(media_type) or ";" in media_type:
        raise ConfigurationError(
            f"{handler}: {_name(item)}.media_type must be a media type without parameters, not "
            f"{media_type!r}."
        )
