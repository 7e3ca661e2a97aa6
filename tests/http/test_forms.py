"""Forms: fields are converted as those of a query are, and refused together with the others."""

from __future__ import annotations

import datetime as dt
import enum
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

import httpx
import pytest
from django.test import override_settings

from django_bolt import BoltAPI, Request
from django_bolt.params import Cookie, Form, Header
from tests.http.cases import Case, table
from tests.http.conftest import Serve

api = BoltAPI()

URLENCODED: Final = "application/x-www-form-urlencoded"
REQUIRED = ["This field is required."]


class Metal(enum.Enum):
    GOLD = "au"
    IRON = "fe"


async def login(
    username: Annotated[str, Form("username", min_length=2)], password: Annotated[str, Form()]
) -> list[str]:
    return [username, password]


for method in (api.post, api.put, api.patch):
    method("/login")(login)


@api.post("/login/sync")
def login_in_a_thread(username: Annotated[str, Form("user")]) -> str:
    return username


@api.post("/scalars")
async def scalars(
    whole: Annotated[int, Form(ge=1)],
    price: Annotated[Decimal, Form()],
    day: Annotated[dt.date, Form()],
    metal: Annotated[Metal, Form()],
    side: Annotated[Literal["heads", "tails"], Form(default="heads")],
    tags: Annotated[list[str], Form("tag", max_length=2)],
    flag: Annotated[bool, Form()] = False,
    note: Annotated[str | None, Form()] = None,
) -> list[Any]:
    return [whole, str(price), day.isoformat(), metal.name, side, tags, flag, note]


@api.post("/all/{number}")
async def every_source(
    number: int,
    page: int,
    x_token: Annotated[int, Header()],
    crumb: Annotated[int, Cookie()],
    amount: Annotated[int, Form()],
) -> int:
    return number + page + x_token + crumb + amount


@api.post("/same")
async def same_name(x: int, y: Annotated[int, Form("x")]) -> int:
    return x + y


@api.post("/small", max_body_size=10)
async def small(a: Annotated[str, Form()]) -> str:
    return a


@api.post("/request")
async def with_the_request(request: Request, a: Annotated[int, Form()]) -> list[Any]:
    return [a, len(request.body), request.data["a"], request.POST.getlist("b")]


@api.post("/data")
async def through_the_request(request: Request) -> Any:
    return {
        "data": {name: request.data.getlist(name) for name in request.data},
        "post": list(request.POST),
        "length": len(request.body),
    }


@api.post("/json")
async def not_a_form(request: Request) -> Any:
    return [request.data, list(request.POST)]


def form(path: str, sent: str | bytes, /, *, method: str = "POST", **expected: Any) -> Case:
    """Return the case of a urlencoded form."""
    headers: dict[str, str] = {"content-type": URLENCODED, **expected.pop("headers", {})}
    content = sent.encode() if isinstance(sent, str) else sent
    name = expected.pop("name", f"{method} {path} {sent!r:.60}")
    return Case(method, path, headers=headers, content=content, name=name, **expected)


ACCEPTED = [
    *(
        form("/login", "username=ann&password=a+b%26%C3%A4", method=method, body=["ann", "a b&ä"])
        for method in ("POST", "PUT", "PATCH")
    ),
    form("/login", "username=x&username=last&password=", body=["last", ""]),
    form("/login/sync", "user=ann&unknown=1", body="ann"),
    form(
        "/login/sync",
        "user=ann",
        headers={"content-type": f"{URLENCODED}; charset=UTF-8"},
        body="ann",
    ),
    form(
        "/scalars",
        "whole=7&price=1.50&day=2026-01-02&metal=fe&tag=a&tag=b&flag=on&note=n",
        body=[7, "1.50", "2026-01-02", "IRON", "heads", ["a", "b"], True, "n"],
    ),
    form("/all/1?page=2", "amount=5", headers={"x-token": "3", "cookie": "crumb=4"}, body=15),
    form("/request", "a=1&b=2&b=3", body=[1, 11, "1", ["2", "3"]]),
    form(
        "/data",
        "a=1&a=2&b=%C3%A4",
        body={"data": {"a": ["1", "2"], "b": ["ä"]}, "post": ["a", "b"], "length": 16},
    ),
    Case("POST", "/json", json={"a": 1}, body=[{"a": 1}, []]),
]


@table(ACCEPTED)
def test_accepted(client: httpx.Client, case: Case) -> None:
    case.check(client)


REFUSED = [
    Case("POST", "/login", status=400, body={"username": REQUIRED, "password": REQUIRED}),
    form(
        "/scalars",
        "whole=0&price=x&day=1&metal=zn&side=edge&tag=1&tag=2&tag=3&flag=2",
        status=400,
        body={
            "whole": ["Ensure this value is greater than or equal to 1."],
            "price": ["A valid number is required."],
            "day": ["Date has wrong format. Use one of these formats instead: YYYY-MM-DD."],
            "metal": ['"zn" is not a valid choice.'],
            "side": ['"edge" is not a valid choice.'],
            "tag": ["Ensure this field has no more than 2 elements."],
            "flag": ["Must be a valid boolean."],
        },
    ),
    form(
        "/all/a?page=b",
        "amount=e",
        headers={"x-token": "c", "cookie": "crumb=d"},
        status=400,
        body={
            name: ["A valid integer is required."]
            for name in ("number", "page", "x-token", "crumb", "amount")
        },
        name="faults of every source at once",
    ),
    form(
        "/same?x=a",
        "x=b",
        status=400,
        body={
            "query": {"x": ["A valid integer is required."]},
            "form": {"x": ["A valid integer is required."]},
        },
    ),
    form("/login/sync", b"user=%ff", status=400, body={"user": ["The value is not UTF-8."]}),
    form("/login/sync", b"user=\xff", status=400, body={"user": ["The value is not UTF-8."]}),
    form(
        "/login/sync", "user=%00", status=400, body={"user": ["Null characters are not allowed."]}
    ),
    form(
        "/login/sync",
        "%ff=1",
        status=400,
        body={"detail": "A field's name in the form is not UTF-8."},
    ),
    form(
        "/login/sync",
        "user=a",
        headers={"content-type": f"{URLENCODED}; charset=latin-1"},
        status=400,
        body={"detail": "A form must be encoded as UTF-8."},
    ),
    form(
        "/small",
        "a=123456789",
        status=413,
        body={"detail": "The request body is larger than 10 bytes."},
    ),
    Case(
        "POST",
        "/login",
        json={"username": "ann"},
        status=415,
        body={"detail": 'Unsupported media type "application/json" in request.'},
        name="JSON for a form",
    ),
    form(
        "/login/sync",
        "a=1&" * 1001,
        status=400,
        body={"detail": "The form has more than 1000 fields."},
        name="too many fields",
    ),
    form("/data", "a=1&" * 1001, status=400, name="too many fields through the request"),
]


@table(REFUSED)
def test_refused(client: httpx.Client, case: Case) -> None:
    case.check(client)


def test_without_a_limit_of_fields(serve: Serve) -> None:
    with override_settings(DATA_UPLOAD_MAX_NUMBER_FIELDS=None):
        client = serve(api)
        form("/login/sync", "a=1&" * 2000 + "user=x", body="x").check(client)


@pytest.mark.parametrize("most", [1, 2])
def test_the_settings_limit_of_fields(serve: Serve, most: int) -> None:
    with override_settings(DATA_UPLOAD_MAX_NUMBER_FIELDS=most):
        reply = form("/login/sync", "user=x&b=1").send(serve(api))
        assert reply.status_code == (200 if most == 2 else 400)
