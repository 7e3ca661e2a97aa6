"""New reports, as they are written: what every listener of this process is told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

from django.db import DatabaseError
from django.db.models import QuerySet

from sample_site.flights.models import Report

#: Seconds between two looks at the database.
PERIOD = 1.0
#: Most reports of one look; what a listener has missed is read in pieces of this size, too.
BATCH = 100

logger = logging.getLogger(__name__)


class Feed:
    """Asks the database once for everybody who listens.

    Reports may be written by any process, and so it is the database that is asked.
    """

    def __init__(self) -> None:
        """Listen to nothing yet: the clock runs from the first listener to the last."""
        self._listeners = 0
        self._clock: asyncio.Task[None] | None = None
        self._newest = 0
        self._changed = asyncio.Event()

    async def listen(self, after: int | None = None) -> AsyncIterator[Report]:
        """Yield reports from the one after ``after`` on; without it, those that are yet to come."""
        seen = await newest() if after is None else after
        self._listeners += 1
        if self._clock is None:
            self._newest = max(self._newest, seen)
            self._clock = asyncio.get_running_loop().create_task(self._run())
        try:
            while True:
                changed, found = self._changed, await reports_after(seen)
                async for report in found:
                    seen = report.pk
                    yield report
                if len(found) < BATCH:
                    await changed.wait()
        finally:
            self._listeners -= 1
            if self._listeners == 0 and self._clock is not None:
                self._clock.cancel()
                self._clock = None

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(PERIOD)
            try:
                found = await newest()
            except DatabaseError:
                logger.exception("new reports cannot be read; the next look is in a moment")
                continue
            if found > self._newest:
                self._newest = found
                changed, self._changed = self._changed, asyncio.Event()
                changed.set()


async def newest() -> int:
    """Return the highest primary key of a report; 0 where there is none."""
    return await Report.objects.order_by("-pk").values_list("pk", flat=True).afirst() or 0


async def reports_after(pk: int) -> QuerySet[Report]:
    """Return the next reports after one, fetched, the oldest first."""
    found = Report.objects.select_related("airport", "author").filter(pk__gt=pk).order_by("pk")
    fetched: QuerySet[Report] = await found[:BATCH]
    return fetched


new_reports = Feed()
