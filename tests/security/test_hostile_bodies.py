"""Bodies that are made to break whoever reads them: a 4xx each, and the worker goes on."""

from __future__ import annotations

import gzip
import time
import zlib
from collections.abc import Iterator
from typing import Annotated, Any

import httpx
import msgspec
import pytest
from django.test import override_settings

from django_bolt import BoltAPI, Request
from django_bolt.params import Body, Form
from django_bolt.uploads import UploadFile
from tests.http.conftest import Serve

api = BoltAPI()
#: Seconds. What is refused is refused soon, on a busy machine too.
SOON = 5.0


class Item(msgspec.Struct):
    name: str
    count: int = 0
    tags: list[str] = []
    inner: Item | None = None


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    name: str


@api.post("/struct")
async def struct(item: Item) -> Item:
    return item


@api.post("/strict")
def strict(item: Strict) -> Strict:
    return item


@api.post("/list")
async def items(items: list[Item]) -> int:
    return len(items)


@api.post("/dict")
async def mapping(body: dict[str, Any]) -> Any:
    return body


@api.post("/any")
def anything(body: Annotated[Any, Body()]) -> Any:
    return body


@api.post("/data")
def through_the_request(request: Request) -> Any:
    return request.data


@api.post("/data/async")
async def through_the_request_async(request: Request) -> Any:
    return request.data


@api.post("/form")
async def form(name: Annotated[str, Form()]) -> str:
    return name


@api.post("/upload")
async def upload(photo: UploadFile) -> int:
    return photo.size


@api.get("/fine")
async def fine() -> str:
    return "fine"


DECLARED = ["/struct", "/strict", "/list", "/dict", "/any"]
READ = ["/data", "/data/async"]
JSON = "application/json"
DEEP = 100_000


@pytest.fixture(autouse=True)
def the_worker_is_well(client: httpx.Client) -> Iterator[None]:
    before = time.monotonic()
    yield
    assert time.monotonic() - before < SOON
    assert client.get("/fine").json() == "fine"


def refused(reply: httpx.Response, *statuses: int) -> None:
    assert reply.status_code in (statuses or (400,)), reply.text[:300]
    detail = reply.json()
    assert detail
    assert "Traceback" not in reply.text
    assert len(reply.content) < 10_000, "a refusal does not repeat the body"


JSON_BODIES = {
    "arrays": b"[" * DEEP + b"]" * DEEP,
    "arrays without an end": b"[" * DEEP,
    "objects": b'{"name":' * DEEP + b"1" + b"}" * DEEP,
    "objects without an end": b'{"inner":' * DEEP,
    "a recursive type": b'{"name":"a","inner":' * DEEP + b"null" + b"}" * DEEP,
    "in a name that nobody declares": b'{"name":"a","x":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "arrays and objects": b'[{"inner":' * DEEP + b"1" + b"}]" * DEEP,
    "not UTF-8": b'{"name": "\xff"}',
    "not UTF-8 in a key": b'{"\xff": 1, "name": "a"}',
    "not UTF-8 in a name that nobody declares": b'{"name": "a", "x": "\xc3\x28"}',
    "overlong": b'{"name": "\xc0\xaf"}',
    "a surrogate in UTF-8": b'{"name": "\xed\xa0\x80"}',
    "a lone surrogate": b'{"name": "\\ud800"}',
    "two that do not match": b'{"name": "\\ud800\\ud800"}',
    "UTF-16": '{"name": "a"}'.encode("utf-16"),
    "UTF-32": '{"name": "a"}'.encode("utf-32-le"),
    "a byte order mark": b'\xef\xbb\xbf{"name": "a"}',
    "NUL bytes": b"\x00" * 1000,
    "a NUL behind": b'{"name": "a"}\x00',
    "two values": b'{"name": "a"}{"name": "b"}',
    "a comment": b'{"name": "a"} // b',
    "a comma too many": b'{"name": "a",}',
    "single quotes": b"{'name': 'a'}",
    "NaN": b'{"name": NaN}',
    "Infinity": b'{"name": -Infinity}',
    "a number without an end": b'{"count": 1e',
    "a zero before": b'{"name": "a", "count": 01}',
    "a line break in a text": b'{"name": "a\nb"}',
    "truncated": b'{"name": "a',
    "truncated in an escape": b'{"name": "\\u12',
    "white space": b" " * 100_000,
    "nothing that is JSON": b"\xde\xad\xbe\xef" * 1000,
}


@pytest.mark.parametrize("path", [*DECLARED, *READ])
@pytest.mark.parametrize("body", JSON_BODIES.values(), ids=JSON_BODIES)
def test_json(client: httpx.Client, path: str, body: bytes) -> None:
    refused(client.post(path, content=body, headers={"content-type": JSON}))


LONG = b"9" * 10_000
NUMBERS = {
    "digits": LONG,
    "negative": b"-" + LONG,
    "a fraction": b"0." + LONG,
    "before a point": LONG + b".5",
    "an exponent": b"1e" + LONG,
    "a negative exponent": b"1e-" + LONG,
    "beyond a double": b"1e400",
}


@pytest.mark.parametrize("path", [*DECLARED, *READ])
@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS)
@pytest.mark.parametrize("place", [b"%s", b'{"name": "a", "count": %s}', b'[{"count": %s}]'])
def test_long_numbers(client: httpx.Client, path: str, number: bytes, place: bytes) -> None:
    """Refused where they cannot be held; never a fault of the server, and soon."""
    reply = client.post(path, content=place % number, headers={"content-type": JSON})
    assert reply.status_code in (200, 400), reply.text[:300]
    if path == "/struct":
        refused(reply)


@pytest.mark.parametrize("sign", [b"", b"-"])
@pytest.mark.parametrize("digits", [5_000, 100_000])
def test_digits_of_a_declared_number(client: httpx.Client, sign: bytes, digits: int) -> None:
    body = b'{"name": "a", "count": ' + sign + b"9" * digits + b"}"
    reply = client.post("/struct", content=body, headers={"content-type": JSON})
    refused(reply)
    assert list(reply.json()) == ["count"]


@pytest.mark.parametrize("path", DECLARED)
def test_many_faults_are_not_repeated_without_end(client: httpx.Client, path: str) -> None:
    body = msgspec.json.encode([{"name": 1, "tags": [1] * 10}] * 1000)
    reply = client.post(path, content=body, headers={"content-type": JSON})
    assert reply.status_code in (200, 400)
    assert len(reply.content) < 1_000_000


@pytest.mark.parametrize("path", ["/dict", *READ])
def test_keys_that_collide_cost_no_time(client: httpx.Client, path: str) -> None:
    """Python's own hashes of text are secret; the number of keys is bounded by the body's size."""
    body = msgspec.json.encode({f"key-{number}": number for number in range(100_000)})
    reply = client.post(path, content=body, headers={"content-type": JSON})
    assert reply.status_code == 200


def compressed(coding: str, data: bytes) -> bytes:
    return gzip.compress(data, 9) if coding == "gzip" else zlib.compress(data, 9)


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """200 MB of zeros."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = b"0" * 1_000_000
    return b"".join([*(packer.compress(block) for _ in range(200)), packer.flush()])


MULTIPART = "multipart/form-data; boundary=B"
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        *((path, JSON) for path in (*DECLARED, *READ)),
        *((path, FORM) for path in ("/form", *READ)),
    ],
)
@pytest.mark.parametrize("inflates", [False, True])
def test_a_compressed_bomb(serve: Serve, bomb: bytes, path: str, kind: str, inflates: bool) -> None:
    with override_settings(BOLT={"DECOMPRESS_REQUESTS": inflates}):
        client = serve(api)
        headers = {"content-type": kind, "content-encoding": "gzip"}
        before = time.monotonic()
        reply = client.post(path, content=bomb, headers=headers)
        refused(reply, 413 if inflates else 415)
        assert time.monotonic() - before < SOON
        assert client.get("/fine").json() == "fine"


@pytest.mark.parametrize("path", ["/upload", "/data"])
def test_a_compressed_bomb_in_a_file(serve: Serve, tmp_path: Any, path: str) -> None:
    """A file has no limit of its own, as in Django; a compressed one does."""
    head = b'--B\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\n'
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = b"0" * 1_000_000
    pieces = [packer.compress(head), *(packer.compress(block) for _ in range(100))]
    body = b"".join([*pieces, packer.compress(b"\r\n--B--\r\n"), packer.flush()])
    with override_settings(BOLT={"DECOMPRESS_REQUESTS": True}, FILE_UPLOAD_TEMP_DIR=str(tmp_path)):
        client = serve(api)
        headers = {"content-type": MULTIPART, "content-encoding": "gzip"}
        refused(client.post(path, content=body, headers=headers), 413)
        assert client.get("/fine").json() == "fine"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("depth", [2, 10])
def test_a_bomb_within_a_bomb_is_no_coding(serve: Serve, depth: int) -> None:
    body = b"0" * 1_000_000
    for _ in range(depth):
        body = gzip.compress(body)
    with override_settings(BOLT={"DECOMPRESS_REQUESTS": True}):
        client = serve(api)
        for coding in (", ".join(["gzip"] * depth), ",".join(["identity", *["x-gzip"] * depth])):
            headers = {"content-type": JSON, "content-encoding": coding}
            refused(client.post("/any", content=body, headers=headers), 415)


@pytest.mark.parametrize("coding", ["gzip" + ", gzip" * 2000, "\xff\xfe", "gzip;q=1", "*"])
def test_codings_that_are_none(client: httpx.Client, coding: str) -> None:
    headers = {"content-type": JSON, "content-encoding": coding.encode("latin-1")}
    refused(client.post("/any", content=b"{}", headers=headers), 415)
