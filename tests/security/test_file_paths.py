"""Paths that a client chooses: nothing outside of ``FILE_ROOTS`` leaves, and no name of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from django.test import override_settings

from django_bolt import BoltAPI
from django_bolt.responses import FileResponse
from tests.http.cases import Case

SECRET = "the secret text"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a directory of files that may be sent, with others around it."""
    root = tmp_path / "root"
    (root / "deep").mkdir(parents=True)
    (root / "a.txt").write_text("open")
    (root / "deep" / "b.txt").write_text("open")
    (tmp_path / "secret.txt").write_text(SECRET)
    (tmp_path / "root-of-another").mkdir()
    (tmp_path / "root-of-another" / "a.txt").write_text(SECRET)
    (root / "out.txt").symlink_to(tmp_path / "secret.txt")
    (root / "up").symlink_to(tmp_path)
    (root / "in.txt").symlink_to(root / "a.txt")
    return root


@pytest.fixture
def below(folder: Path) -> Iterator[None]:
    """Allow files of that directory alone."""
    with override_settings(BOLT={"FILE_ROOTS": [folder]}):
        yield


def sending(root: Path) -> BoltAPI:
    api = BoltAPI()

    @api.get("/{style}")
    async def send(request, style: str):
        # A declared parameter would refuse the NUL bytes by itself.
        name = request.query_params["name"]
        return FileResponse(f"{root}/{name}" if style == "below" else name)

    return api


def ask(client: httpx.Client, name: str, style: str = "below") -> httpx.Response:
    return client.get(f"/{style}", params={"name": name})


INSIDE = ["a.txt", "deep/b.txt", "deep/../a.txt", "./a.txt", "in.txt", "up/root/a.txt"]
OUTSIDE = [
    "../secret.txt",
    "deep/../../secret.txt",
    "out.txt",
    "up/secret.txt",
    "../root-of-another/a.txt",
    "missing/../../secret.txt",
    "../" * 40 + "etc/passwd",
    # What does not exist looks the same.
    "../missing.txt",
    "up/missing.txt",
]
HOSTILE = ["a.txt\0", "\0", "a.txt\0.png", "../secret.txt\0.txt"]


@pytest.mark.usefixtures("below")
def test_inside(folder: Path, serve: Callable[..., httpx.Client]) -> None:
    client = serve(sending(folder))
    for name in INSIDE:
        assert (ask(client, name).status_code, ask(client, name).text) == (200, "open"), name
    assert ask(client, "missing.txt").status_code == 404
    assert ask(client, "deep").status_code == 404


@pytest.mark.usefixtures("below")
@pytest.mark.parametrize("name", OUTSIDE + HOSTILE)
def test_outside(
    folder: Path,
    serve: Callable[..., httpx.Client],
    name: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = serve(sending(folder))
    with caplog.at_level(logging.ERROR, "django.security"):
        reply = ask(client, name)
    assert (reply.status_code, reply.json()) == (400, {"detail": "Bad request."})
    (record,) = caplog.records
    assert record.name == "django.security.SuspiciousFileOperation"
    assert str(folder.parent) in record.getMessage() or "\0" in name


@pytest.mark.usefixtures("below")
@pytest.mark.parametrize("path", ["/etc/passwd", "a.txt", "", "/proc/self/environ", "~/.profile"])
def test_paths_that_are_not_below(
    folder: Path, serve: Callable[..., httpx.Client], path: str
) -> None:
    client = serve(sending(folder))
    assert ask(client, path, "as-it-is").status_code == 400


def test_several_roots_one_of_them_a_link(
    folder: Path, serve: Callable[..., httpx.Client], tmp_path: Path
) -> None:
    link = tmp_path / "link"
    link.symlink_to(folder)
    with override_settings(BOLT={"FILE_ROOTS": [str(tmp_path / "none"), link]}):
        client = serve(sending(link))
        assert ask(client, "a.txt").text == "open"
        assert ask(client, "out.txt").status_code == 400


@pytest.mark.parametrize("name", HOSTILE)
def test_nul_bytes_without_roots(
    folder: Path, serve: Callable[..., httpx.Client], name: str
) -> None:
    Case("GET", f"/below?name={quote(name)}", status=400).check(serve(sending(folder)))


def test_devices(serve: Callable[..., httpx.Client], folder: Path) -> None:
    client = serve(sending(folder))
    for path in ("/dev/zero", "/dev/tty", "/dev", "/dev/fd/0/x"):
        reply = ask(client, path, "as-it-is")
        assert (reply.status_code, reply.json()) == (404, {"detail": "Not found."}), path


def test_names_that_would_break_the_head(folder: Path, serve: Callable[..., httpx.Client]) -> None:
    api = BoltAPI()

    @api.get("/")
    async def send(name: str):
        return FileResponse(folder / "a.txt", filename=name)

    client = serve(api)
    reply = client.get("/", params={"name": 'a"\\\r\nX-Evil: 1\r\n\r\n<script>'})
    assert reply.status_code == 200
    assert "x-evil" not in reply.headers
    assert reply.headers["content-disposition"] == (
        'attachment; filename="a\\"\\\\__X-Evil: 1____<script>"'
    )
