"""Objects whose fields are parameters of one source, and all sources in one signature."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, TypeVar

import httpx
import msgspec
from msgspec import UNSET, Meta, UnsetType

from django_bolt import BoltAPI, Controller
from django_bolt.params import Cookie, Form, Header, Query
from tests.http.cases import Case, table

api = BoltAPI()

T = TypeVar("T")
REQUIRED = ["This field is required."]
NOT_AN_INTEGER = ["A valid integer is required."]
NOT_A_DURATION = (
    "Duration has wrong format. Use seconds, hh:mm:ss or an ISO 8601 duration instead, "
    "such as P1DT2H."
)
ROOT = "non_field_errors"


class Colour(enum.Enum):
    RED = "red"


class Filters(msgspec.Struct):
    first: int
    tags: list[str] = []
    colour: Colour | None = None
    near: Annotated[int, Meta(ge=1, le=9)] = 5
    made: list[int] = msgspec.field(default_factory=lambda: [7])
    page_size: int = msgspec.field(default=10, name="pageSize")
    nothing: int | UnsetType = UNSET


class Agent(msgspec.Struct):
    user_agent: str
    x_trace: uuid.UUID | None
    odd: str = msgspec.field(default="-", name="X-Odd-One")


@dataclass
class Session:
    sessionid: str
    theme: Literal["dark", "light"] = "dark"
    seen: list[int] = field(default_factory=list, init=False)


class Closed(msgspec.Struct, forbid_unknown_fields=True):
    q: str = ""


class Range(msgspec.Struct):
    low: int
    high: int = 10

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("low is over high.")


class Trace(msgspec.Struct):
    depth: int = 1

    def __post_init__(self) -> None:
        if self.depth > 3:
            raise TypeError("too deep.")


class Broken(msgspec.Struct):
    x: int

    def __post_init__(self) -> None:
        raise KeyError("a fault of ours")


class Box(msgspec.Struct, Generic[T]):
    item: T


class Item(msgspec.Struct):
    name: str
    price: Decimal


@api.get("/filters")
async def filters(given: Annotated[Filters, Query()]) -> Any:
    return [
        given.first,
        given.tags,
        given.colour,
        given.near,
        given.made,
        given.page_size,
        given.nothing is UNSET,
    ]


@api.get("/agent")
def agent(given: Annotated[Agent, Header], *, session: Annotated[Session, Cookie]) -> Any:
    return [given.user_agent, given.x_trace, given.odd, session.sessionid, session.theme]


@api.get("/closed")
async def closed(given: Annotated[Closed, Query], other: int = 0) -> Any:
    return [given.q, other]


@api.get("/range")
async def in_range(given: Annotated[Range, Query], trace: Annotated[Trace, Header]) -> Any:
    return [given.low, given.high, trace.depth]


@api.post("/range/{number}")
def in_range_with_body(number: int, given: Annotated[Range, Query], item: Item) -> Any:
    return [number, given.low, item.name]


@api.get("/broken")
async def broken(given: Annotated[Broken, Query]) -> Any:
    return given.x


@api.post("/form")
async def form(given: Annotated[Range, Form], closed: Annotated[Closed, Form]) -> Any:
    return [given.low, given.high, closed.q]


@api.get("/box")
async def box(given: Annotated[Box[int], Query]) -> Any:
    return given.item


@api.get("/mutable")
async def mutable(given: Annotated[Filters, Query]) -> Any:
    given.tags.append("mine")
    given.made.append(1)
    return [given.tags, given.made]


class Listing(Controller):
    def get(self, request, given: Annotated[Box[str], Query]) -> Any:
        return [request.path, given.item]


api.register("listing", Listing)


@api.get("/unions/{key}")
async def unions(
    key: uuid.UUID | int | str,
    number: int | float | None = None,
    when: dt.datetime | dt.date | Literal["now"] = "now",
    many: list[int | Colour] = [],  # noqa: B006
    limited: Annotated[int, Meta(ge=3)] | Annotated[str, Meta(min_length=2)] = 3,
    flag: Annotated[bool | Decimal, Header] = False,
    seen: Annotated[int | str, Cookie] = 0,
) -> Any:
    return [repr(key), number, repr(when), many, limited, repr(flag), seen]


class Whole(msgspec.Struct):
    title: str
    count: Annotated[int, Meta(ge=0)] = 0


@api.put("/everything/{pk}")
async def everything(
    pk: int,
    page: Annotated[int, Query("p", ge=1)],
    trace: Annotated[uuid.UUID, Header("X-Trace")],
    theme: Annotated[Literal["dark", "light"], Cookie],
    given: Annotated[Range, Query],
    data: Whole,
    since: dt.timedelta = dt.timedelta(0),
    price: Decimal | None = None,
) -> Any:
    return [pk, page, str(trace), theme, given.low, data.title, since.total_seconds(), price]


def form_case(content: bytes, **expected: Any) -> Case:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return Case(
        "POST", "/form", headers=headers, content=content, name=content.decode(), **expected
    )


@table(
    [
        Case("GET", "/filters?first=1", body=[1, [], None, 5, [7], 10, True]),
        Case(
            "GET",
            "/filters?first=1&tags=a&tags=b&colour=red&near=9&made=1&made=2&pageSize=3&nothing=4",
            body=[1, ["a", "b"], "red", 9, [1, 2], 3, False],
        ),
        Case(
            "GET",
            "/filters?first=x&colour=blue&near=10&pageSize=y",
            status=400,
            body={
                "first": NOT_AN_INTEGER,
                "colour": ['"blue" is not a valid choice.'],
                "near": ["Ensure this value is less than or equal to 9."],
                "pageSize": NOT_AN_INTEGER,
            },
        ),
        Case("GET", "/filters", status=400, body={"first": REQUIRED}),
        Case(
            "GET",
            "/agent",
            headers={"user-agent": "me", "x-odd-one": "1", "cookie": "sessionid=a; theme=light"},
            body=["me", None, "1", "a", "light"],
        ),
        Case(
            "GET",
            "/agent",
            headers={"user-agent": "me", "x-trace": "7", "cookie": "theme=blue"},
            status=400,
            body={
                "x-trace": ["Must be a valid UUID."],
                "sessionid": REQUIRED,
                "theme": ['"blue" is not a valid choice.'],
            },
        ),
        Case("GET", "/closed?q=a&other=1", body=["a", 1]),
        Case("GET", "/closed", body=["", 0]),
        Case(
            "GET",
            "/closed?q=a&Q=b&other=x&%71%71=1&Q=2",
            status=400,
            body={
                "other": NOT_AN_INTEGER,
                "Q": ["This field is not known."],
                "qq": ["This field is not known."],
            },
        ),
        Case("GET", "/range?low=1", body=[1, 10, 1]),
        Case("GET", "/range?low=11", status=400, body={ROOT: ["low is over high."]}),
        Case(
            "GET",
            "/range?low=11",
            headers={"depth": "4"},
            status=400,
            body={"query": {ROOT: ["low is over high."]}, "header": {ROOT: ["too deep."]}},
        ),
        Case(
            "GET",
            "/range?low=11",
            headers={"depth": "x"},
            status=400,
            body={"depth": NOT_AN_INTEGER, ROOT: ["low is over high."]},
        ),
        Case("POST", "/range/7?low=1", json={"name": "a", "price": "1"}, body=[7, 1, "a"]),
        Case(
            "POST",
            "/range/x?low=11",
            json={"price": "?"},
            status=400,
            body={
                "number": NOT_AN_INTEGER,
                ROOT: ["low is over high."],
                "name": REQUIRED,
                "price": ["A valid number is required."],
            },
            name="every fault of path, group and body",
        ),
        form_case(b"low=1&high=2&q=a&csrfmiddlewaretoken=x", body=[1, 2, "a"]),
        form_case(b"low=3&high=2", status=400, body={ROOT: ["low is over high."]}),
        form_case(
            b"low=x&Q=2",
            status=400,
            body={"low": NOT_AN_INTEGER, "Q": ["This field is not known."]},
        ),
        Case("GET", "/broken?x=1", status=500, body={"detail": "Internal server error."}),
        Case("GET", "/broken?x=a", status=400, body={"x": NOT_AN_INTEGER}),
        Case("GET", "/box?item=3", body=3),
        Case("GET", "/box?item=a", status=400, body={"item": NOT_AN_INTEGER}),
        Case("GET", "/listing?item=3", body=["/listing", "3"]),
        Case("GET", "/mutable?first=1", body=[["mine"], [7, 1]]),
        Case("GET", "/mutable?first=1&tags=a", body=[["a", "mine"], [7, 1]]),
    ]
)
def test_groups(client: httpx.Client, case: Case) -> None:
    for _ in range(2):  # nothing is left of the request before
        case.check(client)


KEY = "00000000-0000-0000-0000-000000000001"


@table(
    [
        Case("GET", "/unions/7", body=["7", None, "'now'", [], 3, "False", 0]),
        Case(
            "GET",
            f"/unions/{KEY}?number=1.5&when=2024-02-29&many=1&many=red&limited=ab",
            headers={"flag": "2.50", "cookie": "seen=x"},
            body=[
                f"UUID('{KEY}')",
                1.5,
                "datetime.date(2024, 2, 29)",
                [1, "red"],
                "ab",
                "Decimal('2.50')",
                "x",
            ],
        ),
        Case(
            "GET",
            "/unions/x?number=3&when=now&flag=1",
            headers={"flag": "on", "cookie": "seen=9"},
            body=["'x'", 3, "'now'", [], 3, "True", 9],
        ),
        Case(
            "GET",
            "/unions/x?number=z&many=1&many=blue&limited=2",
            headers={"flag": "z"},
            status=400,
            body={
                "number": [*NOT_AN_INTEGER, "A valid number is required."],
                "many": ['"blue" is not a valid choice.', *NOT_AN_INTEGER],
                "limited": ["Ensure this value is greater than or equal to 3."],
                "flag": ["Must be a valid boolean.", "A valid number is required."],
            },
        ),
        Case(
            "GET",
            "/unions/x?limited=a",
            status=400,
            body={"limited": ["Ensure this field has at least 2 characters."]},
        ),
    ]
)
def test_unions(client: httpx.Client, case: Case) -> None:
    case.check(client)


@table(
    [
        Case(
            "PUT",
            "/everything/1?p=2&low=3&since=90&price=1.5",
            headers={"x-trace": KEY, "cookie": "theme=dark"},
            json={"title": "t"},
            body=[1, 2, KEY, "dark", 3, "t", 90.0, "1.5"],
        ),
        Case(
            "PUT",
            "/everything/a?p=0&low=b&since=c&price=d",
            headers={"x-trace": "e", "cookie": "theme=f"},
            json={"count": -1},
            status=400,
            body={
                "pk": NOT_AN_INTEGER,
                "p": ["Ensure this value is greater than or equal to 1."],
                "x-trace": ["Must be a valid UUID."],
                "theme": ['"f" is not a valid choice.'],
                "low": NOT_AN_INTEGER,
                "since": [NOT_A_DURATION],
                "price": ["A valid number is required."],
                "title": REQUIRED,
                "count": ["Ensure this value is greater than or equal to 0."],
            },
            name="every fault of every source",
        ),
    ]
)
def test_all_sources_together(client: httpx.Client, case: Case) -> None:
    case.check(client)
