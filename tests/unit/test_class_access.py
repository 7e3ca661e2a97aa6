"""Access control that a class body sets in vain: behind the framework's class, or misnamed."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_bolt.auth import (
    APIKeyAuthentication,
    BasePermission,
    HasPermission,
    IsAuthenticated,
    IsStaff,
    JWTAuthentication,
)
from django_bolt.controllers import Controller
from django_bolt.decorators import endpoint
from django_bolt.viewsets import BoltViewSet


def handler(self: Any, request: Any) -> None:
    """Stand for a method."""


def make(*bases: type, **body: Any) -> type[Controller]:
    return type(Controller)("Made", bases or (Controller,), body)


class StaffOnly:
    permission_classes = (IsStaff,)


class Tokens:
    authentication_classes = (JWTAuthentication,)


class Listed(StaffOnly):
    tags = ("listed",)


class Guarded:
    def check_permissions(self, request: Any) -> None: ...


class Codes:
    lookup_field = "code"


class Answers:
    summary = "What a mixin may have anywhere."

    def get(self) -> None: ...


@pytest.mark.parametrize(
    ("bases", "expected"),
    [
        ((Controller, StaffOnly), r"StaffOnly.* behind Controller.*: list StaffOnly"),
        ((BoltViewSet, StaffOnly), r"StaffOnly.* behind BoltViewSet"),
        ((Controller, Tokens), r"Tokens\.authentication_classes has no effect"),
        ((Controller, Listed), "Listed.tags has no effect"),
        ((Controller, Guarded), "Guarded.check_permissions has no effect"),
        ((BoltViewSet, Codes), "Codes.lookup_field has no effect"),
        ((make(), StaffOnly), "StaffOnly.permission_classes has no effect behind Made"),
        ((Answers, Controller, StaffOnly), "StaffOnly first"),
        ((StaffOnly, Controller), None),
        ((StaffOnly, BoltViewSet), None),
        ((StaffOnly, Guarded, Controller, Answers), None),
        ((BoltViewSet, make(permission_classes=[IsStaff])), None),
        ((make(permission_classes=[IsStaff]), StaffOnly), None),
    ],
)  # fmt: skip
def test_a_mixin_behind_the_frameworks_class(bases: tuple[type, ...], expected: str | None) -> None:
    metaclass = type(BoltViewSet) if BoltViewSet in bases else type(Controller)
    if expected is None:
        assert metaclass("Made", bases, {}).permission_classes
        return
    with pytest.raises(ImproperlyConfigured, match=expected):
        metaclass("Made", bases, {})


def test_what_the_class_says_itself_stands_before_any_mixin() -> None:
    made = make(Controller, StaffOnly, permission_classes=[IsAuthenticated])
    assert made.permission_classes == [IsAuthenticated]


class Own(BasePermission):
    """A permission that may read anything of the view."""


STAFF = [IsStaff]
WRITERS = IsStaff | HasPermission("flights.change_airport")


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        (IsStaff, "permission_classes"),
        (IsStaff(), "permission_classes"),
        (~IsStaff, "permission_classes"),
        (WRITERS, "permission_classes"),
        ([IsStaff], "permission_classes"),
        ((IsStaff, IsAuthenticated), "permission_classes"),
        ({IsStaff}, "permission_classes"),
        ({"list": [IsAuthenticated]}, "permission_classes"),
        (HasPermission("flights.add_airport"), "permission_classes"),
        (JWTAuthentication, "authentication_classes"),
        (JWTAuthentication(), "authentication_classes"),
        ([APIKeyAuthentication({"k" * 32})], "authentication_classes"),
    ],
)
def test_access_control_that_nothing_reads(value: Any, meant: str) -> None:
    body = {"staff_area": value}
    for base in (Controller, BoltViewSet):
        with pytest.raises(ImproperlyConfigured, match=f"'staff_area' holds .* mean '{meant}'"):
            type(base)("Made", (base,), body)
    with pytest.raises(ImproperlyConfigured, match=r"\(from .*Mixin\): 'staff_area'"):
        make(type("Mixin", (), body), Controller)
    assert make(_staff_area=value)


def read_own(self: Any) -> list[Any]:
    return [item() for item in self.staff_area]


@pytest.mark.parametrize(
    "body",
    [
        {"staff_area": STAFF, "get_permissions": read_own},
        {"staff_area": STAFF, "check_permissions": handler},
        {"staff_area": STAFF, "initial": handler},
        {"staff_area": STAFF, "permission_classes": STAFF},
        {"staff_area": WRITERS, "permission_classes": [WRITERS | IsAuthenticated]},
        {"staff_area": STAFF, "permission_classes": [Own]},
        {"staff_area": STAFF, "permission_classes": [~Own()]},
        {"staff_area": STAFF, "get": endpoint(permission_classes=STAFF)(lambda self: None)},
        {"staff_area": STAFF, "get": endpoint(permission_classes=[Own])(lambda self: None)},
        {"IsStaff": IsStaff},
        {"Own": Own},
        {"JWTAuthentication": JWTAuthentication},
        {"perms": ["flights.add_airport"], "permission_classes": [Own]},
        {"permission_classes_by_action": {"get": STAFF}, "get_permissions": read_own},
        {"required_scopes": ["read"], "check_permissions": handler},
    ],
)
def test_access_control_that_something_may_read(body: dict[str, Any]) -> None:
    assert make(**body)
    assert make(type("Mixin", (), body), Controller)
