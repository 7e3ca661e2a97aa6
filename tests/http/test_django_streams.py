"""Django's responses that stream, as results."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.signals import request_finished
from django.http import FileResponse, StreamingHttpResponse

from django_bolt import BoltAPI
from tests.http.cases import Case, table
from tests.http.test_streaming import eventually

api = BoltAPI()
CONTENT = Path(__file__).read_bytes()
ends: list[str] = []


@pytest.fixture(autouse=True)
def no_ends() -> None:
    ends.clear()


class File(BytesIO):
    def close(self) -> None:
        if not self.closed:
            ends.append("file")
        super().close()


def parts(count: int = 3) -> Iterator[str]:
    thread = threading.get_ident()
    try:
        for number in range(count):
            assert threading.get_ident() == thread
            yield str(number)
            if count > 100:
                time.sleep(0.01)
    finally:
        ends.append("generator")


async def async_parts(count: int = 3) -> AsyncIterator[str]:
    try:
        for number in range(count):
            yield str(number)
            await asyncio.sleep(0.01 if count > 100 else 0)
    finally:
        ends.append("generator")


def with_head(content: Any) -> StreamingHttpResponse:
    response = StreamingHttpResponse(
        content, status=203, content_type="text/csv; charset=iso-8859-1", headers={"X-Name": "a"}
    )
    response.set_cookie("a", "1")
    return response


def wrong_length() -> StreamingHttpResponse:
    return StreamingHttpResponse(parts(), headers={"Content-Length": "many"})


MADE: dict[str, Any] = {
    "sync": lambda: with_head(parts()),
    "async": lambda: with_head(async_parts()),
    "latin": lambda: with_head(["ö"]),
    "sync-long": lambda: StreamingHttpResponse(parts(100_000)),
    "async-long": lambda: StreamingHttpResponse(async_parts(100_000)),
    "file": lambda: FileResponse(File(CONTENT), as_attachment=True, filename="a.py"),
    "path": lambda: FileResponse(Path(__file__).open("rb")),  # noqa: SIM115 - Django closes it
    "wrong": wrong_length,
    "short": lambda: StreamingHttpResponse(parts(), headers={"Content-Length": "5"}),
}


@api.get("/async/{name}")
async def asynchronous(name: str) -> StreamingHttpResponse:
    return MADE[name]()


@api.get("/sync/{name}")
def synchronous(name: str) -> Any:
    return MADE[name]()


HEAD = {
    "content-type": "text/csv; charset=iso-8859-1",
    "x-name": "a",
    "set-cookie": "a=1; Path=/",
    "transfer-encoding": "chunked",
    "content-length": None,
}
FILE = {
    "content-type": "text/x-python",
    "content-disposition": 'attachment; filename="a.py"',
    "content-length": str(len(CONTENT)),
    "transfer-encoding": None,
}


@table(
    [
        case
        for how in ("async", "sync")
        for case in [
            Case("GET", f"/{how}/sync", status=203, text="012", reply_headers=HEAD),
            Case("GET", f"/{how}/async", status=203, text="012", reply_headers=HEAD),
            Case("GET", f"/{how}/latin", status=203, text="ö", reply_headers=HEAD),
            Case("GET", f"/{how}/file", text=CONTENT.decode(), reply_headers=FILE),
            Case("GET", f"/{how}/path", text=CONTENT.decode()),
            Case("HEAD", f"/{how}/file", text="", reply_headers=FILE),
            Case("HEAD", f"/{how}/sync", status=203, text=""),
            Case("GET", f"/{how}/wrong", status=500),
        ]
    ]
)
def test_sent_as_django_would(client: httpx.Client, case: Case) -> None:
    case.check(client)


@pytest.mark.parametrize(
    ("method", "path", "end"),
    [
        ("GET", "/sync/sync", "generator"),
        ("GET", "/async/async", "generator"),
        ("GET", "/async/file", "file"),
        ("HEAD", "/async/file", "file"),
        ("GET", "/async/sync-long", "generator"),
        ("GET", "/async/async-long", "generator"),
    ],
)
def test_what_it_holds_is_closed_once(
    client: httpx.Client, method: str, path: str, end: str
) -> None:
    finished: list[Any] = []

    def finishes(**given: Any) -> None:
        finished.append(given)

    request_finished.connect(finishes)
    try:
        with client.stream(method, path) as reply:
            chunks = reply.iter_raw()
            next(chunks, None)
            if "long" not in path:
                list(chunks)
        eventually(lambda: end in ends, 1.0)
        eventually(lambda: bool(finished), 1.0)
        time.sleep(0.05)
    finally:
        request_finished.disconnect(finishes)
    assert ends == [end]
    assert len(finished) == 1


def test_a_length_that_is_not_kept_cuts_the_connection(live_client: httpx.Client) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        live_client.get("/sync/short")
    assert live_client.get("/sync/sync").text == "012"
