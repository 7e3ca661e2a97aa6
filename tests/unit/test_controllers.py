"""What a controller's class body may hold, and what its hooks do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import Http404
from django.test import override_settings

from django_bolt import vocabulary
from django_bolt.auth import BasePermission, IsAuthenticated, IsStaff, JWTAuthentication
from django_bolt.controllers import Controller
from django_bolt.decorators import action
from django_bolt.exceptions import NotAuthenticated, PermissionDenied, ValidationError
from django_bolt.responses import Response


def method(self: Any) -> None:
    """Stand for a method."""


async def coroutine(self: Any) -> None:
    """Stand for an async method."""


def make(*bases: type, **body: Any) -> type[Controller]:
    return type(Controller)("Made", bases or (Controller,), body)


REFUSED_DATA = [
    # misspelt
    ("permision_classes", "'permission_classes'"),
    ("permission_class", "'permission_classes'"),
    ("permissions_classes", "'permission_classes'"),
    ("permissionclasses", "'permission_classes'"),
    ("Permission_Classes", "'permission_classes'"),
    ("authentification_classes", "'authentication_classes'"),
    ("authentication_class", "'authentication_classes'"),
    ("authenticaton_classes", "'authentication_classes'"),
    ("http_method_name", "'http_method_names'"),
    ("http_methods_names", "'http_method_names'"),
    ("parser_clases", "'parser_classes'"),
    ("trottle_classes", "'throttle_classes'"),
    ("serialiser_class", "'serializer_class'"),
    ("query_set", "'queryset'"),
    # other words for the same
    ("auth", "'authentication_classes'"),
    ("guards", "'permission_classes'"),
    ("permissions", "'permission_classes'"),
    ("pagination", "'pagination_class'"),
    ("throttles", "'throttle_classes'"),
    ("allowed_methods", "'http_method_names'"),
    ("tag", "'tags'"),
    # a viewset's
    ("lookup_field", "viewsets only"),
    ("lookup_url_kwarg", "viewsets only"),
    ("lookup_fields", "'lookup_field'"),
    # a hook that is data
    ("get_permission", "'get_permissions'"),
    *((name, "not supported") for name in sorted(vocabulary.UNSUPPORTED_ATTRIBUTES)),
]


@pytest.mark.parametrize(("name", "expected"), REFUSED_DATA)
def test_attribute_without_effect_is_refused(name: str, expected: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=expected):
        make(**{name: []})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("get_permission", "'get_permissions'"),
        ("getpermissions", "'get_permissions'"),
        ("check_permission", "'check_permissions'"),
        ("check_object_permission", "'check_object_permissions'"),
        ("acheck_object_permission", "'acheck_object_permissions'"),
        ("permissions_denied", "'permission_denied'"),
        ("handle_exceptions", "'handle_exception'"),
        ("handle_execption", "'handle_exception'"),
        ("finalise_response", "'finalize_response'"),
        ("inital", "'initial'"),
        ("intial", "'initial'"),
        ("get_authenticator", "'get_authenticators'"),
        ("get_query_set", "'get_queryset'"),
        ("permission_classes", "permission_classes must be a list"),
        ("queryset", "not supported"),
        *((name, "not supported") for name in sorted(vocabulary.UNSUPPORTED_HOOKS)),
    ],
)
def test_method_that_nothing_calls_is_refused(name: str, expected: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=expected):
        make(**{name: method})


@pytest.mark.parametrize(
    "name",
    [
        "airline", "border", "class_name", "classes", "client", "codes", "default_limit",
        "description", "detail", "fields", "filename", "initials", "limit", "lookup", "model",
        "name", "names", "ordered", "page_size", "parser", "path", "permission_message",
        "renderer", "schemas", "search_index", "setting", "stages", "status", "tagline",
        "template_name", "timeout", "user_classes", "version", "_permision_classes",
    ],
)  # fmt: skip
def test_ordinary_attributes_are_the_authors(name: str) -> None:
    assert getattr(make(**{name: []}), name) == []


@pytest.mark.parametrize(
    "name",
    [
        "auth", "build_response", "check_airport_permissions", "check_in", "check_version",
        "create", "finalize", "finalize_booking", "get_airport", "get_all_permissions",
        "get_my_permissions", "get_object", "get_options", "get_permission_names",
        "get_user_permissions", "guards", "handle", "handle_error", "has_permissions",
        "initialize", "list_permissions", "paginate", "parse", "pagination", "permission",
        "permission_granted", "permissions", "perform", "post_process", "set_permissions", "tag",
        "throttle", "update", "_get_permission",
    ],
)  # fmt: skip
def test_ordinary_methods_are_the_authors(name: str) -> None:
    assert getattr(make(**{name: method}), name) is method


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("auth", None),
        ("permissions", None),
        ("permission_classes", "must be a list"),
        ("permision_classes", "'permission_classes'"),
        ("get_permission", "'get_permissions'"),
        ("queryset", "not supported"),
    ],
)
def test_properties(name: str, expected: str | None) -> None:
    if expected is None:
        assert make(**{name: property(method)})
        return
    with pytest.raises(ImproperlyConfigured, match=expected):
        make(**{name: property(method)})


def test_class_keywords_reach_init_subclass() -> None:
    class Mixin:
        def __init_subclass__(cls, flag: bool = False) -> None:
            cls.flag = flag  # type: ignore[attr-defined]

    class Flagged(Mixin, Controller, flag=True):
        pass

    assert Flagged.flag  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match="keyword"):
        type(Controller)("Made", (Controller,), {}, flag=True)


@pytest.mark.parametrize(
    "value",
    [
        1,
        "GET",
        [],
        partial(print),
        staticmethod(method),
        classmethod(method),
        property(method),
        Response,
    ],
)
@pytest.mark.parametrize("name", ["get", "delete", "options"])
def test_handler_must_be_a_function(name: str, value: object) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"handler {name!r} must be a function"):
        make(**{name: value})


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"permission_classes": IsStaff}, "must be a list"),
        ({"permission_classes": IsStaff | IsAuthenticated}, "must be a list"),
        ({"permission_classes": None}, "must be a list"),
        ({"permission_classes": "app.IsStaff"}, "must be a list"),
        ({"permission_classes": ["app.IsStaff"]}, "classes and instances"),
        ({"permission_classes": {IsStaff}}, "must be a list"),
        ({"authentication_classes": JWTAuthentication}, "must be a list"),
        ({"authentication_classes": [None]}, "classes and instances"),
        ({"tags": "airports"}, "tags must be a list"),
        ({"tags": [1]}, "tags must be a list"),
        ({"http_method_names": "get"}, "must be a list"),
        ({"http_method_names": ["GET"]}, "'GET', which is no method in lower case.*'get'"),
        ({"http_method_names": ["pots"]}, "Did you mean 'post'"),
        ({"initial": 3}, "hook 'initial' must be a method"),
        ({"initial": staticmethod(method)}, "hook 'initial' must be a method"),
        ({"get_permissions": []}, "hook 'get_permissions' must be a method"),
        ({"get_permissions": coroutine}, "cannot be async def"),
        ({"check_object_permissions": coroutine}, "acheck_object_permissions"),
        ({"acheck_object_permissions": method}, "must be async def"),
        ({"permission_denied": coroutine}, "cannot be async def"),
        ({"post": None}, "nothing to remove"),
        ({"nearby": action(detail=False)(lambda self: None)}, "belong to a BoltViewSet"),
    ],
)
def test_impossible_value_is_refused(body: dict[str, Any], expected: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=expected):
        make(**body)


def test_refusal_names_class_and_mixin() -> None:
    class Mixin:
        permision_classes = ()

    with pytest.raises(ImproperlyConfigured, match=r"test_controllers\.Made \(from .*Mixin\)"):
        make(Mixin, Controller)


def test_handlers_come_from_bases_and_mixins() -> None:
    class Mixin:
        def get(self) -> None: ...

        async def post(self) -> None: ...

    class Base(Mixin, Controller):
        tags = ("base",)

        def delete(self) -> None: ...

    class Child(Base):
        delete = None  # type: ignore[assignment]

        async def get(self) -> None: ...

    assert dict(Base.__bolt__.handlers) == {
        "get": Mixin.get, "post": Mixin.post, "delete": Base.delete,
    }  # fmt: skip
    assert dict(Child.__bolt__.handlers) == {"get": Child.get, "post": Mixin.post}
    assert Child.tags == ("base",)


@pytest.mark.parametrize(
    ("hook", "hooked"),
    [
        *((name, True) for name in sorted(vocabulary.LIFECYCLE_HOOKS)),
        ("check_object_permissions", False),
    ],
)
def test_overridden_hooks_are_known(hook: str, hooked: bool) -> None:
    mixin = type("Mixin", (), {hook: method})
    for cls in (make(**{hook: method}), make(make(**{hook: method})), make(mixin, Controller)):
        assert cls.__bolt__.hooks == {hook}
        assert cls.__bolt__.hooked is hooked


def test_nothing_is_hooked_by_default() -> None:
    assert not make(get=method).__bolt__.hooks
    assert not make(get=method).__bolt__.hooked


def test_init_only_where_a_class_defines_it() -> None:
    assert not make().__bolt__.initializes
    assert make(__init__=method).__bolt__.initializes
    assert make(make(__init__=method)).__bolt__.initializes


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
    asyncio.run(view.acheck_object_permissions(view.request, obj))


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


def test_an_async_permission_is_never_true_unawaited() -> None:
    view = instance(make(permission_classes=[AsyncOdd]))
    with pytest.raises(TypeError, match="acheck_object_permissions"):
        check_sync(view, 3)
    check_async(view, 3)
    with pytest.raises(PermissionDenied):
        check_async(view, 4)


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
