from __future__ import annotations

import pytest

from django_bolt.compile import plan
from django_bolt.management.expressions import expression

STAFF, READ, ANYBODY = plan.IsStaff(), plan.IsReadOnly(), plan.AllowAny()


@pytest.mark.parametrize(
    ("guard", "text"),
    [
        (None, "AllowAny"),
        (ANYBODY, "AllowAny"),
        (plan.IsAuthenticated(), "IsAuthenticated"),
        (plan.IsSuperuser(), "IsAdminUser"),
        (plan.HasPermissions(permissions=["a.b"]), 'HasPermission("a.b")'),
        (plan.HasPermissions(permissions=["a.b", "a.c"]), 'HasAllPermissions("a.b", "a.c")'),
        (plan.HasAnyPermission(permissions=["a.b", "a.c"]), 'HasAnyPermission("a.b", "a.c")'),
        (plan.HasScopes(scopes=["read"]), 'HasScope("read")'),
        (plan.PythonPermission(name="shop.IsOwner"), "shop.IsOwner"),
        (plan.Any(of=[STAFF, READ]), "IsStaff | ReadOnly"),
        (plan.All(of=[STAFF, READ]), "IsStaff & ReadOnly"),
        (plan.All(of=[plan.Any(of=[STAFF, READ]), ANYBODY]), "(IsStaff | ReadOnly) & AllowAny"),
        (plan.Any(of=[plan.All(of=[STAFF, READ]), ANYBODY]), "IsStaff & ReadOnly | AllowAny"),
        (plan.Not(of=STAFF), "~IsStaff"),
        (plan.Not(of=plan.Any(of=[STAFF, READ])), "~(IsStaff | ReadOnly)"),
        (plan.All(of=[plan.Any(of=[STAFF]), READ]), "IsStaff & ReadOnly"),
        (plan.All(of=[]), "AllowAny"),
        (plan.Any(of=[]), "~AllowAny"),
        (plan.HasScopes(scopes=['a"b']), r'HasScope("a\"b")'),
    ],
)
def test_expression(guard: plan.Guard | None, text: str) -> None:
    assert expression(guard) == text
