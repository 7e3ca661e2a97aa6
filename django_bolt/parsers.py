"""Parsers: what a request's body may be written in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import IO, Any

import msgspec
from django.core.exceptions import ImproperlyConfigured
from django.http import QueryDict

from django_bolt.exceptions import HTTPException, ParseError, UnsupportedMediaType

try:
    import yaml
except ImportError:
    yaml = None  # type: ignore[assignment]

__all__ = [
    "BaseParser",
    "FormParser",
    "JSONParser",
    "MessagePackParser",
    "MultiPartParser",
    "YAMLParser",
]

#: RFC 8259; RFC 6839, section 3.1, for the suffix.
_JSON = re.compile(r"application/([^/]*\+)?json")
_JSON_TYPE = "application/json"

#: A number that Python could read and not write: it writes 4,300 decimal digits at most.
_LONG_NUMBER = re.compile(r"[-+]?[0-9][0-9a-fA-F_xob:]{1000,}")
#: What PyYAML raises for scalars that are not what their tag says: ``!!int ''``, ``!!bool x``.
_UNWELL = (ValueError, LookupError, AttributeError, TypeError, RecursionError)


class BaseParser:
    """Base of parsers, with Django REST framework's attribute and arguments.

    A subclass sets ``media_type`` (``text/*`` and ``*/*`` are allowed) and defines :meth:`parse`.
    Every body gets an instance of its own, except where an instance is listed.
    """

    media_type: str | None = None

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return what the body says; raise ``ParseError`` where it cannot be read.

        For a declared body, return built-in types, which are converted to the declared one.
        ``media_type`` is the body's, with its parameters; of a declared body, the parser's own.
        ``parser_context`` holds ``request``; for a declared body, it is ``None``.
        """
        raise NotImplementedError(f"{type(self).__name__} defines no parse().")


class JSONParser(BaseParser):
    """JSON, RFC 8259: ``application/json`` and ``application/…+json``."""

    media_type = _JSON_TYPE

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,  # noqa: ARG002
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> Any:
        """Return the JSON value."""
        try:
            return msgspec.json.decode(stream.read())
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ParseError(f"JSON parse error - {error}") from error
        except RecursionError as error:
            raise ParseError("JSON parse error - the body is nested too deeply.") from error


class MessagePackParser(BaseParser):
    """MessagePack."""

    media_type = "application/msgpack"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,  # noqa: ARG002
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> Any:
        """Return the value; timestamps are ``datetime``, binary data ``bytes``."""
        try:
            return msgspec.msgpack.decode(stream.read(), ext_hook=refuse_extension)
        # A key of a map that cannot be one in Python is a TypeError.
        except (msgspec.DecodeError, UnicodeDecodeError, TypeError) as error:
            raise ParseError(f"MessagePack parse error - {error}") from error
        except RecursionError as error:
            raise ParseError("MessagePack parse error - the body is nested too deeply.") from error


def refuse_extension(code: int, _data: memoryview) -> Any:
    """Refuse an extension type of MessagePack, of which nobody knows what it is."""
    raise ParseError(f"MessagePack parse error - the extension type {code} is not known.")


class YAMLParser(BaseParser):
    """YAML without aliases and tags of Python, RFC 9512. Needs the extra ``yaml``."""

    media_type = "application/yaml"
    #: In bytes. A parser of YAML takes seconds for what one of JSON takes milliseconds for.
    max_size = 100_000
    #: Deepest nesting.
    max_depth = 100
    #: Most values, keys and collections: each takes its time, and the event loop waits meanwhile.
    max_nodes = 10_000

    def __init__(self) -> None:
        if yaml is None:
            raise ImproperlyConfigured(
                f"{type(self).__name__} needs PyYAML: install the extra, django-bolt[yaml]."
            )

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,  # noqa: ARG002
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> Any:
        """Return the first and only document."""
        body = stream.read(self.max_size + 1)
        if len(body) > self.max_size:
            raise HTTPException(
                413, f"A body of YAML is at most {self.max_size} bytes.", code="payload_too_large"
            )
        try:
            text = body.decode()
            self._check(text)
            return yaml.load(text, Loader=_loader())
        except (yaml.YAMLError, *_UNWELL) as error:
            raise ParseError(f"YAML parse error - {error}") from error

    def _check(self, text: str) -> None:
        """Refuse, before anything is built, what could grow or nest without bound."""
        depth = nodes = 0
        for event in yaml.parse(text, Loader=_loader()):
            if isinstance(event, yaml.AliasEvent):
                raise ParseError("YAML parse error - aliases are not allowed.")
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            nodes += isinstance(event, yaml.NodeEvent)
            if depth > self.max_depth:
                raise ParseError("YAML parse error - the body is nested too deeply.")
            if nodes > self.max_nodes:
                raise ParseError(f"YAML parse error - more than {self.max_nodes} values.")
            if isinstance(event, yaml.ScalarEvent) and _is_long_number(event):
                raise ParseError("YAML parse error - a number has too many digits.")


def _is_long_number(scalar: Any) -> bool:
    is_text = bool(scalar.style) and scalar.tag is None
    return not is_text and _LONG_NUMBER.fullmatch(scalar.value) is not None


def _loader() -> Any:
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class FormParser(BaseParser):
    """``application/x-www-form-urlencoded``, for ``request.data``."""

    media_type = "application/x-www-form-urlencoded"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,  # noqa: ARG002
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> QueryDict:
        """Return the fields."""
        return QueryDict(stream.read())


class MultiPartParser(BaseParser):
    """``multipart/form-data``, for ``request.data``: the server has read it by then."""

    media_type = "multipart/form-data"

    def parse(
        self,
        stream: IO[bytes],  # noqa: ARG002
        media_type: str | None = None,  # noqa: ARG002
        parser_context: Mapping[str, Any] | None = None,
    ) -> QueryDict:
        """Return fields and files of ``parser_context["request"]``."""
        request = (parser_context or {})["request"]
        fields: QueryDict = request.form_data()
        return fields


class Parsers:
    """The parsers of one route, for ``request.data``."""

    def __init__(self, listed: Sequence[type[BaseParser] | BaseParser]) -> None:
        self.listed = tuple(listed)

    @property
    def multipart(self) -> bool:
        """Whether multipart forms are read."""
        kinds = (item if isinstance(item, type) else type(item) for item in self.listed)
        return any(issubclass(kind, MultiPartParser) for kind in kinds)

    def parse(self, request: Any) -> Any:
        """Return the body of a request; raises ``UnsupportedMediaType`` where none reads it."""
        essence = request.content_type.partition(";")[0].strip().lower()
        for item in self.listed:
            if _accepts(str(item.media_type), essence):
                parser = item() if isinstance(item, type) else item
                stream = BytesIO(request.raw_body)
                return parser.parse(stream, request.content_type, {"request": request})
        raise UnsupportedMediaType(request.content_type)


def _accepts(own: str, essence: str) -> bool:
    """Whether a parser of the type ``own`` takes a body of the type ``essence``."""
    own = own.partition(";")[0].strip().lower()
    if own == _JSON_TYPE:
        return _JSON.fullmatch(essence) is not None
    kind, _, subtype = own.partition("/")
    return own in (essence, "*/*") or (subtype == "*" and essence.startswith(f"{kind}/"))
