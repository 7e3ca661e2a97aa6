"""Paths and methods."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from django.core.exceptions import ImproperlyConfigured

from django_bolt import BoltAPI, Controller, Request, Router
from django_bolt.testing import LiveServer, TestClient
from tests.http.cases import Case, table

api = BoltAPI()


@api.get("/")
async def root() -> str:
    return "root"


@api.get("/users/me")
async def me() -> str:
    return "me"


@api.post("/users/{name}")
async def write_user(name: str) -> str:
    return f"wrote {name}"


@api.get("/users/{name}")
async def user(name: str) -> str:
    return f"user {name}"


@api.get("/users/{name}/posts/{number}")
def post(name: str, number: int) -> list[Any]:
    return [name, number]


@api.get("/users/{user_id}/friends")
async def friends(user_id: str) -> str:
    return f"friends of {user_id}"


@api.get("/files/{*rest}")
async def files(rest: str) -> str:
    return rest


@api.get("/slashed/")
async def slashed() -> str:
    return "slashed"


@api.get("/path/{value}")
async def path(request: Request, value: str) -> list[str]:
    return [request.path, request.raw_path, request.route]


@api.head("/own-head")
async def own_head() -> None:
    return None


@api.get("/own-head")
async def beside_the_head() -> str:
    return "body"


@api.options("/own-options")
async def own_options() -> str:
    return "mine"


@api.put("/own-options")
async def beside_the_options() -> None:
    return None


class Thing(Controller):
    """A thing."""

    def get(self) -> str:
        return "thing"

    def delete(self) -> None:
        return None


api.register("things", Thing)
NOT_FOUND = {"detail": "Not found."}


@table(
    [
        Case("GET", "/", body="root"),
        Case("GET", "", body="root", name="no path"),
        Case("GET", "/users/me", body="me"),
        Case("GET", "/users/ann", body="user ann"),
        Case("GET", "/users/mee", body="user mee"),
        Case("GET", "/users/ann/posts/7", body=["ann", 7]),
        Case("GET", "/users/ann/friends", body="friends of ann"),
        Case("GET", "/users/me/friends", body="friends of me"),
        Case("GET", "/slashed", body="slashed"),
        Case("GET", "/slashed/", body="slashed"),
        Case("GET", "/users/ann/", body="user ann"),
        Case("GET", "/users/ann/posts/7/", body=["ann", 7]),
        Case("GET", "/files/a", body="a"),
        Case("GET", "/files/a/b/c.txt", body="a/b/c.txt"),
        Case("GET", "/files/a/b/", body="a/b/"),
        Case("GET", "/users/ann?x=/users/me", body="user ann"),
    ]
)
def test_found(client: httpx.Client, case: Case) -> None:
    case.check(client)


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/user",
        "/users",
        "/users/",
        "/users/ann/posts",
        "/users/ann/posts/7/8",
        "/users//posts/7",
        "//users/ann",
        "/users/ann//",
        "/Users/ann",
        "/files",
        "/files/",
    ],
)
def test_not_found(client: httpx.Client, path: str) -> None:
    # A path that begins with two slashes would be taken for a host.
    url = str(client.base_url).rstrip("/") + path
    Case("GET", url, status=404, body=NOT_FOUND).check(client)


@table(
    [
        # Escapes of what needs none are undone before a path is matched.
        Case("GET", "/%75sers/%6De", body="me"),
        # Values are decoded once.
        Case("GET", "/users/a%20b", body="user a b"),
        Case("GET", "/users/a+b", body="user a+b"),
        Case("GET", "/users/a%2520b", body="user a%20b"),
        Case("GET", "/users/%C3%9E%C3%B3r", body="user Þór"),
        Case("GET", "/users/a%3Fb%23c", body="user a?b#c"),
        Case("GET", "/users/%7Bname%7D", body="user {name}"),
        # A slash within a value does not match one segment, and does match the rest.
        Case("GET", "/users/a%2Fb", status=404, body=NOT_FOUND),
        Case("GET", "/users/me%2Ffriends", status=404, body=NOT_FOUND),
        Case("GET", "/files/a%2Fb", body="a/b"),
        # Nobody climbs.
        Case("GET", "/files/a%2F..%2F..%2Fetc", status=404),
        Case("GET", "/files/%2e%2e/etc", status=404),
        Case("GET", "/files/%2E%2E%2Fetc", status=404),
        Case("GET", "/users/%2e%2e", status=404),
        # What cannot be read.
        Case("GET", "/users/%FF", status=400),
        Case("GET", "/users/%C0%AF", status=400),
        Case("GET", "/users/a%00b", status=400),
        Case(
            "GET",
            "/path/a%20%C3%BE",
            body=["/path/a þ", "/path/a%20%C3%BE", "/path/{value}"],
        ),
    ]
)
def test_escapes(client: httpx.Client, case: Case) -> None:
    case.check(client)


METHOD = {"detail": "This method is not allowed here."}


def wrong(method: str, path: str, allow: str) -> Case:
    # A HEAD's error has no body.
    body = {} if method == "HEAD" else {"body": METHOD}
    return Case(method, path, status=405, reply_headers={"allow": allow}, **body)


@table(
    [
        wrong("POST", "/", "GET, HEAD, OPTIONS"),
        wrong("DELETE", "/users/ann", "GET, HEAD, OPTIONS, POST"),
        wrong("TRACE", "/users/ann", "GET, HEAD, OPTIONS, POST"),
        wrong("FETCH", "/users/ann", "GET, HEAD, OPTIONS, POST"),
        # A static path does not fall through to a parameter.
        wrong("POST", "/users/me", "GET, HEAD, OPTIONS"),
        wrong("POST", "/things", "DELETE, GET, HEAD, OPTIONS"),
        wrong("HEAD", "/own-options", "OPTIONS, PUT"),
        wrong("GET", "/own-options/", "OPTIONS, PUT"),
    ]
)
def test_a_wrong_method(client: httpx.Client, case: Case) -> None:
    case.check(client)


@table(
    [
        Case("HEAD", "/users/ann", text="", reply_headers={"content-length": "10"}),
        Case("HEAD", "/own-head", status=204, text="", reply_headers={"content-length": None}),
        Case("HEAD", "/nowhere", status=404, text=""),
        Case(
            "OPTIONS",
            "/users/ann",
            status=204,
            text="",
            reply_headers={"allow": "GET, HEAD, OPTIONS, POST"},
        ),
        Case("OPTIONS", "/own-options", body="mine"),
        Case("OPTIONS", "/nowhere", status=404),
    ]
)
def test_head_and_options(client: httpx.Client, case: Case) -> None:
    case.check(client)


def test_options_of_a_controller_describe_it(client: httpx.Client) -> None:
    reply = Case("OPTIONS", "/things").check(client)
    assert reply.headers["allow"] == "DELETE, GET, HEAD, OPTIONS"
    assert reply.json()["name"] == "Thing"
    assert reply.json()["description"] == "A thing."
    assert reply.json()["renders"] == ["application/json"]


async def one() -> str:
    return "one"


async def other(name: str = "") -> str:
    return "other"


async def named(name: str) -> str:
    return name


async def called(title: str) -> str:
    return title


def duplicates() -> list[tuple[str, BoltAPI | list[BoltAPI]]]:
    same, shapes, slashes, split = BoltAPI(), BoltAPI(), BoltAPI(), [BoltAPI("/a"), BoltAPI()]
    same.get("/x")(one)
    same.get("/x")(other)
    shapes.get("/x/{name}")(named)
    shapes.get("/x/{title}")(called)
    slashes.get("/x")(one)
    slashes.get("/x/")(other)
    split[0].get("/b")(one)
    split[1].get("/a/b")(other)
    return [("same", same), ("shapes", shapes), ("slashes", slashes), ("split", split)]


@pytest.mark.parametrize("start", [TestClient, LiveServer])
@pytest.mark.parametrize(("name", "routes"), duplicates(), ids=[pair[0] for pair in duplicates()])
def test_two_handlers_of_one_request_are_an_error_at_start(
    start: Any, name: str, routes: Any
) -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        start(routes)
    pair = ("named", "called") if name == "shapes" else ("one", "other")
    for handler in pair:
        assert f"{__name__}.{handler}" in str(caught.value)


def test_routers_nest(serve: Any) -> None:
    inner = BoltAPI("/inner")
    inner.get("/x")(one)
    outer = Router("/outer")
    outer.include("/between", inner)
    client = serve(outer)
    Case("GET", "/outer/between/inner/x", body="one").check(client)
    Case("GET", "/inner/x", status=404).check(client)
