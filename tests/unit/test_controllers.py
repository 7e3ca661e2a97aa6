"""What a controller's hooks do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from django.http import Http404
from django.test import override_settings

from django_bolt.auth import BasePermission, IsStaff, JWTAuthentication
from django_bolt.controllers import Controller
from django_bolt.exceptions import NotAuthenticated, PermissionDenied, ValidationError
from django_bolt.responses import Response


def method(self: Any) -> None:
    """Stand for a method."""


async def coroutine(self: Any) -> None:
    """Stand for an async method."""


def make(*bases: type, **body: Any) -> type[Controller]:
    return type(Controller)("Made", bases or (Controller,), body)


class Odd(BasePermission):
    """Holds for odd objects."""

    message = "Only odd ones."
    code = "even"

    def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:
        return bool(obj % 2)


class AsyncOdd(BasePermission):
    """The same, asynchronously."""

    async def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:
        return bool(obj % 2)


def instance(cls: type[Controller], identity: object = "somebody", **attributes: Any) -> Controller:
    view = cls()
    view.request = SimpleNamespace(identity=identity, path_values={"pk": "KEF"}, path="/")  # type: ignore[assignment]
    for name, value in attributes.items():
        setattr(view, name, value)
    return view


def test_an_instance_has_drfs_attributes() -> None:
    view = instance(make(), action="list")
    assert (view.args, view.kwargs) == ((), {"pk": "KEF"})
    assert (view.action, view.format_kwarg) == ("list", None)
    assert instance(make()).action is None


def check_sync(view: Controller, obj: object) -> None:
    view.check_object_permissions(view.request, obj)


def check_async(view: Controller, obj: object) -> None:
    async def ask() -> None:
        await view.acheck_object_permissions(view.request, obj)

    asyncio.run(ask())


@pytest.fixture(params=[check_sync, check_async])
def check(request: pytest.FixtureRequest) -> Callable[[Controller, object], None]:
    checks: Callable[[Controller, object], None] = request.param
    return checks


Check = Callable[[Controller, object], None]


def test_object_permissions(check: Check) -> None:
    view = instance(make(permission_classes=[Odd]))
    check(view, 3)
    with pytest.raises(PermissionDenied, match=r"Only odd ones\.") as refusal:
        check(view, 4)
    assert refusal.value.get_codes() == "even"


def test_object_permissions_of_an_anonymous_caller(check: Check) -> None:
    anonymous = partial(instance, identity=None)
    with pytest.raises(NotAuthenticated):
        check(
            anonymous(make(permission_classes=[Odd], authentication_classes=[JWTAuthentication])), 4
        )
    with pytest.raises(PermissionDenied):
        check(anonymous(make(permission_classes=[Odd], authentication_classes=[])), 4)


def test_the_actions_permissions_hold_for_objects(check: Check) -> None:
    # Route.attributes puts the nearest declaration on the instance.
    view = instance(make(), permission_classes=(Odd,))
    with pytest.raises(PermissionDenied):
        check(view, 4)


def test_the_settings_permissions_hold_for_objects(check: Check) -> None:
    with override_settings(BOLT={"DEFAULT_PERMISSION_CLASSES": [Odd]}):
        with pytest.raises(PermissionDenied):
            check(instance(make()), 4)
        check(instance(make(permission_classes=[])), 4)


@pytest.mark.parametrize(
    "listed", [[AsyncOdd], [AsyncOdd()], [IsStaff | AsyncOdd, Odd], [~~AsyncOdd]]
)
def test_async_permissions_hold_for_objects(check: Check, listed: list[Any]) -> None:
    # From a def handler too: it runs on a thread, which may wait.
    made = make(permission_classes=listed, authentication_classes=[])
    view = instance(made, identity=None)
    check(view, 3)
    with pytest.raises(PermissionDenied):
        check(view, 4)


def test_async_permissions_hold_for_requests() -> None:
    class Nobody(BasePermission):
        async def has_permission(self, request: Any, view: Any) -> bool:
            await asyncio.sleep(0)
            return False

    view = instance(make(permission_classes=[Nobody]))
    with pytest.raises(PermissionDenied):
        view.check_permissions(view.request)
    view = instance(make(permission_classes=[~Nobody]))
    view.check_permissions(view.request)


@pytest.mark.parametrize("name", ["check_permissions", "check_object_permissions"])
def test_an_async_permission_is_never_true_unawaited(name: str) -> None:
    class Odd(BasePermission):
        async def has_permission(self, request: Any, view: Any) -> bool:
            return True

    view = instance(make(permission_classes=[Odd]))
    arguments = (view.request, 3)[: 1 + (name == "check_object_permissions")]

    async def ask_on_the_loop() -> None:
        # Waiting here would block the loop that has to answer.
        getattr(view, name)(*arguments)

    with pytest.raises(TypeError, match="acheck_object_permissions"):
        asyncio.run(ask_on_the_loop())


def test_a_check_that_nobody_can_await_is_refused_at_once() -> None:
    view = instance(make(permission_classes=[Odd]))
    with pytest.raises(TypeError, match=r"in def, call check_object_permissions\(\)"):
        view.acheck_object_permissions(view.request, 4)


def test_an_awaitable_of_a_plain_def_is_not_true_either() -> None:
    class Odd(BasePermission):
        def has_object_permission(self, request: Any, view: Any, obj: Any) -> Any:
            return asyncio.sleep(0, result=True)

    view = instance(make(permission_classes=[Odd]))
    with pytest.raises(TypeError, match="is asynchronous"):
        check_sync(view, 3)


def test_an_overridden_twin_holds_for_both(check: Check) -> None:
    def refuse(self: Controller, request: Any, obj: object) -> None:
        raise PermissionDenied("sync")

    async def arefuse(self: Controller, request: Any, obj: object) -> None:
        await Controller.acheck_object_permissions(self, request, obj)
        raise PermissionDenied("async")

    with pytest.raises(PermissionDenied, match="sync"):
        check(instance(make(check_object_permissions=refuse)), 3)
    with pytest.raises(PermissionDenied, match="async"):
        check(instance(make(acheck_object_permissions=arefuse)), 3)


def test_a_permission_denied_that_returns_grants_nothing(check: Check) -> None:
    seen = []

    def note(self: Controller, request: Any, message: Any = None, code: Any = None) -> None:
        seen.append((message, code))

    with pytest.raises(PermissionDenied):
        check(instance(make(permission_classes=[Odd], permission_denied=note)), 4)
    assert seen == [("Only odd ones.", "even")]


def test_overridden_get_permissions(check: Check) -> None:
    def get_permissions(self: Controller) -> list[Any]:
        return [*Controller.get_permissions(self), Odd()]

    view = instance(make(get_permissions=get_permissions, permission_classes=[]))
    with pytest.raises(PermissionDenied):
        check(view, 4)


def test_check_permissions_asks_about_the_request() -> None:
    class Nobody(BasePermission):
        def has_permission(self, request: Any, view: Any) -> bool:
            return False

    view = instance(make(permission_classes=[Nobody]))
    with pytest.raises(PermissionDenied):
        view.check_permissions(view.request)
    view = instance(make(permission_classes=[~Nobody]))
    view.check_permissions(view.request)


@pytest.mark.parametrize(
    ("error", "status", "data"),
    [
        (Http404("secret"), 404, {"detail": "Not found."}),
        (ValidationError({"name": ["No."]}), 400, {"name": ["No."]}),
        (PermissionDenied("No."), 403, {"detail": "No."}),
    ],
)
def test_handle_exception_replies(error: Exception, status: int, data: object) -> None:
    response = instance(make()).handle_exception(error)
    assert isinstance(response, Response)
    assert (response.status_code, response.data) == (status, data)


def test_handle_exception_raises_what_is_the_servers_fault() -> None:
    with pytest.raises(ZeroDivisionError):
        instance(make()).handle_exception(ZeroDivisionError())


def test_initial_and_finalize_response_do_nothing() -> None:
    view = instance(make())
    view.initial(view.request, pk="KEF")
    response = Response({})
    assert view.finalize_response(view.request, response, pk="KEF") is response
