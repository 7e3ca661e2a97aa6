"""Permissions of models: which are asked for, and what becomes of objects that nobody may see."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import Http404

from django_bolt import BoltAPI
from django_bolt.auth import (
    DjangoModelPermissions,
    DjangoModelPermissionsOrAnonReadOnly,
    DjangoObjectPermissions,
    IsStaff,
)
from django_bolt.exceptions import ConfigurationError, MethodNotAllowed
from django_bolt.testing import TestClient
from sample_site.flights.models import Airport

ADD, CHANGE, DELETE = (f"flights.{verb}_airport" for verb in ("add", "change", "delete"))


class User:
    """A user with permissions for the model, and for one object."""

    is_authenticated = True

    def __init__(self, *held: str, on_object: tuple[str, ...] = ()) -> None:
        self.held, self.on_object = held, on_object

    def has_perms(self, names: list[str], obj: Any = None) -> bool:
        return set(names) <= set(self.held if obj is None else self.on_object)


class Request:
    def __init__(self, user: Any, method: str) -> None:
        self.user, self.method = user, method


class View:
    class queryset:  # noqa: N801
        model = Airport


class AskingView:
    def get_queryset(self) -> Any:
        return View.queryset


@pytest.mark.parametrize(
    ("kind", "user", "method", "expected"),
    [
        (DjangoModelPermissions, AnonymousUser(), "GET", False),
        (DjangoModelPermissions, None, "GET", False),
        (DjangoModelPermissions, User(), "GET", True),
        (DjangoModelPermissions, User(), "POST", False),
        (DjangoModelPermissions, User(ADD), "POST", True),
        (DjangoModelPermissions, User(ADD), "PUT", False),
        (DjangoModelPermissions, User(CHANGE), "PATCH", True),
        (DjangoModelPermissions, User(DELETE), "DELETE", True),
        (DjangoModelPermissionsOrAnonReadOnly, AnonymousUser(), "GET", True),
    ],
)
def test_what_a_method_asks_for(kind: Any, user: Any, method: str, expected: bool) -> None:
    request = Request(user, method)
    assert kind(Airport).has_permission(request, None) is expected
    assert kind().has_permission(request, View()) is expected
    assert kind().has_permission(request, AskingView()) is expected


@pytest.mark.parametrize(
    ("on_object", "method", "expected"),
    [((), "GET", True), ((), "PUT", False), ((CHANGE,), "PUT", True)],
)
def test_objects(on_object: tuple[str, ...], method: str, expected: bool) -> None:
    request = Request(User(on_object=on_object), method)
    assert DjangoObjectPermissions(Airport).has_object_permission(request, None, 1) is expected


class Viewing(DjangoObjectPermissions):
    perms_map = DjangoObjectPermissions.perms_map | {"GET": ["flights.view_airport"]}  # type: ignore[operator]


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_an_object_that_may_not_be_seen_is_not_there(method: str) -> None:
    with pytest.raises(Http404):
        Viewing(Airport).has_object_permission(Request(User(), method), None, 1)


def test_methods_that_the_map_does_not_know() -> None:
    with pytest.raises(MethodNotAllowed):
        DjangoModelPermissions(Airport).has_permission(Request(User(), "BREW"), None)


@pytest.mark.parametrize(
    "listed", [DjangoModelPermissions, DjangoModelPermissions(), IsStaff | DjangoModelPermissions]
)
def test_a_view_without_a_model_is_refused_at_start(listed: Any) -> None:
    api = BoltAPI()

    @api.get("/", guards=[listed])
    async def handler() -> None: ...

    with pytest.raises(
        ConfigurationError, match=r"handler: .*list DjangoModelPermissions\(Model\)"
    ):
        TestClient(api)


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(TypeError, match="takes a model"):
        DjangoModelPermissions("Airport")  # type: ignore[arg-type]
