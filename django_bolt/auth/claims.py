"""Tokens with claims of your own, declared as a class."""

from __future__ import annotations

import time
import uuid
from collections.abc import Collection
from datetime import timedelta
from typing import Any, Self

import msgspec
from django.utils.translation import gettext_lazy

from django_bolt.auth.backends import (
    ALGORITHMS,
    checked_algorithm,
    checked_audiences,
    checked_issuer,
    checked_secret,
    secret_keys,
)
from django_bolt.auth.tokens import user_claims
from django_bolt.exceptions import AuthenticationFailed


class Token(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A token's claims (RFC 7519, section 4.1); a subclass adds its own, with their types.

    Times are in seconds since 1970. Claims that no field names are not kept.
    """

    sub: str | int | None = None
    exp: float | None = None
    iat: float | None = None
    nbf: float | None = None
    jti: str | None = None
    iss: str | None = None
    aud: str | list[str] | None = None
    token_type: str | None = None

    @classmethod
    def for_user(cls, user: Any, lifetime: timedelta = timedelta(hours=1), **claims: Any) -> Self:
        """Return a token of ``user`` that is not signed yet, with claims of the class.

        Raises ``ValueError`` for an inactive, unsaved or anonymous user, ``TypeError`` for claims
        that the class does not have, ``msgspec.ValidationError`` for values of another type.
        """
        now = int(time.time())
        times = {"iat": now, "exp": now + lifetime.total_seconds(), "jti": uuid.uuid4().hex}
        given = {"sub": user_claims(user)["sub"], **times, **claims}
        made = cls(**given)
        # A struct that is built by hand is not checked.
        return msgspec.convert(msgspec.to_builtins(made), cls)

    def encode(self, secret: str | bytes | None = None, algorithm: str = "HS256") -> str:
        """Return the signed token; ``SECRET_KEY`` signs where no secret is given."""
        from django_bolt import _core

        key = secret_keys()[0] if secret is None else checked_secret(secret)
        return _core.encode_jwt(msgspec.json.encode(self), checked_algorithm(algorithm), key)

    @classmethod
    def decode(
        cls,
        token: str,
        secret: str | bytes | None = None,
        algorithms: Collection[str] = ("HS256",),
        *,
        audience: str | Collection[str] | None = None,
        issuer: str | None = None,
        leeway: int = 0,
    ) -> Self:
        """Return the claims of a good token.

        Raises ``ValueError`` for any other, and for one whose claims are not of the class's types.
        """
        from django_bolt import _core

        if unknown := [name for name in algorithms if name not in ALGORITHMS]:
            raise ValueError(
                f"algorithms must be among {', '.join(ALGORITHMS)}, not {unknown[0]!r}."
            )
        keys = secret_keys() if secret is None else (checked_secret(secret),)
        payload = _core.decode_jwt(
            token,
            keys,
            list(algorithms),
            audiences=list(checked_audiences(audience)),
            issuer=checked_issuer(issuer),
            leeway=leeway,
        )
        return msgspec.json.decode(payload, type=cls)

    @classmethod
    def of_request(cls, request: Any) -> Self | None:
        """Return the claims of the request's verified token; ``None`` where it has no token.

        Raises ``AuthenticationFailed`` (401) where they are not of the class's types.
        """
        claims = None if request.identity is None else request.identity.claims
        if claims is None:
            return None
        try:
            return msgspec.json.decode(claims, type=cls)
        except msgspec.ValidationError as error:
            raise AuthenticationFailed(gettext_lazy("Invalid token.")) from error
