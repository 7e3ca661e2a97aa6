"""Parameters: every scalar type, every source, every way to be wrong."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from decimal import Decimal
from typing import Annotated, Any, Literal, Optional

import httpx
import pytest
from msgspec import Meta

from django_bolt import BoltAPI, Controller, Request
from django_bolt.params import Cookie, Header, Path, Query
from tests.http.cases import Case, table

api = BoltAPI()

REQUIRED = ["This field is required."]
NOT_AN_INTEGER = ["A valid integer is required."]


class Colour(enum.Enum):
    RED = "red"
    GREEN = "green"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


SCALARS: dict[str, Any] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "uuid": uuid.UUID,
    "date": dt.date,
    "datetime": dt.datetime,
    "time": dt.time,
    "timedelta": dt.timedelta,
    "decimal": Decimal,
    "enum": Colour,
    "int-enum": Level,
    "literal": Literal["a", "b", 3],
}


def serve(name: str, kind: Any) -> None:
    async def query(value):
        return repr(value)

    def path(value):
        return repr(value)

    for function in (query, path):
        function.__annotations__ = {"value": kind, "return": str}
    api.get(f"/query/{name}")(query)
    api.get(f"/path/{name}/{{value}}")(path)


for scalar_name, scalar_type in SCALARS.items():
    serve(scalar_name, scalar_type)

GOOD: list[tuple[str, str, Any]] = [
    ("str", "a", "a"),
    ("str", "%C3%BE%20%2B", "þ +"),
    ("int", "7", 7),
    ("int", "-7", -7),
    ("int", "%2B7", 7),
    ("int", "007", 7),
    ("int", "9" * 30, int("9" * 30)),
    ("float", "1", 1.0),
    ("float", "-1.5e3", -1500.0),
    ("bool", "true", True),
    ("bool", "1", True),
    ("bool", "YES", True),
    ("bool", "off", False),
    ("bool", "0", False),
    ("uuid", "00000000-0000-0000-0000-000000000001", uuid.UUID(int=1)),
    ("uuid", "00000000000000000000000000000001", uuid.UUID(int=1)),
    ("date", "2024-02-29", dt.date(2024, 2, 29)),
    ("datetime", "2024-02-29T12:30:00", dt.datetime(2024, 2, 29, 12, 30)),
    ("datetime", "2024-02-29T12:30:00Z", dt.datetime(2024, 2, 29, 12, 30, tzinfo=dt.UTC)),
    ("time", "12:30:01.5", dt.time(12, 30, 1, 500_000)),
    ("timedelta", "P1DT2H", dt.timedelta(days=1, hours=2)),
    ("timedelta", "90", dt.timedelta(seconds=90)),
    ("timedelta", "01:30:00", dt.timedelta(hours=1, minutes=30)),
    ("decimal", "1.10", Decimal("1.10")),
    ("decimal", "-0.1", Decimal("-0.1")),
    ("enum", "red", Colour.RED),
    ("int-enum", "2", Level.HIGH),
    ("literal", "a", "a"),
    ("literal", "3", 3),
]
BAD = [
    ("int", "", NOT_AN_INTEGER),
    ("int", "x", NOT_AN_INTEGER),
    ("int", "1.0", NOT_AN_INTEGER),
    ("int", "1_000", NOT_AN_INTEGER),
    ("int", "0x10", NOT_AN_INTEGER),
    ("int", "%D9%A1", NOT_AN_INTEGER),
    ("int", "9" * 5000, ["The number has too many digits."]),
    ("float", "x", ["A valid number is required."]),
    ("float", "nan", ["A valid number is required."]),
    ("float", "inf", ["A valid number is required."]),
    ("float", "1e999", ["A valid number is required."]),
    ("bool", "maybe", ["Must be a valid boolean."]),
    ("bool", "2", ["Must be a valid boolean."]),
    ("uuid", "1", ["Must be a valid UUID."]),
    ("decimal", "NaN", ["A valid number is required."]),
    ("decimal", "1e999999999", ["The number's exponent is too large."]),
    ("enum", "RED", ['"RED" is not a valid choice.']),
    ("int-enum", "3", ['"3" is not a valid choice.']),
    ("literal", "c", ['"c" is not a valid choice.']),
    ("str", "a%00b", ["Null characters are not allowed."]),
]
WRONG_FORMAT = [
    ("date", "2024-02-30"),
    ("date", "29.02.2024"),
    ("date", "20240229"),
    ("datetime", "2024-02-29 25:00"),
    ("datetime", "yesterday"),
    ("time", "25:00"),
    ("timedelta", "a while"),
]


@pytest.mark.parametrize(("kind", "sent", "value"), GOOD)
def test_good_scalars(client: httpx.Client, kind: str, sent: str, value: Any) -> None:
    for path in (f"/query/{kind}?value={sent}", f"/path/{kind}/{sent}"):
        Case("GET", path, body=repr(value)).check(client)


@pytest.mark.parametrize(("kind", "sent", "fault"), BAD)
def test_bad_scalars(client: httpx.Client, kind: str, sent: str, fault: list[str]) -> None:
    Case("GET", f"/query/{kind}?value={sent}", status=400, body={"value": fault}).check(client)
    if sent and "%00" not in sent:
        Case("GET", f"/path/{kind}/{sent}", status=400, body={"value": fault}).check(client)


@pytest.mark.parametrize(("kind", "sent"), WRONG_FORMAT)
def test_wrong_formats(client: httpx.Client, kind: str, sent: str) -> None:
    for path in (f"/query/{kind}?value={sent}", f"/path/{kind}/{sent}"):
        reply = Case("GET", path, status=400).check(client)
        assert " has wrong format. Use " in reply.json()["value"][0]


@pytest.mark.parametrize("kind", SCALARS)
def test_required(client: httpx.Client, kind: str) -> None:
    Case("GET", f"/query/{kind}", status=400, body={"value": REQUIRED}).check(client)
    Case("GET", f"/query/{kind}?other=1", status=400, body={"value": REQUIRED}).check(client)


@api.get("/optional")
async def optional(
    a: int | None,
    b: Optional[str] = None,  # noqa: UP045 (as people write it)
    c: int = 7,
    d: Colour = Colour.RED,
    *,
    e: Annotated[int, Query(default=5)],
) -> Any:
    return [a, b, c, d, e]


@api.get("/lists")
def lists(
    numbers: list[int],
    words: Annotated[list[str], Query("word", max_length=2)] = [],  # noqa: B006
    unique: set[int] = frozenset(),  # type: ignore[assignment]
    few: Annotated[tuple[int, ...] | None, Query()] = None,
) -> Any:
    return [numbers, words, sorted(unique), few]


@api.get("/bounds")
async def bounds(
    ge: Annotated[int, Query(ge=1, le=3)] = 1,
    gt: Annotated[float, Query(gt=0, lt=1)] = 0.5,
    meta: Annotated[int, Meta(ge=1)] = 1,
    text: Annotated[str, Query(min_length=2, max_length=3, pattern="^[a-z]+$")] = "ab",
    price: Annotated[Decimal, Query(le=0.1)] = Decimal(0),
) -> Any:
    return "fits"


@api.get("/sources/{number}")
async def sources(
    index: Annotated[int, Path("number", ge=1)],
    page: Annotated[int, Query("page[number]")],
    token: Annotated[str, Header("X-Token")],
    session: Annotated[str, Cookie("sessionid")],
    user_agent: Annotated[str, Header],
    accept_language: Annotated[list[str], Header],
    theme: Annotated[str, Cookie()] = "dark",
) -> Any:
    return [index, page, token, session, user_agent, accept_language, theme]


@api.get("/same/{x}")
async def one_name_thrice(
    x: int, in_query: Annotated[int, Query("x")], in_header: Annotated[int, Header("x")]
) -> Any:
    return [x, in_query, in_header]


@api.get("/keyword/{a}/{b}/{*rest}")
async def keywords(a: int, /, request: Request, *, q: str = "-", **kwargs: str) -> Any:
    return [a, q, kwargs, request.path_values]


@api.get("/plain/{a}")
async def not_annotated(a) -> Any:
    return a


class Thing(Controller):
    def get(self, request, pk: int, *args: Any, q: str = "-", **kwargs: Any) -> Any:
        return [pk, q, args, kwargs, self.kwargs]

    async def post(self) -> Any:
        return self.kwargs


api.register("things/{pk}/{other}", Thing)


@table(
    [
        Case("GET", "/optional", body=[None, None, 7, "red", 5]),
        Case("GET", "/optional?a=1&b=&c=2&d=green&e=3", body=[1, "", 2, "green", 3]),
        Case(
            "GET",
            "/optional?a=&c=",
            status=400,
            body={"a": NOT_AN_INTEGER, "c": NOT_AN_INTEGER},
        ),
        # As in Django, the last of repeated values counts where there is one.
        Case("GET", "/optional?a=1&a=2", body=[2, None, 7, "red", 5]),
        Case("GET", "/query/str?value=a+b%26c", body="'a b&c'"),
        Case("GET", "/query/str?value", body="''"),
        Case("GET", "/query/str?&&value=a&", body="'a'"),
        Case("GET", "/query/str?value=%FF", status=400),
        Case("GET", "/lists?numbers=1", body=[[1], [], [], None]),
        Case(
            "GET",
            "/lists?numbers=1&numbers=2&word=a&word=b&unique=3&unique=3&few=1&few=0",
            body=[[1, 2], ["a", "b"], [3], [1, 0]],
        ),
        Case("GET", "/lists", status=400, body={"numbers": REQUIRED}),
        Case(
            "GET",
            "/lists?numbers=x&numbers=1&word=a&word=b&word=c",
            status=400,
            body={
                "numbers": NOT_AN_INTEGER,
                "word": ["Ensure this field has no more than 2 elements."],
            },
        ),
        Case("GET", "/plain/7", body="7"),
        Case(
            "GET",
            "/keyword/1/two/3/4?q=x",
            body=[
                1,
                "x",
                {"b": "two", "rest": "3/4"},
                {"a": 1, "b": "two", "rest": "3/4"},
            ],
        ),
        Case("GET", "/things/7/x?q=y", body=[7, "y", [], {"other": "x"}, {"pk": 7, "other": "x"}]),
        Case("POST", "/things/7/x", body={"pk": "7", "other": "x"}),
        Case("GET", "/things/y/x", status=400, body={"pk": NOT_AN_INTEGER}),
        Case("GET", "/same/1?x=2", headers={"x": "3"}, body=[1, 2, 3]),
        Case(
            "GET",
            "/same/a?x=b",
            status=400,
            body={
                "path": {"x": NOT_AN_INTEGER},
                "query": {"x": NOT_AN_INTEGER},
                "header": {"x": REQUIRED},
            },
        ),
    ]
)
def test_signatures(client: httpx.Client, case: Case) -> None:
    case.check(client)


SENT = {
    "x-token": "t",
    "cookie": 'sessionid="abc"; other=1',
    "user-agent": "tests",
    "accept-language": "is",
}


@table(
    [
        Case(
            "GET",
            "/sources/1?page[number]=2",
            headers=SENT,
            body=[1, 2, "t", "abc", "tests", ["is"], "dark"],
        ),
        Case(
            "GET",
            "/sources/1?page%5Bnumber%5D=2",
            headers={**SENT, "cookie": "theme=light; sessionid=a; sessionid=b"},
            body=[1, 2, "t", "b", "tests", ["is"], "light"],
        ),
        Case(
            "GET",
            "/sources/0",
            headers={"user-agent": "tests"},
            status=400,
            body={
                "number": ["Ensure this value is greater than or equal to 1."],
                "page[number]": REQUIRED,
                "x-token": REQUIRED,
                "sessionid": REQUIRED,
                "accept-language": REQUIRED,
            },
            name="every fault of every source at once",
        ),
    ]
)
def test_sources(client: httpx.Client, case: Case) -> None:
    case.check(client)


@pytest.mark.parametrize(
    ("query", "faults"),
    [
        ("ge=1&gt=0.1&meta=1&text=abc&price=0.1", None),
        ("ge=0", {"ge": ["Ensure this value is greater than or equal to 1."]}),
        ("ge=4", {"ge": ["Ensure this value is less than or equal to 3."]}),
        ("gt=0", {"gt": ["Ensure this value is greater than 0."]}),
        ("gt=1", {"gt": ["Ensure this value is less than 1."]}),
        ("meta=0", {"meta": ["Ensure this value is greater than or equal to 1."]}),
        (
            "price=0.10000000000000000001",
            {"price": ["Ensure this value is less than or equal to 0.1."]},
        ),
        (
            "text=A",
            {
                "text": [
                    "Ensure this field has at least 2 characters.",
                    "This value does not match the required pattern.",
                ]
            },
        ),
        ("text=%C3%BE%C3%BE%C3%BE", {"text": ["This value does not match the required pattern."]}),
        (
            "ge=9&text=abcd",
            {
                "ge": ["Ensure this value is less than or equal to 3."],
                "text": ["Ensure this field has no more than 3 characters."],
            },
        ),
    ],
)
def test_constraints(client: httpx.Client, query: str, faults: Any) -> None:
    status, body = (200, "fits") if faults is None else (400, faults)
    Case("GET", f"/bounds?{query}", status=status, body=body).check(client)
