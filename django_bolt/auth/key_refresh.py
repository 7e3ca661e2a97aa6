"""Keeps sets of keys as their issuers publish them: threads that no request waits for."""

from __future__ import annotations

import logging
import random
import threading
import time
import weakref
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django_bolt.auth.key_sets import KeySource
from django_bolt.auth.security_log import LOGGER_NAME

if TYPE_CHECKING:
    from django_bolt._core import KeySet

#: Seconds that a start waits for the first keys. It goes on without them then.
PATIENCE = 5.0
#: Seconds between two attempts that tokens with unknown keys ask for, so that a flood of them does
#: not become a flood at the issuer's.
COOL_DOWN = 30.0
#: Seconds before the second attempt; each further one waits twice as long, up to the interval.
_FIRST_DELAY = 1.0
_logger = logging.getLogger(LOGGER_NAME)


def keep_fresh(
    sets: Iterable[tuple[KeySource, KeySet]], *, owner: object, patience: float = PATIENCE
) -> None:
    """Read the keys of each source again and again, as long as ``owner`` lives.

    Returns when each has been read once, or after ``patience`` seconds. To be called after the last
    fork: it starts threads.
    """
    refreshers = [
        Refresher(*one, cool_down=COOL_DOWN) for one in sets if one[0].interval is not None
    ]
    for refresher in refreshers:
        weakref.finalize(owner, refresher.stop)
        refresher.start()
    deadline = time.monotonic() + patience
    for refresher in refreshers:
        refresher.wait_for_first(max(0.0, deadline - time.monotonic()))


class Refresher:
    """One thread that reads one source. It keeps the last good set, whatever comes after it."""

    def __init__(self, source: KeySource, key_set: KeySet, *, cool_down: float = COOL_DOWN) -> None:
        """Prepare; :meth:`start` starts. ``cool_down`` is in seconds."""
        if source.interval is None:
            raise ValueError(f"The keys of {source.name} do not change.")
        self._source = source
        self._interval = source.interval
        self._key_set = key_set
        self._cool_down = cool_down
        self._stopped = threading.Event()
        self._attempted = threading.Event()

    def start(self) -> None:
        """Start the thread."""
        threading.Thread(target=self._run, name="bolt-keys", daemon=True).start()

    def stop(self) -> None:
        """Have the thread end, at the latest when its attempt has."""
        self._stopped.set()
        self._key_set.wake()

    def wait_for_first(self, seconds: float) -> bool:
        """Wait for the first attempt; return whether it has ended, well or not."""
        return self._attempted.wait(seconds)

    def _run(self) -> None:
        failures = 0
        while not self._stopped.is_set():
            began = time.monotonic()
            failures = 0 if self._attempt() else failures + 1
            self._attempted.set()
            self._rest(began, self._delay(failures))

    def _attempt(self) -> bool:
        try:
            changed = self._key_set.replace(self._source.read())
        except (OSError, ValueError) as error:
            _logger.error("The keys of %s cannot be read: %s", self._source.name, error)  # noqa: TRY400 - the reason says it all
            return False
        if changed:
            _logger.info("The keys of %s were exchanged.", self._source.name)
        return True

    def _delay(self, failures: int) -> float:
        """Return the seconds until the next attempt, spread so that processes do not meet."""
        delay = self._interval
        if failures:
            delay = min(delay, _FIRST_DELAY * 2.0 ** min(failures - 1, 32))
        return delay * random.uniform(0.8, 1.2)  # noqa: S311 - nobody gains by guessing it

    def _rest(self, began: float, delay: float) -> None:
        """Wait until the next attempt is due; a token with an unknown key makes it due earlier."""
        due = began + delay
        while not self._stopped.is_set() and (left := due - time.monotonic()) > 0:
            if self._key_set.wait(left):
                due = min(due, began + self._cool_down)
                # Further tokens change nothing: they are not listened to meanwhile.
                self._stopped.wait(max(0.0, due - time.monotonic()))
