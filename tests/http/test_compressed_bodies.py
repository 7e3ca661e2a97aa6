"""Bodies with Content-Encoding: refused unless a setting says otherwise, and then inflated."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from typing import Annotated, Any

import httpx
import msgspec
import pytest
from django.test import override_settings

from django_bolt import BoltAPI, Controller, Request, Router
from django_bolt.params import Form
from django_bolt.uploads import UploadFile
from tests.http.cases import JSON
from tests.http.conftest import Serve

api = BoltAPI()
LIMIT = 2_000


class Airport(msgspec.Struct):
    code: str
    name: str = ""


@api.post("/airports")
async def struct(airport: Airport) -> Airport:
    return airport


@api.post("/raw")
def raw(request: Request) -> list[str]:
    return [request.body.decode(), request.headers["Content-Encoding"]]


@api.post("/data")
async def data(request: Request) -> Any:
    return request.data


@api.post("/form")
async def form(code: Annotated[str, Form()], runways: Annotated[int, Form()]) -> list[Any]:
    return [code, runways]


@api.post("/upload")
async def upload(photo: UploadFile) -> list[Any]:
    return [photo.filename, (await photo.read()).decode()]


@api.post("/large", max_body_size=1_000_000)
async def large(body: dict[str, str]) -> int:
    return len(body["x"])


@api.post("/upload/large", max_body_size=1_000_000)
async def large_upload(photo: UploadFile) -> int:
    return photo.size


@api.post("/unread")
async def unread() -> str:
    return "unread"


@api.get("/fine")
async def fine() -> str:
    return "fine"


class Plain(Controller):
    async def post(self, request: Request) -> Any:
        return request.data


controllers = Router()
controllers.register("plain", Plain)
api.include(controllers)


def brotli(data: bytes) -> bytes:
    """Return data in one piece that is stored as it is, RFC 7932, section 9."""
    head = (len(data) - 1) << 4 | 1 << 20
    return head.to_bytes(3, "little") + data + b"\x03"


Compress = Callable[[bytes], bytes]
CODINGS: dict[str, Compress] = {
    "gzip": gzip.compress,
    "X-GZip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli,
}
coded = pytest.mark.parametrize("coding", CODINGS)

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=B"
FILE = (
    b'--B\r\nContent-Disposition: form-data; name="photo"; filename="a.txt"\r\n\r\n'
    b"hello\r\n--B--\r\n"
)
BODIES = [
    ("/airports", JSON, b'{"code": "KEF", "name": "Keflav\xc3\xadk"}', None),
    ("/raw", "text/plain", b"hello", None),
    ("/data", JSON, b'{"a": [1, 2]}', {"a": [1, 2]}),
    ("/data", FORM, b"a=1", {"a": ["1"]}),
    ("/plain", JSON, b'{"a": 1}', {"a": 1}),
    ("/form", FORM, b"code=KEF&runways=2", ["KEF", 2]),
    ("/form", MULTIPART, FILE, None),
    ("/upload", MULTIPART, FILE, ["a.txt", "hello"]),
]


def post(client: httpx.Client, path: str, body: bytes, coding: str, kind: str) -> httpx.Response:
    headers = {"content-type": kind, "content-encoding": coding}
    return client.post(path, content=body, headers=headers)


@pytest.fixture
def inflating(serve: Serve) -> Any:
    with override_settings(BOLT={"DECOMPRESS_REQUESTS": True}, DATA_UPLOAD_MAX_MEMORY_SIZE=LIMIT):
        yield serve(api)


@coded
@pytest.mark.parametrize(("path", "kind", "body", "expected"), BODIES)
def test_a_body_is_what_it_was_before(
    inflating: httpx.Client, coding: str, path: str, kind: str, body: bytes, expected: Any
) -> None:
    compressed = post(inflating, path, CODINGS[coding](body), coding, kind)
    plain = post(inflating, path, body, "identity", kind)
    assert compressed.status_code == plain.status_code, compressed.text
    if path == "/raw":
        assert compressed.json() == [body.decode(), coding]
    else:
        assert compressed.json() == plain.json()
    if expected is not None:
        assert plain.json() == expected


def test_faults_are_those_of_the_content(inflating: httpx.Client) -> None:
    reply = post(inflating, "/airports", gzip.compress(b'{"name": 1}'), "gzip", JSON)
    assert reply.status_code == 400
    assert reply.json() == {"code": ["This field is required."], "name": ["Not a valid string."]}
    reply = post(inflating, "/airports", gzip.compress(b'{"name": 1}'), "gzip", "text/plain")
    assert reply.status_code == 415
    assert "accept-encoding" not in reply.headers


KNOWN = "gzip, deflate, br"


@pytest.mark.parametrize(
    ("inflates", "coding", "accepted"),
    [
        *((False, coding, "identity") for coding in ("gzip", "deflate", "br", "zstd")),
        *((True, coding, KNOWN) for coding in ("zstd", "gzip, gzip", "br, gzip", "compress")),
    ],
)
@pytest.mark.parametrize("path", ["/airports", "/raw", "/data", "/plain", "/form", "/upload"])
def test_what_is_not_inflated_is_refused(
    serve: Serve, inflates: bool, path: str, coding: str, accepted: str
) -> None:
    """RFC 9110, sections 12.5.3 and 15.5.16."""
    with override_settings(BOLT={"DECOMPRESS_REQUESTS": inflates}):
        client = serve(api)
        kind = {"/form": FORM, "/upload": MULTIPART}.get(path, JSON)
        reply = post(client, path, gzip.compress(b"{}"), coding, kind)
        assert reply.status_code == 415
        assert reply.json() == {"detail": f'Unsupported content coding "{coding}" in request.'}
        assert reply.headers["accept-encoding"] == accepted
        # It holds for the body alone.
        assert client.get("/fine", headers={"content-encoding": coding}).json() == "fine"
        assert post(client, "/unread", b"abc", coding, JSON).json() == "unread"


def test_no_coding_at_all_is_always_taken(serve: Serve) -> None:
    client = serve(api)
    for coding in ("identity", "Identity", ""):
        assert post(client, "/data", b'{"a": 1}', coding, JSON).json() == {"a": 1}


@coded
@pytest.mark.parametrize("path", ["/airports", "/raw", "/form", "/upload"])
def test_damaged(inflating: httpx.Client, coding: str, path: str) -> None:
    kind = {"/form": FORM, "/upload": MULTIPART}.get(path, JSON)
    whole = CODINGS[coding](FILE)
    for body in (whole[:-3], whole + b"\xffrest", b"nonsense", whole[:5] + b"\xff\xff\xff"):
        reply = post(inflating, path, body, coding, kind)
        assert reply.status_code == 400, (body, reply.text)
    assert inflating.get("/fine").json() == "fine"


@pytest.mark.parametrize(
    ("path", "kind", "head", "tail", "limit"),
    [
        ("/airports", JSON, b'{"code": "', b'"}', LIMIT),
        ("/raw", "text/plain", b"", b"", LIMIT),
        ("/data", JSON, b'{"code": "', b'"}', LIMIT),
        ("/form", FORM, b"runways=1&code=", b"", LIMIT),
        # A file that is sent as it is has no limit there: one that is compressed does.
        ("/upload", MULTIPART, FILE[:-9], FILE[-9:], LIMIT),
        ("/large", JSON, b'{"x": "', b'"}', 1_000_000),
        ("/upload/large", MULTIPART, FILE[:-9], FILE[-9:], 1_000_000),
    ],
)
def test_the_limit_holds_for_what_comes_out(
    inflating: httpx.Client, path: str, kind: str, head: bytes, tail: bytes, limit: int
) -> None:
    def body(size: int) -> bytes:
        return gzip.compress(head + b"0" * (size - len(head + tail)) + tail)

    assert post(inflating, path, body(limit), "gzip", kind).status_code == 200
    for size in (limit + 1, limit * 100):
        reply = post(inflating, path, body(size), "gzip", kind)
        assert reply.status_code == 413, reply.text
        assert reply.json() == {"detail": f"The request body is larger than {limit} bytes."}
    assert inflating.get("/fine").json() == "fine"


def test_chunked(inflating: httpx.Client) -> None:
    body = gzip.compress(json.dumps({"code": "KEF"}).encode())
    pieces = (body[at : at + 7] for at in range(0, len(body), 7))
    headers = {"content-type": JSON, "content-encoding": "gzip"}
    reply = inflating.post("/airports", content=pieces, headers=headers)
    assert reply.json() == {"code": "KEF", "name": ""}
