"""Querysets: awaited, iterated, and returned; how many queries each costs."""

from __future__ import annotations

import inspect
import threading
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from msgspec import Struct

from django_bolt import BoltAPI
from django_bolt.auth import BasePermission
from django_bolt.testing import AsyncTestClient, TestClient
from tests.http.cases import Case

api = BoltAPI()
threads: set[str] = set()


class NotedUsers(QuerySet[User]):
    """Notes the thread on which it is evaluated."""

    def _fetch_all(self) -> None:
        threads.add(threading.current_thread().name)
        super()._fetch_all()


class UserOut(Struct):
    username: str


class ModelOut(Struct):
    model: str


class PermissionOut(Struct):
    codename: str
    content_type: ModelOut


def users() -> QuerySet[User]:
    return User.objects.order_by("username")


@api.get("/awaited")
async def awaited(limit: int = 10):
    rows = await users().select_related(None).all()[:limit]
    again = await rows
    names = [row.username async for row in again]
    return {"same": again is rows, "twice": names == [row.username for row in rows], "names": names}


@api.get("/values")
async def values():
    flat = await users().values_list("username", flat=True)
    dicts = await users().values("username")
    both = await User.objects.filter(username="ada").union(User.objects.filter(username="bob"))
    return [list(flat), list(dicts), sorted(row.username for row in both)]


@api.get("/prefetched")
async def prefetched():
    rows = await users().prefetch_related("groups")
    return [[group.name for group in row.groups.all()] for row in await rows]


@api.get("/evaluated")
async def evaluated():
    rows = users()
    async for _ in rows:
        pass
    return len(await rows)


@api.get("/returned/async")
async def returned() -> list[UserOut]:
    return NotedUsers(User).order_by("username")


@api.get("/returned/sync")
def returned_in_a_thread() -> list[UserOut]:
    return users()


@api.get("/returned/awaited")
async def returned_awaited() -> list[UserOut]:
    return await users()


@api.get("/returned/manager")
async def returned_manager() -> list[UserOut]:
    return User.objects


@api.get("/related")
async def related() -> list[PermissionOut]:
    return Permission.objects.filter(codename__endswith="_group").select_related("content_type")


@api.get("/unrelated")
async def unrelated() -> list[PermissionOut]:
    return Permission.objects.filter(codename__endswith="_group")


class SomeUsers(BasePermission):
    """Grants where the queryset that it returns has rows."""

    def has_permission(self, request: Any, view: Any) -> Any:
        return User.objects.filter(username=request.query_params["name"])


@api.get("/permitted", guards=[SomeUsers])
async def permitted() -> str:
    return "in"


@api.get("/undeclared")
async def undeclared():
    return users()


@api.get("/scalar")
async def scalar() -> int:
    return users()


@pytest.fixture
def counted(db: None) -> TestClient:
    """In process, where the test sees the queries of the request."""
    for name in ("ada", "bob"):
        User.objects.create(username=name)
    ContentType.objects.clear_cache()
    return TestClient(api)


NAMES = [{"username": "ada"}, {"username": "bob"}]
OF_GROUPS = [
    {"codename": f"{verb}_group", "content_type": {"model": "group"}}
    for verb in ("add", "change", "delete", "view")
]


@pytest.mark.parametrize(
    ("path", "queries", "body"),
    [
        ("/awaited", 1, {"same": True, "twice": True, "names": ["ada", "bob"]}),
        ("/awaited?limit=1", 1, {"same": True, "twice": True, "names": ["ada"]}),
        ("/values", 3, [["ada", "bob"], NAMES, ["ada", "bob"]]),
        ("/prefetched", 2, [[], []]),
        ("/evaluated", 1, 2),
        ("/returned/async", 1, NAMES),
        ("/returned/sync", 1, NAMES),
        ("/returned/awaited", 1, NAMES),
        ("/returned/manager", 1, NAMES),
        ("/related", 1, OF_GROUPS),
        # What a nested field refers to is fetched row by row, unless the queryset joins it.
        ("/unrelated", 5, OF_GROUPS),
        ("/permitted?name=ada", 1, "in"),
    ],
)
def test_queries(counted: TestClient, path: str, queries: int, body: Any) -> None:
    with counted as client, CaptureQueriesContext(connection) as captured:
        Case("GET", path, body=body).check(client)
    assert len(captured) == queries


def test_a_returned_queryset_is_evaluated_where_blocking_is_allowed(counted: TestClient) -> None:
    threads.clear()
    with counted as client:
        client.get("/returned/async")
    # In process that is the caller's thread. The loop's own met the queryset first, where Django
    # refuses the query.
    assert threads == {threading.current_thread().name, "bolt-test-loop"}


def test_the_same_over_a_socket(db_client: httpx.Client) -> None:
    for name in ("ada", "bob"):
        User.objects.create(username=name)
    for path in ("async", "sync", "awaited", "manager"):
        Case("GET", f"/returned/{path}", body=NAMES).check(db_client)
    Case("GET", "/awaited?limit=1", body={"same": True, "twice": True, "names": ["ada"]}).check(
        db_client
    )


@pytest.mark.parametrize(
    ("path", "status"),
    [("/permitted?name=nobody", 403), ("/undeclared", 500), ("/scalar", 500)],
)
def test_a_queryset_is_not_what_somebody_forgot_to_await(
    counted: TestClient, path: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    with TestClient(api, raise_server_exceptions=False) as client:
        assert client.get(path).status_code == status
    told = [str(record.exc_info[1]) for record in caplog.records if record.exc_info]
    assert not [text for text in told if "await" in text]


def test_awaitable_by_the_language(db: None) -> None:
    rows = users()
    assert inspect.isawaitable(rows)
    assert not inspect.iscoroutine(rows)


@pytest.mark.django_db
def test_django_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    from django_bolt.orm import awaiting

    marker = object()
    monkeypatch.setattr(QuerySet, "__await__", marker)
    awaiting.install()
    assert QuerySet.__await__ is marker


def test_awaited_outside_of_the_server(db: None) -> None:
    import asyncio

    async def count() -> int:
        async with AsyncTestClient(api) as client:
            reply = await client.get("/evaluated")
            return int(reply.json())

    assert asyncio.run(count()) == 0
