"""Stand-ins for what Rust gives: identities and requests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class FakeIdentity:
    """``_core.Identity``, which Python cannot make."""

    user_id: str | None = "1"
    is_staff: bool | None = None
    is_superuser: bool | None = None
    permissions: frozenset[str] | None = None
    scopes: frozenset[str] | None = None
    scheme: str = "jwt"
    claims: bytes | None = None


class NobodyLoadedError(AssertionError):
    """A user was loaded where the credentials already said enough."""


@dataclass
class FakeUser:
    """A user with the facts that permissions ask for."""

    is_staff: bool = False
    is_superuser: bool = False
    held: frozenset[str] = frozenset()

    def has_perm(self, name: str) -> bool:
        return name in self.held


@dataclass
class FakeRequest:
    """The part of ``Request`` that permissions read."""

    identity: FakeIdentity | None = None
    method: str = "GET"
    loaded: Any = None
    path_values: dict[str, Any] = field(default_factory=dict)

    @property
    def user(self) -> Any:
        if self.loaded is None:
            raise NobodyLoadedError
        return self.loaded

    async def auser(self) -> Any:
        return self.user
