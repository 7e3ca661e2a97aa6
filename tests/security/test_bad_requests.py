"""Requests that lie about themselves, or spell a path so that two readers see two of them."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from typing import Annotated, Any
from urllib.parse import urlsplit

import httpx
import pytest
from django.test import override_settings

from django_bolt import BoltAPI, Request
from django_bolt.auth import IsAuthenticated, JWTAuthentication
from django_bolt.params import Body, Header
from tests.http.cases import Case, table
from tests.http.conftest import Serve

api = BoltAPI()
LIMIT = 100_000
calls: list[str] = []


@api.get("/fine")
async def fine() -> str:
    return "fine"


@api.post("/echo")
async def echo(body: Annotated[dict[str, Any], Body()]) -> Any:
    calls.append("echo")
    return body


@api.post("/raw")
def raw(request: Request) -> int:
    calls.append("raw")
    return len(request.body)


@api.get("/text")
async def text(q: str = "") -> str:
    return q


@api.get("/texts")
async def texts(q: list[str]) -> list[str]:
    return q


@api.get("/params")
def params(request: Request) -> dict[str, str]:
    return request.query_params.dict()


@api.get("/header")
async def header(name: Annotated[str, Header("x-name")]) -> str:
    return name


@api.get("/files/{name}")
async def one_file(name: str) -> str:
    return name


@api.get("/tree/{*rest}")
async def tree(rest: str) -> str:
    return rest


@api.get("/secret", auth=[JWTAuthentication()], guards=[IsAuthenticated()])
async def secret() -> str:
    return "in"


NOT_UTF8 = ["The value is not UTF-8."]
NULL = ["Null characters are not allowed."]


@table(
    [
        Case("GET", "/text?q=%ff", status=400, body={"q": NOT_UTF8}),
        Case("GET", "/text?q=%c0%ae", status=400, body={"q": NOT_UTF8}, name="overlong query"),
        Case("GET", "/text?q=%ed%a0%80", status=400, body={"q": NOT_UTF8}, name="a surrogate"),
        Case("GET", "/text?q=%00", status=400, body={"q": NULL}),
        Case("GET", "/text?q=a%00b", status=400, body={"q": NULL}),
        Case("GET", "/texts?q=a&q=%ff", status=400, body={"q": NOT_UTF8}),
        # A percent sign without two digits stands for itself.
        Case("GET", "/text?q=%", body="%"),
        Case("GET", "/text?q=%zz", body="%zz"),
        # What nobody declares hurts nobody.
        Case("GET", "/text?%ff=1&q=a", body="a"),
        Case("GET", "/text?%00=1&q=a", body="a"),
        Case("GET", "/text?&&&=&q=a&&", body="a"),
        Case("GET", "/text?" + "a=1&" * 10_000 + "q=b", body="b", name="10,000 parameters"),
        Case("GET", "/params?q=%ff", body={"q": "\ufffd"}),
        Case("GET", "/files/%00", status=400),
        Case("GET", "/files/a%00.txt", status=400),
        Case("GET", "/files/%ff", status=400),
        Case("GET", "/files/%c0%ae%c0%ae", status=400, name="overlong dots"),
        Case("GET", "/files/%", status=400),
        Case("GET", "/files/%2", status=400),
        Case("GET", "/files/%zz", status=400),
        # Decoded once, and only once.
        Case("GET", "/files/%252e%252e", body="%2e%2e"),
        # An escaped slash is part of no segment.
        Case("GET", "/files/a%2fb", status=404),
        Case("GET", "/files/%2e%2e", status=404),
        Case("GET", "/files/%2E", status=404),
        Case("GET", "/tree/a/%2e%2e/b", status=404),
        Case("GET", "/tree/%2e%2e/secret", status=404),
        Case("GET", "/secret", status=401),
        # Every spelling of a guarded path is guarded, or is another path.
        Case("GET", "/%73ecret", status=401),
        Case("GET", "/%73%65%63%72%65%74/", status=401),
        Case("GET", "/secret/", status=401),
        Case("GET", "/secret?x=/fine", status=401),
        Case("GET", "//secret", status=404),
        Case("GET", "/secret//", status=404),
        Case("GET", "/SECRET", status=404),
        Case("GET", "/secret%00", status=400),
        Case("GET", "/secret;a=b", status=404),
        Case("GET", "/fine/%2e%2e/secret", status=404),
        Case("GET", "/fine%2f..%2fsecret", status=404),
        Case("GET", "/%2e/secret", status=404),
        Case("GET", "/secret%20", status=404),
        Case("GET", "/secret%5c", status=404),
        Case("GET", "/header", headers={"x-name": "a"}, body="a"),
    ]
)
def test_queries_and_paths(client: httpx.Client, case: Case) -> None:
    case.check(client)


def test_a_header_that_is_no_text(client: httpx.Client) -> None:
    reply = client.get("/header", headers={b"x-name": b"\xff"})
    assert reply.status_code == 400
    assert reply.json() == {"x-name": NOT_UTF8}


@pytest.mark.parametrize("path", ["/echo", "/raw"])
def test_a_body_over_the_limit(serve: Serve, path: str) -> None:
    with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=LIMIT):
        client = serve(api)
        calls.clear()
        json = {"Content-Type": "application/json"}
        reply = client.post(path, content=b"x" * (LIMIT + 1), headers=json)
        assert reply.status_code == 413
        assert str(LIMIT) in reply.json()["detail"]
        assert not calls
        assert client.get("/fine").json() == "fine"


def head(start: str, *headers: str) -> bytes:
    return "\r\n".join([f"{start} HTTP/1.1", "Host: x", *headers, "", ""]).encode()


ECHO, RAW = "POST /echo", "POST /raw"
JSON, CHUNKED = "Content-Type: application/json", "Transfer-Encoding: chunked"


def exchange(client: httpx.Client, sent: bytes, *, half_close: bool = True) -> bytes:
    """Return everything that the server answers until it closes the connection."""
    address = urlsplit(str(client.base_url))
    answer = b""
    with socket.create_connection((address.hostname, address.port), timeout=10) as raw_socket:
        try:
            raw_socket.sendall(sent)
            if half_close:
                raw_socket.shutdown(socket.SHUT_WR)
            while piece := raw_socket.recv(65536):
                answer += piece
        except OSError:
            pass  # reset, while the rest was still being sent
    return answer


def statuses(answer: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(head(RAW, "Content-Length: abc") + b"abc", id="length is no number"),
        pytest.param(head(RAW, "Content-Length: +3") + b"abc", id="length with a sign"),
        pytest.param(head(RAW, "Content-Length: -3") + b"abc", id="length below nothing"),
        pytest.param(head(RAW, "Content-Length: 3, 3") + b"abc", id="length as a list"),
        pytest.param(head(RAW, "Content-Length: 0x3") + b"abc", id="length in hexadecimal"),
        pytest.param(head(RAW, f"Content-Length: {'9' * 30}") + b"abc", id="length beyond all"),
        pytest.param(head(RAW, "Content-Length: 3", "Content-Length: 4") + b"abcd", id="lengths"),
        pytest.param(head(RAW, "Content-Length: 3", CHUNKED) + b"0\r\n\r\n", id="both"),
        pytest.param(head(RAW, "Content-Length: 10") + b"abc", id="fewer bytes than said"),
        pytest.param(head(ECHO, JSON, "Content-Length: 99") + b'{"a": 1}', id="whole JSON, fewer"),
        pytest.param(head(RAW, CHUNKED) + b"zz\r\nabc\r\n0\r\n\r\n", id="chunk is no number"),
        pytest.param(head(RAW, CHUNKED) + b"-3\r\nabc\r\n0\r\n\r\n", id="chunk below nothing"),
        pytest.param(head(RAW, CHUNKED) + b"f" * 17 + b"\r\nabc\r\n0\r\n\r\n", id="chunk beyond"),
        pytest.param(head(RAW, CHUNKED) + b"2\r\nabc\r\n0\r\n\r\n", id="chunk that lies"),
        pytest.param(head(RAW, CHUNKED) + b"3\r\nabc\r\n", id="no last chunk"),
        pytest.param(head(RAW, CHUNKED) + b"\r\n\r\n", id="no chunk"),
        pytest.param(head(RAW, "Transfer-Encoding: xchunked") + b"0\r\n\r\n", id="other coding"),
        pytest.param(head(RAW, "Transfer-Encoding : chunked") + b"0\r\n\r\n", id="blank in name"),
        pytest.param(head("GET /fine", "X Name: a"), id="blank within a name"),
        pytest.param(head("GET /fine", ": a"), id="no name"),
        pytest.param(head("GET /fine", "no colon"), id="no colon"),
        pytest.param(head("GET /fine", "X-A: b\x00c"), id="NUL in a header"),
        pytest.param(head("GET /fine", "X-A: a", " b"), id="folded line"),
        pytest.param(head("GET /fine", *(f"X-{n}: a" for n in range(10_000))), id="many headers"),
        pytest.param(head("GET /fine", "X-A: " + "a" * 1_000_000), id="a header of 1 MB"),
        pytest.param(head("GET /fine", "x" * 200_000 + ": a"), id="a name of 200 kB"),
        pytest.param(head("GET /fine?q=" + "x" * 1_000_000), id="a target of 1 MB"),
        pytest.param(head("GET /fine")[:-2], id="no end of the head"),
        pytest.param(b"GET\r\n\r\n", id="a word"),
        pytest.param(b"\r\n" * 100_000, id="empty lines"),
        pytest.param(b"\x00" * 1000, id="zeros"),
    ],
)
def test_what_lies_costs_its_connection_alone(live_client: httpx.Client, sent: bytes) -> None:
    calls.clear()
    answer = exchange(live_client, sent)
    # One refusal at most, and nothing of the request is taken for another.
    assert all(400 <= status < 500 for status in statuses(answer)), answer[:200]
    assert len(statuses(answer)) <= 1
    assert not calls
    assert live_client.get("/fine").json() == "fine"


def test_what_follows_a_body_is_another_request(live_client: httpx.Client) -> None:
    """As the length says, whatever the bytes look like."""
    calls.clear()
    sent = head(ECHO, JSON, "Content-Length: 2") + b'{}"rest"\r\n\r\n'
    # Who closes its half is gone for this server, and gets no answer.
    answer = exchange(live_client, sent, half_close=False)
    assert statuses(answer)[0] == 200
    assert all(status == 400 for status in statuses(answer)[1:])
    assert calls == ["echo"]
    inner = head("GET /secret")
    outer = head(RAW, f"Content-Length: {len(inner)}", "Connection: close")
    answer = exchange(live_client, outer + inner, half_close=False)
    assert statuses(answer) == [200]
    assert answer.endswith(str(len(inner)).encode())


@pytest.mark.parametrize("request_line", [ECHO, RAW])
def test_a_chunked_body_is_not_read_beyond_the_limit(
    live_client: httpx.Client, request_line: str
) -> None:
    calls.clear()
    chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
    address = urlsplit(str(live_client.base_url))
    sent, answer = 0, b""
    with socket.create_connection((address.hostname, address.port), timeout=10) as raw_socket:
        raw_socket.sendall(head(request_line, JSON, CHUNKED))
        deadline = time.monotonic() + 10
        try:
            # Without an end: whoever reads on, reads for ever.
            while time.monotonic() < deadline:
                raw_socket.sendall(chunk)
                sent += len(chunk)
        except OSError:
            pass
        with contextlib.suppress(OSError):  # the reset may overtake the reply
            answer = raw_socket.recv(65536)
    assert time.monotonic() < deadline, "it reads on"
    assert statuses(answer) in ([], [413])
    assert sent < 30_000_000
    assert not calls
    assert live_client.get("/fine").json() == "fine"


def test_a_length_over_the_limit_is_refused_before_the_body(live_client: httpx.Client) -> None:
    calls.clear()
    address = urlsplit(str(live_client.base_url))
    with socket.create_connection((address.hostname, address.port), timeout=10) as raw_socket:
        raw_socket.sendall(head(ECHO, JSON, "Content-Length: 4000000000"))
        answer = raw_socket.recv(65536)
    assert statuses(answer) == [413]
    assert not calls
