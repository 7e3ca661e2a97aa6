"""Ranges of files on disk and in memory (RFC 9110, section 14)."""

from __future__ import annotations

import email
import os
from pathlib import Path

import httpx
import pytest

from django_bolt import BoltAPI, Response
from django_bolt.responses import File, FileResponse
from tests.http.cases import Case, table

SIZE = 200_000
CONTENT = "".join(chr(97 + at % 26) for at in range(SIZE)).encode()
FOLDER: dict[str, Path] = {}
api = BoltAPI()


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    FOLDER["path"] = path = tmp_path_factory.mktemp("ranges") / "letters.txt"
    path.write_bytes(CONTENT)
    os.utime(path, (1_000_000_000, 1_000_000_000))
    (path.parent / "empty.txt").touch()


@api.get("/disk")
async def disk():
    return FileResponse(FOLDER["path"])


@api.get("/memory")
def memory():
    return File(CONTENT, "letters.txt")


@api.get("/empty")
async def empty():
    return FileResponse(FOLDER["path"].parent / "empty.txt")


@api.get("/other")
async def other():
    return Response("abc", headers={"ETag": '"a"'})


@api.post("/disk")
async def post():
    return FileResponse(FOLDER["path"])


SOURCES = ["/disk", "/memory"]
#: Header, first byte, end.
ONE = [
    ("bytes=0-0", 0, 1),
    ("bytes=0-99", 0, 100),
    ("bytes=100000-", 100_000, SIZE),
    ("bytes=-5", SIZE - 5, SIZE),
    ("bytes=-900000", 0, SIZE),
    ("bytes=199999-999999", SIZE - 1, SIZE),
    ("bytes=5-9,0-6", 0, 10),
    ("BYTES=0-4", 0, 5),
]


@pytest.mark.parametrize("path", SOURCES)
@pytest.mark.parametrize(("value", "first", "end"), ONE)
def test_one_range(client: httpx.Client, path: str, value: str, first: int, end: int) -> None:
    reply = client.get(path, headers={"Range": value})
    assert reply.status_code == 206
    assert reply.content == CONTENT[first:end]
    assert reply.headers["content-range"] == f"bytes {first}-{end - 1}/{SIZE}"
    assert reply.headers["content-length"] == str(end - first)
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    assert reply.headers["etag"]


@pytest.mark.parametrize("path", SOURCES)
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("bytes=1000-1009,0-4,-3", [(1000, 1010), (0, 5), (SIZE - 3, SIZE)]),
        ("bytes=0-69999,100000-169999", [(0, 70_000), (100_000, 170_000)]),
        ("bytes=0-9, 1000-1009, 900000-", [(0, 10), (1000, 1010)]),
    ],
)
def test_several_ranges(
    client: httpx.Client, path: str, value: str, expected: list[tuple[int, int]]
) -> None:
    reply = client.get(path, headers={"Range": value})
    assert reply.status_code == 206
    assert "content-range" not in reply.headers
    head = f"Content-Type: {reply.headers['content-type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + reply.content)
    assert message.get_content_type() == "multipart/byteranges"
    parts = message.get_payload()
    assert [part["Content-Range"] for part in parts] == [
        f"bytes {first}-{end - 1}/{SIZE}" for first, end in expected
    ]
    for part, (first, end) in zip(parts, expected, strict=True):
        assert part["Content-Type"] == "text/plain; charset=utf-8"
        assert part.get_payload(decode=True) == CONTENT[first:end]


def whole(value: str, path: str = "/disk", name: str = "") -> Case:
    return Case(
        "GET",
        path,
        headers={"Range": value},
        reply_headers={"content-range": None},
        name=f"{path} {value[:30]} {name}",
    )


MALFORMED = ["", "bytes", "bytes=", "bytes=x-1", "bytes=5-1", "bytes=-", "lines=0-1", "bytes=0-1,x"]


@table(
    [
        *(whole(value, path) for path in SOURCES for value in MALFORMED),
        whole("bytes=" + ",".join(f"{at}-{at}" for at in range(0, 200_000, 1000)), name="many"),
        whole("bytes=0-0", "/other"),
        whole("bytes=-1", "/empty"),
        Case("POST", "/disk", headers={"Range": "bytes=0-0"}),
        Case(
            "HEAD",
            "/disk",
            headers={"Range": "bytes=0-0"},
            reply_headers={"content-length": str(SIZE), "content-range": None},
        ),
        *(
            Case(
                "GET",
                path,
                headers={"Range": value},
                status=416,
                body={"detail": "Nothing is in the range that was asked for."},
                reply_headers={"content-range": f"bytes */{size}"},
                name=f"{path} {value[:30]}",
            )
            for path, value, size in [
                ("/disk", f"bytes={SIZE}-", SIZE),
                ("/memory", "bytes=900000-,-0", SIZE),
                ("/disk", "bytes=" + "9" * 5000 + "-", SIZE),
                ("/empty", "bytes=0-", 0),
            ]
        ),
    ]
)
def test_ranges_that_are_not_sent(client: httpx.Client, case: Case) -> None:
    case.check(client)


def test_a_range_never_makes_a_reply_much_larger(client: httpx.Client) -> None:
    many = ",".join(["0-"] * 32 + [f"{at}-" for at in range(32)])
    reply = client.get("/disk", headers={"Range": f"bytes={many}"})
    assert reply.status_code == 206
    assert len(reply.content) <= SIZE
    apart = ",".join(f"{at}-{at}" for at in range(0, 64_000, 1000))
    reply = client.get("/disk", headers={"Range": f"bytes={apart}"})
    assert len(reply.content) < 64 * 200


@pytest.mark.parametrize("path", SOURCES)
def test_if_range(client: httpx.Client, path: str) -> None:
    first = client.get(path)
    wanted = {"Range": "bytes=0-4"}
    tag = first.headers["etag"]
    assert client.get(path, headers={**wanted, "If-Range": tag}).status_code == 206
    assert client.get(path, headers={**wanted, "If-Range": '"x"'}).status_code == 200
    assert client.get(path, headers={**wanted, "If-Range": f"W/{tag}"}).status_code == 200
    assert client.get(path, headers={**wanted, "If-None-Match": tag}).status_code == 304
    if date := first.headers.get("last-modified"):
        assert client.get(path, headers={**wanted, "If-Range": date}).status_code == 206
