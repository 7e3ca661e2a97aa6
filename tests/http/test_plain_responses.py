"""The usual responses are read by Rust, all others rendered in Python: the replies are the same."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from msgspec import Struct

from django_bolt import BoltAPI
from django_bolt.responses import HTML, JSON, BaseResponse, PlainText, Redirect, Response

api = BoltAPI()


class Out(Struct):
    id: int


def derived(kind: type[BaseResponse]) -> Any:
    """Return a class that Rust does not know, whose instances say the same."""
    return type(f"Own{kind.__name__}", (kind,), {"__slots__": ()})


def changed(kind: Any, *arguments: Any, **attributes: Any) -> Any:
    response = kind(*arguments)
    for name, value in attributes.items():
        setattr(response, name, value)
    return response


#: What is made, of a class or of one derived from it.
MADE: list[tuple[type[BaseResponse], Any]] = [
    (PlainText, lambda kind: kind("Þ")),
    (PlainText, lambda kind: kind(b"\xff", 203)),
    (PlainText, lambda kind: kind("")),
    (PlainText, lambda kind: kind("x", 204)),
    (PlainText, lambda kind: kind("x", 205)),
    (PlainText, lambda kind: kind("x", 304)),
    (PlainText, lambda kind: kind("x", headers={"X-A": "b"})),
    (PlainText, lambda kind: kind("x", headers={"Content-Type": "text/csv"})),
    (PlainText, lambda kind: changed(kind, "x", content_type="application/json")),
    (PlainText, lambda kind: changed(kind, "x", data={"a": 1})),
    (PlainText, lambda kind: changed(kind, "x", content_type=None)),
    (HTML, lambda kind: kind("<p>", 404)),
    (JSON, lambda kind: kind(None)),
    (JSON, lambda kind: kind({"id": 1, "b": "é"}, 201)),
    (JSON, lambda kind: kind({"id": 1, "b": 2}, 400)),
    (Response, lambda kind: kind()),
    (Response, lambda kind: kind({"id": 1, "b": 2}, status=201)),
    (Response, lambda kind: kind({"id": 1, "b": 2}, status=204)),
    (Response, lambda kind: kind({"id": 1}, content_type="application/vnd.api+json")),
    (Response, lambda kind: kind("a,b", content_type="text/csv")),
    (Response, lambda kind: changed(kind, data=[1])),
    (Redirect, lambda kind: kind("/é?q=a b")),
    (Redirect, lambda kind: kind("https://example.org/", 308)),
    (Redirect, lambda kind: kind("/", headers={"X-A": "b", "Location": "/other"})),
]
NUMBERS = range(len(MADE))


@api.get("/free/{number}/{own}")
async def free(number: int, own: bool) -> Any:
    kind, make = MADE[number]
    return make(derived(kind) if own else kind)


@api.get("/declared/{number}/{own}")
def declared(number: int, own: bool) -> Out:
    kind, make = MADE[number]
    return make(derived(kind) if own else kind)


def seen(reply: httpx.Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    headers = [item for item in reply.headers.multi_items() if item[0] != "date"]
    return reply.status_code, reply.content, headers


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("how", ["free", "declared"])
def test_both_ways_lead_to_one_reply(client: httpx.Client, how: str, number: int) -> None:
    read = client.get(f"/{how}/{number}/false", follow_redirects=False)
    rendered = client.get(f"/{how}/{number}/true", follow_redirects=False)
    assert seen(read) == seen(rendered)
