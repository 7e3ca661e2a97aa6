"""A law: whatever the tree and whoever asks, Rust and Python together give what Python gives."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_bolt import BoltAPI, Request
from django_bolt.auth import (
    AllowAny,
    APIKeyAuthentication,
    BaseAuthentication,
    BasePermission,
    HasAllPermissions,
    HasAnyPermission,
    HasPermission,
    HasScope,
    IsAdminUser,
    IsAuthenticated,
    IsAuthenticatedOrReadOnly,
    IsStaff,
    JWTAuthentication,
    ReadOnly,
)
from django_bolt.auth.expressions import And, Expression, Not, Or
from django_bolt.testing import TestClient
from tests.http.guards_api import ADD, CHANGE, SECRET
from tests.http.test_guards import bearer


class Says(BasePermission):
    def __init__(self, answer: bool) -> None:
        self.answer = answer

    def has_permission(self, request: Any, view: Any) -> bool:
        return self.answer


class SaysLater(Says):
    async def has_permission(self, request: Any, view: Any) -> bool:  # type: ignore[override]
        await asyncio.sleep(0)
        return self.answer


class Ticket(BaseAuthentication):
    """``X-Ticket: staff,superuser`` is a user with these flags."""

    def authenticate(self, request: Request) -> Any:
        sent = request.header("x-ticket")
        if sent is None:
            return None
        user = User.objects.get()
        user.is_staff, user.is_superuser = "staff" in sent, "superuser" in sent
        return user, {"scope": "write"} if "scope" in sent else None


AUTHENTICATION: list[Any] = [
    JWTAuthentication(secret=SECRET),
    Ticket,
    APIKeyAuthentication({"nothing": [], "adding": [ADD]}),
]

leaves = st.one_of(
    st.sampled_from(
        [
            *(AllowAny(), IsAuthenticated(), ReadOnly(), IsAuthenticatedOrReadOnly()),
            *(IsStaff(), IsAdminUser(), HasScope("write"), HasPermission(ADD)),
            *(HasPermission(CHANGE), HasAnyPermission(ADD, CHANGE), HasAllPermissions(ADD, CHANGE)),
        ]
    ),
    st.builds(Says, st.booleans()),
    st.builds(SaysLater, st.booleans()),
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(And, inner, inner), st.builds(Or, inner, inner), st.builds(Not, inner)
    ),
    max_leaves=8,
)
claims = st.fixed_dictionaries(
    {"sub": st.just("1")},
    optional={
        "is_staff": st.booleans(),
        "is_superuser": st.booleans(),
        "permissions": st.lists(st.sampled_from([ADD, CHANGE]), unique=True),
        "scope": st.sampled_from(["read", "read write"]),
    },
)
callers = st.one_of(
    st.just({}),
    claims.map(lambda found: ("claims", found)),
    st.sampled_from(["", "staff", "superuser", "staff,scope"]).map(lambda v: {"x-ticket": v}),
    st.sampled_from(["nothing", "adding"]).map(lambda v: {"x-api-key": v}),
)


def plainly(node: Any, request: Request) -> bool:
    """Evaluate as Python would, every leaf by itself."""
    if isinstance(node, Not):
        return not plainly(node.of[0], request)
    if isinstance(node, Expression):
        answers = [plainly(branch, request) for branch in node.of]
        return any(answers) if isinstance(node, Or) else all(answers)
    answer = node.has_permission(request, None)
    return asyncio.run(answer) if inspect.iscoroutine(answer) else bool(answer)


@pytest.mark.django_db
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    listed=st.lists(trees, min_size=1, max_size=2),
    caller=callers,
    method=st.sampled_from(["GET", "POST"]),
)
def test_rust_and_python_together_are_python(listed: list[Any], caller: Any, method: str) -> None:
    user, made = User.objects.get_or_create(username="ann", defaults={"is_staff": True})
    if made:
        user.user_permissions.add(Permission.objects.get(codename="add_airport"))
    headers = caller
    if isinstance(caller, tuple):
        headers = bearer(**(caller[1] | {"sub": str(user.pk)}))
    api = BoltAPI()

    def answer(request: Request) -> bool:
        return all(plainly(tree, request) for tree in listed)

    for verb in (api.get, api.post):
        verb("/plain", auth=AUTHENTICATION, guards=[])(answer)
        verb("/guarded", auth=AUTHENTICATION, guards=listed)(lambda: None)
    with TestClient(api) as client:
        allowed = client.request(method, "/plain", headers=headers).json()
        status = client.request(method, "/guarded", headers=headers).status_code
    refused = 403 if headers else 401
    assert (status < 300) == allowed
    assert allowed or status == refused
