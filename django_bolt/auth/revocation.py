"""Where it is written down which tokens were taken back before they expire.

A token is known by its ``jti`` (RFC 7519, section 4.1.7) and by the session that it belongs to,
``sid`` (OpenID Connect's claim): one entry takes back a token, or all that a login has led to.
"""

from __future__ import annotations

import hashlib
import math
import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from django_bolt.compile import plan as document

if TYPE_CHECKING:
    from django_bolt._core import RevokedTokens

#: ``WWW-Authenticate`` of a token that is refused (RFC 6750, section 3.1).
REFUSED_TOKEN = 'Bearer realm="api", error="invalid_token"'  # noqa: S105 - a header
#: What memcached takes for a key, with the prefix.
_SHORT = re.compile(r"[!-~]{1,200}")
#: Begins the keys in a cache.
_PREFIX = "django_bolt.revoked:"
#: ``INSTALLED_APPS`` needs it for :class:`DjangoORMRevocation`.
STORE_APP = "django_bolt.auth.revocation_store"


class ListStore(Protocol):
    """Where the application's lists are kept while it is built."""

    def add_revoked(self, revoked: RevokedTokens) -> str:
        """Keep a list of tokens that were taken back and return the id in the plan."""


class Revocation:
    """Base of the stores, and of your own.

    Ids are texts, ``jti:`` or ``sid:`` and what the token says; ``expires_at`` is in seconds since
    1970, after which an id may be forgotten. The methods are ``def`` and run where blocking is
    allowed. What they raise is raised to the caller: a store that cannot be asked lets nobody in.
    """

    def revoke(self, token_id: str, expires_at: float) -> bool:
        """Write an id down; return whether it was not there before.

        Of several callers at the same time, one alone is told that it was the first: that is how
        the second use of a refresh token is found out.
        """
        raise NotImplementedError

    def is_revoked(self, token_ids: Sequence[str]) -> bool:
        """Return whether one of the ids was written down."""
        raise NotImplementedError

    def plan(self, lists: ListStore) -> document.MemoryRevocation | document.PythonRevocation:  # noqa: ARG002
        """Return what Rust knows of the store. Raises ``ValueError`` where it cannot work."""
        return document.PythonRevocation()

    def revoke_token(self, claims: dict[str, Any]) -> bool:
        """Take back the token with these claims, as ``request.auth`` has them.

        Returns whether it was good until now. Raises ``ValueError`` for a token without ``jti``.
        """
        if not isinstance(claims.get("jti"), str):
            raise ValueError("A token without jti cannot be taken back.")  # noqa: TRY004
        return self.revoke(f"jti:{claims['jti']}", _expiry(claims))

    def revoke_session(self, sid: str, expires_at: float) -> bool:
        """Take back all tokens of a login until the last of them has expired."""
        return self.revoke(f"sid:{sid}", expires_at)


class InMemoryRevocation(Revocation):
    """In the memory of this process, where Rust looks it up: for one process, and until it ends.

    Costs a hash table's look-up for each request. ``runbolt`` refuses it with several processes.
    """

    def __init__(self) -> None:
        from django_bolt import _core  # at import, it would keep Django itself from starting

        self._revoked = _core.RevokedTokens()

    def revoke(self, token_id: str, expires_at: float) -> bool:
        """Write an id down; return whether it was not there before."""
        return self._revoked.add(token_id, expires_at)

    def is_revoked(self, token_ids: Sequence[str]) -> bool:
        """Return whether one of the ids was written down."""
        return self._revoked.contains_any(token_ids)

    def plan(self, lists: ListStore) -> document.MemoryRevocation:
        """Return the list's place."""
        return document.MemoryRevocation(list=lists.add_revoked(self._revoked))


class DjangoCacheRevocation(Revocation):
    """In one of Django's caches, which all processes share; ``alias`` is its name in ``CACHES``.

    Asked from Python on every request. A cache that may drop entries before their time, or that
    hides its errors, lets tokens back in.
    """

    def __init__(self, alias: str = "default") -> None:
        self._alias = alias

    def revoke(self, token_id: str, expires_at: float) -> bool:
        """Write an id down; return whether it was not there before."""
        # Rounded up, since caches count in whole seconds.
        seconds = math.ceil(max(0.0, expires_at - time.time())) + 1
        return bool(self._cache().add(_PREFIX + _short(token_id), 1, timeout=seconds))

    def is_revoked(self, token_ids: Sequence[str]) -> bool:
        """Return whether one of the ids was written down."""
        return bool(self._cache().get_many([_PREFIX + _short(token_id) for token_id in token_ids]))

    def plan(self, lists: ListStore) -> document.PythonRevocation:  # noqa: ARG002
        """Return that Python is asked; raises ``ValueError`` for a cache that keeps nothing."""
        from django.core.cache import InvalidCacheBackendError
        from django.core.cache.backends.dummy import DummyCache

        try:
            cache = self._cache()
        except InvalidCacheBackendError as error:
            raise ValueError(f"revocation: {error}") from error
        if isinstance(cache, DummyCache):
            raise ValueError(  # noqa: TRY004 - the setting is wrong, no argument's type
                f"revocation: CACHES[{self._alias!r}] keeps nothing, so that no token could be "
                "taken back."
            )
        return document.PythonRevocation()

    def _cache(self) -> Any:
        from django.core.cache import caches

        return caches[self._alias]


class DjangoORMRevocation(Revocation):
    """In the database: ``"django_bolt.auth.revocation_store"`` in ``INSTALLED_APPS``.

    Asked from Python on every request, one query by an index. ``manage.py bolt_purge_tokens``
    removes what has expired. ``using`` is the database's alias; the router's choice where none is
    given. Beware of replicas that lag behind.
    """

    def __init__(self, using: str | None = None) -> None:
        self._using = using

    def revoke(self, token_id: str, expires_at: float) -> bool:
        """Write an id down; return whether it was not there before."""
        from datetime import UTC, datetime

        when = datetime.fromtimestamp(expires_at, UTC)
        _, created = self._entries().get_or_create(
            token_id=_short(token_id), defaults={"expires_at": when}
        )
        return bool(created)

    def is_revoked(self, token_ids: Sequence[str]) -> bool:
        """Return whether one of the ids was written down."""
        return bool(self._entries().filter(token_id__in=[*map(_short, token_ids)]).exists())

    def plan(self, lists: ListStore) -> document.PythonRevocation:  # noqa: ARG002
        """Return that Python is asked; raises ``ValueError`` where the app is not installed."""
        from django.apps import apps

        if not apps.is_installed(STORE_APP):
            raise ValueError(
                f"revocation: DjangoORMRevocation needs {STORE_APP!r} in INSTALLED_APPS."
            )
        return document.PythonRevocation()

    def _entries(self) -> Any:
        from django_bolt.auth.revocation_store.models import RevokedToken

        manager = RevokedToken.objects
        return manager if self._using is None else manager.using(self._using)


def _short(token_id: str) -> str:
    """Return an id as a cache and a column can hold it: what another issuer made up may be long."""
    if _SHORT.fullmatch(token_id):
        return token_id
    return f"sha256:{hashlib.sha256(token_id.encode()).hexdigest()}"


def checked_revocation(revocation: object) -> Revocation | None:
    """Return a store or none; raises ``TypeError`` for anything else, a class above all."""
    if revocation is None or isinstance(revocation, Revocation):
        return revocation
    if isinstance(revocation, type):
        raise TypeError(f"revocation must be an instance: {revocation.__name__}().")
    raise TypeError(f"revocation must be a store, not {type(revocation).__name__}.")


class _Ids(msgspec.Struct):
    jti: str | None = None
    sid: str | None = None


_ids = msgspec.json.Decoder(_Ids)


def token_ids(claims: bytes) -> list[str]:
    """Return the ids by which a token with these claims may have been taken back."""
    ids = _ids.decode(claims)
    named = (("jti", ids.jti), ("sid", ids.sid))
    return [f"{name}:{value}" for name, value in named if value is not None]


def _expiry(claims: dict[str, Any]) -> float:
    """Return ``exp``; a token that never expires is remembered for ever, which is 2286."""
    expiry = claims.get("exp")
    return float(expiry) if isinstance(expiry, int | float) else 9_999_999_999.0
