"""Results: what a handler may return, and what of it may leave."""

from __future__ import annotations

import datetime as dt
import enum
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import Group
from django.utils.safestring import mark_safe
from msgspec import Struct

from django_bolt import BoltAPI, Response
from django_bolt.responses import HTML, JSON, PlainText, Redirect
from tests.http.cases import Case, table

api = BoltAPI()

SECRET = "hash-of-a-password"


class Person(Struct):
    name: str
    age: int = 0


class Account(Person):
    password: str = SECRET


class Box(Struct):
    person: Person
    people: list[Person] = []


class Colour(enum.Enum):
    RED = "red"


class Ident(int):
    pass


@dataclass
class Note:
    text: str
    stars: int = 3


class Foreign:
    """An object with attributes, as a model instance is one."""

    name = "ann"
    age = 41
    password = SECRET


class GroupOut(Struct):
    name: str


ANN = {"name": "ann", "age": 41}
UNDECLARED: dict[str, tuple[Callable[[], Any], Any]] = {
    "struct": (lambda: Person("ann", 41), ANN),
    "dict": (lambda: {"a": [1, None, True, 1.5]}, {"a": [1, None, True, 1.5]}),
    "list": (lambda: [1, "a"], [1, "a"]),
    "tuple": (lambda: (1, 2), [1, 2]),
    "set": (lambda: {1}, [1]),
    "int": (lambda: 7, 7),
    "big-int": (lambda: 2**64, 2**64),
    "float": (lambda: 1.0, 1.0),
    "bool": (lambda: False, False),
    "str": (lambda: 'Þórður "x"', 'Þórður "x"'),
    "empty-str": (lambda: "", ""),
    "none": (lambda: None, None),
    "empty": (dict, {}),
    "uuid": (lambda: uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    "decimal": (lambda: Decimal("1.10"), "1.10"),
    "date": (lambda: dt.date(2024, 1, 31), "2024-01-31"),
    "datetime": (lambda: dt.datetime(2024, 1, 31, tzinfo=dt.UTC), "2024-01-31T00:00:00Z"),
    "enum": (lambda: Colour.RED, "red"),
    "int-subclass": (lambda: Ident(7), 7),
    "safe-string": (lambda: mark_safe("<b>"), "<b>"),
    "dataclass": (lambda: Note("x"), {"text": "x", "stars": 3}),
    "nested": (lambda: {"people": [Person("ann", 41)]}, {"people": [ANN]}),
}


@api.get("/undeclared/{kind}")
async def undeclared(kind: str):
    return UNDECLARED[kind][0]()


@api.get("/undeclared/sync/{kind}")
def undeclared_in_a_thread(kind: str):
    return UNDECLARED[kind][0]()


@pytest.mark.parametrize("style", ["", "sync/"])
@pytest.mark.parametrize("kind", UNDECLARED)
def test_undeclared(client: httpx.Client, kind: str, style: str) -> None:
    case = Case("GET", f"/undeclared/{style}{kind}", body=UNDECLARED[kind][1])
    case.check(client)


def declared(kind: Any, **results: Any) -> None:
    """Serve each result under a handler that declares ``kind``."""
    for name, value in results.items():
        api.get(f"/declared/{name.replace('_', '-')}", response_model=kind)(giving(value))


def giving(value: Any) -> Callable[[], Any]:
    async def give():
        return value

    return give


declared(
    Person,
    person=Person("ann", 41),
    person_dict={**ANN, "password": SECRET},
    person_account=Account("ann", 41),
    person_object=Foreign(),
    person_lossless={"name": 7},
    person_uuid={"name": uuid.UUID(int=1)},
    person_by_hand=Person(7, 41),  # type: ignore[arg-type]
    bad_missing={"age": 41},
    bad_type={"name": "ann", "age": "41"},
    bad_none=None,
    bad_list=[Person("ann")],
    bad_str="ann",
    bad_by_hand=Person("ann", "41"),  # type: ignore[arg-type]
    bad_instance=object(),
)
declared(
    Box,
    box={"person": Account("ann", 41), "people": [Foreign(), {**ANN, "password": SECRET}]},
    bad_box={"person": ANN, "people": [ANN, {"name": "ann", "age": None}]},
)
declared(list[Person], people=(Account("ann", 41),), no_people=[], bad_people=Person("ann"))
declared(dict[str, int], counts={"a": 1}, bad_counts={"a": SECRET})
declared(int, number=7, bad_number=SECRET, bad_float=1.5, bad_bool=True)
declared(str, text="a", text_of_number=7, bad_text=["a"])
declared(Person | None, maybe=None, maybe_person=Account("ann", 41), bad_maybe=SECRET)
declared(Note, note={"text": "x", "password": SECRET})
declared(None, bad_something=SECRET)
declared(bytes, raw=b"\x00\xff")

DECLARED = [
    Case("GET", "/declared/person", body=ANN),
    Case("GET", "/declared/person-dict", body=ANN),
    Case("GET", "/declared/person-account", body=ANN),
    Case("GET", "/declared/person-object", body=ANN),
    Case("GET", "/declared/person-lossless", body={"name": "7", "age": 0}),
    Case(
        "GET",
        "/declared/person-uuid",
        body={"name": "00000000-0000-0000-0000-000000000001", "age": 0},
    ),
    Case("GET", "/declared/person-by-hand", body={"name": "7", "age": 41}),
    Case("GET", "/declared/box", body={"person": ANN, "people": [ANN, ANN]}),
    Case("GET", "/declared/people", body=[ANN]),
    Case("GET", "/declared/no-people", body=[]),
    Case("GET", "/declared/counts", body={"a": 1}),
    Case("GET", "/declared/number", body=7),
    Case("GET", "/declared/text", body="a"),
    Case("GET", "/declared/text-of-number", body="7"),
    Case("GET", "/declared/maybe", body=None),
    Case("GET", "/declared/maybe-person", body=ANN),
    Case("GET", "/declared/note", body={"text": "x", "stars": 3}),
]


@table(DECLARED)
def test_only_what_is_declared_leaves(client: httpx.Client, case: Case) -> None:
    assert SECRET not in case.check(client).text


WRONG = {
    "missing": "$.name",
    "type": "$.age",
    "none": "$",
    "list": "$",
    "str": "$",
    "by-hand": "$.age",
    "instance": "$",
    "box": "$.people[1].age",
    "people": "$",
    "counts": "$['a']",
    "number": "$",
    "float": "$",
    "bool": "$",
    "text": "$",
    "maybe": "$",
    "something": "$",
}


@pytest.mark.parametrize("kind", WRONG)
def test_another_type_is_a_fault_that_is_logged(
    client: httpx.Client, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "django.request"):
        body = {"detail": "Internal server error."}
        Case("GET", f"/declared/bad-{kind}", status=500, body=body).check(client)
    (record,) = [record for record in caplog.records if record.name == "django.request"]
    assert record.exc_info is not None
    assert f"at {WRONG[kind]} of" in str(record.exc_info[1])


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
