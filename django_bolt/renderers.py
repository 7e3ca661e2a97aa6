"""Renderers: what a result may become, by the client's choice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from email.message import Message
from typing import Any

import msgspec
from django.core.exceptions import ImproperlyConfigured

from django_bolt.encodable import to_encodable

try:
    import yaml
except ImportError:
    yaml = None  # type: ignore[assignment]

__all__ = ["BaseRenderer", "JSONRenderer", "MessagePackRenderer", "YAMLRenderer"]

_encode_json: Callable[[Any], bytes] = msgspec.json.Encoder(enc_hook=to_encodable).encode
_encode_msgpack: Callable[[Any], bytes] = msgspec.msgpack.Encoder(enc_hook=to_encodable).encode
_MOST_INDENT = 8
#: What Django REST framework's JSON renderer reads from its class, and this one does not.
_JSON_OPTIONS = ("compact", "encoder_class", "ensure_ascii", "strict")


class BaseRenderer:
    """Base of renderers, with Django REST framework's attributes and arguments.

    A subclass sets ``media_type`` (without wildcards) and defines :meth:`render`. ``format`` is its
    name for ``?format=``. Text is encoded as ``charset``, which ``Content-Type`` then names;
    ``None`` is for renderers that give bytes. Every request gets an instance of its own, except
    where an instance is listed.
    """

    media_type: str | None = None
    format: str | None = None
    charset: str | None = "utf-8"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return ``data`` as ``bytes`` or ``str``.

        ``data`` are built-in types: what a JSON parser would give, apart from ``bytes``.
        ``accepted_media_type`` is the media type with the client's parameters.
        ``renderer_context`` holds ``view``, ``args``, ``kwargs``, ``request`` and ``response``,
        whose status and headers may still be looked at and changed; of errors that come before the
        handler, the first four are ``None`` or empty.
        """
        raise NotImplementedError(f"{type(self).__name__} defines no render().")


class JSONRenderer(BaseRenderer):
    """JSON, RFC 8259. ``Accept: application/json; indent=4`` asks for lines, at most 8 deep."""

    media_type = "application/json"
    format = "json"
    charset = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in _JSON_OPTIONS:
            if name in vars(cls):
                raise ImproperlyConfigured(
                    f"{cls.__qualname__}: {name!r} of Django REST framework's JSONRenderer is not "
                    "supported here, and would have no effect. Override render()."
                )

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Return ``data`` as JSON."""
        encoded = _encode_json(data)
        indent = self.get_indent(accepted_media_type or "", renderer_context or {})
        return msgspec.json.format(encoded, indent=indent) if indent else encoded

    def get_indent(
        self, accepted_media_type: str, renderer_context: Mapping[str, Any]
    ) -> int | None:
        """Return the spaces of one level; ``None`` is one line."""
        asked = _parameter(accepted_media_type, "indent") if accepted_media_type else None
        if asked is not None and asked.isdecimal() and asked.isascii():
            # More digits than two are too much whatever they say.
            return min(int(asked[:3]), _MOST_INDENT) or None
        given: int | None = renderer_context.get("indent")
        return given


class MessagePackRenderer(BaseRenderer):
    """MessagePack; ``bytes`` are binary, and times with an offset its timestamps."""

    media_type = "application/msgpack"
    format = "msgpack"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,  # noqa: ARG002
        renderer_context: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> bytes:
        """Return ``data`` as MessagePack."""
        return _encode_msgpack(data)


class YAMLRenderer(BaseRenderer):
    """YAML, RFC 9512. Needs PyYAML: ``pip install django-bolt[yaml]``."""

    media_type = "application/yaml"
    format = "yaml"
    charset = None

    def __init__(self) -> None:
        if yaml is None:
            raise ImproperlyConfigured(
                f"{type(self).__name__} needs PyYAML: install the extra, django-bolt[yaml]."
            )

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,  # noqa: ARG002
        renderer_context: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> bytes:
        """Return ``data`` as YAML, the members of objects in their order."""
        plain = msgspec.to_builtins(data, enc_hook=to_encodable, str_keys=True)
        dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
        text: bytes = yaml.dump(
            plain,
            Dumper=dumper,
            encoding="utf-8",
            allow_unicode=True,
            default_flow_style=False,
            sort_keys=False,
        )
        return text


def _parameter(media_type: str, name: str) -> str | None:
    """Return a parameter of a media type, unquoted."""
    message = Message()
    message["Content-Type"] = media_type
    value = message.get_param(name)
    return value if isinstance(value, str) else None
