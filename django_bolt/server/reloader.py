"""Serving while code changes: Django's reloader starts the process anew."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from django.utils import autoreload

#: Seconds that the old process gets to finish before the new one starts.
_FAREWELL = 5.0


class Stoppable(Protocol):
    """What serves until it is told to stop."""

    def run(self, *, on_ready: Callable[[], None]) -> None:
        """Serve; ``on_ready`` is called when it does."""

    def shutdown(self) -> None:
        """Make :meth:`run` return. From any thread."""


def run(
    check: Callable[[], None],
    prepare: Callable[[], Stoppable],
    *,
    on_ready: Callable[[], None],
) -> None:
    """Serve what ``prepare`` returns, and start again whenever a file of the project changes.

    The reloader has the main thread. It shows what ``check`` and ``prepare`` raise, and waits for
    the next change. What serves runs on a thread of its own, where no signal arrives, so it is
    stopped from here when the reloader leaves: at a change, at CONTROL-C, at SIGTERM.
    """
    serving = _Serving(check, prepare, on_ready)
    try:
        autoreload.run_with_reloader(serving.run)
    finally:
        serving.stop()


class _Serving:
    def __init__(
        self,
        check: Callable[[], None],
        prepare: Callable[[], Stoppable],
        on_ready: Callable[[], None],
    ) -> None:
        self._check = check
        self._prepare = prepare
        self._on_ready = on_ready
        self._server: Stoppable | None = None
        self._ended = threading.Event()

    def run(self) -> None:
        """Be the thread that serves."""
        autoreload.raise_last_exception()
        self._check()
        self._server = self._prepare()
        try:
            self._server.run(on_ready=self._on_ready)
        finally:
            self._ended.set()

    def stop(self) -> None:
        """Let requests in flight finish. From the reloader's thread."""
        if self._server is not None:
            self._server.shutdown()
            self._ended.wait(_FAREWELL)
