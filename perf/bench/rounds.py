"""The order of a run, and one sample after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from perf.bench import load as loads
from perf.bench import machine
from perf.bench.accounting import Meter
from perf.bench.cases import Case
from perf.bench.errors import BenchError
from perf.bench.load import Load, Outcome, Sent
from perf.bench.process import Running
from perf.bench.results import Sample

#: Before each sample: so many of its requests, for so many seconds at most.
WARM_UP = 0.1
WARM_UP_SECONDS = 0.2

T = TypeVar("T")


class Options(Struct, frozen=True):
    """What is the same for every sample."""

    load: Load
    rounds: int
    pin: bool
    data: Path
    scripts: Path

    @property
    def warm_up(self) -> Load:
        """The load before that of a sample."""
        return Load(
            self.load.connections,
            max(int(self.load.requests * WARM_UP), self.load.connections),
            min(self.load.seconds, WARM_UP_SECONDS),
        )


def rotated(members: Sequence[T], by: int) -> list[T]:
    """Return the members with another one first: A B C, B C A, C A B."""
    start = by % len(members) if members else 0
    return [*members[start:], *members[:start]]


def schedule(
    cases: Sequence[Case], has: Callable[[Case], Sequence[str]], rounds: int
) -> Iterator[tuple[Case, str, int]]:
    """Yield case, server and round (from 1) of each sample, in the order of the run."""
    for case in cases:
        for number in range(rounds):
            for server in rotated(has(case), number):
                yield case, server, number + 1


def sample(case: Case, server: Running, number: int, options: Options) -> Sample:
    """Put the load of one case on one server.

    Raises BenchError where an answer is missing or another than expected.
    """
    request = case.request
    sent = Sent(request.method, request.path, request.headers, request.content(options.data))
    return measure(case.name, [sent], server, number, options, refusal=case.expect.is_refusal)


def measure(
    name: str,
    requests: Sequence[Sent],
    server: Running,
    number: int,
    options: Options,
    *,
    refusal: bool = False,
) -> Sample:
    """Put a load of any requests on a server, after a short one that is not counted."""
    try:
        put(name, requests, server, options.warm_up, options, refusal=refusal)
        meter = Meter(server.pid)
        outcome = put(name, requests, server, options.load, options, refusal=refusal)
        cpu = meter.seconds()
    except BenchError as error:
        raise server.failure(f"{name}: {error}") from error
    return Sample(
        case=name,
        server=server.name,
        round=number,
        requests=outcome.requests,
        seconds=outcome.seconds,
        cpu_seconds=round(cpu, 9),
        p50=outcome.p50,
        p99=outcome.p99,
    )


def put(
    name: str,
    requests: Sequence[Sent],
    server: Running,
    amount: Load,
    options: Options,
    *,
    refusal: bool = False,
) -> Outcome:
    """Put a load on a server, and return what wrk saw.

    Raises BenchError where an answer is missing or another than expected.
    """
    options.scripts.mkdir(parents=True, exist_ok=True)
    path = options.scripts / f"{name}.lua"
    path.write_text(loads.script(requests, amount))
    prefix = machine.pinned(machine.LOAD_CORE, pin=options.pin)
    outcome = loads.run(server.url, path, amount, prefix)
    fault = loads.fault(outcome, amount, refusal=refusal)
    if fault:
        raise BenchError(fault)
    return outcome
