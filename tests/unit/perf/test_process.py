"""Servers that are started, asked, accounted for and ended."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

pytest.importorskip("psutil", reason="make bench installs it")

from perf.bench import accounting, assertions, process
from perf.bench.cases import Case, Expectation, Request
from perf.bench.errors import BenchError
from perf.bench.process import Running
from perf.bench.servers import Server

# Answers /hello, and has a child; `deaf` says whether SIGTERM is ignored.
SERVER = """
import http.server, signal, subprocess, sys
port, deaf = int(sys.argv[1]), sys.argv[2] == "deaf"
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
if deaf:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/hello" else 404)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")
print("serving", flush=True)
http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


@pytest.fixture(autouse=True)
def _impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait no longer than a trial needs for a child that nobody ends."""
    monkeypatch.setattr(process, "STOP", 0.5)


def server(
    directory: Path, *arguments: str, code: str = SERVER, ready: str = "/hello"
) -> contextlib.AbstractContextManager[Running]:
    port = process.free_port()
    return process.running(
        "trial",
        [sys.executable, "-c", code, str(port), *arguments],
        port=port,
        directory=directory,
        variables=os.environ,
        log=directory / "logs" / "trial.log",
        ready=ready,
    )


def is_alive(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    return False


@pytest.mark.parametrize("manner", ["polite", "deaf"])
def test_a_server_ends_with_its_children(tmp_path: Path, manner: str) -> None:
    with server(tmp_path, manner) as running:
        pids = accounting.tree(running.pid)
        assert len(pids) == 2
        assert accounting.pss(pids) > 1_000_000
        assert accounting.resident(pids) > 1_000_000
        assert httpx.get(f"{running.url}/hello", trust_env=False).status_code == 200
    assert not any(Path(f"/proc/{pid}").exists() and is_alive(pid) for pid in pids)


def test_a_server_ends_when_the_run_is_interrupted(tmp_path: Path) -> None:
    pids: list[int] = []

    def interrupted() -> None:
        with server(tmp_path, "polite") as running:
            pids.extend(accounting.tree(running.pid))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not any(Path(f"/proc/{pid}").exists() and is_alive(pid) for pid in pids)


@pytest.mark.parametrize(
    ("code", "ready", "message", "logged"),
    [
        (
            "print('no luck'); raise SystemExit(3)",
            "/hello",
            "trial: it ended with status 3",
            "  | no luck",
        ),
        (SERVER, "/other", "trial: /other was not answered with 200 within 1 sec", "GET /other"),
    ],
)
def test_servers_that_do_not_start(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    ready: str,
    message: str,
    logged: str,
) -> None:
    monkeypatch.setattr(process, "START", 1.0)
    starting = server(tmp_path, "polite", code=code, ready=ready)
    with pytest.raises(BenchError, match=message) as failed, starting:
        pass
    assert str(tmp_path / "logs" / "trial.log") in str(failed.value)
    assert logged in str(failed.value)


def test_a_command_that_is_not_there(tmp_path: Path) -> None:
    starting = process.running(
        "trial", ["no-such-program"], port=1, directory=tmp_path, variables={}, log=tmp_path / "log"
    )
    with pytest.raises(BenchError, match="trial cannot be started"), starting:
        pass


def case(name: str, path: str, **expect: object) -> Case:
    return Case(name, name, Request(path), Expectation(200, **expect))  # type: ignore[arg-type]


def test_assertions(tmp_path: Path) -> None:
    described = Server("trial", "", [], lacks={"form": "not yet"})
    with server(tmp_path, "polite") as running:
        right = [case("hello", "/hello", json={}), case("form", "/form")]
        assertions.check(running, described, right, tmp_path)
        wrong = [case("hello", "/hello", json=[]), case("text", "/text"), case("form", "/hello")]
        with pytest.raises(BenchError, match="trial: answers that are not those") as failed:
            assertions.check(running, described, wrong, tmp_path)
    lines = str(failed.value).splitlines()
    assert lines[1:4] == [
        "  hello: $ is {}, expected []",
        "  text: status 404, expected 200: b'{}'",
        "  form: status 200, but servers.toml says that it lacks this case",
    ]


def test_no_answer_is_a_fault_of_the_case(tmp_path: Path) -> None:
    nobody = Running("trial", process.free_port(), os.getpid(), tmp_path / "log")
    nobody.log.touch()
    with pytest.raises(BenchError, match="hello: no answer: ConnectError"):
        assertions.check(nobody, Server("trial", "", []), [case("hello", "/hello")], tmp_path)


def test_only_the_named_headers_are_sent() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200)

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        request = Request("/items", "POST", {"X-One": "1"}, "body")
        assertions.ask(client, "http://127.0.0.1:1", request, Path())
    assert set(seen[0].headers) == {"host", "content-length", "x-one"}
    assert seen[0].content == b"body"


def spin(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def test_cpu_of_all_threads_and_of_those_that_ended() -> None:
    before = accounting.cpu_seconds(os.getpid())
    thread = threading.Thread(target=spin, args=(0.05,))
    thread.start()
    thread.join()
    spin(0.05)
    assert accounting.cpu_seconds(os.getpid()) - before >= 0.1
    assert accounting.cpu_seconds(os.getpid()) == pytest.approx(time.process_time(), abs=0.05)


def test_cpu_of_a_process_that_has_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    with pytest.raises(ProcessLookupError):
        accounting.cpu_seconds(ended.pid)


def test_a_meter_counts_children(tmp_path: Path) -> None:
    code = (
        "import time\nwhile time.process_time() < 0.2: pass\nprint(1, flush=True)\ntime.sleep(60)"
    )
    meter = accounting.Meter(os.getpid())
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:  # noqa: S603 - our own code
        assert child.stdout is not None
        child.stdout.readline()
        assert meter.seconds() >= 0.2
        with_child = accounting.Meter(os.getpid())
        child.kill()
        child.wait()
        with pytest.raises(BenchError, match="has ended"):
            with_child.seconds()
