"""Pairs of tokens: a short-lived one for requests, and one that is exchanged for the next pair."""

from __future__ import annotations

import base64
import hashlib
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, NoReturn

import msgspec
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy

from django_bolt.auth.backends import (
    JWTAuthentication,
    checked_algorithm,
    checked_audiences,
    checked_issuer,
    checked_secret,
    secret_keys,
)
from django_bolt.auth.revocation import REFUSED_TOKEN, Revocation, checked_revocation, token_ids
from django_bolt.auth.security_log import log_refusal
from django_bolt.auth.tokens import create_jwt_for_user, user_claims
from django_bolt.auth.users import load_user_by_id
from django_bolt.exceptions import AuthenticationFailed

ACCESS, REFRESH = "access", "refresh"
#: A tolerance beyond every token of a session, in seconds.
_MARGIN = 60
_LONGEST = timedelta(days=3660)

#: What makes the claims of a user beyond those that every token has.
ExtraClaims = Callable[[Any], Mapping[str, Any]]


class TokenPair(msgspec.Struct):
    """What a login returns, with the names of OAuth (RFC 6749, section 5.1)."""

    access_token: str
    refresh_token: str
    #: Seconds from now until the access token expires.
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105 - the name of a scheme, not a secret


class _RefreshClaims(msgspec.Struct):
    sub: str
    jti: str
    sid: str
    exp: int
    pwd: str


class TokenIssuer:
    """Issues pairs of tokens, exchanges refresh tokens, and takes sessions back.

    ``revocation`` remembers which refresh tokens were used: one that comes a second time was
    stolen, or the first one was, and the whole session ends. ``secret`` (``SECRET_KEY`` and its
    fallbacks where none is given), ``algorithm``, ``audience`` and ``issuer`` are as in
    ``JWTAuthentication``; :meth:`authentication` returns the one that accepts these tokens. A
    secret may be a list, whose first signs. ``access_lifetime`` and ``refresh_lifetime`` are
    ``timedelta``. ``permissions`` puts the user's permissions into access tokens, ``claims`` what a
    function of the user returns.

    Raises ``TypeError`` and ``ValueError`` for arguments that cannot be meant.
    """

    def __init__(
        self,
        *,
        revocation: Revocation,
        secret: str | bytes | Collection[str | bytes] | None = None,
        algorithm: str = "HS256",
        audience: str | Collection[str] | None = None,
        issuer: str | None = None,
        access_lifetime: timedelta = timedelta(minutes=15),
        refresh_lifetime: timedelta = timedelta(days=7),
        permissions: bool = False,
        claims: ExtraClaims | None = None,
    ) -> None:
        store = checked_revocation(revocation)
        if store is None:
            raise TypeError("revocation is missing: without one, stolen tokens are for ever.")
        self.revocation: Revocation = store
        self._secrets = None if secret is None else _checked_secrets(secret)
        self._algorithm = checked_algorithm(algorithm)
        self._audiences = checked_audiences(audience)
        self._issuer = checked_issuer(issuer)
        self._access_lifetime = _checked_lifetime(access_lifetime, "access_lifetime")
        self._refresh_lifetime = _checked_lifetime(refresh_lifetime, "refresh_lifetime")
        if self._access_lifetime > self._refresh_lifetime:
            raise ValueError("access_lifetime is longer than refresh_lifetime.")
        self._permissions = permissions
        self._claims = claims

    def authentication(self) -> JWTAuthentication:
        """Return the authentication class that accepts the access tokens, and knows who left."""
        return JWTAuthentication(
            None if self._secrets is None else list(self._secrets),
            [self._algorithm],
            self._audiences or None,
            self._issuer,
            revocation=self.revocation,
        )

    def create_pair(self, user: Any) -> TokenPair:
        """Return the tokens of a new session.

        Raises ``ValueError`` for an inactive, unsaved or anonymous user.
        """
        return self._pair(user, uuid.uuid4().hex)

    def refresh(self, refresh_token: str, *, request: Any = None) -> TokenPair:
        """Return the next pair of a session; the refresh token is good no more.

        ``request`` is for the log line of a refusal, here as in the other methods.

        Raises ``AuthenticationFailed`` (401) for a token that is wrong, was used before (which ends
        its session), or was taken back, and where the user is inactive, was deleted, or has another
        password. Reads the database.
        """
        with _logged(request):
            claims = self._read(refresh_token)
            if self.revocation.is_revoked([f"sid:{claims.sid}"]):
                _refuse("revoked")
            user = self._user_of(claims)
            # Written down last: a refusal before it costs nobody a session.
            if not self.revocation.revoke(f"jti:{claims.jti}", claims.exp + _MARGIN):
                self._end(claims)
                _refuse("refresh_token_reused")
            return self._pair(user, claims.sid)

    def revoke(self, refresh_token: str, *, request: Any = None) -> None:
        """End the session of a refresh token: it, and all access tokens of the session.

        Raises ``AuthenticationFailed`` (401) for a token that is wrong.
        """
        with _logged(request):
            self._end(self._read(refresh_token))

    def verify(self, access_token: str, *, request: Any = None) -> dict[str, Any]:
        """Return the claims of a good access token.

        Raises ``AuthenticationFailed`` (401) for any other.
        """
        with _logged(request):
            payload = self._decode(access_token, None)
            if self.revocation.is_revoked(token_ids(payload)):
                _refuse("revoked")
        claims: dict[str, Any] = msgspec.json.decode(payload)
        return claims

    def _pair(self, user: Any, sid: str) -> TokenPair:
        seconds = int(self._access_lifetime.total_seconds())
        extra = dict(self._claims(user)) if self._claims is not None else {}
        access = create_jwt_for_user(
            user,
            exp_hours=seconds / 3600,
            secret=self._keys()[0],
            algorithm=self._algorithm,
            audience=self._audiences or None,
            issuer=self._issuer,
            permissions=self._permissions,
            extra_claims={**extra, "token_type": ACCESS, "sid": sid},
        )
        return TokenPair(access, self._refresh_token(user, sid), seconds)

    def _refresh_token(self, user: Any, sid: str) -> str:
        from django_bolt import _core

        now = int(time.time())
        claims: dict[str, Any] = {
            "sub": user_claims(user)["sub"],
            "iat": now,
            "exp": now + int(self._refresh_lifetime.total_seconds()),
            "jti": uuid.uuid4().hex,
            "sid": sid,
            "token_type": REFRESH,
            "pwd": next(_password_digests(user)),
        }
        if self._audiences:
            claims["aud"] = list(self._audiences)
        if self._issuer is not None:
            claims["iss"] = self._issuer
        return _core.encode_jwt(msgspec.json.encode(claims), self._algorithm, self._keys()[0])

    def _read(self, refresh_token: str) -> _RefreshClaims:
        payload = self._decode(refresh_token, REFRESH)
        try:
            return msgspec.json.decode(payload, type=_RefreshClaims)
        except msgspec.ValidationError:
            # Signed with our key, and made by somebody else, as simplejwt.
            _refuse("malformed_claims")

    def _decode(self, token: str, token_type: str | None) -> bytes:
        from django_bolt import _core

        try:
            return _core.decode_jwt(
                token,
                self._keys(),
                [self._algorithm],
                audiences=list(self._audiences),
                issuer=self._issuer,
                token_type=token_type,
            )
        except ValueError as error:
            _refuse(getattr(error, "reason", "malformed_token"))

    def _user_of(self, claims: _RefreshClaims) -> Any:
        try:
            user = load_user_by_id(claims.sub)
        except AuthenticationFailed as error:
            _refuse(str(error.get_codes()))
        if not any(constant_time_compare(claims.pwd, known) for known in _password_digests(user)):
            _refuse("password_changed")
        return user

    def _end(self, claims: _RefreshClaims) -> None:
        # No token of the session is older than this one's successor would be.
        lifetime = self._refresh_lifetime.total_seconds()
        expiry = max(float(claims.exp), time.time() + lifetime) + _MARGIN
        self.revocation.revoke_session(claims.sid, expiry)

    def _keys(self) -> tuple[bytes, ...]:
        return secret_keys() if self._secrets is None else self._secrets


def create_token_pair(user: Any, tokens: TokenIssuer) -> TokenPair:
    """Return the access and the refresh token of a new session of ``user``.

    Raises ``ValueError`` for an inactive, unsaved or anonymous user.
    """
    return tokens.create_pair(user)


def _password_digests(user: Any) -> Iterator[str]:
    """Yield what changes with the user's password, under each key of the site.

    Derived from Django's hash for sessions, which a user model may extend, and not equal to it.
    """
    yield _digest(user.get_session_auth_hash())
    for former in user.get_session_auth_fallback_hash():
        yield _digest(former)


def _digest(session_hash: str) -> str:
    digest = hashlib.sha256(b"django_bolt.refresh\0" + session_hash.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


class _RefusedError(AuthenticationFailed):
    """A refusal whose reason is for the log."""

    reason = ""


@contextmanager
def _logged(request: Any) -> Iterator[None]:
    """Write the log line of a refusal."""
    try:
        yield
    except _RefusedError as error:
        if request is None:
            log_refusal(error.reason)
        else:
            peer = None if request.peer is None else request.peer[0]
            log_refusal(error.reason, request.method, request.route, peer)
        raise


def _refuse(reason: str) -> NoReturn:
    """Refuse, and tell the client no more than an access token's refusal would."""
    messages = {
        "expired": gettext_lazy("Token has expired."),
        "revoked": gettext_lazy("Token has been revoked."),
        "refresh_token_reused": gettext_lazy("Token has been revoked."),
    }
    detail = messages.get(reason, gettext_lazy("Invalid token."))
    error = _RefusedError(detail, code="token_not_valid")
    error.reason = reason
    error.headers = {"WWW-Authenticate": REFUSED_TOKEN}
    raise error


def _checked_secrets(secret: Any) -> tuple[bytes, ...]:
    given = secret if isinstance(secret, list | tuple) else [secret]
    if not given:
        raise ValueError("secret is empty: there must be one key at least.")
    return tuple(checked_secret(key) for key in given)


def _checked_lifetime(lifetime: object, name: str) -> timedelta:
    if not isinstance(lifetime, timedelta):
        raise TypeError(f"{name} must be a timedelta, not {lifetime!r}.")
    if not timedelta(seconds=1) <= lifetime <= _LONGEST:
        raise ValueError(f"{name} must be from one second to ten years, not {lifetime!r}.")
    return lifetime
