"""Cross-site request forgery: Django's own checks and tokens, for our requests.

Nothing is decided here: ``CsrfViewMiddleware`` is asked, with a request that it can read.
"""

from __future__ import annotations

import weakref
from typing import Any

from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.translation import gettext

from django_bolt.exceptions import ParseError, PermissionDenied

_SECRET, _NEEDS_UPDATE = "CSRF_COOKIE", "CSRF_COOKIE_NEEDS_UPDATE"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class _Check(CsrfViewMiddleware):
    def _reject(self, request: Any, reason: str) -> Any:  # noqa: ARG002
        return reason


def _check() -> _Check:
    # It keeps what it reads of the settings, which a test may change.
    return _Check(lambda _: None)  # type: ignore[arg-type]


def enforce_csrf(request: Any) -> None:
    """Refuse a request that another site may have forged, as Django's middleware would.

    The token is read from the header or, of a POST, from the form; the secret from the cookie or
    the session. Raises ``PermissionDenied`` (403) with REST framework's text, and ``ParseError``
    (400) for a form that cannot be read.
    """
    check, django_request = _check(), _with_form(request)
    check.process_request(django_request)
    reason: Any = check.process_view(django_request, None, (), {})  # type: ignore[arg-type]
    if reason:
        raise PermissionDenied(gettext("CSRF Failed: {}").format(reason), code="csrf_failed")


def set_csrf_cookie(request: Any, response: Any) -> None:
    """Have the response carry the token's secret, where it is new or was asked for."""
    _check().process_response(request, response)


def _with_form(request: Any) -> HttpRequest:
    """Return the request as Django's, with what an HTML form has sent."""
    found: Any = request._request  # noqa: SLF001 (REST framework's name)
    found.session = _LazySession(request)
    media_type = request.content_type.partition(";")[0].strip().lower()
    if request.method == "POST" and request.raw_body and media_type in _FORMS:
        found._set_content_type_params(found.META)  # noqa: SLF001 (as WSGIRequest does)
        found._read_started = False  # noqa: SLF001
        found._body = request.raw_body  # noqa: SLF001
        try:
            found._load_post_and_files()  # noqa: SLF001
        except MultiPartParserError as error:
            raise ParseError(f"Multipart form parse error - {error}") from error
        found.POST = found._post  # noqa: SLF001
    return found  # type: ignore[no-any-return]


class _LazySession:
    """The request's session, opened only where the secret is kept there."""

    def __init__(self, request: Any) -> None:
        self._request = request

    def get(self, key: str, default: Any = None) -> Any:
        return self._request.session.get(key, default)

    def __setitem__(self, key: str, value: Any) -> None:
        self._request.session[key] = value


class Meta(dict[str, Any]):
    """``request.META``, in which Django keeps the secret of the tokens that it gives out.

    The middleware, which would put the client's secret there, does not run: it is looked up when it
    is asked for. Where a new one is put there, the reply will carry it.
    """

    def __init__(self, values: dict[str, Any], request: Any) -> None:
        """Take the CGI variables of ``request``."""
        super().__init__(values)
        self._request = weakref.ref(request)
        self._looked_up = False

    def __contains__(self, key: object) -> bool:
        if key == _SECRET and not self._looked_up:
            self._looked_up = True
            self._look_up()
        return super().__contains__(key)

    def __getitem__(self, key: str) -> Any:
        if key == _SECRET and key not in self:
            raise KeyError(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        """Return a variable, ``default`` where there is none."""
        try:
            return self[key]
        except KeyError:
            return default

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        self._notice(key, value)

    def update(self, *others: Any, **values: Any) -> None:
        """Set several variables."""
        for key, value in dict(*others, **values).items():
            self[key] = value

    def _look_up(self) -> None:
        request = self._request()
        if request is not None:
            _check().process_request(request)

    def _notice(self, key: str, value: Any) -> None:
        if key == _SECRET:
            self._looked_up = True
        request = self._request()
        if key == _NEEDS_UPDATE and value and request is not None:
            request.seal_later()
