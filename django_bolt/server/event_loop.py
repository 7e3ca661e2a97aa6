"""The asyncio loop of a worker: asyncio's own selector loop, turned by Tokio.

Sockets, TLS, subprocesses, signals and executors are CPython's. What is replaced is the ready
queue, the timers and the waiting: Tokio waits for the loop's selector beside its own sockets, on
the same thread, so that a handler and the server that called it never hop between threads.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Any

from django_bolt import _core

if TYPE_CHECKING:

    class _Scheduler:
        """What the mixin replaces has asyncio's signatures; they need no comparison."""
else:
    _Scheduler = _core.Scheduler


class EventLoop(_Scheduler, asyncio.SelectorEventLoop):
    """An asyncio event loop that also serves requests; see :class:`asyncio.AbstractEventLoop`."""

    def run_forever(self) -> None:
        """Run until :meth:`stop` is called.

        Raises:
            RuntimeError: where this loop is closed or runs already, or the thread runs another.
        """
        self._check_closed()
        self._check_running()
        self._set_coroutine_origin_tracking(self._debug)
        self._thread_id = threading.get_ident()
        try:
            with _AsyncGenerators(self), _RunningLoop(self), _SignalWakeup(self):
                self._drive(self._selector)
        finally:
            self._thread_id = None
            self._set_coroutine_origin_tracking(False)

    def close(self) -> None:
        """Release the loop's descriptors; callbacks that still wait are forgotten."""
        if not self.is_closed():
            super().close()
            self._close_scheduler()

    if TYPE_CHECKING:
        _debug: bool
        _selector: Any
        _csock: Any
        _thread_id: int | None

        def _check_closed(self) -> None: ...
        def _check_running(self) -> None: ...
        def _set_coroutine_origin_tracking(self, enabled: bool) -> None: ...
        def _asyncgen_firstiter_hook(self, generator: Any) -> None: ...
        def _asyncgen_finalizer_hook(self, generator: Any) -> None: ...
        def _drive(self, selector: Any) -> None: ...
        def _close_scheduler(self) -> None: ...


class _AsyncGenerators:
    """Lets the loop finish asynchronous generators that were left halfway."""

    def __init__(self, loop: EventLoop) -> None:
        self._loop = loop

    def __enter__(self) -> None:
        self._old = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(
            firstiter=self._loop._asyncgen_firstiter_hook,  # noqa: SLF001 - BaseEventLoop's own
            finalizer=self._loop._asyncgen_finalizer_hook,  # noqa: SLF001
        )

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        sys.set_asyncgen_hooks(*self._old)


class _RunningLoop:
    """Makes the loop the thread's running one."""

    def __init__(self, loop: EventLoop) -> None:
        self._loop = loop

    def __enter__(self) -> None:
        asyncio._set_running_loop(self._loop)  # noqa: SLF001 - documented for event loops

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        asyncio._set_running_loop(None)  # noqa: SLF001


class _SignalWakeup:
    """Has signals wake the loop, so that Python's handlers run while Tokio waits.

    Only the main thread receives signals. ``add_signal_handler`` sets the same descriptor.
    """

    def __init__(self, loop: EventLoop) -> None:
        self._loop = loop
        self._main = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> None:
        if self._main:
            descriptor = self._loop._csock.fileno()  # noqa: SLF001 - asyncio's self-pipe
            self._old = signal.set_wakeup_fd(descriptor, warn_on_full_buffer=False)

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._main:
            signal.set_wakeup_fd(self._old)
