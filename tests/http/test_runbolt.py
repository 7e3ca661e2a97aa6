"""``manage.py runbolt`` as it is started by people: signals, dead processes, reloading."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
TIME_LIMIT = 30.0

SETTINGS = """
SECRET_KEY = "a key of the test that has more than 32 bytes"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "project.urls"
INSTALLED_APPS = ["django_bolt"]
USE_TZ = True
"""
API = """
import asyncio, os, time
from django_bolt import BoltAPI
api = BoltAPI()

@api.get("/pid")
async def pid() -> int:
    return os.getpid()

@api.get("/slow")
async def slow() -> str:
    await asyncio.sleep(1)
    return "done"

@api.get("/slow/sync")
def slow_sync() -> str:
    time.sleep(1)
    return "done"

@api.get("/never")
async def never() -> None:
    await asyncio.sleep(1000)

@api.get("/version")
async def version() -> str:
    return "one"
"""


class Server:
    """A server that was started from a command line, with what it has written."""

    def __init__(self, process: subprocess.Popen[str], output: Path) -> None:
        self.process = process
        self._output = output

    @property
    def text(self) -> str:
        return self._output.read_text()

    @property
    def url(self) -> str:
        return re.findall(r"Serving at (http://[\d.:]+)/", self.text)[-1]

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + TIME_LIMIT
        while not condition():
            assert time.monotonic() < deadline, f"not in time:\n{self.text}"
            assert self.process.poll() is None, f"has ended:\n{self.text}"
            time.sleep(0.02)

    def until_it_serves(self, times: int = 1) -> None:
        self.until(lambda: self.text.count("Quit with CONTROL-C") >= times)

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, timeout=TIME_LIMIT)

    def exit_code(self) -> int:
        return self.process.wait(TIME_LIMIT)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    package = tmp_path / "project"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "settings.py").write_text(SETTINGS)
    (package / "urls.py").write_text("urlpatterns = []\n")
    (package / "api.py").write_text(API)
    return package


@pytest.fixture
def start(project: Path):
    servers: list[Server] = []

    def start(*options: str, port: int = 0) -> Server:
        output = project.parent / f"output-{len(servers)}.txt"
        command = [sys.executable, "-m", "django", "runbolt", f"--port={port}", *options]
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "project.settings",
            "PYTHONPATH": f"{project.parent}{os.pathsep}{ROOT}",
            "PYTHONUNBUFFERED": "1",
        }
        with output.open("w") as stream:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and command
                command,
                stdout=stream,
                stderr=subprocess.STDOUT,
                text=True,
                cwd=project.parent,
                env=environment,
                start_new_session=True,
            )
        servers.append(Server(process, output))
        return servers[-1]

    yield start
    for server in servers:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.process.pid, signal.SIGKILL)
        server.process.wait(TIME_LIMIT)


def in_background(call: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    results: list[object] = []

    def run() -> None:
        try:
            results.append(call())
        except httpx.HTTPError as error:
            results.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, results


MODES = [(), ("--workers=2",), ("--processes=2",), ("--processes=2", "--workers=2")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("options", MODES)
def test_a_stop_signal_lets_requests_finish(
    start, options: tuple[str, ...], number: signal.Signals
) -> None:
    server = start(*options)
    server.until_it_serves()
    with httpx.Client() as idle:
        assert idle.get(f"{server.url}/version").json() == "one"
        calls = [
            in_background(lambda path=path: server.get(path)) for path in ("/slow", "/slow/sync")
        ]
        time.sleep(0.4)
        server.process.send_signal(number)
        for thread, results in calls:
            thread.join(TIME_LIMIT)
            (reply,) = results
            assert isinstance(reply, httpx.Response), reply
            assert reply.json() == "done"
        began = time.monotonic()
        assert server.exit_code() == 0, server.text
        assert time.monotonic() - began < 5  # the idle connection has not held it up
    assert "Traceback" not in server.text


# Of several workers it is mostly not the main thread's that still has a request.
@pytest.mark.parametrize("options", [(), ("--processes=2",), ("--workers=4",)])
def test_a_second_signal_ends_it_at_once(start, options: tuple[str, ...]) -> None:
    server = start(*options)
    server.until_it_serves()
    thread, _ = in_background(lambda: server.get("/never"))
    time.sleep(0.4)
    server.process.send_signal(signal.SIGINT)
    time.sleep(0.4)
    assert server.process.poll() is None
    server.process.send_signal(signal.SIGINT)
    assert server.exit_code() != 0
    thread.join(TIME_LIMIT)
    assert "the second signal" in server.text
    assert "Traceback" not in server.text


def test_every_process_serves_and_a_dead_one_is_replaced(start) -> None:
    server = start("--processes=3")
    server.until_it_serves()

    def pids() -> set[int]:
        return {server.get("/pid").json() for _ in range(60)}

    first = pids()
    assert len(first) == 3
    victim = first.pop()
    os.kill(victim, signal.SIGKILL)
    server.until(lambda: f"Process {victim} was ended by SIGKILL" in server.text)
    server.until(lambda: len(pids_or_none(pids)) == 3)


def pids_or_none(pids: Callable[[], set[int]]) -> set[int]:
    # A connection that the dead process had not accepted yet is reset.
    with contextlib.suppress(httpx.HTTPError):
        return pids()
    return set()


def test_a_port_that_is_taken(start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = start(port=taken.getsockname()[1])
        assert server.exit_code() == 1
        assert "the port is in use" in server.text
        assert "Traceback" not in server.text


def test_routes_that_cannot_be_served_keep_it_from_starting(start, project: Path) -> None:
    (project / "api.py").write_text(API + "\n@api.get('/x')\nasync def x(thing): return 1\n")
    server = start("--processes=2")
    assert server.exit_code() == 1
    assert "bolt.E002" in server.text
    assert "project.api.x" in server.text


def test_an_import_error_is_shown_in_full(start, project: Path) -> None:
    (project / "api.py").write_text("import no_such_module_anywhere\n")
    server = start()
    assert server.exit_code() == 1
    assert "Traceback" in server.text
    assert "no_such_module_anywhere" in server.text


def test_dev_serves_what_was_changed(start, project: Path) -> None:
    server = start("--dev")

    def write(text: str) -> None:
        # The reloader looks once a second, and knows a file from its first look onwards.
        time.sleep(2)
        (project / "api.py").write_text(text)

    server.until_it_serves()
    assert server.get("/version").json() == "one"
    write(API.replace('"one"', '"two"'))
    server.until_it_serves(times=2)
    assert server.get("/version").json() == "two"
    write("def broken(:")
    server.until(lambda: "SyntaxError" in server.text)
    write(API.replace('"one"', '"three"'))
    server.until_it_serves(times=3)
    assert server.get("/version").json() == "three"
    os.killpg(server.process.pid, signal.SIGINT)  # as a terminal does
    server.exit_code()
    assert "Fatal Python error" not in server.text
