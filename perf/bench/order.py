"""The order of a run: every server in each round, and another one first in the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from perf.bench.cases import Case

T = TypeVar("T")


def rotated(members: Sequence[T], by: int) -> list[T]:
    """Return the members with another one first: A B C, B C A, C A B."""
    start = by % len(members) if members else 0
    return [*members[start:], *members[:start]]


def schedule(
    cases: Sequence[Case], has: Callable[[Case], Sequence[str]], rounds: int
) -> Iterator[tuple[Case, str, int]]:
    """Yield case, server and round (from 1) of each sample, in the order of the run."""
    for case in cases:
        for number in range(rounds):
            for server in rotated(has(case), number):
                yield case, server, number + 1
