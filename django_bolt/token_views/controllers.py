"""Log in, refresh, verify, log out. They block (passwords, the database), and so are ``def``."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth import authenticate
from django.utils.translation import gettext_lazy

from django_bolt.auth.guards import AllowAny
from django_bolt.auth.issuing import TokenIssuer, TokenPair
from django_bolt.auth.security_log import log_refusal
from django_bolt.controllers import Controller
from django_bolt.exceptions import AuthenticationFailed, ConfigurationError
from django_bolt.responses import JSON
from django_bolt.token_views.schemas import AccessToken, Credentials, RefreshToken, VerifiedToken

#: Tokens are for nobody on the way (RFC 6749, section 5.1).
_NO_STORE = {"Cache-Control": "no-store"}


class TokenController(Controller):
    """Base of the token controllers: a subclass sets ``tokens``.

    Everybody may call them, and whatever is in the header is not looked at: an access token that
    has expired must not keep anybody from getting the next one.
    """

    #: Who issues.
    tokens: ClassVar[TokenIssuer | None] = None
    authentication_classes = ()
    permission_classes = (AllowAny,)

    def issuer(self) -> TokenIssuer:
        """Return who issues; a class without one is a mistake of whoever wrote it."""
        if self.tokens is None:
            raise ConfigurationError(
                f"{type(self).__qualname__} has no `tokens = TokenIssuer(...)`."
            )
        return self.tokens


class TokenObtainController(TokenController):
    """Exchanges a name and a password for a pair of tokens."""

    def post(self, credentials: Credentials) -> TokenPair:
        """Log in; 401 for a name or a password that is wrong, and for an inactive user."""
        user = self.authenticate(credentials)
        if user is None:
            log_refusal("wrong_password", "POST", self.request.route, _peer(self.request))
            error = AuthenticationFailed(
                gettext_lazy("No active account has this name and password."),
                code="no_active_account",
            )
            error.headers = {"WWW-Authenticate": 'Bearer realm="api"'}
            raise error
        return _private(self.issuer().create_pair(user))  # type: ignore[no-any-return]

    def authenticate(self, credentials: Credentials) -> Any:
        """Return the user, or ``None``: Django's ``AUTHENTICATION_BACKENDS`` decide.

        Django hashes the password of an unknown user too, so that neither the time nor the message
        tells whether the name exists.
        """
        if "\0" in credentials.username:  # no database has such a name, and some refuse to look
            return None
        return authenticate(username=credentials.username, password=credentials.password)


class TokenRefreshController(TokenController):
    """Exchanges a refresh token for the next pair."""

    def post(self, refresh: RefreshToken) -> TokenPair:
        """Refresh; 401 for a token that is wrong, and for one that was used before."""
        return _private(self.issuer().refresh(refresh.refresh_token, request=self.request))  # type: ignore[no-any-return]


class TokenVerifyController(TokenController):
    """Says whether an access token is good, to whoever cannot verify it."""

    def post(self, access: AccessToken) -> VerifiedToken:
        """Verify; 401 for a token that is not good."""
        claims = self.issuer().verify(access.token, request=self.request)
        return _private(VerifiedToken(claims))  # type: ignore[no-any-return]


class TokenLogoutController(TokenController):
    """Ends the session of a refresh token: no token of it is good from now on."""

    def post(self, refresh: RefreshToken) -> None:
        """Log out; 401 for a token that is wrong."""
        self.issuer().revoke(refresh.refresh_token, request=self.request)


def _private(data: Any) -> Any:
    return JSON(data, headers=_NO_STORE)


def _peer(request: Any) -> str | None:
    return None if request.peer is None else request.peer[0]
