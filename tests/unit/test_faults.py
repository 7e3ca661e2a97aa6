"""Faults of bodies: Django REST framework's shapes, and agreement with msgspec."""

from __future__ import annotations

import datetime as dt
import enum
import json
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal, TypedDict

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_bolt.dispatch import body_check, messages
from django_bolt.dispatch.faults import Faults, from_message
from django_bolt.exceptions import ParseError
from tests.unit import strategies

REQUIRED = [messages.REQUIRED]


class Inner(msgspec.Struct):
    x: int
    y: str = ""


class Strict(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    first_name: str
    age: Annotated[int, msgspec.Meta(ge=0, le=150)] = 0


class Outer(msgspec.Struct):
    inner: Inner
    items: list[Inner] = []
    tags: list[str] = []
    prices: dict[str, Decimal] = {}
    maybe: Inner | None = None


class Period(msgspec.Struct):
    start: int
    end: int

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError("The end is before the start.")


class Cat(msgspec.Struct, tag="cat"):
    lives: int


class Dog(msgspec.Struct, tag="dog"):
    name: str


class Node(msgspec.Struct):
    value: int
    next: Node | None = None


class Colour(enum.Enum):
    RED = "red"


@dataclass
class Point:
    x: int
    y: int


class Options(TypedDict, total=False):
    depth: int


def faults_of(kind: Any, body: bytes | None, parameters: bytes = b"{}", **options: Any) -> Any:
    found = Faults(kind, name="payload", required=options.get("required", True))
    return json.loads(found(body, parameters))


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        (Inner, {}, {"x": REQUIRED}),
        (Inner, {"x": "1", "y": 2}, {"x": [messages.NOT_AN_INTEGER], "y": [messages.NOT_A_STRING]}),
        (Inner, {"x": None}, {"x": [messages.NULL]}),
        (Inner, {"x": True}, {"x": [messages.NOT_AN_INTEGER]}),
        (
            Inner,
            [],
            {"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]},
        ),
        (Inner, None, {"non_field_errors": [messages.NULL]}),
        (
            Strict,
            {"age": 151, "more": 1},
            {
                "firstName": REQUIRED,
                "age": ["Ensure this value is less than or equal to 150."],
                "more": [messages.UNKNOWN_FIELD],
            },
        ),
        (
            Outer,
            {"inner": {}, "items": [{"x": 1}, {"x": "a"}], "tags": ["a", 1], "prices": {"a": "b"}},
            {
                "inner": {"x": REQUIRED},
                "items": [{}, {"x": [messages.NOT_AN_INTEGER]}],
                "tags": {"1": [messages.NOT_A_STRING]},
                "prices": {"a": [messages.NOT_A_NUMBER]},
            },
        ),
        (
            Outer,
            {"inner": 1, "items": {}, "tags": "a", "prices": [], "maybe": {"x": "a"}},
            {
                "inner": {"non_field_errors": [messages.not_an_object(1)]},
                "items": [messages.not_a_list({})],
                "tags": [messages.not_a_list("")],
                "prices": [messages.not_a_dict([])],
                "maybe": {"x": [messages.NOT_AN_INTEGER]},
            },
        ),
        (Period, {"start": 2, "end": 1}, {"non_field_errors": ["The end is before the start."]}),
        (
            dict[str, Period],
            {"a": {"start": 2, "end": 1}, "b": {"start": 1}},
            {"a": {"non_field_errors": ["The end is before the start."]}, "b": {"end": REQUIRED}},
        ),
        (list[Inner], [{"x": 1}, {}], [{}, {"x": REQUIRED}]),
        (list[Inner], {}, {"non_field_errors": [messages.not_a_list({})]}),
        (list[list[int]], [[1], [1, "a"]], {"1": {"1": [messages.NOT_AN_INTEGER]}}),
        (Cat | Dog, {"lives": 1}, {"type": REQUIRED}),
        (Cat | Dog, {"type": "cow"}, {"type": ['"cow" is not a valid choice.']}),
        (Cat | Dog, {"type": "dog"}, {"name": REQUIRED}),
        (Cat, {"type": "dog", "lives": 1}, {"type": ['"dog" is not a valid choice.']}),
        (Node, {"value": 1, "next": {"next": None}}, {"next": {"value": REQUIRED}}),
        (Point, {"x": 1}, {"y": REQUIRED}),
        (Options, {"depth": "a"}, {"depth": [messages.NOT_AN_INTEGER]}),
        (dict[str, int], {"a": "b"}, {"a": [messages.NOT_AN_INTEGER]}),
        (dict[int, int], {"1": 1, "b": 1}, {"b": [messages.NOT_AN_INTEGER]}),
        (
            Annotated[list[int], msgspec.Meta(min_length=1)],
            [],
            {"non_field_errors": [messages.at_least_items(1)]},
        ),
    ],
)
def test_every_fault_is_named(kind: Any, body: Any, expected: Any) -> None:
    assert faults_of(kind, json.dumps(body).encode()) == expected


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (int, 1.5, messages.NOT_AN_INTEGER),
        (float, "1", messages.NOT_A_NUMBER),
        (bool, 1, messages.NOT_A_BOOLEAN),
        (Decimal, "x", messages.NOT_A_NUMBER),
        (uuid.UUID, "x", messages.NOT_A_UUID),
        (dt.date, "2024-13-01", messages.NOT_A_DATE),
        (dt.datetime, "2024-01-01", messages.NOT_A_DATETIME),
        (
            Annotated[dt.datetime, msgspec.Meta(tz=True)],
            "2024-01-01T00:00:00",
            messages.NOT_A_DATETIME,
        ),
        (dt.time, "25:00", messages.NOT_A_TIME),
        (dt.timedelta, "1d", messages.NOT_A_DURATION),
        (bytes, "?", messages.NOT_BASE64),
        (Colour, "green", '"green" is not a valid choice.'),
        (Literal["a", 1], "b", '"b" is not a valid choice.'),
        (Literal[1], True, '"True" is not a valid choice.'),
        (Annotated[int, msgspec.Meta(gt=1)], 1, messages.over(1)),
        (Annotated[int, msgspec.Meta(lt=1)], 1, messages.under(1)),
        (Annotated[int, msgspec.Meta(ge=2)], 1, messages.at_least(2)),
        (Annotated[int, msgspec.Meta(multiple_of=2)], 1, messages.multiple_of(2)),
        (Annotated[str, msgspec.Meta(min_length=2)], "a", messages.at_least_characters(2)),
        (Annotated[str, msgspec.Meta(max_length=1)], "ab", messages.at_most_characters(1)),
        (Annotated[str, msgspec.Meta(pattern="^b")], "a", messages.PATTERN),
        (Annotated[list[int], msgspec.Meta(max_length=0)], [1], messages.at_most_items(0)),
        (tuple[int, int], [1], messages.at_least_items(2)),
        (tuple[int, int], [1, 2, 3], messages.at_most_items(2)),
    ],
)
def test_messages(kind: Any, value: Any, message: str) -> None:
    holder = msgspec.defstruct("Holder", [("f", kind)])
    assert faults_of(holder, json.dumps({"f": value}).encode()) == {"f": [message]}


def test_a_union_names_every_alternative() -> None:
    holder = msgspec.defstruct("Holder", [("f", int | bool | None)])
    expected = {messages.NOT_AN_INTEGER, messages.NOT_A_BOOLEAN}
    assert set(faults_of(holder, b'{"f": "a"}')["f"]) == expected


@pytest.mark.parametrize(
    ("kind", "required", "expected"),
    [
        (Inner, True, {"x": REQUIRED}),
        (Options, True, {"non_field_errors": [messages.NO_BODY]}),
        (list[Inner], True, {"non_field_errors": [messages.NO_BODY]}),
        (Inner, False, {}),
    ],
)
@pytest.mark.parametrize("body", [None, b""])
def test_an_absent_body(kind: Any, required: bool, expected: Any, body: bytes | None) -> None:
    assert faults_of(kind, body, required=required) == expected


@pytest.mark.parametrize(
    ("kind", "body", "parameters", "expected"),
    [
        (Inner, b'{"x": 1}', {"page": ["bad"]}, {"page": ["bad"]}),
        (Inner, b"{}", {"page": ["bad"]}, {"x": REQUIRED, "page": ["bad"]}),
        (Inner, b"{}", {"x": ["bad"]}, {"x": [*REQUIRED, "bad"]}),
        (Inner, b"{}", {"query": {"p": ["bad"]}}, {"x": REQUIRED, "query": {"p": ["bad"]}}),
        (
            Outer,
            b'{"inner": {}}',
            {"inner": ["bad"]},
            {"inner": {"x": REQUIRED, "non_field_errors": ["bad"]}},
        ),
        (
            Outer,
            b'{"inner": {"x": 1}, "items": [{}]}',
            {"items": ["bad"]},
            {"items": {"0": {"x": REQUIRED}, "non_field_errors": ["bad"]}},
        ),
        (
            list[Inner],
            b"[{}]",
            {"page": ["bad"]},
            {"payload": [{"x": REQUIRED}], "page": ["bad"]},
        ),
        (
            list[Inner],
            b"1",
            {"page": ["bad"]},
            {"non_field_errors": [messages.not_a_list(1)], "page": ["bad"]},
        ),
    ],
)
def test_parameters_join_the_body(kind: Any, body: bytes, parameters: Any, expected: Any) -> None:
    assert faults_of(kind, body, json.dumps(parameters).encode()) == expected


@pytest.mark.parametrize(
    "body",
    [b"{", b'{"x": 1} 2', b'"\xff"', b'{"y": "\xff"}', b"[" * 100_000, b'{"x": "a", "y":', b"nul"],
)
def test_a_body_that_is_not_json(body: bytes) -> None:
    with pytest.raises(ParseError, match="JSON parse error"):
        Faults(Inner, name="payload", required=True)(body, b"{}")


HUGE = b"9" * 5000


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        (dict[str, Any], b'{"n": %b}' % HUGE, {"non_field_errors": ["Integer value out of range"]}),
        (list[Any], b"[%b]" % HUGE, {"0": ["Integer value out of range"]}),
        (Outer, b'{"inner": {"x": %b}}' % HUGE, {"inner": {"x": ["Integer value out of range"]}}),
        (dict[str, int], b'{"n": %b}' % HUGE, {"non_field_errors": ["Integer value out of range"]}),
    ],
)
def test_a_number_that_nothing_holds(kind: Any, body: bytes, expected: Any) -> None:
    assert faults_of(kind, body) == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("bad", ["bad"]),
        ("bad - at `$.a`", {"a": ["bad"]}),
        ("bad - at `$.a[0].b`", {"a": {"0": {"b": ["bad"]}}}),
        ("bad - at `$[...]`", ["bad"]),
        ("bad - at `key` in `$[...]`", ["bad"]),
        ("bad - at `$.a[...]`", {"a": ["bad"]}),
        ("bad - at `$.a[...].b[0]`", {"a": ["bad"]}),
        ("bad - at `$.a[0][...]`", {"a": {"0": ["bad"]}}),
    ],
)
def test_msgspec_words_find_their_place(message: str, expected: Any) -> None:
    assert from_message(message) == expected


@given(kind=strategies.types, data=st.data())
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_faults_are_there_exactly_where_msgspec_refuses(kind: Any, data: st.DataObject) -> None:
    value = strategies.near(kind, data.draw)
    body = msgspec.json.encode(value)
    try:
        msgspec.json.decode(body, type=kind)
        accepted = True
    except msgspec.ValidationError:
        accepted = False
    assert (Faults(kind, name="payload", required=True).of_body(body) is None) == accepted
    # The walk itself agrees too: msgspec's words are the exception.
    decoded = msgspec.json.decode(body)
    assert (body_check.check(msgspec.inspect.type_info(kind), decoded) is None) == accepted
