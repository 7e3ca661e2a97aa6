"""The application over a real socket, in a thread of this process."""

from __future__ import annotations

import socket
import threading
from typing import Self

from django_bolt.server.assembly import assemble
from django_bolt.server.config import ServerConfig
from django_bolt.server.listeners import reserve
from django_bolt.server.worker import Workers
from django_bolt.testing.in_process import Overrides, Routes, read_routes

#: Seconds in which the server starts, and in which it stops once requests have had their time.
_PATIENCE = 10.0
_SHUTDOWN_TIMEOUT = 5.0


class LiveServer:
    """A server on a free port of 127.0.0.1, as long as the ``with`` block lasts.

    For what only a real connection shows; ``overrides`` are those of ``TestClient``. Handlers run
    on threads with database connections of their own, which do not see an open transaction of the
    test: it needs ``transactional_db`` (pytest-django) or ``TransactionTestCase``.
    """

    def __init__(self, routes: Routes = None, *, overrides: Overrides = None) -> None:
        """Build the application; ``ImproperlyConfigured`` says why it cannot be served."""
        self._app = assemble(read_routes(routes), overrides)
        self._reserved: socket.socket | None = None
        self._workers: Workers | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it serves, without a slash at the end; ``RuntimeError`` before it does."""
        if self._reserved is None:
            raise RuntimeError("A live server has an address within its `with` block only.")
        host, port = self._reserved.getsockname()[:2]
        return f"http://{host}:{port}"

    def __enter__(self) -> Self:
        """Start serving."""
        self._reserved = reserve("127.0.0.1", 0)
        config = ServerConfig(keep_alive=5.0, shutdown_timeout=_SHUTDOWN_TIMEOUT)
        self._workers = workers = Workers(self._app, self._reserved, config)
        served = threading.Event()
        settled = threading.Event()  # it serves, or never will

        def ready() -> None:
            served.set()
            settled.set()

        def serve() -> None:
            try:
                workers.run(on_ready=ready)
            finally:
                settled.set()

        self._thread = threading.Thread(target=serve, name="bolt-live-server", daemon=True)
        self._thread.start()
        if not settled.wait(_PATIENCE) or not served.is_set():
            self._reserved.close()
            raise RuntimeError("The live server did not start.")
        return self

    def __exit__(self, *_: object) -> None:
        """Finish what is in flight, and stop."""
        if self._workers is None or self._thread is None or self._reserved is None:
            return
        self._workers.shutdown()
        self._thread.join(_SHUTDOWN_TIMEOUT + _PATIENCE)
        self._reserved.close()
        self._reserved = None
        if self._thread.is_alive():
            raise RuntimeError("The live server did not stop.")
