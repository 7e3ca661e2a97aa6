"""Which results Rust sees to fit their declared type; that they do is a law of test_response.py."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Annotated, Any

import msgspec
import pytest

from django_bolt.compile.response import compile_result


class Item(msgspec.Struct):
    name: str
    price: float
    tags: list[str]
    sold: bool | None = None


class Special(Item):
    cost: int = 0


class Box(msgspec.Struct):
    items: list[Item]
    extra: Any = None


class Tree(msgspec.Struct):
    children: list[Tree]


class Positive(msgspec.Struct):
    count: Annotated[int, msgspec.Meta(gt=0)]


class Watching(msgspec.Struct):
    count: int

    def __getattribute__(self, name: str) -> Any:
        return super().__getattribute__(name)


class Colour(enum.Enum):
    RED = "red"


class Text(str):
    __slots__ = ()


def item(**changes: Any) -> Item:
    return Item(**{"name": "a", "price": 1.5, "tags": ["b"], **changes})


def without_name() -> Item:
    made = item()
    del made.name
    return made


@pytest.mark.parametrize(
    ("kind", "value", "fits"),
    [
        (str, "a", True),
        (str, Text("a"), False),
        (str, 1, False),
        (int, 1, True),
        (int, True, False),
        (float, 1.5, True),
        (float, float("nan"), False),
        (float, float("inf"), False),
        (float, 1, False),
        (bool, True, True),
        (Colour, Colour.RED, True),
        (Colour, "red", False),
        (dt.date, dt.date(2024, 1, 31), True),
        (dt.date, dt.datetime(2024, 1, 31, tzinfo=dt.UTC), False),
        (int | None, None, True),
        (int | None, "1", False),
        (list[int], [], True),
        (list[int], [1, 2], True),
        (list[int], [1, "2"], False),
        (list[int], (1, 2), False),
        (dict[str, int], {"a": 1}, True),
        (dict[str, int], {"a": None}, False),
        (dict[str, int], {1: 1}, False),
        (dict[str, Any], {"a": object}, True),
        (Item, item(), True),
        (Item, item(sold=True), True),
        (Item, item(name=1), False),
        (Item, item(price=float("inf")), False),
        (Item, item(tags=["b", None]), False),
        (Item, without_name(), False),
        (Item, Special("a", 1.5, []), False),
        (Item, {"name": "a", "price": 1.5, "tags": []}, False),
        (Box, Box([item(), item()]), True),
        (Box, Box([item(), Special("a", 1.5, [])]), False),
        (list[Item], [item(), item()], True),
    ],
)
def test_what_fits(kind: Any, value: Any, fits: bool) -> None:
    shape = compile_result(kind, "app.handler").shape
    assert shape is not None
    assert shape.fits(value) is fits


@pytest.mark.parametrize(
    "kind",
    [Tree, Positive, Watching, tuple[int, str], Annotated[list[int], msgspec.Meta(max_length=2)]],
)
def test_what_rust_cannot_see(kind: Any) -> None:
    assert compile_result(kind, "app.handler").shape is None
