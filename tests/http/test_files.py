"""Files as results: heads, names, kinds of paths, and what becomes of what cannot be sent."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from django.core.files.storage import FileSystemStorage
from django.core.signals import got_request_exception
from django.db.models import FileField
from django.db.models.fields.files import FieldFile

from django_bolt import BoltAPI, Controller
from django_bolt.responses import File, FileResponse
from tests.http.cases import Case, table

CONTENT = bytes(range(256)) * 2000
HOUR = 3600
#: A regular file of the kernel's that says it is longer than it is.
SHORT = "/sys/kernel/mm/transparent_hugepage/enabled"


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hold the files of this module's ``api``, all changed an hour ago."""
    files = tmp_path_factory.mktemp("files")
    FOLDER["path"] = files
    for name, content in {
        "small.txt": b"hello",
        "empty.txt": b"",
        "large.bin": CONTENT,
        "page.html": b"<p>",
        "data.json": b"{}",
        "packed.tar.gz": b"x",
        "no-type": b"x",
        "locked.txt": b"x",
        "árbol.txt": b"x",
    }.items():
        path = files / name
        path.write_bytes(content)
        long_ago = path.stat().st_mtime - HOUR
        os.utime(path, (long_ago, long_ago))
    (files / "locked.txt").chmod(0)
    os.mkfifo(files / "pipe")
    return files


FOLDER: dict[str, Path] = {}
api = BoltAPI()


@api.get("/files/{name}")
async def send(name: str):
    return FileResponse(FOLDER["path"] / name)


@api.get("/sync/{name}")
def send_from_a_thread(name: str):
    return FileResponse(str(FOLDER["path"] / name))


@api.get("/inline/{name}", inline=True)
def send_inline(name: str) -> FileResponse:
    return FileResponse(FOLDER["path"] / name, content_disposition_type="inline")


@api.get("/field/{name}")
async def send_field(name: str):
    field = FileField(storage=FileSystemStorage(FOLDER["path"]))
    field.attname = field.name = "file"
    return FileResponse(FieldFile(SimpleNamespace(), field, name))


@api.get("/named")
async def named():
    return FileResponse(
        FOLDER["path"] / "small.txt",
        filename="skýrsla.pdf",
        status_code=203,
        headers={"X-Name": "a", "Cache-Control": "no-store"},
    )


@api.get("/typed")
async def typed():
    return FileResponse(FOLDER["path"] / "small.txt", media_type="text/x-own", etag=False)


@api.get("/own-headers")
async def own_headers():
    headers = {
        "ETag": '"mine"',
        "Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT",
        "Content-Disposition": "inline",
        "Accept-Ranges": "none",
    }
    return FileResponse(FOLDER["path"] / "small.txt", headers=headers)


@api.get("/memory")
async def memory():
    return File(b"hello", filename="a.csv")


@api.get("/memory/unnamed")
def memory_unnamed():
    return File(b"hello", media_type="application/pdf", etag=False)


class Reports(Controller):
    def get(self, request) -> FileResponse:
        return FileResponse(FOLDER["path"] / "small.txt")

    def finalize_response(self, request, response, *args, **kwargs):
        response["X-Final"] = "yes"
        return response


api.register("controller", Reports)

ATTACHED = 'attachment; filename="{}"'


def found(path: str, media_type: str, name: str, text: str | None = None) -> Case:
    return Case(
        "GET",
        path,
        text=text,
        reply_headers={
            "content-type": media_type,
            "content-disposition": ATTACHED.format(name),
            "accept-ranges": "bytes",
        },
    )


@table(
    [
        found("/files/small.txt", "text/plain; charset=utf-8", "small.txt", "hello"),
        found("/sync/small.txt", "text/plain; charset=utf-8", "small.txt", "hello"),
        found("/field/small.txt", "text/plain; charset=utf-8", "small.txt", "hello"),
        found("/files/empty.txt", "text/plain; charset=utf-8", "empty.txt", ""),
        found("/files/page.html", "text/html; charset=utf-8", "page.html"),
        found("/files/data.json", "application/json", "data.json"),
        found("/files/packed.tar.gz", "application/gzip", "packed.tar.gz"),
        found("/files/no-type", "application/octet-stream", "no-type"),
        found("/memory", "text/csv; charset=utf-8", "a.csv", "hello"),
        Case(
            "GET",
            "/inline/small.txt",
            reply_headers={"content-disposition": 'inline; filename="small.txt"'},
        ),
        Case(
            "GET",
            "/files/%C3%A1rbol.txt",
            reply_headers={
                "content-disposition": (
                    "attachment; filename=\"arbol.txt\"; filename*=UTF-8''%C3%A1rbol.txt"
                ),
            },
        ),
        Case(
            "GET",
            "/named",
            status=203,
            text="hello",
            reply_headers={
                "content-type": "application/pdf",
                "content-disposition": (
                    "attachment; filename=\"skyrsla.pdf\"; filename*=UTF-8''sk%C3%BDrsla.pdf"
                ),
                "x-name": "a",
                "cache-control": "no-store",
                # A status of the author's own says nothing of what a 200 would be.
                "etag": None,
                "accept-ranges": None,
            },
        ),
        Case("GET", "/typed", reply_headers={"content-type": "text/x-own", "etag": None}),
        Case(
            "GET",
            "/own-headers",
            reply_headers={
                "etag": '"mine"',
                "last-modified": "Sun, 06 Nov 1994 08:49:37 GMT",
                "content-disposition": "inline",
                "accept-ranges": "none",
            },
        ),
        Case("GET", "/own-headers", headers={"If-None-Match": '"mine"'}, status=304, text=""),
        Case(
            "GET",
            "/memory/unnamed",
            text="hello",
            reply_headers={
                "content-type": "application/pdf",
                "content-disposition": None,
                "etag": None,
                "last-modified": None,
            },
        ),
        Case("GET", "/controller", text="hello", reply_headers={"x-final": "yes"}),
    ]
)
def test_heads(client: httpx.Client, case: Case) -> None:
    case.check(client)


@pytest.mark.parametrize("path", ["/files/large.bin", "/sync/large.bin"])
def test_large_files(client: httpx.Client, path: str) -> None:
    reply = client.get(path)
    assert reply.content == CONTENT
    assert reply.headers["content-length"] == str(len(CONTENT))
    head = client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-length", "content-type", "etag", "last-modified", "accept-ranges"):
        assert head.headers[name] == reply.headers[name]


def test_a_reader_that_leaves_early(live_client: httpx.Client) -> None:
    for _ in range(20):
        with live_client.stream("GET", "/files/large.bin") as reply:
            next(reply.iter_raw(10))
    assert live_client.get("/files/large.bin").content == CONTENT


@table(
    [
        Case("GET", f"/{style}/{name}", status=404, body={"detail": "Not found."})
        for style in ("files", "sync")
        for name in ("missing.txt", "pipe", "x" * 300)
    ]
)
def test_what_is_no_file(
    client: httpx.Client, case: Case, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "django.request"):
        reply = case.check(client)
    assert str(folder) not in reply.text + str(reply.headers)
    assert str(folder) in caplog.text


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read(client: httpx.Client) -> None:
    Case("GET", "/files/locked.txt", status=500).check(client)


@pytest.mark.skipif(not Path(SHORT).is_file(), reason="the kernel has no such file")
def test_a_file_that_cannot_be_read(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    told = []

    def receiver(request: object, **_: object) -> None:
        told.append(request.path)  # type: ignore[attr-defined]

    got_request_exception.connect(receiver)
    try:
        Case("GET", "/unreadable", status=500, body={"detail": "Internal server error."}).check(
            client
        )
    finally:
        got_request_exception.disconnect(receiver)
    assert told == ["/unreadable"]
    assert SHORT in caplog.text


@api.get("/unreadable")
async def unreadable():
    return FileResponse(SHORT)
