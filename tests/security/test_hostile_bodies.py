"""Bodies that are made to break their parser: each is a 4xx, and the worker serves on."""

from __future__ import annotations

import gzip
import zlib
from typing import Annotated, Any, Final

import httpx
import msgspec
import pytest
from django.test import override_settings

from django_bolt import BoltAPI, Request
from django_bolt.params import Form
from tests.http.cases import Case, table
from tests.http.conftest import Serve

JSON: Final = "application/json"
URLENCODED: Final = "application/x-www-form-urlencoded"
DEEP: Final = 100_000
LIMIT: Final = 200_000

api = BoltAPI()


class Item(msgspec.Struct):
    count: int = 0
    children: list[Any] = []


@api.post("/typed")
async def typed(item: Item) -> int:
    return item.count


@api.post("/typed/thread")
def typed_in_a_thread(item: Item) -> int:
    return item.count


@api.post("/anything")
async def anything(item: dict[str, Any]) -> int:
    return len(item)


@api.post("/data")
async def data(request: Request) -> str:
    return str(request.data)


@api.post("/form")
async def form(name: Annotated[str, Form()]) -> str:
    return name


HOSTILE: Final = {
    "lists": b"[" * DEEP,
    "closed lists": b"[" * DEEP + b"]" * DEEP,
    "objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "lists in a field": b'{"children":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "lists in a field that nobody declares": b'{"x":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "invalid UTF-8": b'{"count": 1, "x": "\xff"}',
    "an overlong slash": b'{"\xc0\xaf": 1}',
    "half a surrogate": b'{"x": "\xed\xa0\x80"}',
    "truncated": b'{"count": 1',
    "a number of many digits for a list": b'{"children": ' + b"9" * 10_000 + b"}",
    "a NUL": b"\0",
}


@pytest.mark.parametrize("path", ["/typed", "/typed/thread", "/anything", "/data"])
@pytest.mark.parametrize("name", HOSTILE)
def test_json(client: httpx.Client, path: str, name: str) -> None:
    reply = client.post(path, content=HOSTILE[name], headers={"Content-Type": JSON})
    fits_nothing = path in ("/typed", "/typed/thread")
    # A number without a type is Python's own, which has no such limit in msgspec: what matters is
    # that it is answered.
    if name.startswith("a number") and not fits_nothing:
        assert reply.status_code in (200, 400)
    else:
        assert reply.status_code == 400, reply.text[:200]
    assert len(reply.content) < 1000
    assert client.post("/typed", json={"count": 3}).json() == 3


@pytest.mark.parametrize("sign", [b"", b"-"])
@pytest.mark.parametrize("path", ["/typed", "/typed/thread"])
def test_numbers_of_many_digits(client: httpx.Client, path: str, sign: bytes) -> None:
    for digits in (5_000, 10_000, 100_000):
        body = b'{"count": ' + sign + b"9" * digits + b"}"
        reply = client.post(path, content=body, headers={"Content-Type": JSON})
        assert reply.status_code == 400
        assert list(reply.json()) == ["count"]
    assert client.post(path, json={"count": 3}).json() == 3


def packed(text: bytes, coding: str) -> bytes:
    return gzip.compress(text) if coding == "gzip" else zlib.compress(text)


BOMB: Final = b" " * 100_000_000


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "x" * 10_000])
@pytest.mark.parametrize("path", ["/typed", "/data", "/form"])
def test_coded_bodies_are_refused_unless_the_settings_say_otherwise(
    client: httpx.Client, path: str, coding: str
) -> None:
    media_type = URLENCODED if path == "/form" else JSON
    headers = {"Content-Type": media_type, "Content-Encoding": coding}
    reply = client.post(path, content=packed(b'{"count": 3}', coding), headers=headers)
    assert reply.status_code == 415
    assert reply.headers["accept-encoding"] == "identity"
    assert reply.json() == {"detail": f'Unsupported content coding "{coding[:100]}" in request.'}
    assert client.post("/typed", json={"count": 3}).json() == 3


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@override_settings(BOLT={"DECOMPRESS_REQUESTS": True}, DATA_UPLOAD_MAX_MEMORY_SIZE=LIMIT)
def test_bombs(serve: Serve, coding: str) -> None:
    client = serve(api)
    bomb = packed(BOMB, coding)
    assert len(bomb) < LIMIT
    for path in ("/typed", "/data", "/form"):
        media_type = URLENCODED if path == "/form" else JSON
        headers = {"Content-Type": media_type, "Content-Encoding": coding}
        reply = client.post(path, content=bomb, headers=headers)
        assert (reply.status_code, reply.json()) == (
            413,
            {"detail": f"The request body is larger than {LIMIT} bytes."},
        )
        assert client.post("/typed", json={"count": 3}).json() == 3


@override_settings(BOLT={"DECOMPRESS_REQUESTS": True})
def test_coded_bodies(serve: Serve) -> None:
    client = serve(api)
    text = b'{"count": 3}'
    whole = gzip.compress(text)

    def case(content: bytes, coding: str, status: int, body: Any, path: str = "/typed") -> Case:
        media_type = URLENCODED if path == "/form" else JSON
        headers = {"Content-Type": media_type, "Content-Encoding": coding}
        return Case("POST", path, headers=headers, content=content, status=status, body=body)

    broken = {"detail": "The request body is not in the coding that it claims."}
    for one in (
        case(whole, "gzip", 200, 3),
        case(whole, "X-Gzip, identity", 200, 3),
        case(zlib.compress(text), "deflate", 200, 3),
        case(whole, "gzip", 200, "{'count': 3}", "/data"),
        case(gzip.compress(b"name=a%20b"), "gzip", 200, "a b", "/form"),
        case(
            gzip.compress(b"["),
            "gzip",
            400,
            {"detail": "JSON parse error - Input data was truncated"},
        ),
        case(
            gzip.compress(b""),
            "gzip",
            400,
            {"non_field_errors": ["A request body is required."]},
        ),
        case(text, "identity", 200, 3),
        case(text, "gzip", 400, broken),
        case(whole[:-4], "gzip", 400, broken),
        case(whole, "deflate", 400, broken),
        case(whole + b"rest", "gzip", 400, broken),
    ):
        one.check(client)
    refused = client.post(
        "/typed", content=whole, headers={"Content-Type": JSON, "Content-Encoding": "br"}
    )
    assert (refused.status_code, refused.headers["accept-encoding"]) == (415, "gzip, deflate")


@override_settings(BOLT={"DECOMPRESS_REQUESTS": True})
def test_a_multipart_form_is_not_inflated(serve: Serve) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x", "Content-Encoding": "gzip"}
    reply = serve(api).post("/form", content=gzip.compress(b"--x--\r\n"), headers=headers)
    assert (reply.status_code, reply.headers["accept-encoding"]) == (415, "identity")


@table(
    [
        Case("GET", "/typed", headers={"Content-Encoding": "br"}, status=405, name="no body"),
        Case(
            "POST",
            "/typed",
            headers={"Content-Encoding": "identity"},
            json={"count": 2},
            body=2,
            name="no coding",
        ),
    ]
)
def test_what_is_not_coded_passes(client: httpx.Client, case: Case) -> None:
    case.check(client)
