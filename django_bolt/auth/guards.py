"""Permission classes.

A permission answers in two places. :meth:`BasePermission.plan` says what Rust may decide by itself
from verified facts; :meth:`BasePermission.has_permission` gives the same answer in Python, where
Rust did not know a fact or where an expression holds a permission that only Python can decide.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from django_bolt.auth.expressions import Composable, Expression, PermissionMeta
from django_bolt.auth.identity import Identity, PythonIdentity, is_authenticated
from django_bolt.compile import plan as document

#: Methods that change nothing, as in REST framework.
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
#: The answer of a permission; coroutines are awaited.
Answer: TypeAlias = "bool | Awaitable[bool]"


class BasePermission(Composable, metaclass=PermissionMeta):
    """Decides whether a request may proceed. Both tests may be ``def`` or ``async def``.

    As in REST framework, a class listed in ``permission_classes`` is instantiated for every
    decision; a listed instance serves every request as it stands.
    """

    #: Text of the refusal, or a dict or list of texts; ``None`` is the exception's own.
    message: Any = None
    #: Code of the refusal; ``None`` is the exception's own.
    code: str | None = None

    def has_permission(self, request: Any, view: Any) -> Answer:  # noqa: ARG002
        """Return whether the request may proceed. ``view`` is ``None`` for a plain function."""
        return True

    def has_object_permission(self, request: Any, view: Any, obj: Any) -> Answer:  # noqa: ARG002
        """Return whether the request may touch ``obj``."""
        return True

    def plan(self) -> document.Guard:
        """Return the guard that Rust evaluates: here one that is left to Python."""
        return document.PythonPermission(name=f"{type(self).__module__}.{type(self).__qualname__}")

    def parts(self) -> BasePermission | Expression:
        """Return the expression that :meth:`plan` spells out; the permission itself mostly."""
        return self

    def check_controller(self, controller: type | None) -> None:
        """Refuse a controller that lacks what the permission reads, when the server starts.

        ``controller`` is ``None`` for a plain function. Raises ``TypeError``.
        """

    def tests_objects(self) -> bool:
        """Return whether the permission has an object test of its own."""
        return type(self).has_object_permission is not BasePermission.has_object_permission

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class FactPermission(BasePermission):
    """A permission about the caller's identity or the method, which Rust can decide by itself.

    A subclass that has another test of the request, message or code is decided in Python.
    """

    def has_permission(self, request: Any, view: Any) -> Answer:  # noqa: ARG002
        """Return what Rust would, and ask the user where the credentials do not say."""
        known = self.known(request)
        return self._of_user(request.user) if known is None else known

    def known(self, request: Any) -> bool | None:
        """Return what is certain without loading the user; ``None`` where the user decides."""
        identity = request.identity
        if identity is None:
            return False
        value = self._of_identity(identity)
        if value is not None or isinstance(identity, PythonIdentity):
            return value
        # Credentials that name no user, as API keys, have nobody else to ask.
        return False if identity.user_id is None else None

    def plan(self) -> document.Guard:
        """Return the guard; one left to Python where a subclass differs."""
        return super().plan() if self.differs() else self._guard()

    def differs(self) -> bool:
        """Return whether a subclass or the instance has a test, message or code of its own."""
        has_own_test = type(self).has_permission is not FactPermission.has_permission
        return has_own_test or self.message is not None or self.code is not None

    def _guard(self) -> document.Guard:
        raise NotImplementedError

    def _of_identity(self, identity: Identity) -> bool | None:
        raise NotImplementedError

    def _of_user(self, user: Any) -> bool:
        raise NotImplementedError


class AllowAny(FactPermission):
    """Everybody."""

    def known(self, request: Any) -> bool | None:  # noqa: ARG002
        """Return true."""
        return True

    def _guard(self) -> document.Guard:
        return document.AllowAny()


class IsAuthenticated(FactPermission):
    """Callers with valid credentials of any kind, API keys included."""

    def _guard(self) -> document.Guard:
        return document.IsAuthenticated()

    def _of_identity(self, identity: Identity) -> bool | None:
        return is_authenticated(identity)


class ReadOnly(FactPermission):
    """GET, HEAD and OPTIONS."""

    def known(self, request: Any) -> bool | None:
        """Return whether the method is safe."""
        return request.method in SAFE_METHODS

    def _guard(self) -> document.Guard:
        return document.IsReadOnly()


class IsAuthenticatedOrReadOnly(FactPermission):
    """Callers with valid credentials; everybody else reads only."""

    def known(self, request: Any) -> bool | None:
        """Return whether there is an identity or the method is safe."""
        return is_authenticated(request.identity) or request.method in SAFE_METHODS

    def parts(self) -> BasePermission | Expression:
        """Return the two permissions that this one is."""
        if self.differs():
            return self
        expression: Expression = IsAuthenticated() | ReadOnly()
        return expression

    def differs(self) -> bool:
        """Return whether it cannot be spelled out: an object test belongs to the whole."""
        return super().differs() or self.tests_objects()

    def _guard(self) -> document.Guard:
        return document.Any(of=[document.IsAuthenticated(), document.IsReadOnly()])


class IsStaff(FactPermission):
    """Users with ``is_staff``."""

    def _guard(self) -> document.Guard:
        return document.IsStaff()

    def _of_identity(self, identity: Identity) -> bool | None:
        return identity.is_staff

    def _of_user(self, user: Any) -> bool:
        # A user model need not have the flag (``AbstractBaseUser``): then nobody is staff.
        return bool(getattr(user, "is_staff", False))


class IsAdminUser(FactPermission):
    """Superusers. (REST framework's permission of this name asks for staff: see ``IsStaff``.)"""

    def _guard(self) -> document.Guard:
        return document.IsSuperuser()

    def _of_identity(self, identity: Identity) -> bool | None:
        return identity.is_superuser

    def _of_user(self, user: Any) -> bool:
        return bool(getattr(user, "is_superuser", False))


class NamedPermission(FactPermission):
    """A permission with names for arguments: those it asks for."""

    def __init__(self, name: str, /, *names: str) -> None:
        #: What is asked for, in the order given.
        self.names: tuple[str, ...] = tuple(dict.fromkeys(map(self._checked, (name, *names))))

    def _checked(self, name: object) -> str:
        if not isinstance(name, str):
            raise TypeError(f"{type(self).__name__} takes names as str, not {name!r}.")
        if not name or name != "".join(name.split()):
            raise ValueError(f"{type(self).__name__}: {name!r} is not a name.")
        return name

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.names))})"


class HasAllPermissions(NamedPermission):
    """Users with every one of the permissions, ``app.codename``."""

    def _guard(self) -> document.Guard:
        return document.HasPermissions(permissions=list(self.names))

    def _of_identity(self, identity: Identity) -> bool | None:
        return _granted(identity, lambda held: held.issuperset(self.names))

    def _of_user(self, user: Any) -> bool:
        return all(_holds(user, name) for name in self.names)


class HasPermission(HasAllPermissions):
    """Users with the permission, ``app.codename``."""

    def __init__(self, permission: str) -> None:
        super().__init__(permission)


class HasAnyPermission(NamedPermission):
    """Users with at least one of the permissions, ``app.codename``."""

    def _guard(self) -> document.Guard:
        return document.HasAnyPermission(permissions=list(self.names))

    def _of_identity(self, identity: Identity) -> bool | None:
        return _granted(identity, lambda held: not held.isdisjoint(self.names))

    def _of_user(self, user: Any) -> bool:
        return any(_holds(user, name) for name in self.names)


class HasScope(NamedPermission):
    """Tokens that carry every one of the scopes (RFC 8693, ``scope``)."""

    def _guard(self) -> document.Guard:
        return document.HasScopes(scopes=list(self.names))

    def _of_identity(self, identity: Identity) -> bool | None:
        # A scope limits a token; whoever the user is, it cannot be had from anywhere else.
        return identity.scopes is not None and identity.scopes.issuperset(self.names)

    def _of_user(self, user: Any) -> bool:  # noqa: ARG002
        return False


def _granted(identity: Identity, holds: Callable[[frozenset[str]], bool]) -> bool | None:
    # As in Django, a superuser has every permission. A list that lacks what is asked for means no
    # only where the holder is known to be no superuser.
    if identity.is_superuser:
        return True
    held = identity.permissions
    if held is None:
        return None
    return True if holds(held) else identity.is_superuser


def _holds(user: Any, permission: str) -> bool:
    # ``has_perm`` comes with ``PermissionsMixin``, which a user model need not have.
    has_perm = getattr(user, "has_perm", None)
    return has_perm is not None and bool(has_perm(permission))
