"""An application without a socket, and the thread whose loop serves it."""

from __future__ import annotations

import asyncio
import itertools
import threading
import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.core.signals import setting_changed

from django_bolt import _core
from django_bolt.routing import Route, Router
from django_bolt.server.assembly import assemble
from django_bolt.server.event_loop import EventLoop

#: What a client may be made for; ``None`` is everything that is discovered.
Routes = Router | Iterable[Router | Route] | None

#: Dependencies, and what stands in their place.
Overrides = Mapping[Callable[..., Any], Callable[..., Any]] | None


def read_routes(routes: Routes) -> list[Route] | None:
    """Return the routes of a router, or of a list of routers and routes."""
    if routes is None:
        return None
    if isinstance(routes, Router):
        return routes.routes()
    found: list[Route] = []
    for item in routes:
        if isinstance(item, Router):
            found.extend(item.routes())
        elif isinstance(item, Route):
            found.append(item)
        else:
            raise TypeError(
                f"A test client takes a Router, a BoltAPI or a list of them, not {item!r}."
            )
    return found


#: Seconds that cancelled tasks get to clean up after themselves.
_FAREWELL = 5.0


class LoopThread:
    """A thread that turns an event loop until :meth:`close`."""

    def __init__(self) -> None:
        """Start the thread."""
        self.loop = EventLoop()
        self._thread = threading.Thread(target=self._run, name="bolt-test-loop", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Cancel what still runs on the loop, and end the thread."""
        if not self._thread.is_alive():
            return
        self.loop.call_soon_threadsafe(self.loop.stop)
        if threading.current_thread() is not self._thread:  # the garbage collector may be there
            self._thread.join()

    def _run(self) -> None:
        loop = self.loop
        try:
            loop.run_forever()
            loop.run_until_complete(_cancel(asyncio.all_tasks(loop)))
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
        finally:
            loop.close()


async def _cancel(tasks: Iterable[asyncio.Task[Any]]) -> None:
    pending = list(tasks)
    for task in pending:
        task.cancel()
    if pending:
        await asyncio.wait(pending, timeout=_FAREWELL)


class Application:
    """Routes as a server would serve them, in this process.

    The application is built anew when a test has changed a setting. Its loop starts with the first
    request, and stops at :meth:`close`, when nobody holds the application any more, or at exit.
    """

    def __init__(self, routes: Routes = None, overrides: Overrides = None) -> None:
        """Build the application; ``ImproperlyConfigured`` is raised where that is not possible."""
        self._routes = read_routes(routes)
        self._overrides = dict(overrides or {})
        self._lock = threading.Lock()
        self._built_for = _generation.current
        self._app = assemble(self._routes, self._overrides)
        self._in_process: _core.InProcess | None = None
        self._close_loop: weakref.finalize[[], Application] | None = None
        self._loop: EventLoop | None = None

    def send(
        self, method: str, target: str, headers: list[tuple[bytes, bytes]], body: bytes, **on: Any
    ) -> _core.InProcessRequest:
        """Start a request; see ``_core.InProcess.send``."""
        return self._current().send(method, target, headers, body, **on)

    def close(self) -> None:
        """Stop the loop. A further request would start another."""
        with self._lock:
            close, self._close_loop = self._close_loop, None
            self._loop = self._in_process = None
        if close is not None:
            close()

    def _current(self) -> _core.InProcess:
        with self._lock:
            if self._built_for != _generation.current:
                self._built_for = _generation.current
                self._app = assemble(self._routes, self._overrides)
                self._in_process = None
            if self._loop is None:
                thread = LoopThread()
                self._loop = thread.loop
                self._close_loop = weakref.finalize(self, thread.close)
            if self._in_process is None:
                self._in_process = _core.InProcess(self._app, self._loop)
            return self._in_process


class _Generation:
    """Counts the changes of settings."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self.current = 0

    def advance(self, **_: object) -> None:
        self.current = next(self._numbers)


_generation = _Generation()
setting_changed.connect(_generation.advance, dispatch_uid="django_bolt.testing")

_discovered: list[Application] = []


def discovered() -> Application:
    """Return the application of all discovered routes; one serves every client."""
    if not _discovered:
        _discovered.append(Application())
    return _discovered[0]
