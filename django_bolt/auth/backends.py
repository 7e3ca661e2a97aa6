"""Authentication classes: which credentials count, and how Rust verifies them.

An authentication class says who is asking and never decides. These two are verified in Rust; all
that can be wrong about their arguments is refused when they are made, and secrets are read when
the application is built.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Protocol

import msgspec

from django_bolt.auth.key_sets import KeySource, key_source
from django_bolt.auth.revocation import ListStore, Revocation, checked_revocation
from django_bolt.compile import plan as document
from django_bolt.settings import django_settings

#: Most keys that one class takes; see ``rust/core/src/auth/ring.rs``.
MAX_SECRETS = 8
#: Algorithms of a shared secret, which signs and verifies (RFC 7518, section 3.2).
ALGORITHMS = ("HS256", "HS384", "HS512")
#: Algorithms of a key pair, whose public key verifies (RFC 7518, section 3.3; RFC 8037).
KEY_PAIR_ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)
_UNSUPPORTED = re.compile(r"ES256K|Ed25519|Ed448")
#: ``token`` of RFC 9110, section 5.6.2: what a header's name is made of.
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
#: Visible ASCII: what a header's value is made of, white space aside.
_VISIBLE = re.compile(r"[!-~]+")
#: How public keys and certificates begin. None may serve as a shared secret.
_PUBLIC_KEY = re.compile(rb"\s*(-----BEGIN|ssh-(rsa|ed25519|dss)|ecdsa-sha2-)")


class SecretStore(ListStore, Protocol):
    """Where the application's secrets are kept while it is built."""

    def add(self, hint: str, value: bytes) -> str:
        """Keep a secret and return the id by which the plan names it."""

    def add_keys(self, source: KeySource) -> str:
        """Keep where a set of keys comes from and return the id by which the plan names it."""


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

    ``secret`` is the shared key; where none is given, Django's ``SECRET_KEY``, and
    ``SECRET_KEY_FALLBACKS`` for tokens that were signed with them. For the algorithms of a key pair
    it is the issuer's public key as PEM text: an RSA key of 2048 bits or more for RS and PS, an EC
    key on P-256, P-384 or P-521 for ES256, ES384 or ES512, an Ed25519 key for EdDSA. It may be a
    list of up to eight keys of one kind, of which a token is signed by any.

    ``jwks`` has the keys as JSON in its place (RFC 7517): a dict or text with one JWK or a set of
    them, or the path of a file, which is looked at again every half a minute. ``jwks_url`` is where
    an issuer publishes them; they are fetched when the server starts and every ``jwks_refresh``
    seconds, never while a request waits. A token's ``kid`` says which of them it means. Keys may be
    of several kinds; each verifies the algorithms of its own kind alone.

    ``algorithms`` are those that are accepted, HS256 unless others are given; ``audience`` one name
    or several, of which a token must carry one; ``issuer`` who must have issued it; ``leeway`` the
    tolerated clock difference in seconds. Where ``audience`` or ``issuer`` is given, a token
    without it is refused.

    ``user_id_claim`` is the claim that names the user: djangorestframework-simplejwt has
    ``user_id``. A token whose ``token_type`` is not ``access`` is refused, a refresh token above
    all; ``token_type`` names another one, which must be there then.

    ``revocation`` is where it is written down which tokens were taken back. It is asked on every
    request; a token without ``jti`` is refused then, since nobody could take it back.

    A signature of a key pair is checked once a minute for each token; ``exp``, ``nbf`` and ``iat``
    on every request.

    Raises ``TypeError`` and ``ValueError`` for arguments that cannot be meant.
    """

    _scheme: ClassVar[str] = "jwt"

    def __init__(
        self,
        secret: str | bytes | Sequence[str | bytes] | None = None,
        algorithms: Collection[str] | None = None,
        audience: str | Collection[str] | None = None,
        issuer: str | None = None,
        leeway: int = 0,
        *,
        jwks: Mapping[str, Any] | str | os.PathLike[str] | None = None,
        jwks_url: str | None = None,
        jwks_refresh: float = 300,
        user_id_claim: str = "sub",
        token_type: str | None = None,
        revocation: Revocation | None = None,
    ) -> None:
        has_key_set = jwks is not None or jwks_url is not None
        self._algorithms = _checked_algorithms(algorithms, has_key_set=has_key_set)
        self._keys = key_source(jwks, jwks_url, jwks_refresh, self._algorithms)
        if self._keys is not None and secret is not None:
            raise TypeError("secret and jwks are two kinds of keys: there can be one of them.")
        self._secrets = None if has_key_set else _checked_keys_of(self._algorithms, secret)
        self._audiences = checked_audiences(audience)
        self._issuer = checked_issuer(issuer)
        self._leeway = _checked_leeway(leeway)
        self._user_id_claim = _checked_name(user_id_claim, "user_id_claim")
        self.revocation = checked_revocation(revocation)
        self._token_type = None if token_type is None else _checked_name(token_type, "token_type")

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self._describe_keys()}, algorithms={self._algorithms!r}, "
            f"audience={self._audiences!r}, issuer={self._issuer!r}, leeway={self._leeway!r})"
        )

    def plan(self, secrets: SecretStore) -> document.JWT:
        """Return what Rust verifies; the keys themselves go into ``secrets``."""
        key_set = None if self._keys is None else secrets.add_keys(self._keys)
        keys = () if key_set else secret_keys() if self._secrets is None else self._secrets
        return document.JWT(
            secrets=list(dict.fromkeys(secrets.add(self._scheme, key) for key in keys)),
            key_set=key_set,
            algorithms=list(self._algorithms),
            audiences=list(self._audiences),
            issuer=self._issuer,
            leeway=self._leeway,
            token_type=self._token_type,
            user_id_claim=None if self._user_id_claim == "sub" else self._user_id_claim,
            revocation=None if self.revocation is None else self.revocation.plan(secrets),
        )

    def _describe_keys(self) -> str:
        if self._keys is not None:
            return f"keys={self._keys.name!r}"
        return "secret=SECRET_KEY" if self._secrets is None else "secret=<hidden>"


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


def secret_keys() -> tuple[bytes, ...]:
    """Return ``SECRET_KEY``, and the former ones that still verify: ``SECRET_KEY_FALLBACKS``."""
    former = django_settings().secret_key_fallbacks
    return (secret_key(), *(checked_secret(key) for key in former))


def checked_secret(secret: object, hint: str = "") -> bytes:
    """Return a shared secret as bytes; refuse an empty one, and a public key with ``hint``."""
    value = _key_bytes(secret)
    if not value.strip():
        raise ValueError("secret is empty: anybody could sign tokens.")
    if _PUBLIC_KEY.match(value):
        refusal = (
            "secret is a key of a key pair, which HS algorithms would use as a shared secret: "
            "whoever knows the public key could sign tokens."
        )
        raise ValueError(f"{refusal} {hint}".strip())
    if _is_jwk(value):
        raise ValueError(
            "secret is a JWK: it belongs in jwks. As a shared secret, anybody who can "
            "read it could sign tokens."
        )
    return value


def _is_jwk(secret: bytes) -> bool:
    if not secret.lstrip().startswith(b"{"):
        return False
    try:
        document = msgspec.json.decode(secret)
    except msgspec.DecodeError:
        return False
    return isinstance(document, dict) and not {"kty", "keys"}.isdisjoint(document)


def _key_bytes(secret: object) -> bytes:
    if not isinstance(secret, str | bytes):
        raise TypeError(f"secret must be str or bytes, not {type(secret).__name__}.")
    return secret.encode() if isinstance(secret, str) else secret


def checked_algorithm(algorithm: object) -> str:
    """Return the name of an algorithm that tokens are signed with here."""
    if algorithm in KEY_PAIR_ALGORITHMS:
        raise ValueError(
            f"algorithm {algorithm!r} needs a private key, and nothing is signed with one here: "
            f"such tokens are verified only. Supported: {', '.join(ALGORITHMS)}."
        )
    return _algorithm_among(ALGORITHMS, algorithm)


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


def _checked_algorithms(algorithms: object, *, has_key_set: bool) -> tuple[str, ...]:
    if algorithms is None:
        if has_key_set:
            raise ValueError(
                "algorithms is missing: say what the issuer signs with, as "
                'algorithms=["RS256"]. The keys alone do not say what to accept.'
            )
        return ("HS256",)
    names = _collection(algorithms, "algorithms", example='["HS256"]')
    if not names:
        raise ValueError("algorithms is empty: every token would be refused.")
    known = ALGORITHMS + KEY_PAIR_ALGORITHMS
    return tuple(dict.fromkeys(_algorithm_among(known, name) for name in names))


def _algorithm_among(known: Collection[str], algorithm: object) -> str:
    if not isinstance(algorithm, str):
        raise TypeError(f"algorithm must be str, not {type(algorithm).__name__}.")
    if algorithm in known:
        return algorithm
    supported = f"Supported: {', '.join(known)}."
    if algorithm.lower() == "none":
        raise ValueError(f"algorithm {algorithm!r} means no signature. {supported}")
    if _UNSUPPORTED.fullmatch(algorithm):
        raise ValueError(f"algorithm {algorithm!r} is not supported. {supported}")
    near = difflib.get_close_matches(algorithm.upper(), known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"algorithm {algorithm!r} is unknown.{hint} {supported}")


def _checked_keys_of(algorithms: tuple[str, ...], secret: object) -> tuple[bytes, ...] | None:
    """Return the keys as bytes; refuse one that is not for all of the algorithms."""
    pairs = [name for name in algorithms if name in KEY_PAIR_ALGORITHMS]
    if secret is None:
        if pairs:
            raise ValueError(f"secret is missing: {pairs[0]} needs the issuer's public key as PEM.")
        return None
    if isinstance(secret, Mapping):
        raise TypeError("secret is a dict: a JWK or a set of them belongs in jwks.")
    keys = list(secret) if isinstance(secret, list | tuple) else [secret]
    if not 1 <= len(keys) <= MAX_SECRETS:
        raise ValueError(f"secret must be from 1 to {MAX_SECRETS} keys, not {len(keys)}.")
    return tuple(_checked_key_of(algorithms, key, is_public=bool(pairs)) for key in keys)


def _checked_key_of(algorithms: tuple[str, ...], secret: object, *, is_public: bool) -> bytes:
    if not is_public:
        return checked_secret(secret, 'A public key has other algorithms, as algorithms=["RS256"].')
    from django_bolt import _core

    key = _key_bytes(secret)
    _core.check_jwt_key(key, algorithms)
    return key


def _checked_name(name: object, argument: str) -> str:
    if not isinstance(name, str):
        raise TypeError(f"{argument} must be str, not {type(name).__name__}.")
    if not name:
        raise ValueError(f"{argument} must not be empty.")
    return name


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
