"""Responses and bodies as results: what they may carry, and what of it may leave."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from django.contrib.auth.models import Group

from django_bolt import BoltAPI, Response
from django_bolt.responses import HTML, JSON, PlainText, Redirect
from tests.http.cases import Case, table
from tests.http.test_result_types import ANN, SECRET, Account, GroupOut, Note, Person, giving

api = BoltAPI()
api.get("/declared/raw", response_model=bytes)(giving(b"\x00\xff"))


class Unknown:
    pass


@api.get("/unknown")
async def unknown():
    return {"a": Unknown()}


@api.get("/instance")
def model_instance():
    return Group(name="pilots")


@api.get("/nan")
async def not_a_number() -> float:
    return float("nan")


@pytest.mark.parametrize("path", ["/unknown", "/instance", "/nan"])
def test_what_has_no_json(client: httpx.Client, path: str) -> None:
    Case("GET", path, status=500, body={"detail": "Internal server error."}).check(client)


@api.get("/empty")
async def empty() -> None:
    return None


@api.post("/empty", status_code=202)
def empty_accepted() -> None:
    return None


@api.post("/created", status_code=201)
async def created() -> Person:
    return Person("ann", 41)


@api.get("/model", response_model=Person)
async def response_model() -> Any:
    return {**ANN, "password": SECRET}


@api.get("/response")
async def response():
    return Response(ANN, status=201, headers={"X-Name": "ann"})


@api.get("/response/declared")
async def declared_response() -> Person:
    return Response({**ANN, "password": SECRET}, status=201)


@api.get("/response/empty")
def empty_response():
    return Response(status=204)


@api.get("/response/set-later")
def set_later():
    answer = Response()
    answer.data = [1]
    answer["X-Name"] = "b"
    return answer


@api.get("/json")
async def json_response():
    return JSON(None, status_code=203)


@api.get("/text")
async def text():
    return PlainText("Þ", headers={"cache-control": "no-store"})


@api.get("/html")
def html():
    return HTML("<h1>Þ</h1>", status_code=202)


@api.get("/csv")
def other_type():
    return Response("a,b", content_type="text/csv")


@api.get("/redirect")
async def redirect():
    return Redirect("/café?x=1 2")


@api.get("/redirect/kept")
async def redirect_that_keeps_the_method():
    return Redirect("https://example.org/", status_code=308)


@api.get("/redirect/unsafe")
async def unsafe_redirect():
    return Redirect("javascript:alert(1)")


@api.get("/bytes")
async def plain_bytes():
    return b"\x00\xff"


@table(
    [
        Case("GET", "/empty", status=204, text="", reply_headers={"content-type": None}),
        Case("POST", "/empty", status=202, text="", reply_headers={"content-type": None}),
        Case("POST", "/created", status=201, body=ANN),
        Case("GET", "/model", body=ANN),
        Case("GET", "/response", status=201, body=ANN, reply_headers={"x-name": "ann"}),
        Case("GET", "/response/declared", status=201, body=ANN),
        Case("GET", "/response/empty", status=204, text="", reply_headers={"content-type": None}),
        Case("GET", "/response/set-later", body=[1], reply_headers={"x-name": "b"}),
        Case("GET", "/json", status=203, body=None),
        Case(
            "GET",
            "/text",
            text="Þ",
            reply_headers={
                "content-type": "text/plain; charset=utf-8",
                "cache-control": "no-store",
                "content-length": "2",
            },
        ),
        Case(
            "GET",
            "/html",
            status=202,
            text="<h1>Þ</h1>",
            reply_headers={"content-type": "text/html; charset=utf-8"},
        ),
        Case("GET", "/csv", text="a,b", reply_headers={"content-type": "text/csv"}),
        Case(
            "GET",
            "/redirect",
            status=302,
            text="",
            reply_headers={"location": "/caf%C3%A9?x=1%202"},
        ),
        Case(
            "GET",
            "/redirect/kept",
            status=308,
            reply_headers={"location": "https://example.org/"},
        ),
        Case("GET", "/redirect/unsafe", status=400, body={"detail": "Bad request."}),
    ]
)
def test_responses(client: httpx.Client, case: Case) -> None:
    assert SECRET not in case.check(client).text


@pytest.mark.parametrize("path", ["/bytes", "/declared/raw"])
def test_bytes_leave_as_they_are(client: httpx.Client, path: str) -> None:
    reply = client.get(path)
    assert reply.content == b"\x00\xff"
    assert reply.headers["content-type"] == "application/octet-stream"


@api.post("/echo")
async def echo(person: Account) -> Account:
    return person


@api.post("/echo/less")
async def echo_less(person: Account) -> Person:
    return person


@api.post("/echo/less/sync")
def echo_less_in_a_thread(person: Account) -> Person:
    return person


@api.post("/echo/list")
async def echo_list(people: list[Account]) -> list[Person]:
    return people


@api.post("/echo/dict")
async def echo_dict(body: dict) -> Person:
    return body


@api.post("/echo/note")
async def echo_note(note: Note) -> Note:
    return note


@api.post("/echo/note/undeclared")
async def echo_note_undeclared(note: Note):
    return {"note": note}


SENT = {**ANN, "password": SECRET}


@table(
    [
        Case("POST", "/echo", json=SENT, body=SENT),
        Case("POST", "/echo/less", json=SENT, body=ANN),
        Case("POST", "/echo/less/sync", json=SENT, body=ANN),
        Case("POST", "/echo/list", json=[SENT], body=[ANN]),
        Case("POST", "/echo/dict", json=SENT, body=ANN),
        Case("POST", "/echo/dict", json={}, status=500, name="a body that is no result"),
        Case("POST", "/echo/note", json={"text": "x"}, body={"text": "x", "stars": 3}),
        Case(
            "POST",
            "/echo/note/undeclared",
            json={"text": "x"},
            body={"note": {"text": "x", "stars": 3}},
        ),
    ]
)
def test_the_body_comes_back(client: httpx.Client, case: Case) -> None:
    case.check(client)


@api.get("/groups")
def groups() -> list[GroupOut]:
    return Group.objects.order_by("name")


@api.get("/groups/async")
async def groups_from_a_coroutine() -> list[GroupOut]:
    return Group.objects.order_by("name")


@api.get("/groups/{name}")
async def group(name: str) -> GroupOut:
    return await Group.objects.aget(name=name)


def test_models(db_client: httpx.Client) -> None:
    for name in "ba":
        Group.objects.create(name=name)
    for path in ("/groups", "/groups/async"):
        Case("GET", path, body=[{"name": "a"}, {"name": "b"}]).check(db_client)
    Case("GET", "/groups/a", body={"name": "a"}).check(db_client)
