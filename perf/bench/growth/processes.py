"""Throughput with two processes on two cores, against one."""

from __future__ import annotations

import resource
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from perf.bench.accounting import Meter
from perf.bench.cases import Case
from perf.bench.errors import BenchError
from perf.bench.growth import sites
from perf.bench.growth.results import Processes
from perf.bench.load import Sent
from perf.bench.options import Options
from perf.bench.order import rotated
from perf.bench.process import Running
from perf.bench.samples import put

#: The cases in which wrk's share of the two cores is small: the server's part is the larger one.
CASES = ("body-10k", "orm-list", "orm-page")


class _Sample(NamedTuple):
    rate: float
    #: Microseconds per request: of the server, and of wrk.
    cpu: float
    wrk: float


def run(cases: Sequence[Case], options: Options) -> list[Processes]:
    """Measure each case with one and with two processes, in turn."""
    with (
        sites.with_processes(1, options.data) as one,
        sites.with_processes(2, options.data) as two,
    ):
        return [_compare(case, one, two, options) for case in cases]


def _compare(case: Case, one: Running, two: Running, options: Options) -> Processes:
    found: dict[Running, list[_Sample]] = {one: [], two: []}
    for number in range(options.rounds):
        for server in rotated([one, two], number):
            try:
                found[server].append(_sample(case, server, options))
            except BenchError as error:
                raise server.failure(f"{case.name}: {error}") from error
    return Processes(
        case=case.name,
        one_rate=median(sample.rate for sample in found[one]),
        two_rate=median(sample.rate for sample in found[two]),
        one_cpu=median(sample.cpu for sample in found[one]),
        two_cpu=median(sample.cpu for sample in found[two]),
        wrk_cpu=median(sample.wrk for sample in found[two]),
    )


def _sample(case: Case, server: Running, options: Options) -> _Sample:
    request = case.request
    requests = [Sent(request.method, request.path, request.headers, request.content(options.data))]
    put(case.name, requests, server, options.warm_up, options)
    before, meter = _children_cpu(), Meter(server.pid)
    outcome = put(case.name, requests, server, options.load, options)
    return _Sample(
        rate=outcome.requests / outcome.seconds,
        cpu=meter.seconds() / outcome.requests * 1e6,
        wrk=(_children_cpu() - before) / outcome.requests * 1e6,
    )


def _children_cpu() -> float:
    """Return the CPU of the children that were waited for: wrk. The servers still run."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
