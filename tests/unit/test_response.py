"""Declared results: what passes, what is converted, what is refused, and what never leaves."""

import datetime as dt
import enum
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from types import SimpleNamespace
from typing import Annotated, Any, Literal, NamedTuple, Never, TypedDict

import msgspec
import pytest
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import lazystr
from django.utils.safestring import mark_safe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_bolt.compile.response import compile_result
from django_bolt.exceptions import ConfigurationError, ResultError
from django_bolt.responses import HTML, JSON, Response
from tests.unit import strategies

UUID = uuid.UUID("12345678-1234-5678-1234-567812345678")
MOMENT = dt.datetime(2024, 1, 31, 10, 30, tzinfo=dt.UTC)


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


class Item(msgspec.Struct):
    id: str
    name: str = "none"


class Secret(Item):
    password: str = "hunter2"


class Box(msgspec.Struct):
    item: Item
    items: list[Item] = []
    by_name: dict[str, Item] = {}
    maybe: Item | None = None


class Renamed(msgspec.Struct, rename="camel"):
    first_name: str


class Checked(msgspec.Struct):
    count: int

    def __post_init__(self) -> None:
        if self.count < 0:
            raise ValueError("negative")
        self.count += 1


class Cat(msgspec.Struct, tag="cat"):
    name: str


class Dog(msgspec.Struct, tag="dog"):
    name: str


class Tree(msgspec.Struct):
    value: str
    children: list["Tree"] = []


class Unset(msgspec.Struct):
    id: int | msgspec.UnsetType = msgspec.UNSET


class Pair(NamedTuple):
    left: int
    right: str = "r"


class Options(TypedDict, total=False):
    depth: str


class WrongDefault(msgspec.Struct):
    id: int = None  # type: ignore[assignment]


@dataclass
class Point:
    x: int
    y: str = "0"
    tags: list[str] = field(default_factory=list)


@dataclass
class Point3(Point):
    z: int = 0


def send(kind: Any, value: Any) -> Any:
    """Return what leaves, decoded."""
    result = compile_result(kind, "app.handler")
    fits = result.shape is not None and result.shape.fits(value)
    leaves = result.encode(result.convert(value) if result.convert else value)
    if fits:
        # Rust then spares the converter.
        assert result.encode(value) == leaves
    return json.loads(leaves)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (Item, {"id": 1, "name": "a"}, {"id": "1", "name": "a"}),
        (Item, {"id": "1", "more": 2}, {"id": "1", "name": "none"}),
        (Item, Item(id="1"), {"id": "1", "name": "none"}),
        (Item, Item(id=1), {"id": "1", "name": "none"}),  # type: ignore[arg-type]
        (Item, Secret(id="1"), {"id": "1", "name": "none"}),
        (Item, SimpleNamespace(id=1, more=2), {"id": "1", "name": "none"}),
        (Item, User(id=7), None),
        (Box, {"item": Secret(id="1")}, None),
        (
            Box,
            Box(item=Secret(id="1"), items=[Secret(id="2")], by_name={"a": Secret(id="3")}),
            None,
        ),
        (Renamed, {"first_name": "a"}, {"firstName": "a"}),
        (Renamed, {"firstName": "a"}, {"firstName": "a"}),
        (Renamed, SimpleNamespace(first_name="a"), {"firstName": "a"}),
        (Checked, {"count": 1}, {"count": 2}),
        (Checked, Checked(count=1), {"count": 2}),
        (Cat | Dog, Dog(name="a"), {"type": "dog", "name": "a"}),
        (Cat | Dog, {"type": "dog", "name": "a"}, {"type": "dog", "name": "a"}),
        (Cat | Dog | None, None, None),
        (Cat, {"name": "a"}, {"type": "cat", "name": "a"}),
        (Tree, {"value": 1, "children": [{"value": 2}]}, None),
        (Unset, Unset(), {}),
        (Unset, {}, {}),
        (Unset, {"id": 1}, {"id": 1}),
        (Pair, Pair(1), [1, "r"]),
        (Pair, (1, "b"), [1, "b"]),
        (Options, {"depth": 1, "more": 2}, {"depth": "1"}),
        (Options, {}, {}),
        (Point, Point(1, "2"), {"x": 1, "y": "2", "tags": []}),
        (Point, Point3(1, "2", [], 3), {"x": 1, "y": "2", "tags": []}),
        (Point, {"x": 1, "z": 2}, {"x": 1, "y": "0", "tags": []}),
        (list[Item], (Secret(id="1"),), [{"id": "1", "name": "none"}]),
        (list[Item], (item for item in [{"id": 1}]), [{"id": "1", "name": "none"}]),
        (set[int], {1}, [1]),
        (tuple[int, str], (1, 2), [1, "2"]),
        (dict[str, Item], {1: Secret(id="1")}, {"1": {"id": "1", "name": "none"}}),
        (dict[str, Any], {"a": UUID}, {"a": str(UUID)}),
        (Item | str, "a", "a"),
        (int | str, 1, 1),
        (str | int, 1, 1),
        (str | bool, True, True),
        (str | float, UUID, str(UUID)),
        (None, None, None),
        (Any, {"a": 1}, {"a": 1}),
        (dict, {"a": Decimal("1.0")}, {"a": "1.0"}),
        (object, lazystr("a"), "a"),
        (msgspec.UNSET, [mark_safe("a"), Level.LOW, Colour.RED, None], ["a", 1, "red", None]),
        (Item | Response, {"id": 1}, {"id": "1", "name": "none"}),
        (Response | HTML, {"id": 1}, {"id": 1}),
    ],
)
def test_what_leaves(kind: Any, value: Any, expected: Any) -> None:
    if isinstance(value, User):
        kind, expected = msgspec.defstruct("U", [("id", str), ("username", str)]), {"id": "7"}
        expected["username"] = ""
    if kind is Box:
        assert "hunter2" not in json.dumps(send(kind, value))
        return
    if kind is Tree:
        expected = {"value": "1", "children": [{"value": "2", "children": []}]}
    assert send(kind, value) == expected


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (str, 1, "1"),
        (str, UUID, str(UUID)),
        (str, Decimal("1.50"), "1.50"),
        (str, dt.date(2024, 1, 31), "2024-01-31"),
        (str, MOMENT, "2024-01-31T10:30:00Z"),
        (str, dt.time(10, 30), "10:30:00"),
        (str, Colour.RED, "red"),
        (str, Level.LOW, "1"),
        (str, lazystr("a"), "a"),
        (str, mark_safe("a"), "a"),
        (int, Level.LOW, 1),
        (float, 1, 1.0),
        (float, Decimal("0.1"), 0.1),
        (Decimal, 1, "1"),
        (Decimal, 0.1, "0.1"),
        (Decimal, "1.5", "1.5"),
        (uuid.UUID, str(UUID), str(UUID)),
        (dt.date, "2024-01-31", "2024-01-31"),
        (dt.datetime, MOMENT, "2024-01-31T10:30:00Z"),
        (dt.timedelta, dt.timedelta(days=1), "P1D"),
        (Colour, "red", "red"),
        (Colour, Colour.RED, "red"),
        (Level, 1, 1),
        (Literal["red"], Colour.RED, "red"),
        (bytes, b"a", "YQ=="),
    ],
)
def test_scalars_are_converted_without_loss(kind: Any, value: Any, expected: Any) -> None:
    holder = msgspec.defstruct("Holder", [("f", kind)])
    assert send(holder, {"f": value}) == {"f": expected}
    assert send(list[kind], [value]) == [expected]  # type: ignore[valid-type]


@pytest.mark.parametrize(
    ("kind", "value", "path"),
    [
        (Item, None, "$"),
        (Item, "text", "$"),
        (Item, 1, "$"),
        (Item, [], "$"),
        (Item, Item, "$"),
        (Item, {}, "$.id"),
        (Item, SimpleNamespace(name="a"), "$.id"),
        (Item, {"id": True}, "$.id"),
        (Item, {"id": 1.5}, "$.id"),
        (Item, {"id": b"a"}, "$.id"),
        (Item, Item(id=None), "$.id"),  # type: ignore[arg-type]
        (Box, {"item": {"id": "1"}, "items": [{"id": "1"}, {}]}, "$.items[1].id"),
        (Box, {"item": {"id": "1"}, "by_name": {"a": {}}}, "$.by_name['a'].id"),
        (Box, {"item": {"id": "1"}, "maybe": 1}, "$.maybe"),
        (Checked, {"count": -1}, "$"),
        (Cat, {"type": "dog", "name": "a"}, "$.type"),
        (Cat | Dog, {"type": "cow", "name": "a"}, "$"),
        (Cat | Dog, {"type": ["cat"], "name": "a"}, "$"),
        (WrongDefault, {}, "$.id"),
        (WrongDefault, WrongDefault(), "$.id"),
        (list[int], [1, "a"], "$[1]"),
        (list[int], {"a": 1}, "$"),
        (list[int], "12", "$"),
        (tuple[int, int], (1,), "$"),
        (dict[str, int], [], "$"),
        (dict[str, int], {1: 1, "1": 2}, "$"),
        (Pair, (1, 2, 3), "$"),
        (int, True, "$"),
        (int, 1.0, "$"),
        (int, "1", "$"),
        (bool, 1, "$"),
        (float, float("nan"), "$"),
        (float, float("inf"), "$"),
        (float, 2**53 + 1, "$"),
        (float, Decimal("0.1000000000000000055511151231257827"), "$"),
        (Decimal, Decimal("NaN"), "$"),
        (dt.date, MOMENT, "$"),
        (dt.datetime, dt.date(2024, 1, 31), "$"),
        (uuid.UUID, "x", "$"),
        (Colour, "green", "$"),
        (Literal["a"], "b", "$"),
        (None, 1, "$"),
        (Annotated[int, msgspec.Meta(ge=1)], 0, "$"),
        (Annotated[str, msgspec.Meta(max_length=1)], "ab", "$"),
        (Annotated[list[int], msgspec.Meta(max_length=1)], [1, 2], "$"),
        (int | None, "a", "$"),
        (int | bool, "a", "$"),
    ],
)
def test_what_cannot_be_converted_names_its_place(kind: Any, value: Any, path: str) -> None:
    convert = compile_result(kind, "app.handler").convert
    assert convert is not None
    with pytest.raises(ResultError) as caught:
        convert(value)
    assert caught.value.path == path
    assert path in str(caught.value)


def test_a_forgotten_await_is_said_so() -> None:
    async def load() -> Item:
        return Item(id="1")

    convert = compile_result(Item, "app.handler").convert
    assert convert is not None
    with pytest.raises(ResultError, match="an await is missing"):
        convert(load())


def test_what_fits_is_not_copied_and_its_init_runs_once() -> None:
    value = Checked(count=1)
    convert = compile_result(Checked, "app.handler").convert
    assert convert is not None
    assert convert(value) is value
    broken = Checked(count=1)
    broken.count = Level.LOW  # type: ignore[assignment]
    assert convert(broken).count == 1
    assert broken.count is Level.LOW


@pytest.mark.parametrize(
    ("kind", "none_is_empty", "converts"),
    [
        (None, True, True),
        (type(None), True, True),
        (Item | None, False, True),
        (msgspec.UNSET, False, False),
        (Any, False, False),
        (object, False, False),
        (dict, False, False),
        (Never, False, False),
        (Response, False, False),
        (JSON | HTML, False, False),
        (HttpResponse, False, False),
        (TemplateResponse | JSON, False, False),
        (Item | HttpResponse, False, True),
        (Response | None, True, True),
    ],
)
def test_what_is_declared(kind: Any, none_is_empty: bool, converts: bool) -> None:
    result = compile_result(kind, "app.handler")
    assert (result.none_is_empty, result.convert is not None) == (none_is_empty, converts)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (User, "declare a msgspec.Struct"),
        (QuerySet, "declare a msgspec.Struct"),
        (QuerySet[User], "declare a msgspec.Struct"),
        (list[User], "User has no meaning in JSON"),
        (Iterator[int], "no meaning in JSON"),
        (Item | Box, "tag"),
    ],
)
def test_impossible_declarations(kind: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        compile_result(kind, "app.handler")
    assert "app.handler" in str(caught.value)


def rebuilt(info: Any, value: Any, draw: Any) -> Any:
    """Return decoded JSON with some objects of the declared type built by hand, unchecked."""
    if isinstance(value, list):
        inner = getattr(info, "item_type", None)
        return [rebuilt(inner, item, draw) for item in value]
    if not isinstance(value, dict):
        return value
    fields = {part.encode_name: part for part in getattr(info, "fields", ())}
    if not fields or not draw(st.booleans()):
        inner = getattr(info, "value_type", None)
        return {key: rebuilt(inner, item, draw) for key, item in value.items()}
    known = {
        part.name: rebuilt(part.type, value[name], draw)
        for name, part in fields.items()
        if name in value
    }
    required = {part.name for part in fields.values() if part.required}
    return info.cls(**known) if required <= set(known) else SimpleNamespace(**known)


@given(kind=strategies.types, data=st.data())
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_leaves_decodes_strictly_as_declared(kind: Any, data: st.DataObject) -> None:
    value = strategies.near(kind, data.draw)
    value = rebuilt(msgspec.inspect.type_info(kind), value, data.draw)
    result = compile_result(kind, "app.handler")
    assert result.convert is not None
    try:
        encoded = result.encode(result.convert(value))
    except (ResultError, UnicodeEncodeError):
        return
    msgspec.json.decode(encoded, type=kind)


@given(kind=strategies.types, data=st.data())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_was_decoded_may_leave(kind: Any, data: st.DataObject) -> None:
    body = msgspec.json.encode(strategies.near(kind, data.draw))
    try:
        value = msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError:
        return
    result = compile_result(kind, "app.handler")
    assert result.convert is not None
    assert msgspec.json.decode(result.encode(result.convert(value)), type=kind) == value
