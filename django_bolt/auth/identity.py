"""Who is asking, as every permission sees it: Rust's identity, or what a class in Python found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from django_bolt._core import Identity as RustIdentity


@dataclass(frozen=True, slots=True)
class PythonIdentity:
    """The outcome of an authentication class that runs in Python.

    It has the attributes of :class:`django_bolt._core.Identity`. What it does not know
    (``permissions``) is asked of the user.
    """

    user: Any
    auth: Any
    authenticator: Any

    #: A token's payload, which only Rust has.
    claims = None
    #: The names that the credentials carry; here the user has them.
    permissions = None

    @property
    def scheme(self) -> str:
        """Name of the authentication class, without ``Authentication``, in lower case."""
        return type(self.authenticator).__name__.removesuffix("Authentication").lower()

    @property
    def is_authenticated(self) -> bool:
        """Whether there is a user, and one who is not anonymous."""
        return bool(self.user) and bool(self.user.is_authenticated)

    @property
    def user_id(self) -> str | None:
        """Primary key of the user as text, where the user has one."""
        key = getattr(self.user, "pk", None)
        return None if key is None else str(key)

    @property
    def is_staff(self) -> bool:
        """Whether the user is staff; a user model need not have the flag."""
        return bool(getattr(self.user, "is_staff", False))

    @property
    def is_superuser(self) -> bool:
        """Whether the user is a superuser; a user model need not have the flag."""
        return bool(getattr(self.user, "is_superuser", False))

    @property
    def scopes(self) -> frozenset[str] | None:
        """The scopes of ``auth``, where it has ``scope`` as text (RFC 6749, section 3.3)."""
        auth = self.auth
        scope = auth.get("scope") if isinstance(auth, Mapping) else getattr(auth, "scope", None)
        return frozenset(scope.split()) if isinstance(scope, str) else None


#: What ``request.identity`` is, where somebody is authenticated.
Identity: TypeAlias = "RustIdentity | PythonIdentity"


def is_authenticated(identity: Identity | None) -> bool:
    """Return whether this is somebody: credentials that Rust verified always are."""
    if isinstance(identity, PythonIdentity):
        return identity.is_authenticated
    return identity is not None
