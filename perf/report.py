"""Tells what was measured.

``python -m perf.report`` shows the last run, ``... save [--name NAME]`` keeps it under
``perf/results``, and ``... render DIRECTORY`` writes the tables and the plot of an older one anew.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from perf.bench import cases, fanout, places, plot, results, saving, tables
from perf.bench.errors import BenchError
from perf.bench.growth.results import read as read_growth
from perf.bench.growth.tables import report as growth_report


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says, and return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        if options.action == "save":
            place = saving.save(
                places.LAST, (places.GROWTH, places.FANOUT), places.RESULTS, options.name
            )
            render(place)
            sys.stdout.write(
                f"{place.relative_to(places.ROOT)}: write the reasons into README.md\n"
            )
        elif options.action == "render":
            render(options.directory)
        else:
            run = results.read(places.LAST)
            sys.stdout.write(tables.report(run, cases.read(places.CASES)))
    except BenchError as error:
        sys.stderr.write(f"bench: {error}\n")
        return 1
    return 0


def render(place: Path) -> None:
    """Write the README and the plot of a saved result."""
    run, catalogue = results.read(place / saving.RAW), cases.read(places.CASES)
    plot.draw(run, catalogue, place / saving.PLOT)
    picture = f"![Server CPU per request of every case and server]({saving.PLOT})"
    sections = {"measurements": f"{picture}\n\n{tables.report(run, catalogue)}"}
    growth = place / saving.GROWTH
    if growth.exists():
        sections["growth"] = growth_report(read_growth(growth))
    clients = place / saving.FANOUT
    if clients.exists():
        sections["fanout"] = fanout.report(fanout.read(clients))
    saving.write_readme(place / saving.README, sections, f"Measurements of {place.name}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m perf.report", description="Tells what was measured."
    )
    actions = parser.add_subparsers(dest="action")
    save = actions.add_parser("save", help="keep the last run under perf/results")
    save.add_argument(
        "--name",
        default="",
        help="instead of the date; replaces the numbers of a result of that name",
    )
    again = actions.add_parser("render", help="write tables and plot of a saved result anew")
    again.add_argument("directory", type=Path)
    return parser


if __name__ == "__main__":
    sys.exit(main())
