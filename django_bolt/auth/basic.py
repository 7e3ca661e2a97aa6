"""HTTP Basic authentication (RFC 7617), as Django REST framework has it."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from django.contrib.auth import authenticate, get_user_model
from django.utils.translation import gettext_lazy

from django_bolt.auth.authentication import BaseAuthentication
from django_bolt.compile import plan as document
from django_bolt.exceptions import AuthenticationFailed


class BasicAuthentication(BaseAuthentication):
    """User name and password in ``Authorization: Basic``.

    They are checked by Django's authentication backends on every request, on the request's thread:
    hashing a password is slow on purpose. Only over HTTPS, since whoever reads the header has the
    password.
    """

    #: What the client shows its user.
    www_authenticate_realm = "api"

    def authenticate(self, request: Any) -> tuple[Any, None] | None:
        """Return the user. Raises ``AuthenticationFailed`` (401) where it is not one."""
        header = (request.header("authorization") or "").split()
        if not header or header[0].lower() != "basic":
            return None
        if len(header) == 1:
            raise _failed(
                gettext_lazy("Invalid basic header. No credentials provided."), "malformed_header"
            )
        if len(header) > 2:
            raise _failed(
                gettext_lazy("Invalid basic header. Credentials string should not contain spaces."),
                "malformed_header",
            )
        name, password = _decoded(header[1])
        return self.authenticate_credentials(name, password, request)

    def authenticate_credentials(
        self, userid: str, password: str, request: Any = None
    ) -> tuple[Any, None]:
        """Return the user whom name and password belong to."""
        credentials = {get_user_model().USERNAME_FIELD: userid, "password": password}
        user = authenticate(request=request, **credentials)
        if user is None:
            raise _failed(gettext_lazy("Invalid username/password."), "invalid_credentials")
        if not user.is_active:
            raise _failed(gettext_lazy("User inactive or deleted."), "user_inactive")
        return user, None

    def authenticate_header(self, request: Any) -> str | None:  # noqa: ARG002
        """Return the challenge of a 401."""
        return f'Basic realm="{self.www_authenticate_realm}"'

    def plan(self) -> document.PythonAuthentication:
        """Return what Rust knows: without ``Authorization: Basic``, nobody has to be asked."""
        plain = super().plan()
        own = type(self)
        if (
            own.authenticate is not BasicAuthentication.authenticate
            or own.authenticate_header is not BasicAuthentication.authenticate_header
        ):
            return plain
        return document.PythonAuthentication(
            name=plain.name,
            evidence=document.AuthorizationEvidence("basic"),
            challenge=self.authenticate_header(None),
        )


def _decoded(credentials: str) -> tuple[str, str]:
    """Return user name and password; the latter may hold colons (RFC 7617, section 2)."""
    try:
        raw = base64.b64decode(credentials, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _not_base64() from error
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    name, colon, password = text.partition(":")
    if not colon:
        raise _not_base64()
    return name, password


def _not_base64() -> AuthenticationFailed:
    return _failed(
        gettext_lazy("Invalid basic header. Credentials not correctly base64 encoded."),
        "malformed_header",
    )


def _failed(detail: Any, code: str) -> AuthenticationFailed:
    return AuthenticationFailed(detail, code=code)
