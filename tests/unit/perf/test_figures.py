"""From samples to medians, ratios and what is not ahead."""

from __future__ import annotations

import pytest

from perf.bench.cases import Case, Catalogue, Expectation, Goals, Relation, Request
from perf.bench.figures import MIB, Figures, figure, goal_of, not_ahead
from perf.bench.results import Measured, Memory, Run, Sample, Settings


def sample(server: str, microseconds: float, number: int = 1, case: str = "hello") -> Sample:
    return Sample(
        case=case,
        server=server,
        round=number,
        requests=1000,
        seconds=0.1 * number,
        cpu_seconds=microseconds / 1000,
        p50=0.001 * number,
        p99=0.002 * number,
    )


def run(*samples: Sample, idle_mib: float = 50, **lacks: dict[str, str]) -> Run:
    servers = dict.fromkeys([*(sample.server for sample in samples), *lacks])
    memory = Memory(int(idle_mib * MIB), 60 * MIB)
    return Run(
        made="2026-11-23T21:30:00+00:00",
        machine={},
        settings=Settings(connections=64, requests=1000, seconds=2, rounds=3, pinned=True),
        servers={
            name: Measured(name.upper(), {}, name, memory, lacks.get(name, {})) for name in servers
        },
        samples=list(samples),
    )


def catalogue(goal: float | Relation | None = None, idle: float | None = None) -> Catalogue:
    hello = Case("hello", "Hello", Request("/"), Expectation(200))
    return Catalogue(
        [hello, Case("class", "Class", Request("/"), Expectation(200), goal)], Goals(idle)
    )


def test_medians_of_rounds() -> None:
    found = figure([sample("bolt", 9, 1), sample("bolt", 7, 2), sample("bolt", 8, 3)])
    assert (found.cpu, found.low, found.high) == pytest.approx((8, 7, 9))
    assert found.rate == pytest.approx(5000)
    assert (found.p50, found.p99) == pytest.approx((0.002, 0.004))
    assert found.spread == pytest.approx(0.25)


def test_ratios() -> None:
    figures = Figures(run(sample("bolt", 8), sample("floor", 5), sample("drf", 200)))
    assert figures.ratio("hello", "drf", "bolt") == pytest.approx(25)
    assert figures.ratio("hello", "bolt", "floor") == pytest.approx(1.6)
    assert figures.ratio("hello", "ninja", "bolt") is None
    assert figures.ratio("form", "drf", "bolt") is None
    assert figures.peers == ["drf"]
    assert figures.cases == ["hello"]


@pytest.mark.parametrize(
    ("goal", "expected"), [(None, None), (7.5, 7.5), (Relation("hello", 1.05), 8.4)]
)
def test_goals(goal: float | Relation | None, expected: float | None) -> None:
    case = Case("class", "Class", Request("/"), Expectation(200), goal)
    figures = Figures(run(sample("bolt", 8), sample("floor", 5)))
    assert goal_of(case, figures) == (expected and pytest.approx(expected))


def test_a_goal_that_depends_on_what_was_not_measured() -> None:
    case = Case("class", "Class", Request("/"), Expectation(200), Relation("hello", 1.05))
    assert goal_of(case, Figures(run(sample("floor", 5)))) is None


@pytest.mark.parametrize(
    ("measured", "known", "lines"),
    [
        (run(sample("bolt", 8), sample("drf", 9)), catalogue(), []),
        (
            run(sample("bolt", 8), sample("drf", 8)),
            catalogue(),
            ["**hello**: 8.00 µs, DRF 8.00 µs."],
        ),
        # Nobody is ahead of the floor.
        (run(sample("bolt", 8), sample("floor", 5)), catalogue(), []),
        (
            run(sample("bolt", 8), sample("bolt", 9, case="class")),
            catalogue(Relation("hello", 1.05)),
            ["**class**: 9.00 µs, to reach 8.40 µs (1.05 times hello)."],
        ),
        (
            run(sample("bolt", 8, case="class")),
            catalogue(7.5),
            ["**class**: 8.00 µs, to reach 7.50 µs."],
        ),
        (
            run(sample("drf", 9), bolt={"hello": "with the next version"}),
            catalogue(),
            ["**hello**: not there (with the next version)."],
        ),
        (
            run(sample("bolt", 8), idle_mib=56.2),
            catalogue(idle=55),
            ["**memory**: 56.2 MiB when idle, to reach 55 MiB."],
        ),
        (run(sample("drf", 9)), catalogue(1, 1), []),
    ],
)
def test_not_ahead(measured: Run, known: Catalogue, lines: list[str]) -> None:
    assert list(not_ahead(measured, Figures(measured), known)) == lines
