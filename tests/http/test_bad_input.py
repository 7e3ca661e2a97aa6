"""Hostile requests: each gets a clear answer, the worker goes on, and nothing stays behind."""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import socket
import threading
import time
import weakref
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest

from django_bolt import BoltAPI
from django_bolt.auth import IsAuthenticated, JWTAuthentication
from django_bolt.params import Body


class Item(msgspec.Struct):
    name: str


api = BoltAPI()
cancelled = threading.Event()
#: Objects that handlers hold while they run.
held: weakref.WeakSet[Any] = weakref.WeakSet()


class Held:
    """Something to be seen again where a handler's frame survives."""


@api.get("/fine")
async def fine() -> str:
    return "fine"


@api.get("/raises/{kind}")
async def raises(kind: str) -> None:
    raise {
        "exception": ValueError,
        "exit": SystemExit,
        "interrupt": KeyboardInterrupt,
        "generator": GeneratorExit,
        "stop": StopAsyncIteration,
        "cancelled": asyncio.CancelledError,
        "memory": MemoryError,
        "recursion": RecursionError,
    }[kind]("told to nobody")


@api.get("/raises-blocking/{kind}")
def raises_blocking(kind: str) -> None:
    raise {"exception": ValueError, "exit": SystemExit, "interrupt": KeyboardInterrupt}[kind](
        "told to nobody"
    )


@api.get("/wrong-type")
async def wrong_type() -> list[Item]:
    return [{"name": ["told to nobody"]}]  # type: ignore[list-item]


@api.get("/unencodable")
async def unencodable() -> Any:
    return {"value": object()}


@api.post("/items")
async def post_item(item: Item) -> Item:
    return item


@api.post("/anything")
async def post_anything(body: Annotated[list[Any], Body()]) -> int:
    return len(body)


@api.post("/anything-blocking")
def post_anything_blocking(body: Annotated[list[Any], Body()]) -> int:
    return len(body)


@api.get("/query")
async def query(q: str = "") -> int:
    return len(q)


@api.get("/secret", auth=[JWTAuthentication()], guards=[IsAuthenticated()])
async def secret() -> str:
    return "in"


@api.get("/forever")
async def forever() -> None:
    token = Held()
    held.add(token)
    try:
        await asyncio.sleep(3600)
    finally:
        cancelled.set()


def bearer(header: dict[str, Any], claims: dict[str, Any], signature: str = "") -> dict[str, str]:
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()) for part in (header, claims))
    head, payload = (part.rstrip(b"=").decode() for part in parts)
    return {"Authorization": f"Bearer {head}.{payload}.{signature}"}


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not holds() and time.monotonic() < deadline:
        gc.collect()
        time.sleep(0.01)
    return holds()


@pytest.mark.parametrize(
    "path",
    [
        *(
            f"/raises/{kind}"
            for kind in (
                "exception",
                "exit",
                "interrupt",
                "generator",
                "stop",
                "cancelled",
                "memory",
                "recursion",
            )
        ),
        *(f"/raises-blocking/{kind}" for kind in ("exception", "exit", "interrupt")),
        "/wrong-type",
        "/unencodable",
    ],
)
def test_what_a_handler_does_wrong_is_a_500_that_tells_nothing(
    client: httpx.Client, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    reply = client.get(path)
    assert reply.status_code == 500
    assert reply.json() == {"detail": "Internal server error."}
    assert [record.levelname for record in caplog.records if record.name == "django.request"] == [
        "ERROR"
    ]
    assert client.get("/fine").json() == "fine"


NESTED = b"[" * 10_000 + b"]" * 10_000


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/anything", NESTED, "nested"),
        ("/items", b'{"name": ' + NESTED + b"}", "nested"),
        ("/items", b'{"unknown": ' + NESTED + b', "name": "x"}', "nested"),
        ("/anything", b"[" * 100_000, "nested"),
        # On another thread, and so on another stack.
        ("/anything-blocking", b"[" * 100_000, "nested"),
        ("/anything-blocking", b'{"x":' * 100_000, "nested"),
        ("/items", b'{"name": "\xff"}', "JSON"),
        ("/items", b'{"\xff": 1, "name": "x"}', "JSON"),
        ("/items", b'{"unknown": "\xff", "name": "x"}', "JSON"),
        ("/items", b'{"name": "x"', "JSON"),
        ("/items", b"\x00", "JSON"),
        ("/items", b"null", "null"),
        ("/items", b'{"name": ' + b"9" * 10_000 + b"}", "name"),
    ],
)
def test_bodies_that_cannot_be_read_are_a_400_that_says_so(
    client: httpx.Client, path: str, body: bytes, said: str
) -> None:
    reply = client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 400
    assert said in reply.text
    assert client.get("/fine").json() == "fine"


def test_a_long_query_is_answered(client: httpx.Client) -> None:
    assert client.get("/query?q=" + "x" * 50_000).json() == 50_000


CLAIMS = {"sub": "1", "is_superuser": True, "exp": 4_000_000_000}


@pytest.mark.parametrize(
    "headers",
    [
        *(
            bearer({"typ": "JWT", "alg": algorithm}, CLAIMS)
            for algorithm in (
                "none",
                "None",
                "NONE",
                "nOnE",
                "",
                None,
                0,
                ["none"],
                "HS257",
                "RS256",
            )
        ),
        bearer({"typ": "JWT"}, CLAIMS),
        bearer({"alg": "HS256"}, CLAIMS),
        bearer({"alg": "HS256"}, CLAIMS, "AAAA"),
        bearer({"alg": "HS256", "crit": ["exp"]}, CLAIMS, "AAAA"),
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer ..."},
        {"Authorization": "Bearer " + "x" * 20_000},
    ],
)
def test_tokens_that_nobody_signed_are_a_401(client: httpx.Client, headers: dict[str, str]) -> None:
    reply = client.get("/secret", headers=headers)
    assert reply.status_code == 401
    assert reply.headers["www-authenticate"].startswith('Bearer realm="api"')
    assert "detail" in reply.json()
    assert client.get("/fine").json() == "fine"


def test_a_client_that_leaves_cancels_its_handler_and_leaves_nothing(
    client: httpx.Client,
) -> None:
    cancelled.clear()
    for _ in range(20):
        with pytest.raises(httpx.ReadTimeout):
            client.get("/forever", timeout=0.02)
    assert cancelled.wait(10)
    assert eventually(lambda: not held)
    assert client.get("/fine").json() == "fine"


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /fine HTTP/1.1\r\n\r\n",
        b"GET /fine HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET /fine HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        (
            b"POST /items HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
            b"Content-Length: 3\r\n\r\n0\r\n\r\n"
        ),
        b"GET /fine HTTP/9.9\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /" + b"x" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /query?q=" + b"x" * 1_000_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /fine HTTP/1.1\r\nHost: x\r\n" + b"X-Long: " + b"x" * 1_000_000 + b"\r\n\r\n",
        b"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_what_is_not_http_costs_its_connection_alone(
    live_client: httpx.Client, sent: bytes
) -> None:
    address = urlsplit(str(live_client.base_url))
    with socket.create_connection((address.hostname, address.port), timeout=10) as raw:
        try:
            raw.sendall(sent)
            raw.shutdown(socket.SHUT_WR)
            answer = raw.recv(65536)
        except OSError:
            answer = b""  # reset, while the rest was still being sent
    assert answer == b"" or answer.split(b" ", 2)[1] in (b"400", b"408", b"413", b"431", b"505")
    assert live_client.get("/fine").json() == "fine"
