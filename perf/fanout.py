"""Measures one event at many clients of each server: ``python -m perf.fanout``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime

from tqdm import tqdm

from perf.bench import cases as catalogue_of
from perf.bench import command, fanout, machine, places
from perf.bench import servers as servers_of
from perf.bench.options import Options
from perf.bench.servers import Server
from perf.bench.session import start


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what the command line says, and return the exit status."""
    parser = _parser()
    command.add_load(parser)
    options = parser.parse_args(arguments)
    return command.guarded(lambda: _run(options, command.sampling(options)))


def _run(given: argparse.Namespace, options: Options) -> None:
    """Measure, write ``target/perf/fanout.json``, and print the table."""
    command.require_tools()
    described = servers_of.read(places.SERVERS, catalogue_of.read(places.CASES).names)
    having = {
        name: server
        for name, server in servers_of.chosen(described, given.servers).items()
        if servers_of.FAN_OUT not in server.lacks
    }
    found = measure(having, given.clients, options)
    fanout.write(found, places.FANOUT)
    sys.stdout.write(fanout.report(found))


def measure(servers: dict[str, Server], clients: int, options: Options) -> fanout.Fanout:
    """Measure every server in each round; only one has clients at a time."""
    if options.pin:
        os.sched_setaffinity(0, {machine.LOAD_CORE})
    samples: list[fanout.Sample] = []
    with ExitStack() as stack:
        running = {
            name: stack.enter_context(start(name, server, options))
            for name, server in servers.items()
        }
        plan = list(fanout.schedule(list(running), options.rounds))
        for name, turn in tqdm(plan, unit="sample", disable=None):
            samples.append(fanout.sample(running[name], turn, clients, options.load.seconds))
    return fanout.Fanout(
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=machine.description(),
        seconds=options.load.seconds,
        titles={name: server.title for name, server in servers.items()},
        samples=samples,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m perf.fanout",
        description="Measures one event at many clients, and writes target/perf/fanout.json.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--clients", type=int, default=1000, help="that listen at once")
    parser.add_argument("--servers", type=command.names, default=[], help="names; [] is all")
    return parser


if __name__ == "__main__":
    sys.exit(main())
