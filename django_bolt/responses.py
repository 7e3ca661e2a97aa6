"""Results that carry their own status, headers and media type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import DisallowedRedirect
from django.http import HttpResponseRedirect
from django.http.response import ResponseHeaders
from django.utils.encoding import iri_to_uri

__all__ = ["HTML", "JSON", "BaseResponse", "PlainText", "Redirect", "Response"]

JSON_TYPE = "application/json"
_REDIRECTS = (301, 302, 303, 307, 308)


class BaseResponse:
    """What a handler may return in place of plain data.

    ``response["X-Name"] = "value"`` and ``response.headers`` set headers, any case, as on Django's
    ``HttpResponse``. Raises ``django.http.BadHeaderError`` for a header with a line break, and
    ``ValueError`` for a status that is not from 200 to 599.
    """

    __slots__ = ("content_type", "data", "headers", "status_code")

    #: ``Content-Type`` where nothing else is said.
    media_type: str | None = None

    def __init__(
        self,
        data: Any = None,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        content_type: str | None = None,
    ) -> None:
        if isinstance(status_code, bool) or not 200 <= status_code <= 599:
            raise ValueError(f"A response's status is from 200 to 599, not {status_code!r}.")
        self.data = data
        self.status_code = int(status_code)
        self.headers = ResponseHeaders(headers or {})
        given: str | None = self.headers.get("Content-Type")
        self.headers.pop("Content-Type", None)
        self.content_type: str | None = self.media_type
        if content_type or given:
            self["Content-Type"] = content_type or given or ""

    def __getitem__(self, name: str) -> str:
        value: str = self.headers[name]
        return value

    def __setitem__(self, name: str, value: str) -> None:
        if name.lower() == "content-type":
            # Through the same checks as every other header.
            self.content_type = ResponseHeaders({name: value})[name]
        else:
            self.headers[name] = value

    def __delitem__(self, name: str) -> None:
        self.headers.pop(name, None)

    def __contains__(self, name: str) -> bool:
        return name in self.headers

    def __repr__(self) -> str:
        return f"<{type(self).__name__} status_code={self.status_code}>"

    def has_header(self, name: str) -> bool:
        """Whether a header is set; any case."""
        return name in self.headers


class Response(BaseResponse):
    """Data to be sent as JSON: ``Response(data, status=201)``, as in Django REST framework.

    ``None`` is an empty body. ``data`` stays as it was given, and may still be changed in
    ``finalize_response``.
    """

    __slots__ = ()
    media_type = JSON_TYPE

    def __init__(
        self,
        data: Any = None,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        content_type: str | None = None,
    ) -> None:
        super().__init__(data, 200 if status is None else status, headers, content_type)


class JSON(BaseResponse):
    """Data to be sent as JSON; ``None`` is ``null``."""

    __slots__ = ()
    media_type = JSON_TYPE

    def __init__(
        self, data: Any, status_code: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(data, status_code, headers)


class _Text(BaseResponse):
    """Text as it is, in UTF-8; ``bytes`` pass unchanged."""

    __slots__ = ()

    def __init__(
        self,
        content: str | bytes = "",
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        if not isinstance(content, str | bytes):
            raise TypeError(
                f"{type(self).__name__} takes str or bytes, not {type(content).__name__}."
            )
        super().__init__(content, status_code, headers)


class PlainText(_Text):
    """``text/plain``."""

    __slots__ = ()
    media_type = "text/plain; charset=utf-8"


class HTML(_Text):
    """``text/html``. Nothing is escaped: that is the author's part."""

    __slots__ = ()
    media_type = "text/html; charset=utf-8"


class Redirect(BaseResponse):
    """Sends the client to ``url``, which is encoded as Django does it.

    ``status_code`` is 301, 302, 303, 307 or 308. Raises ``DisallowedRedirect`` (a 400) for a
    scheme that Django's ``HttpResponseRedirect`` refuses, such as ``javascript:``.
    """

    __slots__ = ()

    def __init__(
        self, url: str, status_code: int = 302, headers: Mapping[str, str] | None = None
    ) -> None:
        if status_code not in _REDIRECTS:
            raise ValueError(f"A redirect's status is one of {_REDIRECTS}, not {status_code!r}.")
        location = iri_to_uri(str(url))
        try:
            scheme = urlsplit(str(url)).scheme
        except ValueError as error:
            raise DisallowedRedirect(f"Redirect to a malformed URL: {error}") from error
        if scheme and scheme not in HttpResponseRedirect.allowed_schemes:
            raise DisallowedRedirect(f"Unsafe redirect to URL with protocol {scheme!r}")
        super().__init__(None, status_code, headers)
        self.headers["Location"] = location

    @property
    def url(self) -> str:
        """The encoded target."""
        return self["Location"]
