"""Results as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import median

from perf.bench.cases import Catalogue
from perf.bench.figures import MIB, Figure, Figures, goal_of, not_ahead
from perf.bench.results import Run
from perf.bench.servers import FLOOR, OURS

#: What stands for a case that a server does not have.
NOTHING = "-"

Show = Callable[[Figure], str]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table: the first column to the left, all others to the right."""
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(
        "| " + " | ".join([line[0].ljust(widths[0]), *_right(line[1:], widths[1:])]) + " |"
        for line in [lines[0], rule, *lines[1:]]
    )


def _right(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [cell.rjust(width) for cell, width in zip(cells, widths, strict=True)]


def number(value: float) -> str:
    """Return three digits that count, or all of a larger number."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def report(run: Run, catalogue: Catalogue) -> str:
    """Return everything about a run, as sections of Markdown."""
    figures = Figures(run)
    sections = [
        _circumstances(run),
        "## CPU per request\n\nMicroseconds of server CPU, user and system; medians of "
        f"{run.settings.rounds} rounds.\n\n" + cpu_table(run, figures, catalogue),
        *_ratios(run, figures, catalogue),
        "## Requests per second\n\n"
        + _per_server(run, figures, catalogue, lambda figure: f"{figure.rate:,.0f}"),
        "## Latency\n\nMilliseconds: p50 / p99.\n\n"
        + _per_server(run, figures, catalogue, _latency),
        "## Memory\n\nMiB of PSS of the whole process tree.\n\n" + _memory(run),
        "## Spread\n\n" + _spread(run, figures, catalogue),
        "## Not ahead\n\n" + _not_ahead(run, figures, catalogue),
        "## Servers\n\n" + _servers(run, catalogue),
    ]
    return "\n\n".join(sections) + "\n"


def cpu_table(run: Run, figures: Figures, catalogue: Catalogue) -> str:
    """Return the table of CPU per request, with the figures to reach."""
    goals = {case.name: goal_of(case, figures) for case in catalogue.case}
    head = ["Case", *_titles(run), "to reach"]
    return table(
        head,
        (
            [
                catalogue.title(case),
                *_cells(figures, case, lambda figure: number(figure.cpu)),
                "" if (goal := goals.get(case)) is None else number(goal),
            ]
            for case in figures.cases
        ),
    )


def _titles(run: Run) -> list[str]:
    return [server.title for server in run.servers.values()]


def _cells(figures: Figures, case: str, show: Show) -> list[str]:
    found = [figures.get(case, server) for server in figures.servers]
    return [NOTHING if figure is None else show(figure) for figure in found]


def _per_server(run: Run, figures: Figures, catalogue: Catalogue, show: Show) -> str:
    return table(
        ["Case", *_titles(run)],
        ([catalogue.title(case), *_cells(figures, case, show)] for case in figures.cases),
    )


def _latency(figure: Figure) -> str:
    return f"{number(figure.p50 * 1e3)} / {number(figure.p99 * 1e3)}"


def _circumstances(run: Run) -> str:
    machine, settings = run.machine, run.settings
    until = f"{settings.requests:,} requests"
    if settings.seconds is not None:
        until += f" or {settings.seconds:g} s"
    where = "core 0, wrk to core 1" if settings.pinned else "no core"
    return (
        f"Made {run.made}, revision {machine.get('revision') or 'unknown'}.\n\n"
        f"{machine.get('cpu')}, {machine.get('cores')} cores; Linux {machine.get('kernel')}; "
        f"Python {machine.get('python')}; {machine.get('rustc')}; {machine.get('wrk')}.\n\n"
        f"{settings.connections} connections; {until} a sample; {settings.rounds} rounds in turn; "
        f"servers pinned to {where}. perf/METHODOLOGY.md says how to read this."
    )


def _ratios(run: Run, figures: Figures, catalogue: Catalogue) -> list[str]:
    """Return how peers compare to this project, and this project to the floor."""
    if OURS not in run.servers:
        return []
    head, columns = ["Case"], []
    if FLOOR in run.servers:
        head.append(f"{run.servers[OURS].title} / floor")
        columns.append((OURS, FLOOR))
    for peer in figures.peers:
        head.append(run.servers[peer].title)
        columns.append((peer, OURS))
    if not columns:
        return []
    rows = (
        [
            catalogue.title(case),
            *(_times(figures.ratio(case, server, base)) for server, base in columns),
        ]
        for case in figures.cases
    )
    meaning = f"How many times the CPU of {run.servers[OURS].title} a peer needs"
    if FLOOR in run.servers:
        meaning += "; in the first column, how many times that of the floor this project needs"
    return [f"## Ratios\n\n{meaning}.\n\n{table(head, rows)}"]


def _times(ratio: float | None) -> str:
    return NOTHING if ratio is None else f"{number(ratio)}x"


def _memory(run: Run) -> str:
    return table(
        ["Server", "idle", "after the run"],
        (
            [
                server.title,
                f"{server.memory.idle_pss / MIB:.1f}",
                f"{server.memory.after_pss / MIB:.1f}",
            ]
            for server in run.servers.values()
        ),
    )


def _spread(run: Run, figures: Figures, catalogue: Catalogue) -> str:
    spreads = figures.spreads()
    summary = (
        f"Between the lowest and the highest CPU per request of {run.settings.rounds} rounds, in "
        f"parts of the median: {median(spreads):.1%} in the middle of all figures, "
        f"{max(spreads):.1%} at worst.\n\n"
        if spreads
        else ""
    )
    return summary + _per_server(run, figures, catalogue, lambda figure: f"{figure.spread:.1%}")


def _not_ahead(run: Run, figures: Figures, catalogue: Catalogue) -> str:
    lines = [f"- {line}" for line in not_ahead(run, figures, catalogue)]
    return (
        "\n".join(lines) or "Nothing: ahead of every peer, and at or below every figure to reach."
    )


def _servers(run: Run, catalogue: Catalogue) -> str:
    blocks = []
    for server in run.servers.values():
        versions = ", ".join(f"{name} {version}" for name, version in server.versions.items())
        lines = [f"**{server.title}**: {versions or 'no Python'}  ", f"`{server.command}`"]
        lines += [
            f"- lacks {catalogue.title(case)}: {reason}" for case, reason in server.lacks.items()
        ]
        blocks.append("\n".join(lines[:2]) + "".join(f"\n{line}" for line in _spaced(lines[2:])))
    return "\n\n".join(blocks)


def _spaced(lines: list[str]) -> list[str]:
    return ["", *lines] if lines else []
