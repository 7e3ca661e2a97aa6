"""What a run leaves behind: one JSON document, from which everything else is written."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from perf.bench.errors import BenchError


class Settings(Struct, frozen=True):
    """How the load was."""

    connections: int
    requests: int
    #: Where a sample ended that had not reached ``requests``.
    seconds: float | None
    rounds: int
    pinned: bool
    threads: int = 1


class Memory(Struct, frozen=True):
    """Bytes of PSS, before the first request was timed and after the last."""

    idle_pss: int
    after_pss: int


class Measured(Struct, frozen=True):
    """A server of a run."""

    title: str
    versions: dict[str, str]
    command: str
    memory: Memory
    lacks: dict[str, str]


class Sample(Struct, frozen=True):
    """One load on one server; times in seconds."""

    case: str
    server: str
    round: int
    requests: int
    seconds: float
    cpu_seconds: float
    p50: float
    p99: float
    errors: int = 0

    @property
    def cpu(self) -> float:
        """Microseconds of server CPU for each request."""
        return self.cpu_seconds / self.requests * 1e6

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds


class Run(Struct, frozen=True):
    """Everything of one run."""

    #: ISO 8601, UTC.
    made: str
    machine: dict[str, str]
    settings: Settings
    servers: dict[str, Measured]
    samples: list[Sample]

    @property
    def date(self) -> str:
        """The day on which it was made."""
        return self.made[:10]


def read(path: Path) -> Run:
    """Return a run that was written.

    Raises BenchError where there is none, or another document.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Run)
    except FileNotFoundError as error:
        raise BenchError(f"{path} is missing: make bench makes it") from error
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise BenchError(f"{path}: {error}") from error


def write(run: Run, path: Path) -> None:
    """Write a run, one sample to a line, so that two of them can be compared."""
    head = {name: value for name, value in msgspec.to_builtins(run).items() if name != "samples"}
    text = msgspec.json.format(msgspec.json.encode(head), indent=2).decode()
    lines = ",\n".join("    " + msgspec.json.encode(sample).decode() for sample in run.samples)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'{text.removesuffix("}").rstrip()},\n  "samples": [\n{lines}\n  ]\n}}\n')
