"""What samples come to: medians, spreads and ratios."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from msgspec import Struct

from perf.bench.cases import Case, Catalogue, Relation
from perf.bench.results import Run, Sample
from perf.bench.servers import FLOOR, OURS

MIB = 1024 * 1024


class Figure(Struct, frozen=True):
    """One case on one server: medians of its rounds, times in seconds except for ``cpu``."""

    #: Microseconds of server CPU per request.
    cpu: float
    rate: float
    p50: float
    p99: float
    #: The lowest and the highest ``cpu``.
    low: float
    high: float

    @property
    def spread(self) -> float:
        """How far the rounds are apart, as a part of the median."""
        return (self.high - self.low) / self.cpu if self.cpu else 0.0


def figure(samples: list[Sample]) -> Figure:
    """Return the medians of the rounds of one case on one server."""
    cpu = [sample.cpu for sample in samples]
    return Figure(
        cpu=median(cpu),
        rate=median(sample.rate for sample in samples),
        p50=median(sample.p50 for sample in samples),
        p99=median(sample.p99 for sample in samples),
        low=min(cpu),
        high=max(cpu),
    )


class Figures:
    """All figures of a run."""

    def __init__(self, run: Run) -> None:
        """Compute them."""
        found: dict[tuple[str, str], list[Sample]] = {}
        for sample in run.samples:
            found.setdefault((sample.case, sample.server), []).append(sample)
        self._figures = {key: figure(samples) for key, samples in found.items()}
        self.servers = list(run.servers)
        self._lacks = {name: server.lacks for name, server in run.servers.items()}

    def get(self, case: str, server: str) -> Figure | None:
        """Return a figure, if the server has the case and both were in the run."""
        return self._figures.get((case, server))

    @property
    def cases(self) -> list[str]:
        """The cases of the run, in its order."""
        return list(dict.fromkeys(case for case, _ in self._figures))

    @property
    def peers(self) -> list[str]:
        """The servers of others."""
        return [name for name in self.servers if name not in {OURS, FLOOR}]

    def ratio(self, case: str, server: str, base: str) -> float | None:
        """Return how many times the CPU of ``base`` a server needs."""
        one, other = self.get(case, server), self.get(case, base)
        return one.cpu / other.cpu if one and other and other.cpu else None

    def spreads(self) -> list[float]:
        """Return the spread of every figure."""
        return [figure.spread for figure in self._figures.values()]

    def lacking(self, case: str, server: str) -> str | None:
        """Return why a server of the run has no such case, if it has none."""
        return self._lacks.get(server, {}).get(case)


def goal_of(case: Case, figures: Figures) -> float | None:
    """Return the microseconds that a case is to reach; one that depends on another, as measured."""
    if not isinstance(case.goal, Relation):
        return case.goal
    other = figures.get(case.goal.case, OURS)
    return None if other is None else other.cpu * case.goal.times


def not_ahead(run: Run, figures: Figures, catalogue: Catalogue) -> Iterator[str]:
    """Yield, as lines of Markdown, where this project is behind a peer or above its goal."""
    if OURS not in run.servers:
        return
    for case in catalogue.case:
        ours = figures.get(case.name, OURS)
        if ours is not None:
            yield from _behind(case, ours, run, figures)
        elif case.name in figures.cases:
            reason = figures.lacking(case.name, OURS) or "not measured"
            yield f"**{case.name}**: not there ({reason})."
    idle = run.servers[OURS].memory.idle_pss / MIB
    goal = catalogue.goals.idle_pss_mib
    if goal is not None and idle > goal:
        yield f"**memory**: {idle:.1f} MiB when idle, to reach {goal:g} MiB."


def _behind(case: Case, ours: Figure, run: Run, figures: Figures) -> Iterator[str]:
    here = f"**{case.name}**: {ours.cpu:.2f} µs"
    for peer in figures.peers:
        theirs = figures.get(case.name, peer)
        if theirs is not None and theirs.cpu <= ours.cpu:
            yield f"{here}, {run.servers[peer].title} {theirs.cpu:.2f} µs."
    goal = goal_of(case, figures)
    if goal is not None and ours.cpu > goal:
        source = ""
        if isinstance(case.goal, Relation):
            source = f" ({case.goal.times:g} times {case.goal.case})"
        yield f"{here}, to reach {goal:.2f} µs{source}."
