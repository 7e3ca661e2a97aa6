"""Hooked controllers: the order of their hooks, in both kinds of code."""

from __future__ import annotations

import asyncio
import inspect
import threading
from types import SimpleNamespace

import pytest

from django_bolt.auth import BasePermission, IsAuthenticated, IsStaff, ReadOnly
from django_bolt.controllers import Controller
from django_bolt.dispatch.admission import admit_by_view
from django_bolt.dispatch.lifecycle import wrap
from django_bolt.exceptions import NotAuthenticated, NotFound, PermissionDenied
from tests.unit.fakes import FakeIdentity, FakeRequest


def prepared(controller, request=None):
    """Return an instance as Rust makes it."""
    view = controller.__new__(controller)
    view.request = request or FakeRequest(path_values={"pk": 5})
    return view


def run(controller, handler="get", *arguments):
    """Run a handler as Rust does: the instance first, the arguments by position."""
    function = getattr(controller, handler)
    wrapped = wrap(function, controller, inspect.iscoroutinefunction(function))
    result = wrapped(prepared(controller), *arguments)
    return asyncio.run(result) if inspect.isawaitable(result) else result


def hooks(log, *, fails=False):
    """Return one class body's worth of hooks, ``def`` and ``async def``."""

    def initial(self, request, *args, **kwargs):
        log.append(("initial", request is self.request, args, kwargs))

    def get(self, pk=None):
        log.append(("get", pk))
        if fails:
            raise NotFound
        return "result"

    def handle_exception(self, exc):
        log.append(("handle_exception", type(exc).__name__))
        return "handled"

    def finalize_response(self, request, response, *args, **kwargs):
        log.append(("finalize_response", response, kwargs))
        return f"{response}!"

    def twin(function):
        async def asynchronous(self, *args, **kwargs):
            await asyncio.sleep(0)
            return function(self, *args, **kwargs)

        asynchronous.__name__ = function.__name__
        return asynchronous

    plain = [initial, get, handle_exception, finalize_response]
    return (
        {function.__name__: function for function in plain},
        {function.__name__: twin(function) for function in plain},
    )


NAMES = ("initial", "get", "handle_exception", "finalize_response")
#: Which of the four are ``async def``.
MIXTURES = [tuple(name for bit, name in enumerate(NAMES) if mask >> bit & 1) for mask in range(16)]


@pytest.mark.parametrize("asynchronous", MIXTURES)
def test_order(asynchronous):
    log = []
    plain, twins = hooks(log)
    body = {name: (twins if name in asynchronous else plain)[name] for name in NAMES}
    assert run(type("View", (Controller,), body), "get", 5) == "result!"
    assert log == [
        ("initial", True, (), {"pk": 5}),
        ("get", 5),
        ("finalize_response", "result", {"pk": 5}),
    ]


@pytest.mark.parametrize("asynchronous", MIXTURES)
def test_order_of_a_failure(asynchronous):
    log = []
    plain, twins = hooks(log, fails=True)
    body = {name: (twins if name in asynchronous else plain)[name] for name in NAMES}
    assert run(type("View", (Controller,), body)) == "handled!"
    assert log == [
        ("initial", True, (), {"pk": 5}),
        ("get", None),
        ("handle_exception", "NotFound"),
        ("finalize_response", "handled", {"pk": 5}),
    ]


@pytest.mark.parametrize(
    ("names", "asynchronous", "expected"),
    [
        (["get"], [], False),
        (["get", "initial"], [], False),
        (["get", "initial"], ["initial"], True),
        (["get", "initial"], ["get"], True),
        (["get", "handle_exception"], ["handle_exception"], True),
        (["get", "finalize_response"], ["finalize_response"], True),
    ],
)
def test_one_asynchronous_part_makes_the_whole_asynchronous(names, asynchronous, expected):
    plain, twins = hooks([])
    body = {name: (twins if name in asynchronous else plain)[name] for name in names}
    controller = type("View", (Controller,), body)
    wrapped = wrap(controller.get, controller, "get" in asynchronous)
    assert inspect.iscoroutinefunction(wrapped) is expected
    assert wrapped.__name__ == controller.get.__name__


@pytest.mark.parametrize("hook", [None, "get_permissions", "check_permissions"])
def test_a_controller_without_such_hooks_runs_as_it_is(hook):
    body = {"get": lambda self: "result"}
    if hook:
        body[hook] = lambda self, *args: []
    controller = type("View", (Controller,), body)
    assert wrap(controller.get, controller, False) is controller.get


@pytest.mark.parametrize("asynchronous", [(), ("initial",)])
def test_an_exception_of_initial_is_handled_and_the_handler_does_not_run(asynchronous):
    log = []
    plain, _ = hooks(log)

    def initial(self, request, *args, **kwargs):
        raise PermissionDenied

    async def initial_async(self, request, *args, **kwargs):
        raise PermissionDenied

    body = plain | {"initial": initial_async if asynchronous else initial}
    assert run(type("View", (Controller,), body)) == "handled!"
    assert [entry[0] for entry in log] == ["handle_exception", "finalize_response"]


def test_an_exception_that_the_hook_raises_again_passes():
    class View(Controller):
        def get(self):
            raise NotFound

        def handle_exception(self, exc):
            raise exc

    with pytest.raises(NotFound):
        run(View)


def test_cancellation_is_not_handled():
    log = []
    _, twins = hooks(log)

    async def get(self):
        raise asyncio.CancelledError

    async def main():
        controller = type("View", (Controller,), twins | {"get": get})
        await wrap(get, controller, True)(prepared(controller))

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())
    assert [entry[0] for entry in log] == ["initial"]


def test_synchronous_parts_of_an_asynchronous_life_cycle_leave_the_event_loop():
    threads = {}

    class View(Controller):
        def initial(self, request, *args, **kwargs):
            threads["initial"] = threading.get_ident()

        async def get(self):
            threads["get"] = threading.get_ident()

    run(View)
    assert threads["get"] == threading.get_ident() != threads["initial"]


# Permissions of a controller that overrides their hooks.


class Worded(BasePermission):
    message = "Members only."
    code = "members"

    async def has_permission(self, request, view):
        return view.welcome


ANONYMOUS = FakeRequest(method="POST")
SOMEBODY = FakeRequest(identity=FakeIdentity(is_staff=False), method="POST")
READER = FakeRequest(method="GET")


def admission(controller, request, *, authenticates=True, **attributes):
    view = prepared(controller, request)
    view.__dict__.update(attributes)
    return asyncio.run(admit_by_view(request, view, authenticates))


class Chooses(Controller):
    permission_classes = (IsStaff,)
    action = "create"

    def get_permissions(self):
        if self.action == "list":
            return [IsAuthenticated() | ReadOnly()]
        return [Worded()]


@pytest.mark.parametrize(
    ("attributes", "request_", "error"),
    [
        ({"action": "list"}, READER, None),
        ({"action": "list"}, SOMEBODY, None),
        ({"action": "list"}, ANONYMOUS, NotAuthenticated),
        ({"welcome": True}, SOMEBODY, None),
        ({"welcome": True}, ANONYMOUS, None),
        ({"welcome": False}, SOMEBODY, PermissionDenied),
        ({"welcome": False}, ANONYMOUS, NotAuthenticated),
    ],
)
def test_get_permissions_decides_in_place_of_the_classes(attributes, request_, error):
    if error is None:
        assert admission(Chooses, request_, **attributes) is None
    else:
        with pytest.raises(error):
            admission(Chooses, request_, **attributes)


def test_a_refusal_has_the_words_of_the_permission():
    with pytest.raises(PermissionDenied, match=r"Members only\.") as caught:
        admission(Chooses, SOMEBODY, welcome=False)
    assert caught.value.get_codes() == "members"


def test_without_authentication_classes_nobody_is_told_to_authenticate():
    with pytest.raises(PermissionDenied):
        admission(Chooses, ANONYMOUS, authenticates=False, welcome=False)


class TeapotError(Exception):
    pass


def _checks(self, request):
    raise TeapotError


async def _checks_async(self, request):
    await asyncio.sleep(0)
    raise TeapotError


@pytest.mark.parametrize("check", [_checks, _checks_async])
def test_check_permissions_decides_alone(check):
    controller = type("View", (Controller,), {"check_permissions": check})
    with pytest.raises(TeapotError):
        admission(controller, SOMEBODY)


class Denies(Controller):
    permission_classes = (IsStaff,)

    def permission_denied(self, request, message=None, code=None):
        raise NotFound


class DeniesSoftly(Controller):
    permission_classes = (IsStaff,)

    def permission_denied(self, request, message=None, code=None):
        return None


@pytest.mark.parametrize(
    ("controller", "error"), [(Denies, NotFound), (DeniesSoftly, PermissionDenied)]
)
def test_permission_denied_words_the_refusal_and_cannot_grant(controller, error):
    with pytest.raises(error):
        admission(controller, SOMEBODY)
    staff = FakeRequest(identity=FakeIdentity(is_staff=True))
    assert admission(controller, staff) is None


def test_a_list_with_something_else_in_it_is_an_error():
    class View(Controller):
        def get_permissions(self):
            return [SimpleNamespace(has_permission=lambda request, view: True)]

    with pytest.raises(TypeError, match="is not a permission"):
        admission(View, SOMEBODY)
