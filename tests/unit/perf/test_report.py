"""Tables, saved results and the plot, from a small run."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from perf.bench import results, saving, tables
from perf.bench.cases import Case, Catalogue, Expectation, Request
from perf.bench.errors import BenchError
from perf.bench.figures import MIB
from perf.bench.growth import tables as growth_tables
from perf.bench.growth.results import (
    Connections,
    Growth,
    Listeners,
    Live,
    Memory,
    Processes,
    Routes,
)
from perf.bench.results import Measured, Run, Sample, Settings


def measured(title: str, **lacks: str) -> Measured:
    return Measured(title, {"python": "3.12.1"}, "serve", results.Memory(50 * MIB, 60 * MIB), lacks)


def run(made: str = "2026-11-23T21:30:00+00:00") -> Run:
    costs = {
        ("hello", "bolt"): 8,
        ("hello", "floor"): 5,
        ("hello", "drf"): 200,
        ("form", "drf"): 300,
    }
    return Run(
        made=made,
        machine={"cpu": "A processor", "cores": "2", "revision": "abc"},
        settings=Settings(connections=64, requests=1000, seconds=2, rounds=2, pinned=True),
        servers={
            "bolt": measured("django-bolt", form="not yet"),
            "floor": measured("floor", form="not needed"),
            "drf": measured("REST framework"),
        },
        samples=[
            Sample(case, server, number, 1000, 0.1, cost / 1000, 0.001, 0.002)
            for (case, server), cost in costs.items()
            for number in (1, 2)
        ],
    )


CATALOGUE = Catalogue(
    [
        Case("hello", "JSON hello", Request("/hello"), Expectation(200), 7.5),
        Case("form", "Form", Request("/form"), Expectation(200)),
    ]
)


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "target" / "last.json"
    results.write(run(), path)
    assert results.read(path) == run()
    lines = path.read_text().splitlines()
    assert sum('"round":' in line for line in lines) == len(run().samples)


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "make bench makes it"), ("{}", "missing required"), ("{", "truncated")],
)
def test_runs_that_cannot_be_read(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "last.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(BenchError, match=message):
        results.read(path)


def test_a_table() -> None:
    assert tables.table(["Case", "µs"], [["hello", "8.00"], ["x", "-"]]).splitlines() == [
        "| Case  |   µs |",
        "| ----- | ---: |",
        "| hello | 8.00 |",
        "| x     |    - |",
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(7.834, "7.83"), (12.34, "12.3"), (205.4, "205"), (3121.0, "3,121"), (0.5, "0.50")],
)
def test_numbers(value: float, expected: str) -> None:
    assert tables.number(value) == expected


@pytest.mark.parametrize(
    "line",
    [
        "| Case       | django-bolt | floor | REST framework | to reach |",
        "| JSON hello |        8.00 |  5.00 |            200 |     7.50 |",
        "| Form       |           - |     - |            300 |          |",
        "| Case       | django-bolt / floor | REST framework |",
        "| JSON hello |               1.60x |          25.0x |",
        "| Form       |                   - |              - |",
        "| JSON hello |      10,000 | 10,000 |         10,000 |",
        "| JSON hello | 1.00 / 2.00 | 1.00 / 2.00 |    1.00 / 2.00 |",
        "| django-bolt    | 50.0 |          60.0 |",
        "- **hello**: 8.00 µs, to reach 7.50 µs.",
        "- **form**: not there (not yet).",
        "**django-bolt**: python 3.12.1  ",
        "- lacks Form: not yet",
        "Made 2026-11-23T21:30:00+00:00, revision abc.",
    ],
)
def test_the_report_has(line: str) -> None:
    assert line in tables.report(run(), CATALOGUE).splitlines()


def test_a_report_without_this_project() -> None:
    alone = msgspec.structs.replace(
        run(),
        servers={"drf": measured("REST framework")},
        samples=[sample for sample in run().samples if sample.server == "drf"],
    )
    text = tables.report(alone, CATALOGUE)
    assert "## Ratios" not in text
    assert "| JSON hello |            200 |     7.50 |" in text


def saved(directory: Path, made: str, name: str = "") -> Path:
    results.write(run(made), directory / "last.json")
    besides = [directory / saving.GROWTH, directory / saving.FANOUT]
    return saving.save(directory / "last.json", besides, directory / "results", name)


def test_results_of_one_day_do_not_replace_each_other(tmp_path: Path) -> None:
    morning, evening = "2026-11-23T08:00:00+00:00", "2026-11-23T20:00:00+00:00"
    assert saved(tmp_path, morning).name == "2026-11-23"
    assert saved(tmp_path, evening).name == "2026-11-23-2"
    assert saved(tmp_path, morning).name == "2026-11-23"
    assert results.read(tmp_path / "results" / "2026-11-23" / saving.RAW).made == morning
    assert saved(tmp_path, evening, "arm").name == "arm"
    assert saved(tmp_path, morning, "arm").name == "arm"
    assert results.read(tmp_path / "results" / "arm" / saving.RAW).made == morning


@pytest.mark.parametrize("name", ["../elsewhere", "a/b", "..", "."])
def test_names_that_lead_elsewhere(tmp_path: Path, name: str) -> None:
    with pytest.raises(BenchError, match="is not a name"):
        saved(tmp_path, "2026-11-23T08:00:00+00:00", name)


@pytest.mark.parametrize("other", [saving.GROWTH, saving.FANOUT])
def test_other_measurements_are_kept_too(tmp_path: Path, other: str) -> None:
    (tmp_path / other).write_text("{}")
    place = saved(tmp_path, "2026-11-23T08:00:00+00:00")
    assert (place / other).read_text() == "{}"
    assert len(list(place.iterdir())) == 2


def test_notes_survive(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    saving.write_readme(path, {"measurements": "one table"}, "Measurements")
    path.write_text(path.read_text() + "\nhello is slow because of the weather.\n")
    sections = {"measurements": "another table", "growth": "growing"}
    saving.write_readme(path, sections, "Measurements")
    text = path.read_text()
    assert text.startswith("# Measurements\n")
    assert "one table" not in text
    assert "another table" in text
    assert "growing" in text
    assert "hello is slow because of the weather." in text
    saving.write_readme(path, sections, "Measurements")
    assert path.read_text() == text


@pytest.mark.parametrize("change", [("<!-- end m -->", ""), ("begin m", "begun m")])
def test_damaged_markers_are_refused(tmp_path: Path, change: tuple[str, str]) -> None:
    path = tmp_path / "README.md"
    saving.write_readme(path, {"m": "table"}, "Measurements")
    damaged = path.read_text().replace(*change)
    path.write_text(damaged)
    with pytest.raises(BenchError, match="there must be one"):
        saving.write_readme(path, {"m": "table"}, "Measurements")
    assert path.read_text() == damaged


def test_the_plot_is_the_same_each_time(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="make bench installs it")
    from perf.bench import plot

    for name in ("one.svg", "other.svg"):
        plot.draw(run(), CATALOGUE, tmp_path / name)
    text = (tmp_path / "one.svg").read_text()
    assert text == (tmp_path / "other.svg").read_text()
    assert text.rstrip().endswith("</svg>")


GROWTH = Growth(
    made="2026-11-23T21:30:00+00:00",
    machine={"revision": "abc"},
    rounds=3,
    routes=[Routes("one route", 5, 5000, 8.0, 8.4), Routes("every route", 5, 5000, 8.0, 9.6)],
    routes_memory=Memory(40 * MIB, 80 * MIB),
    connections=Connections(
        10_000,
        50_000_000,
        120_000_000,
        Live(8.0, 100_000, 0.0005, 0.001),
        Live(8.2, 99_000, 0.0005, 0.0012),
    ),
    listeners=Listeners(10_000, 50_000_000, 310_000_000, 1000, 0),
    processes=[Processes("orm-list", 9000, 16_200, 100.0, 105.0, 10.0)],
)


@pytest.mark.parametrize(
    "line",
    [
        "| one route   |     8.00 |         8.40 | 1.050 |         reached |",
        "| every route |     8.00 |         9.60 | 1.200 | **not reached** |",
        "10,000 connections that were used once each take 7,000 bytes of resident memory each",
        "p99 is 1.20 times that without them.",
        "10,000 clients that listen at once take 26,000 bytes of resident memory each",
        "at most 25,000: **not reached**. 1,000 events arrived, 0 were missed.",
        "| orm-list |     9,000 |      16,200 |  1.80 |     1.82 |",
    ],
)
def test_growth_has(line: str) -> None:
    assert line in growth_tables.report(GROWTH)


def test_what_was_not_measured_of_growth_is_not_there() -> None:
    text = growth_tables.report(Growth(made="2026-11-23", machine={}, rounds=3))
    assert "###" not in text


@pytest.mark.parametrize(
    ("found", "possible", "capacity"),
    [
        # wrk costs nothing: twice as much.
        (Processes("x", 1, 2, 100.0, 100.0, 0.0), 2.0, 2.0),
        # wrk needs as much as the server: two processes have no more than one had.
        (Processes("x", 1, 1, 10.0, 10.0, 10.0), 1.0, 2.0),
        (Processes("x", 1, 1.6, 100.0, 125.0, 10.0), 1.818, 1.6),
    ],
)
def test_what_two_processes_can_reach(found: Processes, possible: float, capacity: float) -> None:
    assert found.possible == pytest.approx(possible, abs=0.001)
    assert found.capacity == pytest.approx(capacity)
