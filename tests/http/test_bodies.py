"""Bodies: decoded into the declared type, or refused with every fault at once."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import httpx
import msgspec
import pytest
from msgspec import Meta, Struct

from django_bolt import BoltAPI, Request, Response
from django_bolt.params import Body, Header, Path, Query
from tests.http.cases import Case, table

api = BoltAPI()

REQUIRED = ["This field is required."]
NULL = ["This field may not be null."]
NOT_A_STRING = ["Not a valid string."]
NOT_AN_INTEGER = ["A valid integer is required."]
NO_BODY = ["A request body is required."]


class Country(Struct):
    code: Annotated[str, Meta(min_length=2, max_length=2, pattern="^[A-Z]+$")]
    name: str = ""


class Runway(Struct):
    length: Annotated[int, Meta(ge=100)]
    lit: bool = False


class Kind(enum.Enum):
    LARGE = "large"
    SMALL = "small"


class Airport(Struct):
    name: str
    elevation: int
    country: Country
    runways: list[Runway] = []
    kind: Kind = Kind.SMALL
    opened: dt.date | None = None


class Strict(Struct, forbid_unknown_fields=True, rename="camel"):
    first_name: str


@dataclass
class Visit:
    airport: str
    rating: Annotated[int, Meta(ge=1, le=5)]
    note: str | None = None


class Patch(TypedDict):
    name: str
    elevation: NotRequired[int]


class Circle(Struct, tag="circle"):
    radius: float


class Square(Struct, tag="square"):
    side: float


class Range(Struct):
    low: int
    high: int

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("low is above high")


@api.post("/airports")
async def struct(airport: Airport) -> Airport:
    return airport


@api.post("/airports/sync")
def struct_in_a_thread(airport: Airport) -> Airport:
    return airport


@api.post("/strict")
async def strict(body: Strict) -> str:
    return body.first_name


@api.post("/visits")
async def data_class(visit: Visit) -> dict[str, Any]:
    return asdict(visit)


@api.post("/patch")
async def typed_dict(patch: Patch) -> Patch:
    return patch


@api.post("/countries")
async def structs(countries: list[Country]) -> list[str]:
    return [country.code for country in countries]


@api.post("/counts")
async def mapping(counts: dict[str, int]) -> int:
    return sum(counts.values())


@api.post("/anything")
async def plain_dict(body: dict) -> dict:
    return body


@api.post("/numbers")
async def numbers(body: Annotated[list[int], Body()]) -> int:
    return sum(body)


@api.post("/word")
async def word(body: Annotated[str, Body()]) -> str:
    return body


@api.post("/shapes")
async def union(shape: Circle | Square) -> str:
    return type(shape).__name__


@api.post("/ranges")
async def with_a_check_of_its_own(body: Range) -> int:
    return body.high - body.low


@api.post("/optional")
async def optional(country: Country | None) -> str | None:
    return country.code if country else None


ICELAND = Country(code="IS")


@api.post("/default")
async def with_default(country: Country = ICELAND) -> str:
    return country.code


@api.put("/airports/{number}")
async def with_parameters(
    number: Annotated[int, Path(ge=1)],
    airport: Airport,
    token: Annotated[int, Header("x-token")],
    mode: Literal["full", "brief"] = "full",
) -> dict[str, Any]:
    return {"number": number, "name": airport.name, "mode": mode, "token": token}


@api.put("/countries")
async def list_with_parameters(countries: list[Country], year: int) -> int:
    return len(countries) + year


@api.put("/same")
async def same_names(country: Country, name: Annotated[int, Query()]) -> int:
    return name


@api.post("/small", max_body_size=16)
async def small(body: dict[str, str]) -> int:
    return len(body)


@api.post("/data")
async def through_the_request(request: Request) -> Any:
    return {"data": request.data, "length": len(request.body)}


@api.post("/data/sync")
def through_the_request_in_a_thread(request) -> Any:
    return Response({"data": request.data, "length": len(request.body)}, status=201)


KEF = {"name": "Keflavik", "elevation": 52, "country": {"code": "IS"}}
KEF_WHOLE = {
    "name": "Keflavik",
    "elevation": 52,
    "country": {"code": "IS", "name": ""},
    "runways": [],
    "kind": "small",
    "opened": None,
}

ACCEPTED = [
    Case("POST", "/airports", json=KEF, body=KEF_WHOLE),
    Case("POST", "/airports/sync", json=KEF, body=KEF_WHOLE),
    Case(
        "POST",
        "/airports",
        json={
            **KEF,
            "runways": [{"length": 3054, "lit": True}, {"length": 100}],
            "kind": "large",
            "opened": "1943-03-23",
            "unknown": [1],
        },
        body={
            **KEF_WHOLE,
            "runways": [{"length": 3054, "lit": True}, {"length": 100, "lit": False}],
            "kind": "large",
            "opened": "1943-03-23",
        },
        name="nested, with a field that is not known",
    ),
    Case("POST", "/strict", json={"firstName": "ann"}, body="ann"),
    Case(
        "POST",
        "/visits",
        json={"airport": "KEF", "rating": 5},
        body={"airport": "KEF", "rating": 5, "note": None},
    ),
    Case("POST", "/patch", json={"name": "x"}, body={"name": "x"}),
    Case("POST", "/countries", json=[{"code": "IS"}, {"code": "NO"}], body=["IS", "NO"]),
    Case("POST", "/countries", json=[], body=[], name="an empty list"),
    Case("POST", "/counts", json={"a": 1, "b": 2}, body=3),
    Case("POST", "/anything", json={"a": [None, {"b": 1.5}]}, body={"a": [None, {"b": 1.5}]}),
    Case("POST", "/numbers", json=[1, 2, 3], body=6),
    Case("POST", "/word", json="a word", body="a word"),
    Case("POST", "/shapes", json={"type": "square", "side": 2}, body="Square"),
    Case("POST", "/ranges", json={"low": 1, "high": 4}, body=3),
    Case("POST", "/optional", json={"code": "IS"}, body="IS"),
    Case("POST", "/optional", json=None, body=None, name="null for an optional body"),
    Case("POST", "/optional", body=None, name="no optional body"),
    Case("POST", "/default", json={"code": "NO"}, body="NO"),
    Case("POST", "/default", body="IS", name="no body where there is a default"),
    Case(
        "PUT",
        "/airports/7?mode=brief",
        headers={"x-token": "5"},
        json=KEF,
        body={"number": 7, "name": "Keflavik", "mode": "brief", "token": 5},
    ),
    Case("POST", "/data", json={"a": 1}, body={"data": {"a": 1}, "length": 8}),
    Case("POST", "/data", body={"data": {}, "length": 0}, name="request.data without a body"),
    Case("POST", "/data/sync", json=[1], status=201, body={"data": [1], "length": 3}),
]


@table(ACCEPTED)
def test_accepted(client: httpx.Client, case: Case) -> None:
    case.check(client)


INVALID = [
    (
        "/airports",
        {
            "name": None,
            "elevation": "52",
            "country": {"code": "isl", "name": 1},
            "runways": [{"length": 100}, {"length": 5, "lit": 1}, {}],
            "kind": "medium",
            "opened": "yesterday",
        },
        {
            "name": NULL,
            "elevation": NOT_AN_INTEGER,
            "country": {
                "code": [
                    "Ensure this field has no more than 2 characters.",
                    "This value does not match the required pattern.",
                ],
                "name": NOT_A_STRING,
            },
            "runways": [
                {},
                {
                    "length": ["Ensure this value is greater than or equal to 100."],
                    "lit": ["Must be a valid boolean."],
                },
                {"length": REQUIRED},
            ],
            "kind": ['"medium" is not a valid choice.'],
            "opened": ["Date has wrong format. Use one of these formats instead: YYYY-MM-DD."],
        },
    ),
    ("/airports", {}, {"name": REQUIRED, "elevation": REQUIRED, "country": REQUIRED}),
    (
        "/airports",
        [KEF],
        {"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]},
    ),
    ("/airports", None, {"non_field_errors": NULL}),
    (
        "/airports",
        {**KEF, "country": "IS"},
        {"country": {"non_field_errors": ["Invalid data. Expected a dictionary, but got str."]}},
    ),
    (
        "/strict",
        {"first_name": "ann", "firstName": 1},
        {"firstName": NOT_A_STRING, "first_name": ["This field is not known."]},
    ),
    (
        "/visits",
        {"rating": 6, "note": 1},
        {
            "airport": REQUIRED,
            "rating": ["Ensure this value is less than or equal to 5."],
            "note": NOT_A_STRING,
        },
    ),
    ("/patch", {"elevation": 1.5}, {"name": REQUIRED, "elevation": NOT_AN_INTEGER}),
    (
        "/countries",
        [{"code": "IS"}, {}, {"code": 1}],
        [{}, {"code": REQUIRED}, {"code": NOT_A_STRING}],
    ),
    (
        "/countries",
        {"code": "IS"},
        {"non_field_errors": ['Expected a list of items but got type "dict".']},
    ),
    ("/counts", {"a": "x", "b": 1, "c": None}, {"a": NOT_AN_INTEGER, "c": NULL}),
    (
        "/counts",
        [],
        {"non_field_errors": ['Expected a dictionary of items but got type "list".']},
    ),
    ("/numbers", [1, "x", True], {"1": NOT_AN_INTEGER, "2": NOT_AN_INTEGER}),
    ("/word", 1, {"non_field_errors": NOT_A_STRING}),
    ("/shapes", {"side": 1}, {"type": REQUIRED}),
    ("/shapes", {"type": "cone"}, {"type": ['"cone" is not a valid choice.']}),
    ("/shapes", {"type": "circle"}, {"radius": REQUIRED}),
    ("/ranges", {"low": 2, "high": 1}, {"non_field_errors": ["low is above high"]}),
    ("/ranges", {"low": "2"}, {"low": NOT_AN_INTEGER, "high": REQUIRED}),
    ("/default", None, {"non_field_errors": NULL}),
]


@pytest.mark.parametrize(("path", "sent", "faults"), INVALID)
def test_every_fault_at_once(client: httpx.Client, path: str, sent: Any, faults: Any) -> None:
    Case("POST", path, json=sent, status=400, body=faults).check(client)


@pytest.mark.parametrize(
    ("path", "faults"),
    [
        ("/airports", {"name": REQUIRED, "elevation": REQUIRED, "country": REQUIRED}),
        ("/visits", {"airport": REQUIRED, "rating": REQUIRED}),
        ("/countries", {"non_field_errors": NO_BODY}),
        ("/word", {"non_field_errors": NO_BODY}),
        ("/shapes", {"type": REQUIRED}),
    ],
)
def test_no_body_where_one_is_required(client: httpx.Client, path: str, faults: Any) -> None:
    Case("POST", path, status=400, body=faults).check(client)


WITH_PARAMETERS = [
    Case(
        "PUT",
        "/airports/0?mode=long",
        headers={"x-token": "t"},
        json={**KEF, "name": 1},
        status=400,
        body={
            "number": ["Ensure this value is greater than or equal to 1."],
            "mode": ['"long" is not a valid choice.'],
            "x-token": NOT_AN_INTEGER,
            "name": NOT_A_STRING,
        },
        name="both are wrong",
    ),
    Case(
        "PUT",
        "/airports/x",
        json=KEF,
        status=400,
        body={"number": NOT_AN_INTEGER, "x-token": REQUIRED},
        name="the parameters are wrong",
    ),
    Case(
        "PUT",
        "/airports/1",
        headers={"x-token": "1"},
        json={**KEF, "country": {}},
        status=400,
        body={"country": {"code": REQUIRED}},
        name="the body is wrong",
    ),
    Case(
        "PUT",
        "/airports/x",
        status=400,
        body={
            "number": NOT_AN_INTEGER,
            "x-token": REQUIRED,
            "name": REQUIRED,
            "elevation": REQUIRED,
            "country": REQUIRED,
        },
        name="there is no body",
    ),
    Case(
        "PUT",
        "/countries",
        json=[{}],
        status=400,
        body={"countries": [{"code": REQUIRED}], "year": REQUIRED},
        name="a list and a parameter are wrong",
    ),
    Case(
        "PUT",
        "/countries?year=1",
        json=[{}],
        status=400,
        body=[{"code": REQUIRED}],
        name="only a list is wrong",
    ),
    Case(
        "PUT",
        "/same?name=x",
        json={"code": "IS", "name": 1},
        status=400,
        body={"name": [*NOT_A_STRING, *NOT_AN_INTEGER]},
        name="a field and a parameter share their name",
    ),
]


@table(WITH_PARAMETERS)
def test_faults_of_body_and_parameters_are_merged(client: httpx.Client, case: Case) -> None:
    case.check(client)


JSON_TYPE = {"content-type": "application/json"}


@pytest.mark.parametrize("path", ["/airports", "/airports/sync", "/anything", "/data"])
@pytest.mark.parametrize(
    "content",
    [b"{", b"nonsense", b'{"a": 1} x', b'{"a": NaN}', b"[1,]", b"\xff\xfe", b'{"a": "\xff"}'],
)
def test_malformed_json(client: httpx.Client, path: str, content: bytes) -> None:
    reply = Case("POST", path, headers=JSON_TYPE, content=content, status=400).check(client)
    assert list(reply.json()) == ["detail"]
    assert reply.json()["detail"].startswith("JSON parse error - ")


@pytest.mark.parametrize("path", ["/airports", "/anything", "/numbers", "/data", "/data/sync"])
def test_ten_thousand_nested_arrays(client: httpx.Client, path: str) -> None:
    for content in (b"[" * 10_000 + b"]" * 10_000, b'{"a":' * 10_000 + b"1" + b"}" * 10_000):
        reply = Case("POST", path, headers=JSON_TYPE, content=content, status=400).check(client)
        assert reply.json()
    Case("POST", "/word", json="still there", body="still there").check(client)


@pytest.mark.parametrize(
    "media_type",
    ["application/json", "application/json; charset=utf-8", "Application/JSON;Charset=UTF-8"],
)
@pytest.mark.parametrize("path", ["/word", "/data"])
def test_media_types_that_are_json(client: httpx.Client, path: str, media_type: str) -> None:
    Case("POST", path, headers={"content-type": media_type}, content=b'"x"').check(client)


@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "multipart/form-data"],
)
@pytest.mark.parametrize("path", ["/airports", "/optional"])
def test_other_media_types_are_refused(client: httpx.Client, path: str, media_type: str) -> None:
    Case(
        "POST",
        path,
        headers={"content-type": media_type},
        content=b'{"code": "IS"}',
        status=415,
        body={"detail": f'Unsupported media type "{media_type}" in request.'},
    ).check(client)


def test_no_media_type(client: httpx.Client) -> None:
    detail = {"detail": 'Unsupported media type "" in request.'}
    Case("POST", "/airports", content=b"{}", status=415, body=detail).check(client)


def chunks(total: int):
    for start in range(0, total, 1000):
        yield b" " * min(1000, total - start)


class TestTooLarge:
    def test_for_the_route(self, client: httpx.Client) -> None:
        Case("POST", "/small", json={"a": "b"}, body=1).check(client)
        Case(
            "POST",
            "/small",
            json={"a": "b" * 100},
            status=413,
            body={"detail": "The request body is larger than 16 bytes."},
        ).check(client)

    def test_for_the_project(self, client: httpx.Client) -> None:
        # DATA_UPLOAD_MAX_MEMORY_SIZE, 2.5 MiB.
        limit = 2_621_440
        fits = b'"' + b"x" * (limit - 2) + b'"'
        reply = Case("POST", "/word", headers=JSON_TYPE, content=fits).check(client)
        assert len(reply.json()) == limit - 2
        Case("POST", "/word", headers=JSON_TYPE, content=fits + b" ", status=413).check(client)

    def test_without_an_announced_length(self, live_client: httpx.Client) -> None:
        reply = live_client.post("/small", content=chunks(17), headers=JSON_TYPE)
        assert reply.status_code == 413

    def test_a_chunked_body_that_fits(self, live_client: httpx.Client) -> None:
        reply = live_client.post("/word", content=iter([b'"a', b" wo", b'rd"']), headers=JSON_TYPE)
        assert reply.json() == "a word"


def test_nothing_is_shared_between_requests(client: httpx.Client) -> None:
    # The default of ``runways`` is one list in the source.
    for _ in range(2):
        Case("POST", "/airports", json=KEF, body=KEF_WHOLE).check(client)


@pytest.mark.parametrize("text", ["Þórður", "日本語", "𝄞", "\u0000", 'quote " and \\ slash'])
def test_text_comes_back_as_it_was(client: httpx.Client, text: str) -> None:
    Case("POST", "/word", json=text, body=text).check(client)


def test_numbers_keep_their_digits(client: httpx.Client) -> None:
    content = b'{"a":9007199254740993,"b":1.0,"c":123456789012345678901234567890}'
    reply = client.post("/anything", content=content, headers=JSON_TYPE)
    decoded = msgspec.json.decode(reply.content)
    assert decoded["a"] == 9007199254740993
    assert isinstance(decoded["b"], float)
