"""Conditional requests: what handlers say of their replies, before they run and after."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any

import httpx
import pytest
from django.contrib.auth.models import Group
from django.test import override_settings
from msgspec import Struct

from django_bolt import (
    BoltAPI,
    BoltViewSet,
    Controller,
    Response,
    action,
    condition,
    endpoint,
    etag,
    last_modified,
)
from django_bolt.params import Depends
from django_bolt.responses import JSON
from tests.http.cases import Case, table

BEFORE = "Sun, 06 Nov 1994 08:49:36 GMT"
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
AFTER = "Sun, 06 Nov 1994 08:49:38 GMT"
MOMENT = datetime(1994, 11, 6, 8, 49, 37, 999, tzinfo=UTC)

FAILED = {"detail": "A precondition of the request does not hold."}
REQUIRED = {"detail": "This request must be conditional; send If-Match."}

api = BoltAPI()
ran: list[str] = []


class Thing(Struct):
    name: str


@api.get("/set")
async def set_by_the_handler():
    headers = {"ETag": '"v1"', "Cache-Control": "max-age=1", "Content-Language": "is"}
    return Response([1], headers=headers)


@api.get("/headed")
async def headed():
    return Response([1], headers={"X-Name": "value"})


@table(
    [
        Case("GET", "/headed", headers={"If-Match": '"other"'}, body=[1]),
        Case("GET", "/headed", headers={"If-Unmodified-Since": BEFORE}, body=[1]),
        Case("GET", "/headed", headers={"If-None-Match": '"other"'}, body=[1]),
    ]
)
def test_without_a_validator_there_is_nothing_to_compare(client: httpx.Client, case: Case) -> None:
    case.check(client)


@api.get("/dated")
def dated():
    return JSON([1], headers={"Last-Modified": DATE})


@api.get("/missing")
async def missing():
    return Response({"detail": "gone"}, status=404, headers={"ETag": '"v1"'})


@api.post("/set")
async def posted():
    return Response([1], headers={"ETag": '"v1"'})


@api.get("/invalid")
async def invalid(tag: str):
    return Response([1], headers={"ETag": tag})


def wait_for(holds: Callable[[], bool]) -> None:
    """Wait for what follows a reply."""
    for _ in range(300):
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError(ran)


def version(request: Any, name: str) -> str | None:
    return None if name == "none" else f"{name}-v1"


async def aversion(request: Any, name: str) -> str | None:
    await asyncio.sleep(0)
    return version(request, name)


def changed(request: Any, name: str) -> datetime | None:
    return None if name == "none" else MOMENT


@api.get("/sync/{name}")
@api.put("/sync/{name}")
@etag(version)
def sync_handler(name: str) -> Thing:
    ran.append(name)
    return {"name": name, "secret": 1}


@api.get("/async/{name}")
@api.put("/async/{name}")
@etag(aversion)
async def async_handler(name: str) -> Thing:
    ran.append(name)
    return {"name": name, "secret": 1}


@api.get("/mixed/{name}")
@api.put("/mixed/{name}")
@etag(aversion)
def mixed_handler(name: str, request, limit: int = 3) -> Thing:
    assert request.query_params.get("limit", "3") == str(limit)
    ran.append(name)
    return {"name": name, "secret": 1}


@api.get("/values/{name}")
@api.put("/values/{name}")
@etag(version)
async def with_path_values(**kwargs: Any) -> Thing:
    ran.append(kwargs["name"])
    return kwargs


class Things(Controller):
    @etag(version)
    def get(self, request, name: str) -> Thing:
        ran.append(name)
        return {"name": name}

    @condition(version)
    async def put(self, request, name: str) -> Thing:
        ran.append(name)
        return {"name": name}


api.register("controller/{name}", Things)


class ThingViewSet(BoltViewSet):
    lookup_field = "name"

    @etag(version)
    def retrieve(self, request, name: str) -> Thing:
        ran.append(name)
        return {"name": name}

    @etag(aversion)
    def update(self, request, name: str) -> Thing:
        ran.append(name)
        return {"name": name}

    @action(detail=True)
    @last_modified(changed)
    async def history(self, request, name: str) -> list[str]:
        ran.append(name)
        return [name]


api.register("viewset", ThingViewSet, basename="thing")


class Hooked(Controller):
    def initial(self, request, *args, **kwargs):
        ran.append("initial")

    @etag(version)
    async def get(self, request, name: str) -> Thing:
        ran.append(name)
        return {"name": name}

    put = get

    def handle_exception(self, exc):
        ran.append(type(exc).__name__)
        return super().handle_exception(exc)

    def finalize_response(self, request, response, *args, **kwargs):
        ran.append(str(getattr(response, "status_code", "data")))
        return response


api.register("hooked/{name}", Hooked)

STYLES = ["sync", "async", "mixed", "values", "controller", "viewset"]
TAG = '"a-v1"'


@pytest.mark.parametrize("style", STYLES)
def test_tags_before_the_handler(client: httpx.Client, style: str) -> None:
    def ask(method: str, name: str = "a", **headers: str) -> tuple[int, str | None, bool]:
        ran.clear()
        sent = {key.replace("_", "-"): value for key, value in headers.items()}
        reply = client.request(method, f"/{style}/{name}", headers=sent)
        if reply.status_code == 200 and method != "HEAD":
            assert reply.json() == {"name": name}
        return reply.status_code, reply.headers.get("etag"), bool(ran)

    assert ask("GET") == (200, TAG, True)
    assert ask("HEAD") == (200, TAG, True)
    assert ask("GET", If_None_Match=TAG) == (304, TAG, False)
    assert ask("HEAD", If_None_Match=f'"x", W/{TAG}') == (304, TAG, False)
    assert ask("GET", If_None_Match='"x"') == (200, TAG, True)
    assert ask("GET", If_Match='"x"') == (412, None, False)
    # What a change leaves behind has another tag, which nobody knows yet.
    assert ask("PUT") == (200, None, True)
    assert ask("PUT", If_Match=TAG) == (200, None, True)
    assert ask("PUT", If_Match="*") == (200, None, True)
    assert ask("PUT", If_Match='"x"') == (412, None, False)
    assert ask("PUT", If_Match=f"W/{TAG}") == (412, None, False)
    assert ask("PUT", If_None_Match="*") == (412, None, False)
    # There is none.
    assert ask("GET", "none", If_None_Match=TAG) == (200, None, True)
    assert ask("PUT", "none", If_Match="*") == (412, None, False)
    assert ask("PUT", "none", If_None_Match="*") == (200, None, True)


def test_the_error_of_a_failed_precondition(client: httpx.Client) -> None:
    for method, path in (("PUT", "/sync/a"), ("GET", "/set")):
        Case(method, path, headers={"If-Match": '"x"'}, status=412, body=FAILED).check(client)


@pytest.mark.parametrize(
    ("method", "headers", "status", "order"),
    [
        ("GET", {}, 200, ["initial", "a", "data"]),
        ("GET", {"If-None-Match": TAG}, 304, ["initial", "304"]),
        ("PUT", {"If-Match": '"x"'}, 412, ["initial", "PreconditionFailed", "412"]),
    ],
)
def test_the_life_cycle(
    client: httpx.Client, method: str, headers: dict[str, str], status: int, order: list[str]
) -> None:
    ran.clear()
    assert client.request(method, "/hooked/a", headers=headers).status_code == status
    assert ran == order


@table(
    [
        Case(
            "GET",
            "/set",
            headers={"If-None-Match": 'W/"v1"'},
            status=304,
            text="",
            reply_headers={
                "etag": '"v1"',
                "cache-control": "max-age=1",
                "content-type": None,
                "content-language": None,
            },
        ),
        Case("GET", "/set", headers={"If-None-Match": "*"}, status=304, text="", name="any"),
        Case("HEAD", "/set", headers={"If-None-Match": '"v1"'}, status=304),
        Case("GET", "/set", headers={"If-None-Match": '"v2"'}, body=[1], name="another"),
        Case("GET", "/set", headers={"If-None-Match": "v1"}, body=[1], name="no quotes"),
        Case("GET", "/set", headers={"If-Modified-Since": AFTER}, body=[1], name="no date"),
        Case("POST", "/set", headers={"If-None-Match": '"v1"'}, body=[1]),
        Case("GET", "/missing", headers={"If-None-Match": '"v1"'}, status=404),
        Case("GET", "/dated", headers={"If-Modified-Since": DATE}, status=304, text=""),
        Case("GET", "/dated", headers={"If-Modified-Since": BEFORE}, body=[1], name="older"),
        Case("GET", "/dated", headers={"If-Modified-Since": "now"}, body=[1], name="no date"),
        Case("GET", "/dated", headers={"If-Unmodified-Since": BEFORE}, status=412, body=FAILED),
        Case(
            "GET",
            "/dated",
            headers={"If-None-Match": '"x"', "If-Modified-Since": AFTER},
            body=[1],
            name="a tag comes first",
        ),
    ]
)
def test_what_a_handler_sets(client: httpx.Client, case: Case) -> None:
    case.check(client)


@pytest.mark.parametrize("tag", ["v1", "'v1'", '"a" "b"', 'w/"v1"', "*", '"v 1"'])
def test_tags_that_are_none(
    client: httpx.Client, tag: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert client.get("/invalid", params={"tag": tag}).status_code == 500
    assert "is not an entity tag" in caplog.text
    assert tag in caplog.text.replace("\\", "")


@api.get("/since/{name}")
@api.put("/since/{name}")
@last_modified(changed)
async def since(name: str):
    return name


@api.get("/zone/{name}")
@last_modified(lambda _request, name: MOMENT.astimezone(timezone(timedelta(hours=5))))
def in_a_zone(name: str):
    return name


@api.get("/naive/{name}")
@last_modified(lambda _request, name: MOMENT.replace(tzinfo=None))
def naive(name: str):
    return name


@api.get("/ancient")
@last_modified(lambda _request: datetime(1969, 1, 1, tzinfo=UTC))
def ancient():
    return 1


@api.get("/both/{name}")
@etag(version)
@last_modified(changed)
def both(name: str):
    return Response(name, headers={"ETag": '"its-own"'} if name == "own" else {})


def dates(path: str) -> list[Case]:
    return [
        Case("GET", path, reply_headers={"last-modified": DATE}),
        Case("GET", path, headers={"If-Modified-Since": DATE}, status=304, text=""),
        Case("GET", path, headers={"If-Modified-Since": BEFORE}, name=f"{path} changed since"),
    ]


@table(
    [
        *dates("/since/a"),
        *dates("/zone/a"),
        *dates("/naive/a"),
        *dates("/viewset/a/history"),
        Case("PUT", "/since/a", headers={"If-Unmodified-Since": DATE}),
        Case("PUT", "/since/a", headers={"If-Unmodified-Since": BEFORE}, status=412, body=FAILED),
        Case("GET", "/since/none", reply_headers={"last-modified": None}),
        Case("GET", "/ancient", reply_headers={"last-modified": None}),
        Case("GET", "/both/a", reply_headers={"last-modified": DATE, "etag": TAG}),
        Case("GET", "/both/own", reply_headers={"last-modified": DATE, "etag": '"its-own"'}),
        Case("GET", "/both/a", headers={"If-None-Match": '"x"', "If-Modified-Since": AFTER}),
    ]
)
def test_dates(client: httpx.Client, case: Case) -> None:
    case.check(client)


@api.get("/required/{name}")
@api.put("/required/{name}")
@api.delete("/required/{name}")
@condition(version, changed, required=True)
def required(name: str):
    return name


@api.put("/required-tag/{name}")
@etag(version, required=True)
async def required_tag(name: str):
    return name


@table(
    [
        Case("GET", "/required/a"),
        Case("HEAD", "/required/a"),
        Case("PUT", "/required/a", status=428, body=REQUIRED),
        Case("DELETE", "/required/a", status=428, body=REQUIRED),
        Case("PUT", "/required-tag/a", status=428, body=REQUIRED),
        Case("PUT", "/required/a", headers={"If-Match": TAG}),
        Case("PUT", "/required/a", headers={"If-Match": '"x"'}, status=412, name="another"),
        Case("PUT", "/required/a", headers={"If-Unmodified-Since": DATE}, name="a date"),
        Case("PUT", "/required-tag/a", headers={"If-Unmodified-Since": DATE}, status=428),
        Case("PUT", "/required/a", headers={"If-None-Match": '"x"'}, status=428, name="none of"),
        Case("PUT", "/required/none", headers={"If-None-Match": "*"}, name="to create"),
        Case("PUT", "/required/a", headers={"If-None-Match": "*"}, status=412, name="is there"),
    ]
)
def test_conditions_that_are_required(client: httpx.Client, case: Case) -> None:
    case.check(client)


def bad_tag(request: Any) -> str:
    return 'a"b'


@api.get("/bad-tag")
@etag(bad_tag)
async def with_a_bad_tag():
    return 1


@api.get("/failing")
@etag(lambda _request: 1 / 0)
async def failing():
    return 1


@pytest.mark.parametrize("path", ["/bad-tag", "/failing"])
def test_faults_of_the_functions(client: httpx.Client, path: str) -> None:
    Case("GET", path, status=500, body={"detail": "Internal server error."}).check(client)


async def opened():
    ran.append("opened")
    yield "x"
    ran.append("closed")


@api.get("/depending/{name}")
@api.put("/depending/{name}")
@etag(version)
def depending(name: str, given: Annotated[str, Depends(opened)]):
    ran.append("handler")
    return [name, given]


def test_dependencies(client: httpx.Client) -> None:
    for method, headers, status, order in [
        ("GET", {}, 200, ["opened", "handler", "closed"]),
        ("GET", {"If-None-Match": TAG}, 304, ["opened", "closed"]),
        ("PUT", {"If-Match": '"x"'}, 412, ["opened"]),
    ]:
        ran.clear()
        reply = client.request(method, "/depending/a", headers=headers)
        assert reply.status_code == status
        wait_for(lambda expected=order: ran == expected)


@api.get("/groups/{name}")
@etag(lambda _request, name: str(Group.objects.get(name=name).pk))
async def group(name: str):
    return (await Group.objects.aget(name=name)).name


def test_the_database(db_client: httpx.Client) -> None:
    made = Group.objects.create(name="a")
    reply = db_client.get("/groups/a")
    assert (reply.json(), reply.headers["etag"]) == ("a", f'"{made.pk}"')
    assert db_client.get("/groups/b").status_code == 404


@api.get("/tagged", etag=True)
async def tagged(value: int = 1):
    return {"value": value}


@api.get("/tagged/text", etag=True)
def tagged_text():
    return Response("a", headers={"ETag": '"own"'})


@api.post("/tagged", etag=True)
async def tagged_post():
    return 1


@api.get("/tagged/error", etag=True)
async def tagged_error():
    return Response(1, status=500)


@api.get("/tagged/nothing", etag=True)
async def tagged_nothing() -> None:
    return None


class Tagged(Controller):
    etag = True

    def get(self, request):
        return [1]

    @endpoint(etag=False)
    def delete(self, request):
        return [1]


class Untagged(Controller):
    etag = True

    @endpoint(etag=False)
    def get(self, request):
        return [1]


api.register("class", Tagged)
api.register("untagged", Untagged)


def test_automatic_tags(client: httpx.Client) -> None:
    first = client.get("/tagged")
    tag = first.headers["etag"]
    assert client.head("/tagged").headers["etag"] == tag
    assert client.get("/tagged").headers["etag"] == tag
    assert client.get("/tagged?value=2").headers["etag"] != tag
    again = client.get("/tagged", headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert client.get("/class").headers["etag"]
    assert client.get("/tagged/text").headers["etag"] == '"own"'


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/tagged"),
        ("GET", "/tagged/error"),
        ("GET", "/tagged/nothing"),
        ("DELETE", "/class"),
        ("GET", "/untagged"),
        ("OPTIONS", "/class"),
    ],
)
def test_what_gets_no_tag(client: httpx.Client, method: str, path: str) -> None:
    assert "etag" not in client.request(method, path).headers


def test_tags_by_the_settings(serve: Any) -> None:
    some = BoltAPI()
    some.get("/")(lambda: 1)
    some.get("/off", etag=False)(lambda: 1)
    some.register("untagged", Untagged)
    with override_settings(BOLT={"ETAGS": True}):
        client = serve(some)
        assert client.get("/").headers["etag"]
        for path in ("/off", "/untagged"):
            assert "etag" not in client.get(path).headers
