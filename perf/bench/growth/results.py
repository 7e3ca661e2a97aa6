"""What ``perf/growth.py`` measures."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from perf.bench.errors import BenchError


class Routes(Struct, frozen=True):
    """One kind of request to an app with few routes, and to one with many."""

    #: "one route", always the same, or "every route", in turn.
    asked: str
    few: int
    many: int
    #: Microseconds of server CPU per request, medians.
    few_cpu: float
    many_cpu: float

    @property
    def ratio(self) -> float:
        """How many times the cost."""
        return self.many_cpu / self.few_cpu


class Memory(Struct, frozen=True):
    """What routes take: bytes of PSS of the idle server."""

    few_pss: int
    many_pss: int


class Live(Struct, frozen=True):
    """Traffic on a few connections; times in seconds, medians."""

    cpu: float
    rate: float
    p50: float
    p99: float


class Connections(Struct, frozen=True):
    """Idle connections beside live ones."""

    count: int
    #: Resident bytes of the server before and after they were opened, and used once each.
    before: int
    after: int
    without: Live
    beside: Live

    @property
    def each(self) -> float:
        """Resident bytes for a connection."""
        return (self.after - self.before) / self.count


class Listeners(Struct, frozen=True):
    """Clients of an endless stream of events."""

    count: int
    #: Resident bytes of the server before the clients came and while they listened.
    before: int
    after: int
    #: Events that arrived, at all clients together, and those that a client was never sent.
    events: int
    missed: int

    @property
    def each(self) -> float:
        """Resident bytes for a client."""
        return (self.after - self.before) / self.count


class Processes(Struct, frozen=True):
    """One case with one process, and with two, where wrk shares two cores with them."""

    case: str
    one_rate: float
    two_rate: float
    #: Microseconds of server CPU per request, and of wrk's.
    one_cpu: float
    two_cpu: float
    wrk_cpu: float

    @property
    def ratio(self) -> float:
        """How many times the throughput of one process, as measured."""
        return self.two_rate / self.one_rate

    @property
    def possible(self) -> float:
        """The ratio that the two cores allow, were two processes as cheap as one.

        One process can use one core, while wrk has the other. With two processes, both cores are
        shared by servers and wrk.
        """
        one = 1 / max(self.one_cpu, self.wrk_cpu)
        return 2 / (self.one_cpu + self.wrk_cpu) / one

    @property
    def capacity(self) -> float:
        """The ratio with a load generator elsewhere: twice the cores, at the cost that was seen."""
        return 2 * self.one_cpu / self.two_cpu


class Growth(Struct, frozen=True):
    """Everything; what was not asked for is missing."""

    #: ISO 8601, UTC.
    made: str
    machine: dict[str, str]
    rounds: int
    routes: list[Routes] = []
    routes_memory: Memory | None = None
    connections: Connections | None = None
    listeners: Listeners | None = None
    processes: list[Processes] = []


def read(path: Path) -> Growth:
    """Return what was written.

    Raises BenchError where it is another document.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Growth)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise BenchError(f"{path}: {error}") from error


def write(growth: Growth, path: Path) -> None:
    """Write it for reading by people too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(growth), indent=2) + b"\n")
