"""Bodies of MessagePack and YAML that are made to break their parser; see test_hostile_bodies."""

from __future__ import annotations

from typing import Any, Final

import httpx
import msgspec
import pytest

from django_bolt import BoltAPI, Request
from django_bolt.parsers import MessagePackParser, YAMLParser

DEEP: Final = 100_000

api = BoltAPI(parser_classes=[MessagePackParser, YAMLParser])


class Item(msgspec.Struct):
    count: int = 0
    children: list[Any] = []


@api.post("/parsed")
async def parsed(item: Item) -> int:
    return item.count


@api.post("/parsed/data")
def parsed_data(request: Request) -> str:
    return str(request.data)


MSGPACK: Final = "application/msgpack"
YAML: Final = "application/yaml"
#: A name, its body, and its statuses where the body is declared and where it is not.
OTHERS: Final = {
    "deep lists": (MSGPACK, b"\x91" * DEEP, {400}),
    "deep maps": (MSGPACK, b"\x81\xa1a" * DEEP, {400}),
    "a list of 4 billion": (MSGPACK, b"\xdd\xff\xff\xff\xff", {400}),
    "a map of 4 billion": (MSGPACK, b"\xdf\xff\xff\xff\xff", {400}),
    "a text of 4 GB": (MSGPACK, b"\xdb\xff\xff\xff\xff", {400}),
    "an extension of 4 GB": (MSGPACK, b"\xc9\xff\xff\xff\xff\x01", {400}),
    "invalid UTF-8 in MessagePack": (MSGPACK, b"\x81\xa8children\x91\xa1\xff", {400}),
    "a key that is a list": (MSGPACK, b"\x81\x91\x01\x01", {400, 200}),
    "a key that is null": (MSGPACK, b"\x82\xc0\x01\xa5count\xa1x", {400, 200}),
    "an extension": (MSGPACK, b"\x81\xa5count\xd4\x05\x01", {400, 200}),
    "an impossible time": (MSGPACK, b"\x81\xa5count\xc7\x0c\xff" + b"\xff" * 12, {400}),
    "nothing that MessagePack has": (MSGPACK, b"\xc1", {400}),
    "deep YAML lists": (YAML, b"[" * 90_000, {400}),
    "deep YAML maps": (YAML, b"{a: " * 20_000, {400}),
    "deep YAML blocks": (YAML, b"- " * 40_000, {400}),
    "laughs": (YAML, b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", {400}),
    "a list in itself": (YAML, b"&a [*a]", {400}),
    "a Python object": (YAML, b"!!python/object/apply:os.system ['true']", {400}),
    "a Python name": (YAML, b"count: !!python/name:os.system", {400}),
    "an empty integer": (YAML, b"count: !!int ''", {400}),
    "an empty number": (YAML, b"count: !!float ''", {400}),
    "no truth value": (YAML, b"count: !!bool x", {400}),
    "no time": (YAML, b"count: !!timestamp x", {400}),
    "a day that is none": (YAML, b"count: 2020-99-99", {400}),
    "no base 64": (YAML, b"count: !!binary x", {400}),
    "YAML digits": (YAML, b"count: " + b"9" * 10_000, {400}),
    "a key that is a YAML list": (YAML, b"? [a]\n: 1", {400}),
    "a key that is a YAML null": (YAML, b"{null: 1, count: x}", {400, 200}),
    "invalid UTF-8 in YAML": (YAML, b"count: \xff", {400}),
    "two documents": (YAML, b"count: 1\n---\ncount: 2", {400}),
    "a control character": (YAML, b"count: \x01", {400}),
    "large YAML": (YAML, b"- a\n" * 30_000, {413}),
}


@pytest.mark.parametrize("path", ["/parsed", "/parsed/data"])
@pytest.mark.parametrize("name", OTHERS)
def test_other_notations(client: httpx.Client, path: str, name: str) -> None:
    media_type, content, statuses = OTHERS[name]
    # What no type forbids may be what was meant, where nothing is declared.
    allowed = statuses if path == "/parsed/data" else statuses - {200}
    reply = client.post(path, content=content, headers={"Content-Type": media_type})
    assert reply.status_code in allowed, reply.text[:300]
    well = client.post("/parsed", content=b"count: 3", headers={"Content-Type": YAML})
    assert well.json() == 3
