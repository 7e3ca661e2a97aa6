"""MessagePack and YAML that are made to break their parser: a 4xx each, and the worker goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Annotated, Any

import httpx
import msgspec
import pytest

from django_bolt import BoltAPI, Request
from django_bolt.params import Body
from django_bolt.parsers import JSONParser, MessagePackParser, YAMLParser
from tests.security.test_hostile_bodies import DEEP, SOON, Item, refused

PARSERS = [JSONParser, MessagePackParser, YAMLParser]
api = BoltAPI()


@api.post("/struct", parser_classes=PARSERS)
async def struct(item: Item) -> Item:
    return item


@api.post("/struct/thread", parser_classes=PARSERS)
def struct_in_a_thread(item: Item) -> Item:
    return item


@api.post("/any", parser_classes=PARSERS)
async def anything(body: Annotated[Any, Body()]) -> Any:
    return body


@api.post("/data", parser_classes=PARSERS)
def through_the_request(request: Request) -> Any:
    return request.data


@api.get("/fine")
async def fine() -> str:
    return "fine"


@pytest.fixture(autouse=True)
def the_worker_is_well(client: httpx.Client) -> Iterator[None]:
    before = time.monotonic()
    yield
    assert time.monotonic() - before < SOON
    assert client.get("/fine").json() == "fine"


paths = pytest.mark.parametrize("path", ["/struct", "/struct/thread", "/any", "/data"])

MESSAGE_PACK = {
    "arrays": b"\x91" * DEEP + b"\x01",
    "arrays without an end": b"\x91" * DEEP,
    "objects": b"\x81\xa4name" * DEEP + b"\x01",
    "a recursive type": b"\x82\xa4name\xa1a\xa5inner" * DEEP,
    "in a name that nobody declares": b"\x82\xa4name\xa1a\xa1x" + b"\x91" * DEEP + b"\x01",
    "an array of four billion": b"\xdd\xff\xff\xff\xff",
    "an object of four billion": b"\xdf\xff\xff\xff\xff",
    "a text of four billion": b"\xdb\xff\xff\xff\xff",
    "bytes of four billion": b"\xc6\xff\xff\xff\xff",
    "an extension of four billion": b"\xc9\xff\xff\xff\xff\x05",
    "tags of four billion": b"\x82\xa4name\xa1a\xa4tags\xdd\xff\xff\xff\xff",
    "an extension": b"\xc7\x03\x05abc",
    "an extension in a field": b"\x81\xa4name\xd4\x05a",
    "an extension as a key": b"\x81\xd4\x05a\x01",
    "a map as a key": b"\x81\x81\x01\x02\x03",
    "not UTF-8": b"\x81\xa4name\xa2\xff\xfe",
    "a reserved byte": b"\xc1",
    "a timestamp of five bytes": b"\xc7\x05\xff\x00\x00\x00\x00\x00",
    "a timestamp beyond all": b"\xc7\x0c\xff\x00\x00\x00\x00\x7f\xff\xff\xff\xff\xff\xff\xff",
    "truncated": b"\x82\xa4name",
    "two values": b"\x81\xa4name\xa1a\x01",
    "JSON": b'{"name": "a"}',
}


@paths
@pytest.mark.parametrize("body", MESSAGE_PACK.values(), ids=MESSAGE_PACK)
def test_message_pack(client: httpx.Client, path: str, body: bytes) -> None:
    headers = {"content-type": "application/msgpack"}
    refused(client.post(path, content=body, headers=headers))


LAUGHS = b"a: &a [ha, ha]\n" + b"".join(
    b"%c: &%c [*%c, *%c]\n" % (letter, letter, letter - 1, letter - 1)
    for letter in range(ord("b"), ord("z"))
)
YAML = {
    "a billion laughs": LAUGHS,
    "an alias of itself": b"&a [*a]",
    "a merged alias": b"a: &a {x: 1}\nb: {<<: *a}",
    "a call": b"!!python/object/apply:os.system ['true']",
    "a class": b"!!python/object/new:os.system [x]",
    "a name": b"name: !!python/name:os.system",
    "a module": b"!!python/module:os",
    "a tag behind a handle": b"%TAG ! tag:yaml.org,2002:python/\n---\n!object/apply:os.system [x]",
    "a tag of its own": b"!x 1",
    "an empty integer": b"!!int ''",
    "a timestamp that is none": b"!!timestamp x",
    "a bool that is none": b"!!bool x",
    "flow arrays": b"[" * 90_000,
    "flow objects": b"{a: " * 20_000,
    "blocks": b"- " * 45_000,
    "keys of keys": b"? " * 45_000,
    "indentation": b"".join(b" " * depth + b"a:\n" for depth in range(400)),
    "10,000 digits": b"count: " + b"9" * 10_000,
    "digits in hexadecimal": b"count: 0x" + b"f" * 90_000,
    "digits in octal": b"count: 0" + b"7" * 90_000,
    "digits in binary": b"count: 0b" + b"1" * 90_000,
    "digits to the base 60": b"count: 1" + b":59" * 30_000,
    "digits that are none": b"count: 0x_",
    "no date": b"name: 2020-99-99",
    "an offset of days": b"name: 2001-12-14t21:59:43.10-99:99",
    "two documents": b"name: a\n---\nname: b",
    "not UTF-8": b"name: \xff",
    "UTF-16": "name: a".encode("utf-16"),
    "NUL": b"name: \x00",
    "a control character": b"name: \x07",
    "a list as a key": b"{[1]: 2}",
    "a surrogate": b'name: "\\ud800"',
    "beyond Unicode": b'name: "\\UFFFFFFFF"',
    "without an end": b"name: 'abc",
    "another version": b"%YAML 9.9\n---\nname: a",
}


@paths
@pytest.mark.parametrize("body", YAML.values(), ids=YAML)
def test_yaml(client: httpx.Client, path: str, body: bytes) -> None:
    refused(client.post(path, content=body, headers={"content-type": "application/yaml"}))


NODES = {
    "flow": b"{" + b"a," * 45_000 + b"}",
    "questions": b"?\n" * 45_000,
    "keys": b"".join(b"k%d: 1\n" % number for number in range(9_000)),
}


@paths
@pytest.mark.parametrize("body", NODES.values(), ids=NODES)
def test_yaml_of_many_nodes(client: httpx.Client, path: str, body: bytes) -> None:
    before = time.monotonic()
    refused(client.post(path, content=body, headers={"content-type": "application/yaml"}))
    assert time.monotonic() - before < SOON / 2


def test_text_is_no_number(client: httpx.Client) -> None:
    digits = "9" * 2000
    body = f"a: '{digits}'\nb: x{digits}\nc: {'9' * 900}\n".encode()
    reply = client.post("/any", content=body, headers={"content-type": "application/yaml"})
    assert reply.json() == {"a": digits, "b": f"x{digits}", "c": int("9" * 900)}


@paths
@pytest.mark.parametrize("kind", ["application/yaml", "application/msgpack"])
def test_a_large_body(client: httpx.Client, path: str, kind: str) -> None:
    body = b"- a\n" * 600_000
    if kind == "application/msgpack":
        body = msgspec.msgpack.encode(["a"] * 1_300_000)
    # Beyond 100 kB of YAML, and beyond Django's 2.5 MB.
    body = body[:2_000_000] if kind == "application/yaml" else body * 2
    reply = client.post(path, content=body, headers={"content-type": kind})
    refused(reply, 413)
