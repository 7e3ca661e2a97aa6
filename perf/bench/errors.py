"""What ends a run."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class BenchError(Exception):
    """A run that cannot begin or go on, said to the person who started it."""


def unknown(kind: str, name: str, known: Iterable[str]) -> BenchError:
    """Return the refusal of a name, with the nearest right one."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}"
    return BenchError(f"no {kind} is called {name!r}: {hint}")
