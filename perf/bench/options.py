"""What is the same for every sample of a run."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from perf.bench.load import Load

#: Before each sample: so many of its requests, for so many seconds at most.
WARM_UP = 0.1
WARM_UP_SECONDS = 0.2


class Options(Struct, frozen=True):
    """What is the same for every sample."""

    load: Load
    rounds: int
    pin: bool
    data: Path
    scripts: Path

    @property
    def warm_up(self) -> Load:
        """The load before that of a sample."""
        return Load(
            self.load.connections,
            max(int(self.load.requests * WARM_UP), self.load.connections),
            min(self.load.seconds, WARM_UP_SECONDS),
        )
