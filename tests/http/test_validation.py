"""Validators of Structs, and what types alone say: constraints, nesting, tags, generics."""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

import httpx
import msgspec
import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError as DjangoValidationError
from msgspec import Meta, Struct

from django_bolt import BoltAPI
from django_bolt.exceptions import ConfigurationError, ValidationError
from django_bolt.params import Depends, Query
from django_bolt.testing import TestClient
from django_bolt.validation import validates
from tests.http.cases import Case, table

api = BoltAPI()
T = TypeVar("T")


class Line(Struct, frozen=True):
    sku: str
    count: Annotated[int, Meta(ge=1)] = 1

    @validates("sku")
    def known(self, value: str) -> str:
        if value == "bad":
            raise ValueError("Unknown article.")
        return value.upper()

    @validates("count")
    async def enough(self, value: int) -> int:
        if value > 9:
            raise DjangoValidationError("Only %(left)s left.", params={"left": 9})
        return value


class Card(Struct, tag="card"):
    number: str

    @validates("number")
    def plausible(self, value: str) -> str:
        if not value.isdecimal():
            raise ValidationError(["Not a number.", "Try again."])
        return value


class Cash(Struct, tag="cash"):
    amount: int


class Order(Struct, rename="camel"):
    first_name: str
    last_name: str
    items: list[Line] = []
    by_day: dict[str, Line] = {}
    payment: Card | Cash | None = None

    @validates("first_name", "last_name")
    def stripped(self, value: str) -> str:
        if not value.strip():
            raise ValueError("Blank.")
        return value.strip()

    @validates()
    def different(self) -> None:
        if self.first_name == self.last_name:
            raise ValueError("Both names are the same.")

    @validates()
    async def not_ada(self) -> None:
        if self.first_name == "Ada":
            raise DjangoValidationError({"firstName": ["Taken."]})


class Page(Struct, Generic[T]):
    results: list[T]


class Window(Struct):
    first: int = 1
    last: int = 9

    @validates()
    def ordered(self) -> None:
        if self.first > self.last:
            raise ValueError("The first comes after the last.")


def same_order(order: Order) -> Order:
    return order


@api.post("/orders")
def order(order: Order) -> Any:
    return order


@api.post("/shared")
def shared(order: Order, same: Annotated[Order, Depends(same_order)]) -> Any:
    return order is same


@api.post("/orders/async")
async def async_order(order: Order) -> Any:
    return order


@api.post("/pages")
async def page(page: Page[Line]) -> Any:
    return page


@api.post("/lists")
async def lines(lines: list[Line]) -> Any:
    return lines


def window_of(window: Annotated[Window, Query()]) -> Window:
    return window


@api.get("/windows")
def windows(window: Annotated[Window, Depends(window_of)]) -> Any:
    return window


class Username(Struct):
    username: str

    @validates("username")
    def free(self, value: str) -> str:
        if get_user_model().objects.filter(username=value).exists():
            raise ValueError("Taken.")
        return value


class AsyncUsername(Struct):
    username: str

    @validates("username")
    async def free(self, value: str) -> str:
        if await get_user_model().objects.filter(username=value).aexists():
            raise ValueError("Taken.")
        return value


@api.post("/users")
async def user(data: Username) -> Any:
    return data


@api.post("/users/async")
def auser(data: AsyncUsername) -> Any:
    return data


def of(**more: Any) -> dict[str, Any]:
    return {"firstName": "a", "lastName": "b", **more}


ORDERS = [
    (of(), 200, {**of(), "items": [], "byDay": {}, "payment": None}),
    (
        of(firstName=" x ", items=[{"sku": "a"}]),
        200,
        {
            **of(firstName="x", items=[{"sku": "A", "count": 1}]),
            "byDay": {},
            "payment": None,
        },
    ),
    (of(firstName=" ", lastName=""), 400, {"firstName": ["Blank."], "lastName": ["Blank."]}),
    (of(firstName="b "), 400, {"non_field_errors": ["Both names are the same."]}),
    (of(firstName="Ada"), 400, {"firstName": ["Taken."]}),
    (
        of(firstName="", items=[{"sku": "a"}, {"sku": "bad", "count": 10}]),
        400,
        {
            "firstName": ["Blank."],
            "items": [{}, {"sku": ["Unknown article."], "count": ["Only 9 left."]}],
        },
    ),
    (of(byDay={"mon": {"sku": "bad"}}), 400, {"byDay": {"mon": {"sku": ["Unknown article."]}}}),
    (
        of(payment={"type": "card", "number": "x"}),
        400,
        {"payment": {"number": ["Not a number.", "Try again."]}},
    ),
    (
        of(items=[{"sku": 1, "count": 0}]),
        400,
        {
            "items": [
                {
                    "sku": ["Not a valid string."],
                    "count": ["Ensure this value is greater than or equal to 1."],
                }
            ]
        },
    ),
]


@table(
    [
        Case("POST", path, json=json, status=status, body=body)
        for path in ("/orders", "/orders/async")
        for json, status, body in ORDERS
    ]
    + [
        Case(
            "POST",
            "/pages",
            json={"results": [{"sku": "a"}]},
            body={"results": [{"sku": "A", "count": 1}]},
        ),
        Case(
            "POST",
            "/pages",
            json={"results": [{"sku": "bad"}]},
            status=400,
            body={"results": [{"sku": ["Unknown article."]}]},
        ),
        Case(
            "POST",
            "/lists",
            json=[{"sku": "a"}, {"sku": "bad"}],
            status=400,
            body=[{}, {"sku": ["Unknown article."]}],
        ),
        Case("POST", "/shared", json=of(), body=True),
        Case(
            "POST",
            "/shared",
            json=of(lastName="a"),
            status=400,
            body={"non_field_errors": ["Both names are the same."]},
            name="a body that is named twice is validated once",
        ),
        Case("GET", "/windows?first=2", body={"first": 2, "last": 9}),
        Case(
            "GET",
            "/windows?first=10",
            status=400,
            body={"non_field_errors": ["The first comes after the last."]},
        ),
    ]
)
def test_validators(client: httpx.Client, case: Case) -> None:
    case.check(client)


@pytest.mark.parametrize("path", ["/users", "/users/async"])
def test_validators_use_the_database(db_client: httpx.Client, path: str) -> None:
    get_user_model().objects.create(username="ada")
    assert db_client.post(path, json={"username": "bob"}).json() == {"username": "bob"}
    refused = db_client.post(path, json={"username": "ada"})
    assert (refused.status_code, refused.json()) == (400, {"username": ["Taken."]})


class Wrong(Struct):
    name: str

    @validates("nam")
    def check(self, value: str) -> str:
        return value


def wrong(data: Wrong) -> None: ...


def test_a_validator_of_no_field_is_refused_at_start() -> None:
    one = BoltAPI()
    one.post("/")(wrong)
    with pytest.raises(ConfigurationError, match=r"Wrong\.check validates `nam`.*name"):
        TestClient(one)


def test_inline_routes_have_no_asynchronous_validators() -> None:
    one = BoltAPI()
    one.post("/", inline=True)(order)
    with pytest.raises(ConfigurationError, match="validator is async"):
        TestClient(one)


def test_parentheses_are_needed() -> None:
    with pytest.raises(TypeError, match="@validates"):
        validates(wrong)  # type: ignore[arg-type]


def test_a_validated_struct_is_an_ordinary_one() -> None:
    assert msgspec.json.decode(b'{"sku": "bad"}', type=Line) == Line("bad")
