"""Cookies that a response sets, with the names and meaning of Django's ``HttpResponse``."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from http.cookies import SimpleCookie
from typing import Any, Literal

from django.http import BadHeaderError
from django.http.response import HttpResponseBase

__all__ = ["CookieJar"]

#: What ends a header, or has no place in one (RFC 9110, section 5.5).
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_SameSite = Literal["Lax", "Strict", "None", "lax", "strict", "none"]
# Django's own functions work on whatever has ``cookies`` and ``set_cookie``.
_django: Any = HttpResponseBase


class CookieJar:
    """A response's cookies. Each leaves in a ``Set-Cookie`` header of its own."""

    __slots__ = ("_cookies",)

    _cookies: SimpleCookie | None

    @property
    def cookies(self) -> SimpleCookie:
        """The cookies by name, in the standard library's container."""
        if self._cookies is None:
            self._cookies = SimpleCookie()
        return self._cookies

    def set_cookie(
        self,
        key: str,
        value: str = "",
        max_age: float | timedelta | None = None,
        expires: str | datetime | None = None,
        path: str | None = "/",
        domain: str | None = None,
        secure: bool = False,
        httponly: bool = False,
        samesite: _SameSite | None = None,
        **options: Any,
    ) -> None:
        """Set a cookie, as ``HttpResponse.set_cookie`` does.

        ``max_age`` is in seconds, or a ``timedelta``; ``expires`` is a text for the header, or a
        ``datetime``, which is UTC where it is naive. ``options`` are those that a newer Django has
        (``partitioned``). Raises ``BadHeaderError`` for a line break or another control character
        anywhere in it, ``http.cookies.CookieError`` for an impossible name, and ``ValueError`` for
        another ``samesite`` and for ``max_age`` beside a ``datetime``.
        """
        for name, given in (("value", value), ("expires", expires), ("path", path)):
            _refuse_controls(key, name, given)
        _refuse_controls(key, "domain", domain)
        _django.set_cookie(
            self,
            key,
            value,
            max_age=max_age,
            expires=expires,
            path=path,
            domain=domain,
            secure=secure,
            httponly=httponly,
            samesite=samesite,
            **options,
        )

    def set_signed_cookie(self, key: str, value: str, salt: str = "", **options: Any) -> None:
        """Set a cookie whose value is signed; ``request.get_signed_cookie(key, salt=)`` reads it.

        ``options`` are those of :meth:`set_cookie`. The signer is Django's, with the settings
        ``SIGNING_BACKEND``, ``SECRET_KEY`` and ``SECRET_KEY_FALLBACKS``.
        """
        _django.set_signed_cookie(self, key, value, salt, **options)

    def delete_cookie(
        self,
        key: str,
        path: str = "/",
        domain: str | None = None,
        samesite: _SameSite | None = None,
    ) -> None:
        """Have the client forget a cookie; ``path`` and ``domain`` are those it was set with."""
        _django.delete_cookie(self, key, path, domain, samesite)


def _refuse_controls(key: str, name: str, given: object) -> None:
    if isinstance(given, str) and _CONTROLS.search(given):
        raise BadHeaderError(
            f"The {name} of the cookie {key!r} holds a line break or another control character."
        )
