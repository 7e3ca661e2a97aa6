"""Results that carry their own status, headers, cookies and media type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.core.exceptions import DisallowedRedirect
from django.http import HttpResponseRedirect
from django.http.response import ResponseHeaders
from django.utils.encoding import iri_to_uri

from django_bolt.cookies import CookieJar

if TYPE_CHECKING:
    from django_bolt.file_responses import File, FileResponse
    from django_bolt.streaming import EventStream, ServerSentEvent, StreamingResponse

__all__ = [
    "HTML",
    "JSON",
    "BaseResponse",
    "EventStream",
    "File",
    "FileResponse",
    "PlainText",
    "Redirect",
    "Response",
    "ServerSentEvent",
    "StreamingResponse",
    "Template",
    "render",
]

JSON_TYPE = "application/json"
_CONTENT_TYPE = "content-type"
_REDIRECTS = (301, 302, 303, 307, 308)


class BaseResponse(CookieJar):
    """What a handler may return in place of plain data.

    ``response["X-Name"] = "value"`` and ``response.headers`` set headers, any case, as on Django's
    ``HttpResponse``; ``set_cookie`` and its relatives set cookies. Raises
    ``django.http.BadHeaderError`` for a header with a line break, and ``ValueError`` for a status
    that is not from 200 to 599.
    """

    # Rust reads these slots; see ``rust/bridge/src/plain.rs``.
    __slots__ = ("_headers", "content_type", "data", "status_code")

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
        self._cookies = None
        self._headers: ResponseHeaders | None = None
        self.content_type: str | None = self.media_type
        if headers:
            self._headers = ResponseHeaders(headers)
            given = self._headers.get("Content-Type")
            self._headers.pop("Content-Type")
            content_type = content_type or given
        if content_type:
            self["Content-Type"] = content_type

    @property
    def headers(self) -> ResponseHeaders:
        """Every header but ``Content-Type``; one that is set here takes its place."""
        if self._headers is None:
            self._headers = ResponseHeaders({})
        return self._headers

    def __getitem__(self, name: str) -> str:
        if name not in self.headers and name.lower() == _CONTENT_TYPE and self.content_type:
            return self.content_type
        value: str = self.headers[name]
        return value

    def __setitem__(self, name: str, value: str) -> None:
        if name.lower() == _CONTENT_TYPE:
            # Through the same checks as every other header.
            self.content_type = ResponseHeaders({name: value})[name]
        else:
            self.headers[name] = value

    def __delitem__(self, name: str) -> None:
        if name.lower() == _CONTENT_TYPE:
            self.content_type = None
        self.headers.pop(name, None)

    def __contains__(self, name: str) -> bool:
        return name in self.headers or (name.lower() == _CONTENT_TYPE and bool(self.content_type))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} status_code={self.status_code}>"

    def has_header(self, name: str) -> bool:
        """Whether a header is set; any case."""
        return name in self


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

    __slots__ = ("_location",)

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
        self._location = location
        if headers:
            self.headers["Location"] = location

    @property
    def headers(self) -> ResponseHeaders:
        """Every header, ``Location`` among them."""
        if self._headers is None:
            self._headers = ResponseHeaders({"Location": self._location})
        return self._headers

    @property
    def url(self) -> str:
        """The encoded target."""
        return self["Location"]


class Template(BaseResponse):
    """A page, rendered by Django's template engines once the handler has returned it.

    It is rendered where blocking is allowed, on the thread that the request leases, so that a
    template may read from the database in ``async def`` too. ``template_name`` is one name, or
    several of which the first that exists is taken. ``context_data`` may be changed until then.
    With ``request``, the engine's context processors run, and a page with ``{% csrf_token %}`` sets
    Django's CSRF cookie; without it neither happens, as in Django's ``render_to_string``.
    """

    __slots__ = ("request", "template_name", "using")
    media_type = "text/html; charset=utf-8"

    def __init__(
        self,
        template_name: str | Sequence[str],
        context: Mapping[str, Any] | None = None,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        content_type: str | None = None,
        using: str | None = None,
        request: Any = None,
    ) -> None:
        super().__init__(
            None if context is None else dict(context), status_code, headers, content_type
        )
        self.template_name = template_name
        self.using = using
        self.request = request

    @property
    def context_data(self) -> dict[str, Any] | None:
        """The variables that the page is rendered with."""
        data: dict[str, Any] | None = self.data
        return data

    @context_data.setter
    def context_data(self, context: dict[str, Any] | None) -> None:
        self.data = context


def render(
    request: Any,
    template_name: str | Sequence[str],
    context: Mapping[str, Any] | None = None,
    content_type: str | None = None,
    status: int | None = None,
    using: str | None = None,
) -> Template:
    """Return the page for a request, with the arguments of ``django.shortcuts.render``.

    Other than Django's, it is rendered when the handler has returned it; see :class:`Template`.
    """
    return Template(
        template_name,
        context,
        status_code=200 if status is None else status,
        content_type=content_type,
        using=using,
        request=request,
    )


#: Those that are built on the classes above, and imported at their first use.
_ELSEWHERE = {
    "EventStream": "streaming",
    "File": "file_responses",
    "FileResponse": "file_responses",
    "ServerSentEvent": "streaming",
    "StreamingResponse": "streaming",
}


def __getattr__(name: str) -> Any:
    module = _ELSEWHERE.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"django_bolt.{module}"), name)
