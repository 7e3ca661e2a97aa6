"""Serving threads: each has an event loop and a listening socket of its own."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence

from django_bolt import _core
from django_bolt.dispatch.connections import thread_ends
from django_bolt.server.config import ServerConfig
from django_bolt.server.event_loop import EventLoop
from django_bolt.server.listeners import listen


def _nothing() -> None:
    """Do nothing."""


class Worker:
    """One serving thread: whichever thread calls :meth:`run`."""

    def __init__(self, app: _core.App, listener: socket.socket, config: ServerConfig) -> None:
        """Take over ``listener``, which must be listening and non-blocking."""
        self._loop = EventLoop()
        self._server = _core.Server(
            app,
            self._loop,
            listener.detach(),
            keep_alive=config.keep_alive,
            request_timeout=config.request_timeout,
            shutdown_timeout=config.shutdown_timeout,
        )

    def run(
        self,
        *,
        on_start: Callable[[], None],
        signals: Sequence[signal.Signals],
        on_signal: Callable[[signal.Signals], None],
    ) -> None:
        """Serve until :meth:`shutdown`, then return. Signals need the main thread."""
        loop = self._loop
        for number in signals:
            loop.add_signal_handler(number, on_signal, number)
        try:
            served = self._server.serve()
            on_start()
            loop.run_until_complete(served)
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
        finally:
            for number in signals:
                loop.remove_signal_handler(number)
            loop.close()
            thread_ends()  # inline handlers may have opened connections

    def shutdown(self) -> None:
        """Stop accepting, and finish what is in flight. From any thread, more than once."""
        self._server.shutdown()


class Workers:
    """The serving threads of one process."""

    def __init__(self, app: _core.App, reserved: socket.socket, config: ServerConfig) -> None:
        """Prepare ``config.workers`` threads on the reserved address; :meth:`run` starts them."""
        self._app = app
        self._reserved = reserved
        self._config = config
        self._workers: list[Worker] = []
        self._lock = threading.Lock()
        self._stopping = False
        self._failures: list[BaseException] = []

    def run(
        self, *, on_ready: Callable[[], None] = _nothing, signals: Sequence[signal.Signals] = ()
    ) -> None:
        """Serve until :meth:`shutdown` or one of ``signals``; the caller's thread is a worker too.

        A second signal ends the process at once. If one worker fails, the others finish what they
        have, and its exception is raised.
        """
        # All sockets listen before anything is said to be ready: what cannot listen fails here.
        first, *others = [listen(self._reserved) for _ in range(self._config.workers)]
        threads = [
            threading.Thread(target=self._serve, args=(listener,), name=f"bolt-worker-{number}")
            for number, listener in enumerate(others, start=2)
        ]
        for thread in threads:
            thread.start()
        try:
            worker = self._add(first)
            worker.run(on_start=on_ready, signals=signals, on_signal=self._obey)
        finally:
            # This thread's loop has ended, and does not hear a second signal any more.
            for number in signals:
                signal.signal(number, lambda received, _: self._obey(signal.Signals(received)))
            self.shutdown()
            for thread in threads:
                thread.join()
        if self._failures:
            raise self._failures[0]

    def shutdown(self) -> None:
        """Stop accepting, and finish what is in flight. From any thread, more than once."""
        with self._lock:
            self._stopping = True
            workers = list(self._workers)
        for worker in workers:
            worker.shutdown()

    def _add(self, listener: socket.socket) -> Worker:
        worker = Worker(self._app, listener, self._config)
        with self._lock:
            self._workers.append(worker)
            stopping = self._stopping
        if stopping:
            worker.shutdown()
        return worker

    def _serve(self, listener: socket.socket) -> None:
        """Be a further worker: what it fails of is told to the first one's thread."""
        try:
            self._add(listener).run(on_start=_nothing, signals=(), on_signal=self._obey)
        finally:
            if (error := sys.exc_info()[1]) is not None:
                self._failures.append(error)
            self.shutdown()

    def _obey(self, number: signal.Signals) -> None:
        if self._stopping:
            sys.stderr.write(f"{number.name}: the second signal, so the process ends at once.\n")
            sys.stderr.flush()
            os._exit(128 + number)
        self.shutdown()
