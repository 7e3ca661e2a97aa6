"""Routes become an application."""

import asyncio
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from django.http.response import HttpResponseBase
from django.test import override_settings

from django_bolt import Controller, Response
from django_bolt.auth import (
    AllowAny,
    IsAuthenticated,
    IsAuthenticatedOrReadOnly,
    IsStaff,
    JWTAuthentication,
)
from django_bolt.compile import application, plan
from django_bolt.exceptions import ConfigurationError, SignatureError
from django_bolt.request import Request
from django_bolt.responses import BaseResponse
from django_bolt.routing import Route


class Item(msgspec.Struct):
    name: str


class Things(Controller):
    def get(self, request): ...

    async def post(self): ...


class Deciding(Controller):
    permission_classes = (IsStaff,)

    def get_permissions(self):
        return [IsAuthenticated()]

    def get(self): ...


class Starting(Controller):
    async def initial(self, request, *args, **kwargs): ...

    def get(self): ...


@pytest.fixture(autouse=True)
def plain_settings() -> Iterator[None]:
    """Have nothing depend on the sample site's classes, which ask the database."""
    bolt = {
        "DEFAULT_AUTHENTICATION_CLASSES": [JWTAuthentication],
        "DEFAULT_PERMISSION_CLASSES": [IsAuthenticatedOrReadOnly],
    }
    with override_settings(BOLT=bolt):
        yield


def route(function: Any, **options: Any) -> Route:
    options = {"method": "GET", "path": "/", "origin": "app.handler", **options}
    return Route(function=function, **options)


def built(*routes: Route) -> Any:
    compiled = application.build(routes)
    # Rust reads the same document.
    assert msgspec.json.decode(plan.encode(compiled.plan), type=plan.Plan) == compiled.plan
    return compiled


def only(*routes: Route) -> Any:
    compiled = built(*routes)
    return compiled.plan.routes[0], compiled.handlers[0]


async def handler(body: Item, page: int = 1) -> Item: ...
def nothing() -> None: ...
def undeclared(): ...
async def with_request(request): ...


def test_a_function() -> None:
    document, beside = only(route(handler, method="POST", path="/items", name="items"))
    assert (document.method, document.path, document.name) == ("POST", "/items", "items")
    assert (document.mode, document.status, document.handler) == ("async", 200, "app.handler")
    assert [parameter.name for parameter in document.parameters] == ["page"]
    assert document.body.name == "body"
    assert beside.function is handler
    assert beside.controller is None
    assert beside.defaults == (1,)
    assert beside.decode(b'{"name": "a"}') == Item(name="a")
    assert beside.convert({"name": 1}) == Item(name="1")
    assert beside.admit is None


@pytest.mark.parametrize(
    ("function", "options", "expected"),
    [
        (undeclared, {}, {"mode": "blocking", "reads_body": False, "status": 200}),
        (undeclared, {"inline": True}, {"mode": "inline"}),
        (with_request, {"inline": True}, {"mode": "async", "reads_body": True}),
        (nothing, {}, {"status": 204}),
        (nothing, {"status_code": 202}, {"status": 202}),
        (undeclared, {"status_code": 201, "max_body_size": 5}, {"status": 201, "max_body_size": 5}),
        (Things.get, {"controller": Things}, {"reads_body": True, "mode": "blocking"}),
        (Things.post, {"controller": Things}, {"reads_body": True, "mode": "async"}),
        (Starting.get, {"controller": Starting}, {"mode": "async"}),
    ],
)
def test_what_the_plan_says(function: Any, options: Any, expected: dict[str, Any]) -> None:
    document, _ = only(route(function, **options))
    assert {name: getattr(document, name) for name in expected} == expected


def test_the_response_model_stands_for_the_annotation() -> None:
    _, beside = only(route(handler, method="POST", response_model=list[Item]))
    assert beside.convert([{"name": "a"}]) == [Item(name="a")]
    _, beside = only(route(nothing, response_model=Item))
    assert not beside.none_is_empty


class Guarded(Things):
    permission_classes = (IsAuthenticated,)


@pytest.mark.parametrize(
    ("controller", "options", "given"),
    [
        (Things, {"action": "list"}, {"action": "list"}),
        (Things, {}, {}),
        (Things, {"permission_classes": (IsAuthenticated,)}, {"permission_classes"}),
        (Things, {"authentication_classes": ()}, {"authentication_classes"}),
        (Guarded, {"permission_classes": (IsAuthenticated,)}, {}),
        (Guarded, {"permission_classes": (AllowAny,)}, {"permission_classes"}),
    ],
)
def test_instances_are_given_what_their_class_does_not_have(
    controller: type[Things], options: dict[str, Any], given: Any
) -> None:
    _, beside = only(route(controller.get, controller=controller, **options))
    assert beside.controller is controller
    assert beside.attributes == {name: options[name] for name in given}


def test_where_nothing_is_said_the_settings_hold() -> None:
    with override_settings(BOLT={"DEFAULT_PERMISSION_CLASSES": [IsAuthenticated]}):
        assert list(Things().permission_classes) == [IsAuthenticated]
    assert Things.permission_classes is None


def test_the_service_follows_the_settings() -> None:
    given = {"ERROR_FORMAT": "problem", "ERROR_CODES": True}
    django = {
        "DATA_UPLOAD_MAX_MEMORY_SIZE": 7,
        "DATA_UPLOAD_MAX_NUMBER_FIELDS": 9,
        "DATA_UPLOAD_MAX_NUMBER_FILES": 8,
        "FILE_UPLOAD_MAX_MEMORY_SIZE": 5,
        "FILE_UPLOAD_TEMP_DIR": "/x",
    }
    with override_settings(BOLT=given, DEBUG=True, **django):
        service = built().plan.service
    assert service == plan.Service(
        debug=True,
        max_body_size=7,
        forms=plan.Forms(max_fields=9, max_files=8, max_file_memory=5, directory="/x"),
        error_format="problem",
        error_codes=True,
        file_roots=None,
        decompress_requests=False,
        url_format_override="format",
    )


@pytest.mark.parametrize(
    ("classes", "guard", "admits"),
    [
        ([IsAuthenticated], plan.IsAuthenticated(), False),
        ([IsStaff], plan.IsStaff(), True),
        ([], None, False),
    ],
)
def test_permissions(classes: Any, guard: Any, admits: bool) -> None:
    document, beside = only(
        route(undeclared, authentication_classes=[JWTAuthentication], permission_classes=classes)
    )
    assert (document.guard, document.deferred) == (guard, False)
    assert (beside.admit is not None, beside.permissions is not None) == (admits, admits)


def test_a_hook_of_permissions_leaves_them_to_python() -> None:
    document, beside = only(route(Deciding.get, controller=Deciding, permission_classes=[IsStaff]))
    assert (document.guard, document.deferred) == (None, True)
    assert beside.permissions is None
    assert beside.admit is not None


def test_admission_is_a_coroutine() -> None:
    _, beside = only(route(undeclared, permission_classes=[IsStaff]))
    coroutine = beside.admit(None, None, [True], None)
    assert asyncio.iscoroutine(coroutine)
    assert asyncio.run(coroutine) is None


def test_secrets_stay_outside_of_the_plan() -> None:
    compiled = built(
        route(undeclared, authentication_classes=[JWTAuthentication(secret="very-secret")])
    )
    assert compiled.secrets == {"jwt": b"very-secret"}
    assert b"very-secret" not in plan.encode(compiled.plan)


@pytest.mark.parametrize("status", [0, 101, 199, 600])
def test_impossible_statuses(status: int) -> None:
    with pytest.raises(ConfigurationError, match=f"app.handler: status_code {status}"):
        built(route(undeclared, status_code=status))


def test_refusals_name_the_handler() -> None:
    with pytest.raises(SignatureError, match=r"app\.handler"):
        built(route(lambda page: None))
    with pytest.raises(ConfigurationError, match=r"app\.handler"):
        built(route(undeclared, response_model=object()))


def test_hooks() -> None:
    with override_settings(BOLT={"BLOCKING_THREADS": 3}):
        hooks = application.hooks()
    assert hooks.blocking_threads == 3
    assert hooks.request_class is Request
    assert hooks.response_class is BaseResponse
    assert hooks.django_response_class is HttpResponseBase
    assert hooks.render(Response(1))[3] == b"1"
