"""What all clients of ``/ticks`` are told at once: the hub that a chat or a feed would have."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

#: Seconds between two events.
PERIOD = 0.2


class Ticks:
    """Counts, and wakes everybody who listens."""

    def __init__(self) -> None:
        """Start at 0; the clock runs from the first listener on."""
        self._number = 0
        self._changed: asyncio.Event | None = None
        self._clock: asyncio.Task[None] | None = None

    async def numbers(self) -> AsyncIterator[int]:
        """Yield every number from now on."""
        if self._clock is None:
            self._clock = asyncio.get_running_loop().create_task(self._run())
        while True:
            if self._changed is None:
                self._changed = asyncio.Event()
            await self._changed.wait()
            yield self._number

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(PERIOD)
            self._number += 1
            changed, self._changed = self._changed, None
            if changed is not None:
                changed.set()
