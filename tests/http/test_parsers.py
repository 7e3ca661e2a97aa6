"""Parsers: a body is read by the one for its media type, and all its faults are told."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, Any, Final

import httpx
import msgspec
import pytest
import yaml
from django.test import override_settings

from django_bolt import BoltAPI, BoltViewSet, Controller, Request, action
from django_bolt.compile.application import build
from django_bolt.exceptions import ConfigurationError, ParseError
from django_bolt.params import Form
from django_bolt.parsers import (
    BaseParser,
    FormParser,
    JSONParser,
    MessagePackParser,
    MultiPartParser,
    YAMLParser,
)
from tests.http.conftest import Serve

ENCODE: Final = {
    "application/json": msgspec.json.encode,
    "application/vnd.mint+json": msgspec.json.encode,
    "application/msgpack": msgspec.msgpack.encode,
    "application/yaml": lambda value: yaml.safe_dump(value).encode(),
}
WHOLE = [JSONParser, MessagePackParser, YAMLParser]


class PairsParser(BaseParser):
    """``name=value`` in lines, as a user of Django REST framework writes it."""

    media_type = "text/x-pairs"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        lines = stream.read().decode().splitlines()
        if any("=" not in line for line in lines):
            raise ParseError("Not a pair.")
        found = dict(line.split("=", 1) for line in lines)
        return {key: int(text) if text.isdecimal() else text for key, text in found.items()}


class RawParser(BaseParser):
    media_type = "image/*"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        return [media_type, parser_context["request"].method, len(stream.read())]


class Mint(msgspec.Struct):
    town: str
    founded: dt.date


class Coin(msgspec.Struct):
    name: str
    value: int
    mint: Mint | None = None


@dataclass
class Point:
    x: int
    y: int = 2


api = BoltAPI(parser_classes=[*WHOLE, PairsParser])


@api.post("/coin")
async def coin(coin: Coin, limit: int = 1) -> Any:
    return coin


@api.post("/coin/thread")
def coin_in_a_thread(coin: Coin, limit: int = 1) -> Any:
    return coin


@api.post("/coins")
async def coins(coins: list[Coin]) -> int:
    return len(coins)


@api.post("/point")
async def point(point: Point) -> Point:
    return point


@api.post("/optional")
async def optional(coin: Coin | None = None) -> bool:
    return coin is None


@api.post("/form")
async def form(name: Annotated[str, Form()]) -> str:
    return name


@api.post("/data", parser_classes=[*WHOLE, FormParser, MultiPartParser, RawParser])
async def data(request: Request) -> Any:
    found = request.data
    return {key: str(value) for key, value in found.items()} if hasattr(found, "items") else found


@api.post("/data/json", parser_classes=[JSONParser])
def json_data(request: Request) -> Any:
    return request.data


@api.post("/data/default", parser_classes=None)
async def inherited(request: Request) -> Any:
    return request.data


class Coins(BoltViewSet):
    parser_classes = [MessagePackParser, FormParser]

    def create(self, request: Request, coin: Coin) -> Any:
        return coin

    @action(detail=False, methods=["post"], parser_classes=[YAMLParser])
    def strike(self, request: Request) -> Any:
        return [request.data, [kind.__name__ for kind in self.parser_classes or ()]]


class Described(Controller):
    parser_classes = (YAMLParser,)

    def post(self, request: Request) -> Any: ...


api.register("mints", Coins)
api.register("described", Described)

VALID = {"name": "Thaler", "value": 3, "mint": {"town": "Joachimsthal", "founded": "1520-01-09"}}


def send(client: httpx.Client, path: str, media_type: str, value: Any) -> httpx.Response:
    content = value if isinstance(value, bytes) else ENCODE[media_type](value)
    return client.post(path, content=content, headers={"Content-Type": media_type})


@pytest.mark.parametrize("path", ["/coin", "/coin/thread"])
@pytest.mark.parametrize("media_type", ENCODE)
def test_declared_bodies(client: httpx.Client, path: str, media_type: str) -> None:
    reply = send(client, path, f"{media_type}", VALID)
    assert (reply.status_code, reply.json()) == (200, VALID)
    assert send(client, "/coins", media_type, [VALID, {**VALID, "mint": None}]).json() == 2
    assert send(client, "/point", media_type, {"x": 1}).json() == {"x": 1, "y": 2}
    assert client.post("/optional").json() is True


@pytest.mark.parametrize("path", ["/coin?limit=x", "/coin/thread?limit=x"])
@pytest.mark.parametrize("media_type", ENCODE)
def test_all_faults_in_one_reply(client: httpx.Client, path: str, media_type: str) -> None:
    wrong = {"value": "many", "mint": {"town": 3, "founded": "1520-01-09"}}
    expected = {
        "limit": ["A valid integer is required."],
        "name": ["This field is required."],
        "value": ["A valid integer is required."],
        "mint": {"town": ["Not a valid string."]},
    }
    reply = send(client, path, media_type, wrong)
    assert (reply.status_code, reply.json()) == (400, expected)
    assert send(client, "/coin", media_type, {**VALID, "value": None}).json() == {
        "value": ["This field may not be null."]
    }
    missing = client.post("/coin", headers={"Content-Type": media_type})
    assert (missing.status_code, set(missing.json())) == (400, {"name", "value"})


def test_what_each_notation_has_besides(client: httpx.Client) -> None:
    text = b"name: Thaler\nvalue: 3\nmint: {town: J, founded: 1520-01-09}\n"
    reply = send(client, "/coin", "application/yaml", text)
    assert reply.json()["mint"]["founded"] == "1520-01-09"
    # A fault elsewhere does not make a date one.
    reply = send(client, "/coin", "application/yaml", text.replace(b"value: 3", b"value: x"))
    assert reply.json() == {"value": ["A valid integer is required."]}
    reply = send(client, "/coin", "text/x-pairs", b"name=Thaler\nvalue=3")
    assert reply.json() == {"name": "Thaler", "value": 3, "mint": None}
    reply = send(client, "/coin", "text/x-pairs", b"name=Thaler\nvalue=x")
    assert (reply.status_code, reply.json()) == (400, {"value": ["A valid integer is required."]})
    reply = send(client, "/coin", "text/x-pairs", b"nothing")
    assert (reply.status_code, reply.json()) == (400, {"detail": "Not a pair."})


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/coin", "text/plain"),
        ("/coin", "application/x-www-form-urlencoded"),
        ("/mints", "application/json"),
        ("/mints", "application/x-www-form-urlencoded"),
        ("/data", "text/x-pairs"),
        ("/data", ""),
        ("/data/json", "application/yaml"),
        ("/data/json", "application/x-www-form-urlencoded"),
        ("/data/json", "multipart/form-data; boundary=x"),
        ("/mints/strike", "application/msgpack"),
    ],
)
def test_other_media_types(client: httpx.Client, path: str, media_type: str) -> None:
    reply = send(client, path, media_type, b"--x--\r\n")
    assert reply.status_code == 415
    assert reply.json() == {"detail": f'Unsupported media type "{media_type}" in request.'}


@pytest.mark.parametrize("media_type", ENCODE)
def test_request_data(client: httpx.Client, media_type: str) -> None:
    assert send(client, "/data", media_type, {"a": "b"}).json() == {"a": "b"}
    assert send(client, "/data", media_type, [1]).json() == [1]
    assert send(client, "/data", media_type, None).json() is None
    assert client.post("/data", headers={"Content-Type": media_type}).json() == {}


def test_request_data_of_forms_and_others(client: httpx.Client) -> None:
    assert client.post("/data", data={"a": "b"}).json() == {"a": "b"}
    sent = client.post("/data", data={"a": "b"}, files={"f": ("x.txt", b"text")})
    assert sent.json() == {"a": "b", "f": "x.txt"}
    reply = send(client, "/data", "image/png; x=1", b"123")
    assert reply.json() == ["image/png; x=1", "POST", 3]
    assert send(client, "/data/default", "text/x-pairs", b"a=b").json() == {"a": "b"}
    # A declared form says itself what it is.
    assert client.post("/form", data={"name": "x"}).json() == "x"


def test_the_nearest_declaration_holds(client: httpx.Client) -> None:
    assert send(client, "/mints", "application/msgpack", VALID).json() == VALID
    reply = send(client, "/mints/strike", "application/yaml", {"a": 1})
    assert reply.json() == [{"a": 1}, ["YAMLParser"]]
    assert client.options("/described").json()["parses"] == ["application/yaml"]


@override_settings(
    BOLT={"DEFAULT_PARSER_CLASSES": ["django_bolt.parsers.MessagePackParser", FormParser]}
)
def test_the_settings_hold_where_nobody_declares(serve: Serve) -> None:
    bare = BoltAPI()
    bare.post("/coin")(coin)
    client = serve(bare)
    assert send(client, "/coin", "application/msgpack", VALID).json() == VALID
    assert send(client, "/coin", "application/json", VALID).status_code == 415


class Nameless(BaseParser): ...


class Demanding(JSONParser):
    def __init__(self, depth: int) -> None:
        self.depth = depth


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        ([], "parser_classes is empty"),
        ([3], "3 is not a parser"),
        ([Nameless], "Nameless.media_type must be a media type without parameters, not None"),
        ([Demanding], "Demanding needs arguments: list an instance"),
        (
            [FormParser, MultiPartParser],
            "`coin` is the whole body, and its parsers read forms",
        ),
    ],
)
def test_what_cannot_parse_is_refused(listed: list[Any], message: str) -> None:
    bare = BoltAPI()
    bare.post("/x", parser_classes=listed)(coin)
    with pytest.raises(ConfigurationError, match=message):
        build(bare.routes())


def test_yaml_without_its_library_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django_bolt.parsers.yaml", None)
    bare = BoltAPI()
    bare.post("/x", parser_classes=[YAMLParser])(coin)
    with pytest.raises(Exception, match=r"install the extra, django-bolt\[yaml\]"):
        build(bare.routes())
