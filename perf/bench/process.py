"""Servers that run: started, awaited, and ended whatever happens."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import httpx
import psutil
from msgspec import Struct

from perf.bench import accounting
from perf.bench.errors import BenchError
from perf.bench.servers import HOST

#: Seconds that a server may take until it answers, and until it has ended.
START = 60.0
STOP = 10.0

#: Lines of a log that are shown when its server has failed.
_SHOWN = 25


#: A server that is started when the block is entered, and ended when it is left.
Started = contextlib.AbstractContextManager["Running"]


class Running(Struct, frozen=True):
    """A server that answers."""

    name: str
    port: int
    pid: int
    log: Path

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        return f"http://{HOST}:{self.port}"

    def tail(self) -> str:
        """Return the end of what it has written."""
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(f"  | {line}" for line in lines[-_SHOWN:]) or "  | (it wrote nothing)"

    def failure(self, what: str) -> BenchError:
        """Return an error of this server, with the end of its log."""
        return BenchError(f"{self.name}: {what}\n{self.log}:\n{self.tail()}")


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def running(
    name: str,
    command: Sequence[str],
    *,
    port: int,
    directory: Path,
    variables: Mapping[str, str],
    log: Path,
    ready: str = "/hello",
) -> Iterator[Running]:
    """Run a server for as long as the block lasts, from when ``ready`` is answered with 200.

    It has a session of its own: CONTROL-C at a terminal reaches the run, which ends its servers.
    Raises BenchError where it does not start.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        try:
            process = subprocess.Popen(  # noqa: S603 - a command of servers.toml
                command,
                cwd=directory,
                env=dict(variables),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise BenchError(f"{name} cannot be started: {error}") from error
    server = Running(name, port, process.pid, log)
    try:
        _await(server, process, ready)
        yield server
    finally:
        _end(process)


def _await(server: Running, process: subprocess.Popen[bytes], ready: str) -> None:
    deadline = time.monotonic() + START
    with httpx.Client(base_url=server.url, timeout=START, trust_env=False) as client:
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise server.failure(f"it ended with status {process.returncode}")
            try:
                if client.get(ready).status_code == 200:
                    return
            except httpx.TransportError:
                pass  # it does not listen yet
            time.sleep(0.05)
    raise server.failure(f"{ready} was not answered with 200 within {START:.0f} seconds")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a server: SIGTERM to its first process, SIGKILL to all that is still there then."""
    try:
        members = [psutil.Process(pid) for pid in accounting.tree(process.pid)]
    except psutil.NoSuchProcess:
        members = []
    process.terminate()
    try:
        psutil.wait_procs(members, timeout=STOP)
    finally:
        # Also where a second CONTROL-C came.
        for member in members:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        process.wait()
        psutil.wait_procs(members, timeout=STOP)
