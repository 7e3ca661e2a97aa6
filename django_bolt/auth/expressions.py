"""Expressions over permissions: what ``&``, ``|`` and ``~`` make, and what a list means."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

from django_bolt.compile import plan as document

if TYPE_CHECKING:
    from django_bolt.auth.guards import BasePermission

#: What ``permission_classes`` may hold, and what an expression may be made of.
Operand: TypeAlias = "type[BasePermission] | BasePermission | Expression"


class Composable:
    """The operators of permission instances and of expressions."""

    def __and__(self: Any, other: object) -> Any:
        return And(self, other) if is_permission(other) else NotImplemented

    def __or__(self: Any, other: object) -> Any:
        return Or(self, other) if is_permission(other) else NotImplemented

    def __invert__(self: Any) -> Not:
        return Not(self)


class PermissionMeta(type):
    """Gives permission classes the operators of their instances: ``IsStaff | ReadOnly``."""

    def __and__(cls, other: object) -> Any:
        return And(cls, other) if is_permission(other) else NotImplemented

    def __or__(cls, other: object) -> Any:
        # What is no permission keeps its meaning: ``IsStaff | None`` in an annotation.
        return Or(cls, other) if is_permission(other) else super().__or__(other)

    def __invert__(cls) -> Not:
        return Not(cls)


class Expression(Composable):
    """A combination of permissions."""

    __slots__ = ("of",)
    _symbol = ""

    #: The branches, in the order in which they are asked.
    of: tuple[Operand, ...]

    def __init__(self, *branches: Any) -> None:
        for branch in branches:
            require_permission(branch)
        self.of = tuple(self._flattened(branches))

    def __call__(self) -> Expression:
        """Return the expression itself, since ``[p() for p in permission_classes]`` is usual."""
        return self

    def __repr__(self) -> str:
        return f"({self._symbol.join(describe(branch) for branch in self.of)})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Expression):
            return NotImplemented
        return type(self) is type(other) and self.of == other.of

    def __hash__(self) -> int:
        return hash((type(self), self.of))

    def plan(self) -> document.Guard:
        """Return the guard of the whole expression."""
        raise NotImplementedError

    def _flattened(self, branches: Iterable[Operand]) -> Iterable[Operand]:
        """Yield the branches, those of a nested expression of the same kind in its place."""
        for branch in branches:
            if type(branch) is type(self):
                yield from branch.of
            else:
                yield branch


class And(Expression):
    """Every branch must hold."""

    __slots__ = ()
    _symbol = " & "

    def plan(self) -> document.Guard:
        """Return the guard of the whole expression."""
        return document.All(of=[guard_of(branch) for branch in self.of])


class Or(Expression):
    """At least one branch must hold."""

    __slots__ = ()
    _symbol = " | "

    def plan(self) -> document.Guard:
        """Return the guard of the whole expression."""
        return document.Any(of=[guard_of(branch) for branch in self.of])


class Not(Expression):
    """The branch must not hold."""

    __slots__ = ()

    def __init__(self, branch: Any) -> None:
        require_permission(branch)
        self.of = (branch,)

    def __repr__(self) -> str:
        return f"~{describe(self.of[0])}"

    def plan(self) -> document.Guard:
        """Return the guard of the whole expression."""
        return document.Not(of=guard_of(self.of[0]))


def is_permission(value: object) -> TypeGuard[Operand]:
    """Return whether ``value`` may stand in ``permission_classes``."""
    return isinstance(value, PermissionMeta | Expression) or isinstance(type(value), PermissionMeta)


def require_permission(value: object) -> None:
    """Refuse what may not stand in ``permission_classes``; raises ``TypeError``."""
    if not is_permission(value):
        raise TypeError(
            f"{value!r} is not a permission: permission classes derive from BasePermission, "
            "and are combined with &, | and ~."
        )
    if isinstance(value, PermissionMeta):
        _require_no_arguments(value)


def conjunction(items: Iterable[Operand]) -> Operand | None:
    """Return what a list of permissions means: all of them; ``None`` for an empty list.

    Raises ``TypeError`` for an item that is no permission or a class that needs arguments.
    """
    listed = list(items)
    for item in listed:
        require_permission(item)
    if len(listed) < 2:
        return listed[0] if listed else None
    return And(*listed)


def instance_of(item: type[BasePermission] | BasePermission) -> BasePermission:
    """Return a permission to ask: a new instance of a class, or the instance itself."""
    return item() if isinstance(item, type) else item


def guard_of(item: Operand) -> document.Guard:
    """Return the guard of a permission class, a permission or an expression."""
    return item.plan() if isinstance(item, Expression) else instance_of(item).plan()


def describe(item: object) -> str:
    """Return a permission as its author wrote it."""
    return item.__name__ if isinstance(item, type) else repr(item)


def _require_no_arguments(permission: type) -> None:
    try:
        inspect.signature(permission).bind()
    except TypeError as error:
        name = permission.__name__
        raise TypeError(
            f"{name} cannot be listed as a class ({error}): list an instance, {name}(...)."
        ) from None
