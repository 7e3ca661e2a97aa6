"""The request, with the names that Django REST framework's has.

Rust holds the request (:class:`django_bolt._core.Request`); this class builds what a handler asks
for when it is asked for it, and keeps it.
"""

from __future__ import annotations

import re
from datetime import timedelta
from functools import cached_property
from typing import Any

import msgspec
from django.http import HttpRequest, QueryDict, RawPostDataException, parse_cookie
from django.utils.datastructures import CaseInsensitiveMapping, MultiValueDict

from django_bolt import _core
from django_bolt.auth.csrf import Meta
from django_bolt.auth.identity import Identity, PythonIdentity
from django_bolt.auth.session import open_session
from django_bolt.auth.users import User, aload_user, load_user
from django_bolt.exceptions import ParseError, UnsupportedMediaType
from django_bolt.renderers import BaseRenderer, JSONRenderer
from django_bolt.uploads import DjangoUpload, UploadFile

__all__ = ["Request"]

#: RFC 8259; RFC 6839, section 3.1, for the suffix. A declared body takes the same.
_JSON = re.compile(r"application/([^/]*\+)?json")
_MULTIPART = "multipart/form-data"
_URLENCODED = "application/x-www-form-urlencoded"
#: Headers that CGI names without ``HTTP_`` (RFC 3875, section 4.1).
_CGI_NAMES = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
_DEFAULT_PORT = "80"
_RAISE: Any = object()


class Request(_core.Request):
    """One request. Made by the server; a handler gets it by naming a parameter ``request``.

    ``method``, ``path``, ``query_string``, ``route``, ``route_name``, ``path_values``, ``peer`` and
    ``identity`` come from Rust as they are.
    """

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.method} {self.path!r}>"

    @cached_property
    def query_params(self) -> QueryDict:
        """The query string, every value of a repeated name included."""
        return QueryDict(self.query_string.encode())

    @property
    def GET(self) -> QueryDict:  # noqa: N802 (Django's name)
        """The same as :attr:`query_params`."""
        return self.query_params

    @property
    def path_params(self) -> dict[str, Any]:
        """The path's values by name, converted where the handler declares them."""
        return self.path_values

    @property
    def body(self) -> bytes:
        """The body's bytes; ``RawPostDataException`` for a multipart form, which is a stream."""
        if self.form_items() is not None:
            raise RawPostDataException(
                "You cannot access body after reading from request's data stream"
            )
        return self.raw_body

    @cached_property
    def data(self) -> Any:
        """The body, decoded from JSON; of a form its fields and files; ``{}`` where there is none.

        Where ``parser_classes`` are declared, what the one for the body's media type returns.
        ``application/…+json`` is JSON too. Raises ``UnsupportedMediaType`` (415) for another media
        type and ``ParseError`` (400) for malformed JSON.
        """
        media_type = self._media_type
        if not self.raw_body and self.form_items() is None:
            return {}
        if self.parsers is not None:
            return self.parsers.parse(self)
        if media_type == _MULTIPART and self.form_items() is not None:
            return self.form_data()
        if media_type == _URLENCODED:
            return self.POST
        if _JSON.fullmatch(media_type) is None:
            raise UnsupportedMediaType(self.content_type)
        try:
            return msgspec.json.decode(self.raw_body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ParseError(f"JSON parse error - {error}") from error
        except RecursionError as error:
            raise ParseError("JSON parse error - the body is nested too deeply.") from error

    def form_data(self) -> QueryDict:
        """Return fields and files of a form as one."""
        whole = self.POST.copy()
        for name, files in self.FILES.lists():
            whole.setlist(name, [*whole.getlist(name), *files])  # type: ignore[list-item]
        return whole

    @property
    def _media_type(self) -> str:
        return self.content_type.partition(";")[0].strip().lower()

    @cached_property
    def _form(self) -> tuple[QueryDict, MultiValueDict[str, DjangoUpload]]:
        """Fields and files of a form; empty for other bodies."""
        files: MultiValueDict[str, DjangoUpload] = MultiValueDict()
        items = self.form_items()
        if items is None:
            return QueryDict(self.raw_body if self._media_type == _URLENCODED else b""), files
        fields = QueryDict(mutable=True)
        for name, value in items:
            if isinstance(value, bytes):
                fields.appendlist(name, _text(name, value))
            else:
                files.appendlist(name, UploadFile(value).as_django())
        fields._mutable = False  # noqa: SLF001 (as Django itself ends a form)
        return fields, files

    @property
    def POST(self) -> QueryDict:  # noqa: N802 (Django's name)
        """The fields of a form, every value of a repeated name included; empty for other bodies.

        Of any method. Raises ``TooManyFieldsSent`` (400) beyond ``DATA_UPLOAD_MAX_NUMBER_FIELDS``,
        and ``ParseError`` (400) for text that is not UTF-8.
        """
        return self._form[0]

    @property
    def FILES(self) -> MultiValueDict[str, DjangoUpload]:  # noqa: N802 (Django's name)
        """The files of a multipart form, as Django's ``UploadedFile``."""
        return self._form[1]

    @cached_property
    def headers(self) -> CaseInsensitiveMapping[str]:
        """Header values by name, any case; repeated ones are joined as RFC 9110 §5.3 says."""
        joined: dict[str, str] = {}
        for name, value in self.header_items():
            separator = "; " if name == "cookie" else ","
            joined[name] = f"{joined[name]}{separator}{value}" if name in joined else value
        return CaseInsensitiveMapping({name.title(): value for name, value in joined.items()})

    @property
    def content_type(self) -> str:
        """``Content-Type`` as it was sent; empty where it was not."""
        return self.header("content-type") or ""

    @property
    def last_event_id(self) -> str | None:
        """The id of the last event that the client has seen (WHATWG HTML, section 9.2.3)."""
        return self.header("last-event-id") or None

    @cached_property
    def accepted_renderer(self) -> BaseRenderer:
        """The renderer that the result goes through; for JSON where none is declared."""
        if self.renderers is None or self.chosen_renderer is None:
            return JSONRenderer()
        renderer: BaseRenderer = self.renderers.instance(self.chosen_renderer[0])
        return renderer

    @property
    def accepted_media_type(self) -> str:
        """Its media type, with the parameters that the client asked for: ``…; indent=4``."""
        accepted = None if self.chosen_renderer is None else self.chosen_renderer[1]
        return accepted or str(self.accepted_renderer.media_type)

    @cached_property
    def COOKIES(self) -> dict[str, str]:  # noqa: N802 (Django's name)
        """Cookie values by name."""
        return parse_cookie(self.headers.get("cookie", ""))

    def get_signed_cookie(
        self,
        key: str,
        default: Any = _RAISE,
        salt: str = "",
        max_age: int | timedelta | None = None,
    ) -> Any:
        """Return the value of a cookie that ``response.set_signed_cookie`` set.

        ``max_age`` is in seconds, or a ``timedelta``. Without ``default``, raises ``KeyError``
        where the cookie is missing, and ``django.core.signing.BadSignature`` or
        ``SignatureExpired`` where it is not the one that was set.
        """
        options: dict[str, Any] = {} if default is _RAISE else {"default": default}
        return self._request.get_signed_cookie(key, salt=salt, max_age=max_age, **options)

    @cached_property
    def META(self) -> dict[str, Any]:  # noqa: N802 (Django's name)
        """The request as CGI variables (RFC 3875), for code that was written for WSGI."""
        name, port = _split_host(self.header("host") or "")
        values: dict[str, Any] = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": self.path,
            "QUERY_STRING": self.query_string,
            "SERVER_NAME": name,
            "SERVER_PORT": port,
            "SERVER_PROTOCOL": f"HTTP/{self.http_version}",
        }
        if self.peer is not None:
            values["REMOTE_ADDR"], values["REMOTE_PORT"] = self.peer[0], str(self.peer[1])
        for header, value in self.headers.items():
            # CGI cannot tell X_Real_IP from X-Real-IP: only what a proxy would write gets in.
            if "_" not in header:
                key = header.upper().replace("-", "_")
                values[_CGI_NAMES.get(header.lower(), f"HTTP_{key}")] = value
        return Meta(values, self)

    @cached_property
    def session(self) -> Any:
        """Django's session of the client (``SESSION_ENGINE``), read at its first use.

        A changed one is saved when the handler has ended, unless the reply is a 5xx, and its cookie
        is set. In ``async def`` use the session's asynchronous methods: ``aget``, ``aset``, ...
        """
        return open_session(self)

    @property
    def identity(self) -> Identity | None:
        """Who is asking: what Rust verified, or what an authentication class in Python found."""
        found: Identity | None = self.__dict__.get("_identity", self.verified_identity)
        return found

    def authenticated(self, identity: PythonIdentity) -> None:
        """Have the request be that of ``identity``. Called by the server, before any handler."""
        self.__dict__["_identity"] = identity
        self.user, self.auth = identity.user, identity.auth

    @property
    def authenticators(self) -> list[Any]:
        """The route's authentication classes, as instances."""
        return [] if self.authentication is None else self.authentication.instances()

    @property
    def successful_authenticator(self) -> Any:
        """The authentication class that knew the caller, as an instance; ``None`` for nobody."""
        identity = self.identity
        if identity is None or isinstance(identity, PythonIdentity):
            return None if identity is None else identity.authenticator
        return self.authentication.verified_by(identity.authenticator)

    @cached_property
    def user(self) -> User:
        """Whoever the credentials name; Django's ``AnonymousUser`` without any.

        Loaded from the database at the first use: in ``async def``, ``await request.auser()``.
        Raises ``AuthenticationFailed`` (401) for a user who is inactive or deleted.
        """
        return load_user(self.identity)

    async def auser(self) -> User:
        """Return :attr:`user` without blocking the event loop."""
        if "user" not in self.__dict__:
            self.user = await aload_user(self.identity)
        return self.user

    @cached_property
    def auth(self) -> Any:
        """The token's claims, ``{}`` for an API key, ``None`` for an anonymous caller.

        What an authentication class in Python returned beside the user, where one knew the caller.
        """
        identity = self.identity
        if identity is None:
            return None
        claims = identity.claims
        return {} if claims is None else msgspec.json.decode(claims, type=dict[str, Any])

    def get(self, key: str, default: Any = None) -> Any:
        """Return one part of the request by name, ``default`` where there is none.

        ``"auth"`` is what is known of the caller: ``user_id``, ``is_staff``, ``is_superuser``,
        ``permissions``, ``scopes`` (each ``None`` where the credentials do not say), ``backend``
        and ``claims``; an anonymous caller has none. The other names are ``method``, ``path``,
        ``headers``, ``cookies``, ``query``, ``params`` and ``body``; ``KeyError`` for any other.
        """
        if key == "auth":
            return default if self.identity is None else self._auth_context(self.identity)
        if key not in _PARTS:
            raise KeyError(f"A request has no {key!r}: there are auth, {', '.join(_PARTS)}.")
        return getattr(self, _PARTS[key])

    def _auth_context(self, identity: Identity) -> dict[str, Any]:
        return {
            "user_id": identity.user_id,
            "is_staff": identity.is_staff,
            "is_superuser": identity.is_superuser,
            "permissions": None if identity.permissions is None else sorted(identity.permissions),
            "scopes": None if identity.scopes is None else sorted(identity.scopes),
            "backend": identity.scheme,
            "claims": self.auth,
        }

    @cached_property
    def _request(self) -> HttpRequest:
        """The request as Django's own class, for what Django knows best: hosts and schemes."""
        request = HttpRequest()
        request.method = self.method
        request.path = request.path_info = self.path
        request.META = self.META
        request.GET = self.query_params  # type: ignore[assignment]
        request.COOKIES = self.COOKIES
        return request

    @property
    def scheme(self) -> str | None:
        """``http`` or ``https``; ``SECURE_PROXY_SSL_HEADER`` counts."""
        return self._request.scheme

    def is_secure(self) -> bool:
        """Whether the client uses HTTPS; ``SECURE_PROXY_SSL_HEADER`` counts."""
        return self._request.is_secure()

    def get_host(self) -> str:
        """Return the host that the client asked for; raises ``DisallowedHost`` (400)."""
        return self._request.get_host()

    def get_port(self) -> str:
        """Return the port that the client asked for."""
        return self._request.get_port()

    def get_full_path(self, force_append_slash: bool = False) -> str:
        """Return the path with its query string, encoded."""
        return self._request.get_full_path(force_append_slash)

    def build_absolute_uri(self, location: str | None = None) -> str:
        """Return ``location``, by default this request, as an absolute URL."""
        return self._request.build_absolute_uri(location)


#: What :meth:`Request.get` knows besides ``auth``.
_PARTS = {
    "method": "method",
    "path": "path",
    "headers": "headers",
    "cookies": "COOKIES",
    "query": "query_params",
    "params": "path_values",
    "body": "body",
}


def _text(name: str, value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise ParseError(f"The form's field {name!r:.100} is not UTF-8.") from None


def _split_host(host: str) -> tuple[str, str]:
    """Return name and port of a ``Host`` header; an IPv6 address keeps its brackets."""
    name, colon, port = host.rpartition(":")
    if colon and port.isdecimal():
        return name, port
    return host, _DEFAULT_PORT
