"""Authentication classes: which credentials count, and how Rust verifies them.

An authentication class says who is asking and never decides. These two are verified in Rust; all
that can be wrong about their arguments is refused when they are made, and secrets are read when
the application is built.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, ClassVar, Protocol

from django_bolt.compile import plan as document
from django_bolt.settings import django_settings

#: Algorithms that tokens may be signed with (RFC 7518, section 3).
ALGORITHMS = ("HS256", "HS384", "HS512")
_UNSUPPORTED = re.compile(r"(RS|ES|PS)(256|384|512)|ES256K|EdDSA|Ed25519|Ed448")
#: ``token`` of RFC 9110, section 5.6.2: what a header's name is made of.
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
#: Visible ASCII: what a header's value is made of, white space aside.
_VISIBLE = re.compile(r"[!-~]+")
#: How public keys and certificates begin. None may serve as a shared secret.
_PUBLIC_KEY = re.compile(rb"\s*(-----BEGIN|ssh-(rsa|ed25519|dss)|ecdsa-sha2-)")


class SecretStore(Protocol):
    """Where the application's secrets are kept while it is built."""

    def add(self, hint: str, value: bytes) -> str:
        """Keep a secret and return the id by which the plan names it."""


class Authentication:
    """Base of the authentication classes that Rust verifies."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__module__ == __name__:
            return
        for name in vars(cls):
            if not name.startswith("_"):
                raise TypeError(
                    f"{cls.__qualname__}.{name} would have no effect: tokens and keys are "
                    "verified in Rust, and set up by the arguments of the class alone."
                )

    def plan(self, secrets: SecretStore) -> document.Authenticator:
        """Return what Rust verifies; the secrets themselves go into ``secrets``."""
        raise NotImplementedError


class JWTAuthentication(Authentication):
    """A JSON Web Token in ``Authorization: Bearer`` (RFC 7519, RFC 6750).

    ``secret`` is the shared key, Django's ``SECRET_KEY`` where none is given; ``algorithms`` those
    that are accepted; ``audience`` one name or several, of which a token must carry one; ``issuer``
    who must have issued it; ``leeway`` the tolerated clock difference in seconds. Where
    ``audience`` or ``issuer`` is given, a token without it is refused.

    Raises ``TypeError`` and ``ValueError`` for arguments that cannot be meant.
    """

    _scheme: ClassVar[str] = "jwt"

    def __init__(
        self,
        secret: str | bytes | None = None,
        algorithms: Collection[str] = ("HS256",),
        audience: str | Collection[str] | None = None,
        issuer: str | None = None,
        leeway: int = 0,
    ) -> None:
        self._secret = None if secret is None else checked_secret(secret)
        self._algorithms = _checked_algorithms(algorithms)
        self._audiences = checked_audiences(audience)
        self._issuer = checked_issuer(issuer)
        self._leeway = _checked_leeway(leeway)

    def __repr__(self) -> str:
        secret = "SECRET_KEY" if self._secret is None else "<hidden>"
        return (
            f"{type(self).__name__}(secret={secret}, algorithms={self._algorithms!r}, "
            f"audience={self._audiences!r}, issuer={self._issuer!r}, leeway={self._leeway!r})"
        )

    def plan(self, secrets: SecretStore) -> document.JWT:
        """Return what Rust verifies; the secret itself goes into ``secrets``."""
        secret = secret_key() if self._secret is None else self._secret
        return document.JWT(
            secret=secrets.add(self._scheme, secret),
            algorithms=list(self._algorithms),
            audiences=list(self._audiences),
            issuer=self._issuer,
            leeway=self._leeway,
        )


class APIKeyAuthentication(Authentication):
    """A key in a header of its own.

    ``api_keys`` are the accepted keys, or a mapping from each of them to its permissions;
    ``key_permissions`` gives permissions to some of a plain collection of keys; ``header`` is the
    header's name.

    Raises ``TypeError`` and ``ValueError`` for arguments that cannot be meant; no message
    contains a key.
    """

    _scheme: ClassVar[str] = "api-key"

    def __init__(
        self,
        api_keys: Collection[str] | Mapping[str, Collection[str]],
        key_permissions: Mapping[str, Collection[str]] | None = None,
        header: str = "X-API-Key",
    ) -> None:
        self._keys = _checked_keys(api_keys, key_permissions)
        self._header = _checked_header(header)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(api_keys=<{len(self._keys)} hidden>, header={self._header!r})"
        )

    def plan(self, secrets: SecretStore) -> document.APIKeys:
        """Return what Rust verifies; the keys themselves go into ``secrets``."""
        keys = [
            document.APIKey(
                secret=secrets.add(self._scheme, key.encode("ascii")), permissions=list(permissions)
            )
            for key, permissions in self._keys.items()
        ]
        return document.APIKeys(header=self._header.lower(), keys=keys)


def secret_key() -> bytes:
    """Return Django's ``SECRET_KEY`` as the shared key of tokens.

    Raises ``django.core.exceptions.ImproperlyConfigured`` where it is not set.
    """
    return checked_secret(django_settings().secret_key)


def checked_secret(secret: object) -> bytes:
    """Return a shared secret as bytes; refuse an empty one and a public key."""
    if not isinstance(secret, str | bytes):
        raise TypeError(f"secret must be str or bytes, not {type(secret).__name__}.")
    value = secret.encode() if isinstance(secret, str) else secret
    if not value.strip():
        raise ValueError("secret is empty: anybody could sign tokens.")
    if _PUBLIC_KEY.match(value):
        raise ValueError(
            "secret is a key of a key pair, which HS algorithms would use as a shared secret: "
            "whoever knows the public key could sign tokens."
        )
    return value


def checked_algorithm(algorithm: object) -> str:
    """Return the name of an algorithm that is supported."""
    if not isinstance(algorithm, str):
        raise TypeError(f"algorithm must be str, not {type(algorithm).__name__}.")
    if algorithm in ALGORITHMS:
        return algorithm
    known = ", ".join(ALGORITHMS)
    if algorithm.lower() == "none":
        raise ValueError(f"algorithm {algorithm!r} means no signature. Supported: {known}.")
    if _UNSUPPORTED.fullmatch(algorithm):
        raise ValueError(f"algorithm {algorithm!r} is not supported yet. Supported: {known}.")
    near = difflib.get_close_matches(algorithm.upper(), ALGORITHMS, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"algorithm {algorithm!r} is unknown.{hint} Supported: {known}.")


def checked_audiences(audience: object) -> tuple[str, ...]:
    """Return the audiences of one name, several or none."""
    if audience is None:
        return ()
    names = (audience,) if isinstance(audience, str) else _collection(audience, "audience")
    if not names or not all(isinstance(name, str) and name for name in names):
        raise ValueError("audience must be a name or a collection of names, none of them empty.")
    return tuple(dict.fromkeys(map(str, names)))


def checked_issuer(issuer: object) -> str | None:
    """Return the issuer, a name or none."""
    if issuer is not None and (not isinstance(issuer, str) or not issuer):
        raise ValueError("issuer must be a name, or None.")
    return issuer


def _checked_algorithms(algorithms: object) -> tuple[str, ...]:
    names = _collection(algorithms, "algorithms", example='["HS256"]')
    if not names:
        raise ValueError("algorithms is empty: every token would be refused.")
    return tuple(dict.fromkeys(checked_algorithm(name) for name in names))


def _checked_leeway(leeway: object) -> int:
    if not isinstance(leeway, int) or isinstance(leeway, bool):
        raise TypeError(f"leeway must be a whole number of seconds, not {leeway!r}.")
    if leeway < 0:
        raise ValueError("leeway must not be negative.")
    return leeway


def _checked_header(header: object) -> str:
    if not isinstance(header, str):
        raise TypeError(f"header must be str, not {type(header).__name__}.")
    if not _HEADER_NAME.fullmatch(header):
        raise ValueError(f"header {header!r} is not the name of a header.")
    return header


def _checked_keys(api_keys: object, key_permissions: object) -> dict[str, tuple[str, ...]]:
    keys = _collection(api_keys, "api_keys", example='["..."]')
    if not keys:
        raise ValueError("api_keys is empty: every key would be refused.")
    for key in keys:
        _check_key(key)
    if isinstance(api_keys, Mapping):
        if key_permissions is not None:
            raise TypeError("api_keys already maps keys to permissions: drop key_permissions.")
        key_permissions = api_keys
    elif key_permissions is None:
        key_permissions = {}
    elif not isinstance(key_permissions, Mapping):
        raise TypeError("key_permissions must map keys to collections of permissions.")
    strangers = sum(key not in keys for key in key_permissions)
    if strangers:
        raise ValueError(f"key_permissions has {strangers} key(s) that api_keys does not have.")
    return {str(key): _checked_permissions(key_permissions.get(key, ())) for key in keys}


def _check_key(key: object) -> None:
    if not isinstance(key, str):
        raise TypeError(f"api_keys must be str, not {type(key).__name__}.")
    if not key:
        raise ValueError("api_keys has an empty key: an empty header would be let in.")
    if not _VISIBLE.fullmatch(key):
        raise ValueError("api_keys has a key with other characters than visible ASCII.")


def _checked_permissions(permissions: object) -> tuple[str, ...]:
    names = _collection(permissions, "the permissions of a key", example='["app.codename"]')
    if not all(isinstance(name, str) and name for name in names):
        raise ValueError("the permissions of a key must be names, none of them empty.")
    return tuple(sorted(set(map(str, names))))


def _collection(value: object, name: str, example: str = '["..."]') -> list[object]:
    """Return the items in a stable order; refuse what is no collection, as a single ``str``."""
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise TypeError(f"{name} must be a collection, as {example}, not {type(value).__name__}.")
    items = list(value)
    # A set's order differs from one start to the next, and the plan is one document.
    return sorted(items, key=str) if isinstance(value, set | frozenset) else items
