"""The cost of a request to an app with many routes, against one with few."""

from __future__ import annotations

import random
from collections.abc import Sequence
from statistics import median

from perf.bench import accounting
from perf.bench.growth import sites
from perf.bench.growth.results import Memory, Routes
from perf.bench.load import Sent
from perf.bench.options import Options
from perf.bench.order import rotated
from perf.bench.process import Running
from perf.bench.samples import measure

FEW = 5
MANY = 5000


def run(options: Options) -> tuple[list[Routes], Memory]:
    """Measure requests to one route, and to all of them in an order without a pattern."""
    with (
        sites.many_routes(FEW, options.data, pin=options.pin) as few,
        sites.many_routes(MANY, options.data, pin=options.pin) as many,
    ):
        memory = Memory(_pss(few), _pss(many))
        return [
            _compare("one route", [FEW - 1], [MANY - 1], few, many, options),
            _compare("every route", range(FEW), range(MANY), few, many, options),
        ], memory


def _pss(server: Running) -> int:
    return accounting.pss(accounting.tree(server.pid))


def _compare(
    asked: str,
    few_numbers: Sequence[int],
    many_numbers: Sequence[int],
    few: Running,
    many: Running,
    options: Options,
) -> Routes:
    loads = {few: _requests(few_numbers), many: _requests(many_numbers)}
    found: dict[Running, list[float]] = {few: [], many: []}
    for number in range(options.rounds):
        for server in rotated([few, many], number):
            sample = measure(server.name, loads[server], server, number + 1, options)
            found[server].append(sample.cpu)
    return Routes(asked, FEW, MANY, median(found[few]), median(found[many]))


def _requests(numbers: Sequence[int]) -> list[Sent]:
    shuffled = random.Random(0).sample(numbers, len(numbers))  # noqa: S311 - no secret
    return [Sent("GET", f"/kinds/{number}/things/7") for number in shuffled]
