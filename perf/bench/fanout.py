"""Server-sent events to many clients at once: what one event costs for each of them."""

from __future__ import annotations

import contextlib
import re
import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

import msgspec
from msgspec import Struct

from perf.bench import accounting, order
from perf.bench.errors import BenchError
from perf.bench.growth.connections import allow_files
from perf.bench.process import Running
from perf.bench.servers import HOST
from perf.bench.tables import number as shown
from perf.bench.tables import table

PATH = "/ticks"

_REQUEST = f"GET {PATH} HTTP/1.1\r\nHost: {HOST}\r\nAccept: text/event-stream\r\n\r\n".encode()
_EVENT = re.compile(rb"data: ?(\d+)\r?\n\r?\n")
#: Seconds in which every client has to have its first event, and then each next one.
_PATIENCE = 60.0
#: Files that are open besides, and connections from one address.
_OTHER_FILES = 500
_PER_ADDRESS = 5000


class Sample(Struct, frozen=True):
    """One server, for a while."""

    server: str
    round: int
    clients: int
    #: Events that arrived, at all clients together, and those that a client was never sent.
    events: int
    missed: int
    #: Seconds of server CPU.
    cpu: float
    #: Resident bytes of the server before the clients came and while they listened.
    before: int
    after: int

    @property
    def each(self) -> float:
        """Microseconds of server CPU for one event at one client."""
        return self.cpu / self.events * 1e6

    @property
    def memory(self) -> float:
        """Resident bytes for a client."""
        return (self.after - self.before) / self.clients


class Fanout(Struct, frozen=True):
    """A whole run."""

    #: ISO 8601, UTC.
    made: str
    machine: dict[str, str]
    #: Seconds of a sample.
    seconds: float
    titles: dict[str, str]
    samples: list[Sample]

    def of(self, server: str) -> list[Sample]:
        """Return the samples of one server."""
        return [sample for sample in self.samples if sample.server == server]

    def median_of(self, server: str) -> float:
        """Return the median cost of an event, in microseconds."""
        return median(sample.each for sample in self.of(server))


def read(path: Path) -> Fanout:
    """Return what was written.

    Raises BenchError where it is another document.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Fanout)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise BenchError(f"{path}: {error}") from error


def write(found: Fanout, path: Path) -> None:
    """Write it for reading by people too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")


def report(found: Fanout) -> str:
    """Return a table as Markdown, the cheapest first."""
    rows = []
    for name in sorted(found.titles, key=found.median_of):
        samples = found.of(name)
        missed = sum(sample.missed for sample in samples)
        due = missed + sum(sample.events for sample in samples)
        rows.append(
            [
                found.titles[name],
                shown(found.median_of(name)),
                f"{median(sample.memory for sample in samples[:1]) / 1000:.1f}",
                f"{missed / due:.1%}",
            ]
        )
    head = ["Server", "CPU µs per event and client", "kB per client", "missed"]
    clients = max(sample.clients for sample in found.samples)
    return (
        f"## One event at {clients:,} clients\n\nMade {found.made}; medians, memory of the first "
        f"round.\n\n{table(head, rows)}\n"
    )


class _Client:
    """One connection, and the numbers that came over it."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.first: int | None = None
        self.last = 0
        self.events = 0
        self._unread = b""

    def read(self) -> None:
        """Take what has arrived.

        Raises ConnectionError where the server has gone, or says something else.
        """
        received = self.connection.recv(65536)
        if not received:
            raise ConnectionError("the server has closed the connection of a client")
        self._unread += received
        end = 0
        for event in _EVENT.finditer(self._unread):
            number, end = int(event[1]), event.end()
            if self.first is None:
                self.first = number
            elif number <= self.last:
                raise ConnectionError(f"event {number} came after {self.last}")
            self.last = number
            self.events += 1
        self._unread = self._unread[end:]


def schedule(servers: Sequence[str], rounds: int) -> Iterator[tuple[str, int]]:
    """Yield server and round (from 1), another server first in each round."""
    for number in range(rounds):
        for server in order.rotated(servers, number):
            yield server, number + 1


def sample(server: Running, number: int, clients: int, seconds: float) -> Sample:
    """Have so many clients listen, and count while everybody does.

    Raises BenchError where a client is not served.
    """
    allow_files(clients + _OTHER_FILES)
    before = accounting.resident(accounting.tree(server.pid))
    with contextlib.ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        listening = [_listen(server, index, stack, selector) for index in range(clients)]
        try:
            return _count(server, number, listening, selector, seconds, before)
        except (OSError, TimeoutError) as error:
            raise server.failure(f"{PATH}: {error}") from error


def _listen(
    server: Running, index: int, stack: contextlib.ExitStack, selector: selectors.BaseSelector
) -> _Client:
    source = f"127.0.0.{2 + index // _PER_ADDRESS}"
    connection = stack.enter_context(
        socket.create_connection((HOST, server.port), timeout=_PATIENCE, source_address=(source, 0))
    )
    connection.sendall(_REQUEST)
    client = _Client(connection)
    selector.register(connection, selectors.EVENT_READ, client)
    return client


def _count(
    server: Running,
    number: int,
    listening: Sequence[_Client],
    selector: selectors.BaseSelector,
    seconds: float,
    before: int,
) -> Sample:
    deadline = time.monotonic() + _PATIENCE
    while any(client.first is None for client in listening):
        _turn(selector, deadline)
    meter = accounting.Meter(server.pid)
    for client in listening:
        client.first, client.events = client.last, 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        _turn(selector, end + _PATIENCE)
    cpu = meter.seconds()
    events = sum(client.events for client in listening)
    due = sum(client.last - (client.first or 0) for client in listening)
    return Sample(
        server=server.name,
        round=number,
        clients=len(listening),
        events=events,
        missed=due - events,
        cpu=cpu,
        before=before,
        after=accounting.resident(accounting.tree(server.pid)),
    )


def _turn(selector: selectors.BaseSelector, deadline: float) -> None:
    """Read what there is."""
    ready = selector.select(timeout=max(deadline - time.monotonic(), 0))
    if not ready:
        raise TimeoutError("no event came in time")
    for key, _ in ready:
        key.data.read()
