"""Authentication and permission classes: what Rust executes, and what Python keeps for itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from django_bolt.auth.authentication import BaseAuthentication
from django_bolt.auth.backends import Authentication
from django_bolt.auth.expressions import conjunction, guard_of, is_permission
from django_bolt.auth.key_sets import KeySource
from django_bolt.auth.revocation import InMemoryRevocation, Revocation
from django_bolt.compile import plan
from django_bolt.dispatch.permissions import Permissions
from django_bolt.exceptions import ConfigurationError
from django_bolt.settings import bolt_settings

if TYPE_CHECKING:
    from django_bolt._core import RevokedTokens

#: Leaves that Rust always decides: nothing about them can be unknown.
_ALWAYS_KNOWN = (plan.AllowAny, plan.IsAuthenticated, plan.IsReadOnly)


class SecretStore:
    """What authentication needs and the plan cannot hold, by the ids that it is named by there."""

    def __init__(self) -> None:
        self._ids: dict[bytes, str] = {}
        #: Where sets of keys come from, by id.
        self.key_sources: dict[str, KeySource] = {}
        #: Tokens that were taken back in this process, by id.
        self.revoked: dict[str, RevokedTokens] = {}

    def add(self, hint: str, value: bytes) -> str:
        """Keep a secret and return its id: ``hint``, with a number where it is taken.

        The same secret gets the same id, which says nothing about the secret.
        """
        known = self._ids.get(value)
        if known is not None:
            return known
        taken = set(self._ids.values())
        name, count = hint, 1
        while name in taken:
            count += 1
            name = f"{hint}-{count}"
        self._ids[value] = name
        return name

    def secrets(self) -> dict[str, bytes]:
        """Return every secret by its id."""
        return {name: value for value, name in self._ids.items()}

    def add_keys(self, source: KeySource) -> str:
        """Keep where a set of keys comes from and return its id; equal sources are one."""
        for name, known in self.key_sources.items():
            if known == source:
                return name
        name = f"keys-{len(self.key_sources) + 1}"
        self.key_sources[name] = source
        return name

    def add_revoked(self, revoked: RevokedTokens) -> str:
        """Keep a list of tokens that were taken back and return its id."""
        for name, known in self.revoked.items():
            if known is revoked:
                return name
        name = f"revoked-{len(self.revoked) + 1}"
        self.revoked[name] = revoked
        return name


class PolicyCompiler:
    """Compiles the policies of every route of one application.

    Authentication classes that mean the same are one authenticator of the plan.
    """

    def __init__(self) -> None:
        self.secrets = SecretStore()
        self.authenticators: list[plan.Authenticator] = []
        self._in_python: list[tuple[int, Any]] = []

    def authentication(self, classes: Sequence[Any] | None, handler: str) -> list[tuple[int, Any]]:
        """Return a route's authentication classes, each with its index in the plan.

        ``None`` is the settings' list. Raises
        :class:`~django_bolt.exceptions.ConfigurationError`, which names ``handler``.
        """
        if classes is None:
            classes = bolt_settings().default_authentication_classes
        found: dict[int, Any] = {}
        for item in classes:
            found.setdefault(self._index(item, self._plan(item, handler)), item)
        return list(found.items())

    def revocation(self, backends: Iterable[Any]) -> Revocation | None:
        """Return where Python looks up which tokens were taken back; ``None`` where it need not."""
        for item in backends:
            backend = item() if isinstance(item, type) else item
            store = getattr(backend, "revocation", None)
            if isinstance(store, Revocation) and not isinstance(store, InMemoryRevocation):
                return store
        return None

    def guard(
        self,
        classes: Sequence[Any] | None,
        handler: str,
        *,
        authenticates: bool,
        asks_python: bool = False,
    ) -> tuple[plan.Guard | None, Permissions | None]:
        """Return the guard of a route's permission classes, and its Python side where it has one.

        ``None`` is the settings' list; a list means that all of it must hold. ``authenticates``
        says whether the route has an authentication class, ``asks_python`` whether one of them runs
        in Python, so that Rust may not know who asks. Raises
        :class:`~django_bolt.exceptions.ConfigurationError`, which names ``handler``.
        """
        if classes is None:
            classes = bolt_settings().default_permission_classes
        for item in classes:
            if not is_permission(item):
                raise ConfigurationError(
                    f"{handler}: {item!r} is not a permission. Permission classes derive from "
                    "django_bolt.auth.BasePermission, and are combined with &, | and ~."
                )
        try:
            expression = conjunction(classes)
            if expression is None:
                return None, None
            guard = guard_of(expression)
        except (TypeError, ValueError) as error:
            raise ConfigurationError(f"{handler}: {error}") from error
        in_python = asks_python or any(
            not isinstance(leaf, _ALWAYS_KNOWN) for leaf in leaves(guard)
        )
        return guard, (Permissions(classes, authenticates=authenticates) if in_python else None)

    def _plan(self, item: Any, handler: str) -> plan.Authenticator:
        try:
            backend = item() if isinstance(item, type) else item
        except TypeError as error:
            raise ConfigurationError(
                f"{handler}: {item.__name__} needs arguments: list an instance of it. ({error})"
            ) from error
        if not isinstance(backend, Authentication | BaseAuthentication):
            raise ConfigurationError(
                f"{handler}: {backend!r} is not an authentication class. There are "
                "django_bolt.auth.JWTAuthentication and APIKeyAuthentication; your own derive "
                "from django_bolt.auth.BaseAuthentication."
            )
        try:
            if isinstance(backend, BaseAuthentication):
                return backend.plan()
            return backend.plan(self.secrets)
        except (TypeError, ValueError) as error:
            raise ConfigurationError(f"{handler}: {type(backend).__name__}: {error}") from error

    def _index(self, item: Any, authenticator: plan.Authenticator) -> int:
        if isinstance(authenticator, plan.PythonAuthentication):
            # What two instances of a class mean, nobody but the class knows.
            for index, known in self._in_python:
                if known is item:
                    return index
            self.authenticators.append(authenticator)
            self._in_python.append((len(self.authenticators) - 1, item))
            return len(self.authenticators) - 1
        if authenticator not in self.authenticators:
            self.authenticators.append(authenticator)
        return self.authenticators.index(authenticator)


def leaves(guard: plan.Guard) -> Iterator[plan.Guard]:
    """Yield a guard's leaves in their order of appearance."""
    if isinstance(guard, plan.All | plan.Any):
        for branch in guard.of:
            yield from leaves(branch)
    elif isinstance(guard, plan.Not):
        yield from leaves(guard.of)
    else:
        yield guard
