"""Results as a picture: CPU per request of every case and server, on a logarithmic scale."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import LogLocator, NullLocator

from perf.bench.cases import Catalogue
from perf.bench.figures import Figures
from perf.bench.results import Run
from perf.bench.servers import FLOOR, OURS

# Okabe and Ito's colours, which people see apart who see few; the shapes tell them apart again.
_PEERS = [
    ("#E69F00", "s"),
    ("#56B4E9", "^"),
    ("#009E73", "v"),
    ("#CC79A7", "D"),
    ("#D55E00", "P"),
    ("#8C6D31", "X"),
    ("#7F7F7F", "<"),
    ("#5D3A9B", ">"),
]
_OURS = ("#0072B2", "o")
_FLOOR = ("#000000", "|")
_INK = "#333333"
_LINE = "#DDDDDD"

#: The same run gives the same file: nothing is dated, or numbered at random. Letters are drawn, so
#: that no viewer needs the font.
_STYLE: dict[Any, Any] = {
    "svg.hashsalt": "bolt-bench",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
}


def draw(run: Run, catalogue: Catalogue, path: Path) -> None:
    """Write the picture, as SVG or as what the name of the file asks for."""
    figures = Figures(run)
    with mpl.rc_context(_STYLE):
        canvas = Canvas(figsize=(10, 1.6 + 0.36 * len(figures.cases)), layout="constrained")
        axes = canvas.subplots()
        _axes(axes, figures, catalogue)
        for number, server in enumerate(figures.servers):
            _server(axes, run, figures, server, number)
        canvas.legend(loc="outside upper center", ncols=3, frameon=False)
        canvas.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def _axes(axes: Axes, figures: Figures, catalogue: Catalogue) -> None:
    cases = figures.cases
    axes.set_xscale("log")
    axes.set_xlabel("microseconds of server CPU per request (logarithmic): further left is better")
    axes.set_yticks(range(len(cases)), [catalogue.title(case) for case in cases])
    axes.set_ylim(len(cases) - 0.5, -0.5)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.grid(axis="y", color=_LINE, linewidth=0.8)
    axes.grid(axis="x", color=_LINE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _server(axes: Axes, run: Run, figures: Figures, server: str, number: int) -> None:
    found = [(row, figures.get(case, server)) for row, case in enumerate(figures.cases)]
    points = [(figure.cpu, row) for row, figure in found if figure is not None]
    colour, marker = _look(figures, server)
    axes.plot(
        [cpu for cpu, _ in points],
        [row for _, row in points],
        linestyle="none",
        label=run.servers[server].title,
        color=colour,
        marker=marker,
        markersize={OURS: 9, FLOOR: 13}.get(server, 7),
        markeredgewidth=2 if server == FLOOR else 0.6,
        markeredgecolor=colour if server == FLOOR else "white",
        zorder=20 if server == OURS else 10 - number / 100,
    )


def _look(figures: Figures, server: str) -> tuple[str, str]:
    if server == OURS:
        return _OURS
    if server == FLOOR:
        return _FLOOR
    return _PEERS[figures.peers.index(server) % len(_PEERS)]
