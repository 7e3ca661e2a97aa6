"""A guard tree as the expression that somebody would write."""

from __future__ import annotations

import json

from django_bolt.compile import plan

#: Classes without arguments, by their names in ``django_bolt.auth``.
_NAMES: dict[type[plan.Document], str] = {
    plan.AllowAny: "AllowAny",
    plan.IsAuthenticated: "IsAuthenticated",
    plan.IsStaff: "IsStaff",
    plan.IsSuperuser: "IsAdminUser",
    plan.IsReadOnly: "ReadOnly",
}


def expression(guard: plan.Guard | None) -> str:
    """Return the guard as in ``IsStaff | HasPermission("flights.add_airport")``."""
    if guard is None:
        return "AllowAny"
    match guard:
        case plan.All(of=branches):
            return " & ".join(_operand(branch) for branch in branches) or "AllowAny"
        case plan.Any(of=branches):
            return " | ".join(map(expression, branches)) or "~AllowAny"
        case plan.Not(of=branch):
            return f"~({expression(branch)})" if _is_joined(branch) else f"~{expression(branch)}"
        case plan.HasPermissions(permissions=names):
            return _call("HasPermission" if len(names) == 1 else "HasAllPermissions", names)
        case plan.HasAnyPermission(permissions=names):
            return _call("HasAnyPermission", names)
        case plan.HasScopes(scopes=names):
            return _call("HasScope", names)
        case plan.PythonPermission(name=name):
            return name
        case _:
            return _NAMES[type(guard)]


def _operand(guard: plan.Guard) -> str:
    """A branch of ``&``, which binds more tightly than ``|``."""
    text = expression(guard)
    return f"({text})" if isinstance(guard, plan.Any) and len(guard.of) > 1 else text


def _is_joined(guard: plan.Guard) -> bool:
    return isinstance(guard, plan.All | plan.Any) and len(guard.of) > 1


def _call(name: str, arguments: list[str]) -> str:
    return f"{name}({', '.join(map(json.dumps, arguments))})"
