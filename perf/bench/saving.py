"""Dated results: a directory for each, whose tables are written and whose notes are kept."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from perf.bench import results
from perf.bench.errors import BenchError

RAW = "raw.json"
GROWTH = "growth.json"
FANOUT = "fanout.json"
README = "README.md"
PLOT = "plot.svg"

_BEGIN = "<!-- begin {}: written by perf/report.py -->"
_END = "<!-- end {} -->"

_NOTES = """
## Why not ahead

What stands in *Not ahead*, each line with its reason and the profile that shows it.
"""


def save(last: Path, besides: Iterable[Path], directory: Path, name: str = "") -> Path:
    """Keep the last run, and those of other measurements ``besides`` that exist; return where.

    Without a name it is the date of the run, with a number where that holds another run already.
    With the name of an older result, the numbers of that are replaced. Raises BenchError where
    there is no run, or the name is no name of a directory.
    """
    run = results.read(last)
    if name and (Path(name).name != name or name == ".."):
        raise BenchError(f"{name!r} is not a name of one directory")
    place = directory / name if name else _free(directory, run)
    place.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(last, place / RAW)
    for other in besides:
        if other.exists():
            shutil.copyfile(other, place / other.name)
    return place


def _free(directory: Path, run: results.Run) -> Path:
    """Return the place of a run: the one that has it already, or else one that is free."""
    number = 1
    while True:
        place = directory / (run.date if number == 1 else f"{run.date}-{number}")
        raw = place / RAW
        if not raw.exists() or results.read(raw).made == run.made:
            return place
        number += 1


def write_readme(path: Path, sections: Mapping[str, str], title: str) -> None:
    """Write each section between its markers; what stands outside of them stays as it is."""
    text = path.read_text() if path.exists() else f"# {title}\n\n{_markers(sections)}{_NOTES}"
    for name, content in sections.items():
        text = replaced(text, name, content)
    path.write_text(text)


def _markers(sections: Iterable[str]) -> str:
    return "".join(f"{_BEGIN.format(name)}\n{_END.format(name)}\n" for name in sections)


def replaced(text: str, name: str, content: str) -> str:
    """Return a text with another content between the markers of a name, which are added if new.

    Raises BenchError where one of them stands alone, or twice: notes could be lost.
    """
    begin, end = _BEGIN.format(name), _END.format(name)
    if begin not in text and end not in text:
        text = f"{text.rstrip()}\n\n{begin}\n{end}\n"
    if (text.count(begin), text.count(end)) != (1, 1) or text.index(begin) > text.index(end):
        raise BenchError(f"{README}: there must be one {begin!r}, and then one {end!r}")
    before, rest = text.split(begin)
    after = rest.split(end)[1]
    return f"{before}{begin}\n\n{content.strip()}\n\n{end}{after}"
