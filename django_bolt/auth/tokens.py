"""Tokens for users, and the user of a request's token. Signing happens in Rust."""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from django_bolt.auth.backends import (
    checked_algorithm,
    checked_audiences,
    checked_issuer,
    checked_secret,
    secret_key,
)

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

#: Claims that :func:`create_jwt_for_user` decides: RFC 7519, section 4.1, and what guards read.
RESERVED_CLAIMS = frozenset(
    {"iss", "sub", "aud", "exp", "nbf", "iat", "jti"}
    | {"username", "is_staff", "is_superuser", "permissions"}
)
#: A century: past it, a lifetime is a mistake of units.
_MAX_HOURS = 24 * 366 * 100


def create_jwt_for_user(
    user: AbstractBaseUser,
    *,
    exp_hours: float = 1,
    secret: str | bytes | None = None,
    algorithm: str = "HS256",
    audience: str | Collection[str] | None = None,
    issuer: str | None = None,
    permissions: Collection[str] | bool = False,
    extra_claims: Mapping[str, Any] | None = None,
) -> str:
    """Return a signed token (RFC 7519) for ``user``, for ``JWTAuthentication`` to accept.

    It carries ``sub`` (the primary key as text), ``iat``, ``exp``, ``jti``, ``username``, and
    ``is_staff`` and ``is_superuser`` where the user model has them. Whoever holds a token can read
    it; nothing else about the user goes into it unasked.

    ``exp_hours`` is its lifetime in hours; ``secret`` the shared key, ``SECRET_KEY`` where none is
    given; ``permissions`` the names to carry, or true for all that the user has now, so that guards
    need not load the user (true reads the database: in async code pass
    ``await user.aget_all_permissions()``); ``extra_claims`` whatever else is to be in it, as JSON.

    Raises ``ValueError`` for an inactive, unsaved or anonymous user, a lifetime that is not
    positive or above a century, a reserved claim in ``extra_claims``; ``TypeError`` for arguments
    of another type or claims that are not JSON.
    """
    from django_bolt import _core

    key = secret_key() if secret is None else checked_secret(secret)
    claims = dict(extra_claims or {})
    _check_extra(claims)
    claims |= user_claims(user) | _lifetime(exp_hours)
    if audiences := checked_audiences(audience):
        claims["aud"] = audiences[0] if len(audiences) == 1 else list(audiences)
    if checked_issuer(issuer) is not None:
        claims["iss"] = issuer
    if permissions is not False:
        claims["permissions"] = _permissions_of(user, permissions)
    return _core.encode_jwt(msgspec.json.encode(claims), checked_algorithm(algorithm), key)


def extract_user_id_from_context(request: Any) -> str | None:
    """Return the primary key, as text, of the user whom the request's credentials name.

    ``None`` for an anonymous caller and for credentials that name no user. Nothing is loaded.
    """
    identity = request.identity
    return None if identity is None else identity.user_id


async def get_current_user(request: Any) -> AbstractBaseUser | None:
    """Return the user whom the request's credentials name, ``None`` where they name nobody.

    Loaded once in a request. Raises ``AuthenticationFailed`` (401) for a user who is inactive or
    deleted.
    """
    if extract_user_id_from_context(request) is None:
        return None
    user: AbstractBaseUser = await request.auser()
    return user


def user_claims(user: Any) -> dict[str, Any]:
    """Return who a token is for; ``ValueError`` for an inactive, unsaved or anonymous user."""
    if user.is_anonymous or user.pk is None:
        raise ValueError("A token needs a user who is saved in the database.")
    if not user.is_active:
        raise ValueError("A token cannot be made for an inactive user.")
    flags = {
        name: bool(getattr(user, name))
        for name in ("is_staff", "is_superuser")
        if hasattr(user, name)
    }
    return {"sub": str(user.pk), "username": user.get_username(), **flags}


def _lifetime(exp_hours: object) -> dict[str, Any]:
    if isinstance(exp_hours, bool) or not isinstance(exp_hours, int | float):
        raise TypeError(f"exp_hours must be a number of hours, not {exp_hours!r}.")
    if not 0 < exp_hours <= _MAX_HOURS:
        raise ValueError(f"exp_hours must be above 0 and at most {_MAX_HOURS}, not {exp_hours}.")
    now = int(time.time())
    return {"iat": now, "exp": now + math.ceil(exp_hours * 3600), "jti": uuid.uuid4().hex}


def _check_extra(claims: Mapping[Any, object]) -> None:
    if not all(isinstance(name, str) for name in claims):
        raise TypeError("extra_claims must have str for names.")
    if taken := sorted(RESERVED_CLAIMS & claims.keys()):
        raise ValueError(f"extra_claims cannot set {', '.join(taken)}: see the other arguments.")


def _permissions_of(user: Any, permissions: object) -> list[str]:
    names = user.get_all_permissions() if permissions is True else permissions
    if isinstance(names, str | bytes) or not isinstance(names, Iterable):
        raise TypeError('permissions must be a collection, as ["app.codename"], or True.')
    listed = set(names)
    if not all(isinstance(name, str) and name for name in listed):
        raise TypeError("permissions must be names, none of them empty.")
    return sorted(listed)
