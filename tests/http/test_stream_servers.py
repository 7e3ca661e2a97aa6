"""Streams of a server in a process of its own: how it stops, and what slow readers take of it."""

from __future__ import annotations

import signal
import socket
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.http.test_runbolt import SETTINGS, project, start  # noqa: F401 - fixtures

READERS = 50
MIB = 1024 * 1024

API = """
import asyncio, pathlib, time
from collections.abc import AsyncIterator, Iterator
from django_bolt import BoltAPI
from django_bolt.responses import EventStream, StreamingResponse
api = BoltAPI()
ends = pathlib.Path(__file__).parent / "ends"

def tell(name):
    with ends.open("a") as file:
        file.write(name + "\\n")

@api.get("/events")
async def events() -> EventStream:
    async def parts():
        try:
            while True:
                yield "x"
                await asyncio.sleep(0.05)
        finally:
            await asyncio.sleep(0.1)
            tell("events")
    return EventStream(parts())

@api.get("/silent")
async def silent() -> AsyncIterator[str]:
    try:
        yield "x"
        await asyncio.sleep(1000)
    finally:
        tell("silent")

@api.get("/sync")
def sync() -> Iterator[str]:
    try:
        while True:
            yield "x"
            time.sleep(0.05)
    finally:
        tell("sync")

@api.get("/flood/{size}")
async def flood(size: int) -> AsyncIterator[bytes]:
    while True:
        yield b"x" * size

@api.get("/flood-sync/{size}")
def flood_sync(size: int) -> Iterator[bytes]:
    while True:
        yield b"x" * size
"""


@pytest.fixture
def streams(project: Path) -> Path:  # noqa: F811 - the fixture
    settings = SETTINGS + 'BOLT = {"SHUTDOWN_TIMEOUT": 1, "BLOCKING_THREADS": 64}\n'
    (project / "settings.py").write_text(settings)
    (project / "api.py").write_text(API)
    return project / "ends"


def ask(stack: ExitStack, url: str, path: str, buffer: int | None = None) -> socket.socket:
    host, _, port = url.removeprefix("http://").partition(":")
    connection = stack.enter_context(socket.socket())
    if buffer is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    connection.settimeout(20)
    connection.connect((host, int(port)))
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert connection.recv(15) == b"HTTP/1.1 200 OK"
    return connection


@pytest.mark.parametrize("options", [(), ("--processes=2", "--workers=2")])
def test_endless_streams_do_not_outlive_their_server(
    streams: Path,
    start,  # noqa: F811 - the fixture
    options: tuple[str, ...],
) -> None:
    server = start(*options)
    server.until_it_serves()
    with ExitStack() as stack:
        paths = ["/events", "/silent", "/sync"] * 2
        connections = [ask(stack, server.url, path) for path in paths]
        time.sleep(0.2)
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert server.exit_code() == 0, server.text
        # A second for the streams, two for what follows them.
        assert time.monotonic() - began < 5
        assert sorted(streams.read_text().split()) == sorted(["events", "silent", "sync"] * 2)
        for connection in connections:
            rest = b""
            while received := connection.recv(65536):
                rest += received
            # Nobody takes it for the whole.
            assert not rest.endswith(b"0\r\n\r\n")
    assert "Traceback" not in server.text


def resident(group: int) -> int:
    """Return the resident bytes of a group of processes."""
    found = 0
    for directory in Path("/proc").iterdir():
        if not directory.name.isdigit():
            continue
        try:
            fields = (directory / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        if int(fields[2]) == group:
            found += int(fields[21]) * 4096
    return found


@pytest.mark.parametrize(
    "path", ["/flood/1", "/flood/100000", "/flood-sync/1", "/flood-sync/10000"]
)
def test_a_slow_reader_takes_less_than_a_mebibyte(
    streams: Path,
    start,  # noqa: F811 - the fixture
    path: str,
) -> None:
    server = start()
    server.until_it_serves()
    with ExitStack() as stack:
        # What one such stream needs once, such as its thread, is not the readers'.
        ask(stack, server.url, path, 4096)
        time.sleep(0.5)
        before = resident(server.process.pid)
        assert before > MIB
        for _ in range(READERS):
            ask(stack, server.url, path, 4096)
        time.sleep(2.0)
        each = (resident(server.process.pid) - before) / READERS
    assert each < MIB, f"{each / 1024:.0f} KiB for a slow reader"
