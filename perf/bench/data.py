"""The data directory of a run, which ``perf/fixtures.py`` fills, and what cases take from it."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from perf.bench.errors import BenchError, unknown

_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")


def placeholders(directory: Path) -> dict[str, Any]:
    """Return what ``${name}`` stands for: tokens, and the answers that the data determine.

    Raises BenchError where a file of the directory is missing.
    """
    try:
        tokens = json.loads((directory / "tokens.json").read_text())
        items = json.loads((directory / "items-10k.json").read_text())
    except FileNotFoundError as error:
        raise BenchError(f"{error.filename} is missing: perf/fixtures.py makes it") from error
    return {
        **tokens,
        "items-count": len(items),
        "items-quantity": sum(item["quantity"] for item in items),
        "airport-17": _airports(directory, 16, 1)[0],
        "airports-first-10": _airports(directory, 0, 10),
        "airports-page-3": _airports(directory, 40, 20),
    }


def _airports(directory: Path, start: int, count: int) -> list[dict[str, Any]]:
    path = directory / "airports.sqlite3"
    if not path.exists():
        raise BenchError(f"{path} is missing: perf/fixtures.py makes it")
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        rows = connection.execute(
            "SELECT id, name, city, country, elevation FROM airport ORDER BY id LIMIT ? OFFSET ?",
            (count, start),
        )
        return [dict(row) for row in rows]


def fill(template: Any, values: Mapping[str, Any]) -> Any:
    """Return the template with every ``${name}`` replaced; one that stands alone keeps its type."""
    if isinstance(template, dict):
        return {key: fill(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [fill(value, values) for value in template]
    if not isinstance(template, str):
        return template
    alone = _PLACEHOLDER.fullmatch(template)
    if alone:
        return _value(alone[1], values)
    return _PLACEHOLDER.sub(lambda found: str(_value(found[1], values)), template)


def _value(name: str, values: Mapping[str, Any]) -> Any:
    if name not in values:
        raise unknown("placeholder", name, values)
    return values[name]
