"""Django's sessions: who has logged in, and what a reply tells the client of it."""

from __future__ import annotations

import asyncio
from typing import Any

from django.contrib.auth import get_user
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.exceptions import SynchronousOnlyOperation
from django.http import HttpResponse

from django_bolt.auth.authentication import BaseAuthentication
from django_bolt.auth.csrf import enforce_csrf, set_csrf_cookie
from django_bolt.compile import plan as document
from django_bolt.settings import django_settings

#: ``WWW-Authenticate`` where somebody has to log in. The scheme is not registered with IANA; RFC
#: 9110, section 15.5.2, wants a challenge in every 401.
CHALLENGE = 'Session realm="api"'


class SessionAuthentication(BaseAuthentication):
    """The user who has logged in with Django's session, of any ``SESSION_ENGINE``.

    The session, the user, ``is_active`` and the session's hash of the password are looked up on
    every request. A request of a user that is not a safe one must carry a token against forgery
    (CSRF), exactly as Django asks for it; without a user, none is asked for.
    """

    def authenticate(self, request: Any) -> tuple[Any, None] | None:
        """Return the session's user. Raises ``PermissionDenied`` (403) for a forged request."""
        user = get_user(request)
        if not user.is_active:
            return None
        self.enforce_csrf(request)
        return user, None

    def enforce_csrf(self, request: Any) -> None:
        """Refuse a request that another site may have forged."""
        enforce_csrf(request)

    def authenticate_header(self, request: Any) -> str | None:  # noqa: ARG002
        """Return the challenge of a 401."""
        return CHALLENGE

    def plan(self) -> document.PythonAuthentication:
        """Return what Rust knows: without a session's cookie, nobody has to be asked."""
        _check_engine()
        settings = django_settings()
        header = settings.csrf_header_name.removeprefix("HTTP_").replace("_", "-").lower()
        plain = super().plan()
        own = type(self)
        if own.authenticate is not SessionAuthentication.authenticate:
            return document.PythonAuthentication(name=plain.name, form_unless=header)
        known = own.authenticate_header is SessionAuthentication.authenticate_header
        return document.PythonAuthentication(
            name=plain.name,
            evidence=document.CookieEvidence(settings.session_cookie_name) if known else None,
            challenge=CHALLENGE if known else None,
            form_unless=header,
        )


def open_session(request: Any) -> Any:
    """Return the session that the request's cookie names, unread; a new one without a cookie."""
    _middleware().process_request(request)
    request.seal_later()
    return request.session


def seal(request: Any, status: int) -> list[tuple[str, str]]:
    """Save the request's session where it was changed; return the headers that tell the client.

    That is what ``SessionMiddleware`` and ``CsrfViewMiddleware`` do with a response of this
    ``status``. A second call returns the same headers. Raises ``SynchronousOnlyOperation`` on an
    event loop where the session has to be saved, and ``SessionInterrupted`` (400) for a session
    that was deleted meanwhile.
    """
    headers: list[tuple[str, str]] | None = request.__dict__.get("_sealed")
    if headers is not None:
        return headers
    if _must_block(request) and _is_on_a_loop():
        raise SynchronousOnlyOperation("A session is saved on the request's thread.")
    response = HttpResponse(status=status)
    del response.headers["Content-Type"]
    if "META" in request.__dict__:
        set_csrf_cookie(request, response)
    if "session" in request.__dict__:
        # Before it is saved: a save that fails is not tried again for its own error reply.
        request.__dict__["_sealed"] = []
        _middleware().process_response(request, response)
    headers = list(response.items())
    headers += [("Set-Cookie", cookie.OutputString()) for cookie in response.cookies.values()]
    request.__dict__["_sealed"] = headers
    return headers


def is_open(request: Any) -> bool:
    """Return whether the request's session was asked for."""
    return "session" in request.__dict__


def _must_block(request: Any) -> bool:
    session = request.__dict__.get("session")
    if session is None:
        return False
    settings = django_settings()
    return bool(
        session.modified or settings.session_save_every_request or settings.csrf_use_sessions
    )


def _is_on_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _middleware() -> SessionMiddleware:
    # It reads the engine when it is made, which a test may change.
    return SessionMiddleware(lambda _: None)  # type: ignore[arg-type]


def _check_engine() -> None:
    """Raise ``TypeError`` where sessions are kept in a table that is not installed."""
    store = _middleware().SessionStore
    find_model = getattr(store, "get_model_class", None)
    if find_model is None:
        return
    try:
        find_model()
    except RuntimeError as error:
        raise TypeError(
            f"the sessions of {store.__module__} are kept in the database: add "
            f"django.contrib.sessions to INSTALLED_APPS. ({error})"
        ) from error
