"""Idle connections: what they take, and what they do to live ones."""

from __future__ import annotations

import contextlib
import resource
import socket
import time
from collections.abc import Iterator
from statistics import median

import psutil

from perf.bench import accounting
from perf.bench.errors import BenchError
from perf.bench.growth import sites
from perf.bench.growth.results import Connections, Live
from perf.bench.load import Sent
from perf.bench.options import Options
from perf.bench.process import Running
from perf.bench.results import Sample
from perf.bench.samples import measure
from perf.bench.servers import HOST

COUNT = 10_000

#: Connections from one address: well below the ports that the kernel gives away.
_PER_ADDRESS = 5000
#: Files that are open besides.
_OTHER_FILES = 500
#: Seconds in which the server has to close what its clients have closed.
_PATIENCE = 30.0
_REQUEST = f"GET /hello HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()


def run(options: Options) -> Connections:
    """Measure memory first, on a server that has served nothing yet; then traffic, in turn."""
    allow_files(COUNT + _OTHER_FILES)
    with sites.many_routes(5, options.data, pin=options.pin) as server:
        before = accounting.resident(accounting.tree(server.pid))
        with idle(server, COUNT):
            after = accounting.resident(accounting.tree(server.pid))
        without: list[Sample] = []
        beside: list[Sample] = []
        for number in range(options.rounds):
            without.append(_live(server, number, options))
            with idle(server, COUNT):
                beside.append(_live(server, number, options))
    return Connections(COUNT, before, after, _median(without), _median(beside))


def _live(server: Running, number: int, options: Options) -> Sample:
    return measure("hello", [Sent("GET", "/hello")], server, number + 1, options)


def _median(samples: list[Sample]) -> Live:
    return Live(
        cpu=median(sample.cpu for sample in samples),
        rate=median(sample.rate for sample in samples),
        p50=median(sample.p50 for sample in samples),
        p99=median(sample.p99 for sample in samples),
    )


def allow_files(count: int) -> None:
    """Raise the number of files that this process and its servers may have open.

    Raises BenchError where the system does not allow so many.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= count:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, max(hard, count)))
    except (ValueError, OSError) as error:
        raise BenchError(f"{count} open files are needed, and {hard} allowed: {error}") from error


@contextlib.contextmanager
def idle(server: Running, count: int) -> Iterator[None]:
    """Hold connections open that were used once.

    Raises BenchError where one of them is not alive at the end.
    """
    files = _files(server)
    with contextlib.ExitStack() as stack:
        connections = []
        for index in range(count):
            connection = stack.enter_context(_connection(server, index))
            # At once: a server closes connections on which no first request comes.
            _ask(connection, server)
            connections.append(connection)
        yield
        for connection in connections:
            _ask(connection, server)
    deadline = time.monotonic() + _PATIENCE
    while _files(server) > files + 1:
        if time.monotonic() > deadline:
            raise server.failure("it keeps connections open that its clients have closed")
        time.sleep(0.05)


def _connection(server: Running, index: int) -> socket.socket:
    source = f"127.0.0.{2 + index // _PER_ADDRESS}"
    return socket.create_connection(
        (HOST, server.port), timeout=_PATIENCE, source_address=(source, 0)
    )


def _ask(connection: socket.socket, server: Running) -> None:
    """Ask on a connection, which then is idle again."""
    try:
        connection.sendall(_REQUEST)
        answer = connection.recv(4096)
    except OSError as error:
        raise server.failure(f"an idle connection is not alive: {error}") from error
    if not answer.startswith(b"HTTP/1.1 200 "):
        raise server.failure(f"an idle connection was answered with {answer[:100]!r}")


def _files(server: Running) -> int:
    return sum(psutil.Process(pid).num_fds() for pid in accounting.tree(server.pid))
