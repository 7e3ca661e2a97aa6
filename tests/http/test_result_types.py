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
from django.utils.safestring import mark_safe
from msgspec import Struct

from django_bolt import BoltAPI
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
