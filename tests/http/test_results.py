"""Results under a declared type: rows of the database, responses, and who hears of a failure."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.signals import got_request_exception
from msgspec import Struct

from django_bolt import BoltAPI, Controller
from django_bolt.auth import BasePermission
from django_bolt.decorators import inline
from django_bolt.responses import JSON, Response
from tests.http.cases import Case, table

api = BoltAPI()


class Out(Struct):
    id: int
    username: str


class OutWithGroups(Struct):
    username: str
    groups: list[Named]


class Named(Struct):
    name: str


class OutPermission(Struct):
    codename: str
    content_type: OutContentType


class OutContentType(Struct):
    model: str


async def pause(how: str) -> None:
    if how == "suspended":
        await asyncio.sleep(0.001)


@api.get("/rows/{how}")
async def rows(how: str) -> list[Out]:
    await pause(how)
    return User.objects.order_by("username")  # type: ignore[return-value]


@api.get("/row/{how}")
async def row(how: str) -> Out:
    await pause(how)
    return await User.objects.aget(username="ada")  # type: ignore[return-value]


@api.get("/related/{how}")
async def related(how: str) -> OutWithGroups:
    await pause(how)
    return await User.objects.aget(username="ada")  # type: ignore[return-value]


@api.get("/lazy/{how}")
async def lazy(how: str) -> OutPermission:
    """Its content type is a query of its own."""
    await pause(how)
    return await Permission.objects.aget(codename="add_group")  # type: ignore[return-value]


@api.get("/rows-in-response/{how}")
async def rows_in_response(how: str) -> list[Out]:
    await pause(how)
    return Response(User.objects.order_by("username"), status=203)  # type: ignore[return-value]


@api.get("/rows-in-a-thread/{how}")
def rows_in_a_thread(how: str) -> list[Out]:
    return User.objects.order_by("username")  # type: ignore[return-value]


class TestRows:
    @pytest.fixture
    def users(self, db_client: httpx.Client) -> list[dict[str, Any]]:
        made = [User.objects.create_user(name, password="secret") for name in ("ada", "bob")]
        made[0].groups.add(Group.objects.create(name="pilots"))
        return [{"id": user.pk, "username": user.username} for user in made]

    @pytest.mark.parametrize("how", ["at-once", "suspended"])
    def test_of_a_coroutine(self, db_client: httpx.Client, users: Any, how: str) -> None:
        pilots = {"username": "ada", "groups": [{"name": "pilots"}]}
        add_group = {"codename": "add_group", "content_type": {"model": "group"}}
        for case in (
            Case("GET", f"/rows/{how}", body=users),
            Case("GET", f"/row/{how}", body=users[0]),
            Case("GET", f"/related/{how}", body=pilots),
            Case("GET", f"/lazy/{how}", body=add_group),
            Case("GET", f"/rows-in-response/{how}", status=203, body=users),
            Case("GET", f"/rows-in-a-thread/{how}", body=users),
        ):
            case.check(db_client)

    def test_none_are_an_empty_list(self, db_client: httpx.Client) -> None:
        Case("GET", "/rows/suspended", body=[]).check(db_client)


WHOLE = {"id": 1, "username": "ada", "password": "secret"}
CUT = {"id": 1, "username": "ada"}


@api.get("/cut/response")
async def cut_response() -> Out:
    return Response(WHOLE, status=201, headers={"X-Own": "1"})  # type: ignore[return-value]


@api.get("/cut/json")
async def cut_json() -> Out:
    return JSON(WHOLE, status_code=202)  # type: ignore[return-value]


@api.get("/cut/sync")
def cut_in_a_thread() -> Out:
    return Response(WHOLE, status=201)  # type: ignore[return-value]


@api.get("/cut/list")
async def cut_list() -> list[Out]:
    return Response([WHOLE, WHOLE])  # type: ignore[return-value]


@api.get("/cut/model", response_model=Out)
async def cut_by_model() -> Any:
    return Response(WHOLE)


@api.get("/refused")
async def refused() -> Out:
    return Response({"detail": "No.", "password": "wrong"}, status=422)  # type: ignore[return-value]


@api.get("/free")
async def free() -> Out | Response:
    return Response(WHOLE, status=201)


@api.get("/response")
async def response() -> Response:
    return Response(WHOLE)


@api.get("/nothing")
async def nothing() -> Out:
    return Response(status=204)  # type: ignore[return-value]


@api.get("/unfit")
async def unfit() -> Out:
    return Response({"username": "ada"}, status=201)  # type: ignore[return-value]


@table(
    [
        Case("GET", "/cut/response", status=201, body=CUT, reply_headers={"x-own": "1"}),
        Case("GET", "/cut/json", status=202, body=CUT),
        Case("GET", "/cut/sync", status=201, body=CUT),
        Case("GET", "/cut/list", body=[CUT, CUT]),
        Case("GET", "/cut/model", body=CUT),
        Case("GET", "/refused", status=422, body={"detail": "No.", "password": "wrong"}),
        Case("GET", "/free", status=201, body=WHOLE),
        Case("GET", "/response", body=WHOLE),
        Case("GET", "/nothing", status=204, text=""),
        Case("GET", "/unfit", status=500, body={"detail": "Internal server error."}),
    ]
)
def test_a_declared_type_holds_for_responses(client: httpx.Client, case: Case) -> None:
    case.check(client)


class Vault(BasePermission):
    def has_permission(self, request: Any, view: Any) -> bool:
        raise LookupError("broken")


class AsyncOdd(BasePermission):
    async def has_object_permission(self, request: Any, view: Any, obj: int) -> bool:
        await asyncio.sleep(0.001)
        return bool(obj % 2)


@api.get("/fails/async")
async def fails() -> None:
    raise LookupError("broken")


@api.get("/fails/suspended")
async def fails_later() -> None:
    await asyncio.sleep(0.001)
    raise LookupError("broken")


@api.get("/fails/sync")
def fails_in_a_thread() -> None:
    raise LookupError("broken")


@api.get("/fails/inline")
@inline
def fails_inline() -> None:
    raise LookupError("broken")


@api.get("/fails/result")
async def fails_as_declared() -> Out:
    return {"id": "none"}  # type: ignore[return-value]


@api.get("/fails/permission", guards=[Vault])
async def never() -> None:
    """Stand behind a broken door."""


class Fails(Controller):
    def get(self) -> None:
        raise LookupError("broken")


class Objects(Controller):
    permission_classes = (AsyncOdd,)
    authentication_classes = ()

    def get(self, number: int) -> str:
        self.check_object_permissions(self.request, number)
        return "in"

    async def put(self, number: int) -> str:
        await self.acheck_object_permissions(self.request, number)
        return "in"

    async def post(self, number: int) -> str:
        self.check_object_permissions(self.request, number)
        return "in"

    def patch(self, number: int) -> str:
        self.acheck_object_permissions(self.request, number)
        return "in"


api.register("fails/controller", Fails)
api.register("objects/{number}", Objects)
FAILING = ["async", "suspended", "sync", "inline", "result", "permission", "controller"]


@pytest.mark.parametrize("name", FAILING)
def test_who_hears_of_a_failure_sees_the_request(
    client: httpx.Client, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[tuple[str, str, str | None]] = []

    def receive(sender: object, request: Any, **_: object) -> None:
        heard.append((request.method, request.path, request.headers.get("x-trace")))

    path = f"/fails/{name}"
    got_request_exception.connect(receive)
    try:
        with caplog.at_level(logging.ERROR, "django.request"):
            Case("GET", f"{path}?q=1", headers={"x-trace": "7"}, status=500).check(client)
    finally:
        got_request_exception.disconnect(receive)
    assert heard == [("GET", path, "7")]
    (record,) = [record for record in caplog.records if record.name == "django.request"]
    assert record.getMessage() == f"Internal Server Error: {path}"
    assert record.request.path == path  # type: ignore[attr-defined]
    assert record.status_code == 500  # type: ignore[attr-defined]


@table(
    [
        Case("GET", "/objects/1", body="in"),
        Case("GET", "/objects/2", status=403),
        Case("PUT", "/objects/1", body="in"),
        Case("PUT", "/objects/2", status=403),
        # There is nobody to wait for it on the event loop.
        Case("POST", "/objects/1", status=500),
        # And nobody to await it in a thread.
        Case("PATCH", "/objects/2", status=500),
    ]
)
def test_async_permissions_for_objects(client: httpx.Client, case: Case) -> None:
    case.check(client)


class Reads(Controller):
    """Reads things."""

    def get(self, number: int) -> str:
        return "read"


class Writes(Controller):
    def post(self, pk: str) -> str:
        return f"wrote {pk}"


api.register("shared/{number}", Reads)
api.register("shared/{pk}", Writes)


@table(
    [
        Case("GET", "/shared/1", body="read"),
        Case("POST", "/shared/a", body="wrote a"),
        Case(
            "OPTIONS",
            "/shared/1",
            body={
                "name": "Reads",
                "description": "Reads things.",
                "renders": ["application/json"],
                "parses": ["application/json"],
            },
            reply_headers={"allow": "GET, HEAD, OPTIONS, POST"},
        ),
        Case("PUT", "/shared/1", status=405, reply_headers={"allow": "GET, HEAD, OPTIONS, POST"}),
    ]
)
def test_two_classes_on_one_path(client: httpx.Client, case: Case) -> None:
    case.check(client)
