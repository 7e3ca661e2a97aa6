"""Authentication and permission classes in the plan."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import override_settings

from django_bolt.auth import (
    AllowAny,
    APIKeyAuthentication,
    BaseAuthentication,
    BasePermission,
    HasPermission,
    IsAuthenticated,
    IsStaff,
    JWTAuthentication,
    ReadOnly,
)
from django_bolt.compile import plan
from django_bolt.compile.policy import PolicyCompiler, SecretStore
from django_bolt.exceptions import ConfigurationError


class Custom(BasePermission):
    """Only Python can decide."""


PYTHON = plan.PythonPermission(name=f"{__name__}.Custom")


class Ticket(BaseAuthentication):
    """Asked in Python."""

    def authenticate(self, request: Any) -> None:
        return None


def indexes(policies: PolicyCompiler, classes: Any) -> list[int]:
    return [index for index, _ in policies.authentication(classes, "h")]


def test_secrets_have_ids_that_say_nothing() -> None:
    store = SecretStore()
    ids = [store.add("jwt", b"a"), store.add("jwt", b"b"), store.add("key", b"a")]
    assert ids == ["jwt", "jwt-2", "jwt"]
    assert store.secrets() == {"jwt": b"a", "jwt-2": b"b"}


def test_equal_authentication_classes_are_one() -> None:
    policies = PolicyCompiler()
    key = APIKeyAuthentication(["k"])
    assert indexes(policies, [JWTAuthentication, key]) == [0, 1]
    assert indexes(policies, [key, JWTAuthentication()]) == [1, 0]
    assert indexes(policies, [JWTAuthentication(issuer="i")]) == [2]
    assert indexes(policies, [JWTAuthentication, JWTAuthentication()]) == [0]
    assert indexes(policies, []) == []
    assert len(policies.authenticators) == 3


def test_classes_in_python_are_told_apart_by_what_was_listed() -> None:
    policies, one, other = PolicyCompiler(), Ticket(), Ticket()
    assert indexes(policies, [Ticket, JWTAuthentication]) == [0, 1]
    assert indexes(policies, [one, other, one, Ticket, Ticket]) == [2, 3, 0]
    assert policies.authenticators[0] == plan.PythonAuthentication(name=f"{__name__}.Ticket")


def test_the_settings_hold_where_nothing_is_said() -> None:
    given = {
        "DEFAULT_AUTHENTICATION_CLASSES": ["django_bolt.auth.JWTAuthentication"],
        "DEFAULT_PERMISSION_CLASSES": ["django_bolt.auth.IsAuthenticated"],
    }
    with override_settings(BOLT=given):
        policies = PolicyCompiler()
        assert indexes(policies, None) == [0]
        assert policies.guard(None, "h", authenticates=True)[0] == plan.IsAuthenticated()
        assert indexes(policies, []) == []
        assert policies.guard([], "h", authenticates=True)[0] is None


@pytest.mark.parametrize(
    ("classes", "guard", "in_python"),
    [
        ([], None, False),
        ([AllowAny], plan.AllowAny(), False),
        ([IsAuthenticated()], plan.IsAuthenticated(), False),
        ([ReadOnly | IsAuthenticated], None, False),
        ([IsStaff], plan.IsStaff(), True),
        ([HasPermission("a.b")], plan.HasPermissions(permissions=["a.b"]), True),
        ([Custom], PYTHON, True),
        ([~Custom()], plan.Not(of=PYTHON), True),
        (
            [IsStaff | Custom, IsAuthenticated],
            plan.All(of=[plan.Any(of=[plan.IsStaff(), PYTHON]), plan.IsAuthenticated()]),
            True,
        ),
    ],
)
def test_guards(classes: list[Any], guard: plan.Guard | None, in_python: bool) -> None:
    found, permissions = PolicyCompiler().guard(classes, "h", authenticates=False)
    if guard is not None or not classes:
        assert found == guard
    assert (permissions is not None) == in_python
    assert permissions is None or permissions.authenticates is False


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ([APIKeyAuthentication], "APIKeyAuthentication needs arguments"),
        ([IsAuthenticated], "not an authentication class"),
        ([object()], "not an authentication class"),
        (["a.b"], "not an authentication class"),
    ],
)
def test_wrong_authentication_classes(classes: list[Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=f"app.handler: .*{message}"):
        PolicyCompiler().authentication(classes, "app.handler")


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ([JWTAuthentication], "not a permission"),
        ([object], "not a permission"),
        ([lambda: True], "not a permission"),
        ([HasPermission], "HasPermission"),
    ],
)
def test_wrong_permission_classes(classes: list[Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=f"app.handler: .*{message}"):
        PolicyCompiler().guard(classes, "app.handler", authenticates=True)
