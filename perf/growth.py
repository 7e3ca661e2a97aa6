"""Measures how this project's cost grows: ``python -m perf.growth --only routes``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from perf.bench import cases, command, machine, places
from perf.bench.data import placeholders
from perf.bench.errors import unknown
from perf.bench.growth import connections, listeners, processes, routes, tables
from perf.bench.growth.results import Growth, write
from perf.bench.options import Options

SUBJECTS = ("routes", "connections", "listeners", "processes")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what the command line says, and return the exit status."""
    options = _parser().parse_args(arguments)
    return command.guarded(lambda: _run(options.only, command.sampling(options)))


def _run(only: Sequence[str], options: Options) -> None:
    """Measure, write ``target/perf/growth.json``, and print the tables."""
    for name in only:
        if name not in SUBJECTS:
            raise unknown("subject", name, SUBJECTS)
    command.require_tools()
    growth = measure(only or SUBJECTS, options)
    write(growth, places.GROWTH)
    sys.stdout.write(tables.report(growth))


def measure(subjects: Sequence[str], options: Options) -> Growth:
    """Measure the subjects, one after the other."""
    growth = Growth(
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=machine.description(),
        rounds=options.rounds,
    )
    if "routes" in subjects:
        found, memory = routes.run(options)
        growth = msgspec.structs.replace(growth, routes=found, routes_memory=memory)
    if "connections" in subjects:
        growth = msgspec.structs.replace(growth, connections=connections.run(options))
    if "listeners" in subjects:
        growth = msgspec.structs.replace(growth, listeners=listeners.run(options))
    if "processes" in subjects:
        chosen = cases.chosen(cases.read(places.CASES).case, processes.CASES)
        filled = cases.filled(chosen, placeholders(options.data))
        # On any core: two processes, or one and wrk.
        free = msgspec.structs.replace(options, pin=False)
        growth = msgspec.structs.replace(growth, processes=processes.run(filled, free))
    return growth


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m perf.growth",
        description="Measures how cost grows, and writes target/perf/growth.json.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    command.add_load(parser)
    parser.add_argument(
        "--only", type=command.names, default=[], help=f"with commas, of {', '.join(SUBJECTS)}"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
