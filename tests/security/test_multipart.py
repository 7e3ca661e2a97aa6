"""Multipart bodies that are wrong, one by one: a clear 4xx, and nothing is left on the disk."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import httpx
import pytest
from django.test import override_settings

from django_bolt import BoltAPI, Request
from django_bolt.params import Form
from django_bolt.uploads import UploadFile

api = BoltAPI()

TYPE = "multipart/form-data; boundary=B"
#: More than stays in memory.
LARGE = b"x" * 3_000_000


@api.post("/upload", max_body_size=10_000_000)
async def upload(
    photo: UploadFile, title: Annotated[str, Form(default="")], page: int = 1
) -> list[str]:
    return [photo.filename, title]


@api.post("/data", max_body_size=10_000_000)
def through_the_request(request: Request) -> list[str]:
    return [*(file.name for file in request.FILES.values()), *request.POST.values()]


@pytest.fixture(autouse=True, scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("uploads")
    with override_settings(FILE_UPLOAD_TEMP_DIR=str(path)):
        yield path


@pytest.fixture(autouse=True)
def nothing_is_left(directory: Path) -> Iterator[None]:
    yield
    assert list(directory.iterdir()) == []


def part(disposition: bytes | str, content: bytes = b"1", *headers: str) -> bytes:
    given = disposition.encode() if isinstance(disposition, str) else disposition
    lines = b"".join(header.encode() + b"\r\n" for header in headers)
    return (
        b"--B\r\nContent-Disposition: form-data; " + given + b"\r\n" + lines + b"\r\n"
        + content + b"\r\n"
    )  # fmt: skip


END = b"--B--\r\n"
FILE = part('name="photo"; filename="a.png"', LARGE)

MALFORMED = [
    ("truncated in a file", FILE[:-100_000], "ends before its final boundary"),
    ("no final boundary", FILE, "ends before its final boundary"),
    ("truncated in its headers", FILE + b"--B\r\nContent-Disp", "ends before its final boundary"),
    ("empty, without a boundary", b"hello", "ends before its final boundary"),
    ("another boundary", FILE.replace(b"--B", b"--C") + b"--C--", "begin with its boundary"),
    ("behind a boundary", FILE + b"--Bx\r\n", "malformed behind a boundary"),
    ("a header of 1 MB", FILE + part("name=a", b"1", "X: " + "y" * (1 << 20)) + END, "too large"),
    ("headers without end", FILE + b"--B\r\n" + b"y" * (1 << 20), "too large"),
    ("a header without a colon", FILE + part("name=a", b"1", "nothing") + END, "malformed header"),
    ("no disposition", FILE + b"--B\r\nX: y\r\n\r\n1\r\n" + END, "no Content-Disposition"),
    ("no headers", FILE + b"--B\r\n\r\n1\r\n" + END, "no headers"),
    ("no name", FILE + part("filename=x") + END, "has no name"),
    ("two names", FILE + part("name=a; name=b") + END, "two names"),
    (
        "two dispositions",
        FILE + part("name=a", b"1", "Content-Disposition: form-data; name=b") + END,
        "two Content-Disposition",
    ),
    ("a name that is not UTF-8", FILE + part(b"name=\xff") + END, "not UTF-8"),
    ("a file name that is not UTF-8", FILE + part(b"name=a; filename=\xff") + END, "not UTF-8"),
    ("an open quote", FILE + part('name="a') + END, "malformed Content-Disposition"),
    (
        "nested multipart",
        FILE + part("name=a", b"--C--", "Content-Type: multipart/mixed; boundary=C") + END,
        "within multipart",
    ),
    (
        "an encoding",
        FILE + part("name=a", b"MQ==", "Content-Transfer-Encoding: base64") + END,
        "Content-Transfer-Encoding",
    ),
    ("10,000 fields", FILE + part("name=a") * 10_000 + END, "more than 1000 fields"),
    ("10,000 files", FILE + part("name=a; filename=b") * 10_000 + END, "more than 100 files"),
    ("a long epilogue", FILE + END + b"x" * (1 << 20), "goes on behind its final boundary"),
]


def post(client: httpx.Client, path: str, body: bytes, content_type: str = TYPE) -> httpx.Response:
    return client.post(path, content=body, headers={"content-type": content_type})


@pytest.mark.parametrize("path", ["/upload", "/data"])
@pytest.mark.parametrize(
    ("body", "detail"),
    [pytest.param(body, detail, id=name) for name, body, detail in MALFORMED],
)
def test_malformed(client: httpx.Client, path: str, body: bytes, detail: str) -> None:
    reply = post(client, path, body)
    assert reply.status_code == 400, reply.text[:200]
    assert detail in reply.json()["detail"]
    is_well(client)


def is_well(client: httpx.Client) -> None:
    reply = post(client, "/upload", FILE + END)
    assert (reply.status_code, reply.json()) == (200, ["a.png", ""])


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        f"multipart/form-data; boundary={'x' * 71}",
        'multipart/form-data; boundary="a\\x01',
        "multipart/form-data; boundary=B; boundary=C",
        "multipart/form-data; boundary=B; charset=utf-16",
    ],
)
@pytest.mark.parametrize("path", ["/upload", "/data"])
def test_boundaries(client: httpx.Client, path: str, content_type: str) -> None:
    assert post(client, path, FILE + END, content_type).status_code == 400
    is_well(client)


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ('filename="../../x"', "x"),
        ('filename="..\\..\\x"', "x"),
        ('filename="C:\\\\dir\\\\x.png"', "x.png"),
        ('filename="/etc/passwd"', "passwd"),
        ('filename="a\0b.png"', "ab.png"),
        ('filename="a\u202eb.png"', "ab.png"),
        ("filename=a; filename*=UTF-8''..%2F..%2F%C3%A4.png", "ä.png"),
        ('filename="' + "x" * 1000 + '.png"', "x" * 251 + ".png"),
    ],
)
@pytest.mark.parametrize("path", ["/upload", "/data"])
def test_file_names(client: httpx.Client, path: str, sent: str, name: str) -> None:
    reply = post(client, path, part(f'name="photo"; {sent}') + END)
    assert reply.status_code == 200, reply.text
    assert reply.json()[0] == name


@pytest.mark.parametrize("name", ["", ".", "..", "/", "a/..", "\0", " "])
def test_names_of_which_nothing_is_left(client: httpx.Client, name: str) -> None:
    body = part(f'name="photo"; filename="{name}"') + END
    reply = post(client, "/upload", body)
    assert (reply.status_code, reply.json()) == (400, {"photo": ["No file was submitted."]})
    assert post(client, "/data", body).json() == []


def test_text_that_is_not_utf_8(client: httpx.Client) -> None:
    body = FILE + part("name=title", b"\xff") + END
    reply = post(client, "/upload", body)
    assert (reply.status_code, reply.json()) == (400, {"title": ["The value is not UTF-8."]})
    reply = post(client, "/data", body)
    assert (reply.status_code, reply.json()) == (
        400,
        {"detail": "The form's field 'title' is not UTF-8."},
    )


def test_a_name_twice(client: httpx.Client) -> None:
    body = FILE + part('name="photo"; filename="b.png"') + END
    assert post(client, "/upload", body).json()[0] == "b.png"


def test_faults_beside_a_large_file(client: httpx.Client) -> None:
    assert post(client, "/upload?page=x", FILE + END).status_code == 400


def test_too_large(client: httpx.Client) -> None:
    reply = post(client, "/upload", FILE * 4 + END)
    assert reply.status_code == 413
    text = post(client, "/upload", FILE + part("name=title", LARGE) + END)
    assert (text.status_code, text.json()["detail"]) == (
        413,
        "The form's text is larger than 2621440 bytes.",
    )
    is_well(client)


def head(extra: str) -> bytes:
    return f"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Type: {TYPE}\r\n{extra}\r\n\r\n".encode()


def converse(client: httpx.Client, *pieces: bytes, shut: bool = False) -> bytes:
    """Send bytes as they are; return what comes back."""
    url = client.base_url
    with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
        for piece in pieces:
            try:
                connection.sendall(piece)
            except (BrokenPipeError, ConnectionResetError):
                break
        if shut:
            connection.shutdown(socket.SHUT_WR)
        try:
            return connection.recv(65536)
        except ConnectionResetError:
            return b""


def test_a_length_that_is_too_short(live_client: httpx.Client) -> None:
    body = FILE + END
    url = live_client.base_url
    with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
        connection.sendall(head(f"Content-Length: {len(body) - 50}") + body[:-50])
        reply = connection.recv(65536)
        connection.sendall(body[-50:])
    assert reply.startswith(b"HTTP/1.1 400")
    assert b"ends before its final boundary" in reply
    is_well(live_client)


def test_a_length_that_is_too_long(live_client: httpx.Client, directory: Path) -> None:
    body = FILE + END
    converse(live_client, head(f"Content-Length: {len(body) + 50}"), body, shut=True)
    is_well(live_client)
    assert list(directory.iterdir()) == []


def test_a_client_that_leaves(live_client: httpx.Client, directory: Path) -> None:
    converse(live_client, head("Content-Length: 9000000"), FILE, shut=True)
    is_well(live_client)


def test_chunks_beyond_the_limit(live_client: httpx.Client) -> None:
    """Refused while they come: nobody waits for the end, which never does."""
    piece = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    start = part('name="photo"; filename="a"', b"")[:-2]
    first = f"{len(start):x}\r\n".encode() + start + b"\r\n"
    reply = converse(live_client, head("Transfer-Encoding: chunked"), first, *[piece] * 11)
    assert reply.startswith(b"HTTP/1.1 413")
    is_well(live_client)
