"""A whole run: from reading what is to be measured to writing what was."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime

from tqdm import tqdm

from perf.bench import accounting, assertions, command, machine, order, places, process, samples
from perf.bench import cases as catalogue_of
from perf.bench import servers as servers_of
from perf.bench.cases import Case
from perf.bench.data import placeholders
from perf.bench.figures import Figures, figure
from perf.bench.options import Options
from perf.bench.process import Running
from perf.bench.results import Measured, Memory, Run, Sample, Settings, write
from perf.bench.servers import Server
from perf.bench.tables import cpu_table


def run(cases: Sequence[str], servers: Sequence[str], options: Options) -> None:
    """Measure, write ``target/perf/last.json``, and print the table.

    No name of a case or a server means all of them. Raises BenchError where something is missing,
    does not start, or answers wrongly.
    """
    command.require_tools()
    catalogue = catalogue_of.read(places.CASES)
    chosen = catalogue_of.chosen(catalogue.case, cases)
    described = servers_of.chosen(servers_of.read(places.SERVERS, catalogue.names), servers)
    filled = catalogue_of.filled(chosen, placeholders(places.DATA))
    result = Session(filled, described, options).measure()
    write(result, places.LAST)
    where = places.LAST.relative_to(places.ROOT)
    _say(f"\n{cpu_table(result, Figures(result), catalogue)}\n")
    _say(f"Microseconds of server CPU per request; {where} has everything.")


def _say(text: str) -> None:
    tqdm.write(text, file=sys.stdout)
    sys.stdout.flush()


class Session:
    """Servers that run side by side, and what is asked of them."""

    def __init__(self, cases: Sequence[Case], servers: dict[str, Server], options: Options) -> None:
        """Ask every environment for its versions: one that is missing is known before a start."""
        self._cases = cases
        self._servers = servers
        self._versions = {name: server.versions() for name, server in servers.items()}
        self._options = options
        self._running: dict[str, Running] = {}

    def measure(self) -> Run:
        """Start the servers, assert, measure, assert again, and end them."""
        made = datetime.now(UTC)
        with ExitStack() as stack:
            for name, server in self._servers.items():
                self._running[name] = stack.enter_context(start(name, server, self._options))
            idle = self._memory()
            self._check()
            samples = self._samples()
            self._check()
            after = self._memory()
        return Run(
            made=made.isoformat(timespec="seconds"),
            machine=machine.description(),
            settings=self._settings(),
            servers={
                name: Measured(
                    title=server.title,
                    versions=self._versions[name],
                    command=" ".join(server.command),
                    memory=Memory(idle[name], after[name]),
                    lacks=server.lacks,
                )
                for name, server in self._servers.items()
            },
            samples=samples,
        )

    def _settings(self) -> Settings:
        load = self._options.load
        return Settings(
            connections=load.connections,
            requests=load.requests,
            seconds=load.seconds,
            rounds=self._options.rounds,
            pinned=self._options.pin,
        )

    def _memory(self) -> dict[str, int]:
        return {
            name: accounting.pss(accounting.tree(server.pid))
            for name, server in self._running.items()
        }

    def _check(self) -> None:
        for name, running in self._running.items():
            assertions.check(running, self._servers[name], self._cases, self._options.data)

    def _samples(self) -> list[Sample]:
        plan = list(order.schedule(self._cases, self._having, self._options.rounds))
        taken: list[Sample] = []
        with tqdm(plan, unit="sample", disable=None, dynamic_ncols=True) as progress:
            for case, name, number in progress:
                progress.set_description(f"{case.name} {name}")
                taken.append(samples.sample(case, self._running[name], number, self._options))
                if len(taken) == len(plan) or plan[len(taken)][0] is not case:
                    _say(self._line(case, taken))
        return taken

    def _having(self, case: Case) -> list[str]:
        return [name for name, server in self._servers.items() if case.name not in server.lacks]

    def _line(self, case: Case, taken: Sequence[Sample]) -> str:
        """Return what a case has come to, as one line."""
        cells = []
        for name in self._having(case):
            mine = [one for one in taken if (one.case, one.server) == (case.name, name)]
            cells.append(f"{name} {figure(mine).cpu:.2f}")
        return f"{case.name:18} {'  '.join(cells)}"


def start(name: str, server: Server, options: Options) -> process.Started:
    """Start a server as ``servers.toml`` describes it, on the core of servers."""
    port = process.free_port()
    return process.running(
        name,
        [*machine.pinned(machine.SERVER_CORE, pin=options.pin), *server.command_line(port)],
        port=port,
        directory=server.where,
        variables=server.variables(options.data),
        log=places.LOGS / f"{name}.log",
    )
