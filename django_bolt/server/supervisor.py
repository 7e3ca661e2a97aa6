"""The parent process: starts the serving processes, replaces those that die, passes signals on."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django_bolt.server import child
from django_bolt.server.child import Child, ChildMain

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Times in seconds, and how often a start may fail."""

    #: Before the second attempt; each further one waits twice as long as the one before.
    first_delay: float = 0.5
    longest_delay: float = 30.0
    #: A process that served this long was healthy: the next one starts without delay.
    settled_after: float = 10.0
    #: Consecutive deaths before readiness after which the server gives up, if nobody serves.
    failed_starts: int = 5
    #: From the stop signal to SIGKILL.
    stop: float = 35.0


@dataclass(slots=True)
class _Slot:
    """The place of one process, held by one child after another."""

    number: int
    child: Child | None = None
    ready: bool = False
    ready_since: float = 0.0
    #: When the next child is due, while the slot is empty (a ``time.monotonic`` instant).
    due: float = 0.0
    #: Deaths in a row, without a settled child between them.
    failures: int = 0


@dataclass(slots=True)
class Supervisor:
    """Keeps ``processes`` children running until it is told to stop.

    ``main`` runs in each child, ``report`` receives one line for people at a time, and ``on_ready``
    is called once, when every process has begun to serve.
    """

    processes: int
    main: ChildMain
    report: Callable[[str], None]
    on_ready: Callable[[], None] = lambda: None
    patience: Patience = field(default_factory=Patience)
    _slots: list[_Slot] = field(default_factory=list, init=False)
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector, init=False)
    _lifeline: tuple[int, int] = field(default=(-1, -1), init=False)
    _signals: list[signal.Signals] = field(default_factory=list, init=False)
    _failed_starts: int = field(default=0, init=False)
    _was_ready: bool = field(default=False, init=False)
    _deadline: float | None = field(default=None, init=False)
    _exit_code: int = field(default=0, init=False)

    def run(self) -> int:
        """Supervise until everything has ended; return the exit code.

        It is 0 after an orderly stop, and 1 where children had to be killed or never served.
        Runs on the main thread; ``RuntimeError`` is raised where another thread is running.
        """
        child.refuse_threads()
        self._slots = [_Slot(number) for number in range(1, self.processes + 1)]
        self._lifeline = os.pipe()
        try:
            with self._signals_received():
                while self._deadline is None or any(slot.child for slot in self._slots):
                    self._start_due()
                    self._wait()
                    self._obey_signals()
                    self._reap()
                    self._enforce_deadline()
        finally:
            for descriptor in self._lifeline:
                os.close(descriptor)
            self._selector.close()
        return self._exit_code

    @contextmanager
    def _signals_received(self) -> Iterator[None]:
        """Record stop signals, and wake the loop for them and for the death of a child."""
        reader, writer = socket.socketpair()
        reader.setblocking(False)
        writer.setblocking(False)
        previous = {
            number: signal.signal(number, self._record)
            for number in (*_STOP_SIGNALS, signal.SIGCHLD)
        }
        previous_descriptor = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        self._selector.register(reader, selectors.EVENT_READ, reader)
        try:
            yield
        finally:
            signal.set_wakeup_fd(previous_descriptor)
            for number, handler in previous.items():
                signal.signal(number, handler)
            self._selector.unregister(reader)
            reader.close()
            writer.close()

    def _record(self, number: int, _frame: object) -> None:
        if number in _STOP_SIGNALS:
            self._signals.append(signal.Signals(number))

    def _start_due(self) -> None:
        if self._deadline is not None:
            return
        now = time.monotonic()
        for slot in self._slots:
            if slot.child is None and slot.due <= now:
                slot.child = child.fork(self.main, lifeline=self._lifeline)
                self._selector.register(slot.child.ready_pipe, selectors.EVENT_READ, slot)

    def _wait(self) -> None:
        for key, _ in self._selector.select(self._time_to_next_event()):
            if isinstance(key.data, _Slot):
                self._hear(key.data)
            else:
                key.data.recv(4096)

    def _time_to_next_event(self) -> float | None:
        if self._deadline is not None:
            instants = [self._deadline]
        else:
            instants = [slot.due for slot in self._slots if slot.child is None]
        return max(0.0, min(instants) - time.monotonic()) if instants else None

    def _hear(self, slot: _Slot) -> None:
        """Take note that a child serves; or that it has closed the pipe, which its end does too."""
        if slot.child is None:
            return
        self._selector.unregister(slot.child.ready_pipe)
        if not slot.child.says_ready():
            return
        slot.ready, slot.ready_since = True, time.monotonic()
        self._failed_starts = 0
        if not self._was_ready and all(slot.ready for slot in self._slots):
            self._was_ready = True
            self.on_ready()

    def _obey_signals(self) -> None:
        while self._signals:
            number = self._signals.pop(0)
            if self._deadline is None:
                self._stop()
            else:
                self.report(f"{number.name}: the second signal, so every process ends at once.")
                self._kill()

    def _stop(self) -> None:
        self._deadline = time.monotonic() + self.patience.stop
        for slot in self._slots:
            if slot.child is not None:
                slot.child.signal(signal.SIGTERM)

    def _kill(self) -> None:
        self._exit_code = 1
        for slot in self._slots:
            if slot.child is not None:
                slot.child.signal(signal.SIGKILL)

    def _enforce_deadline(self) -> None:
        if self._deadline is None or time.monotonic() < self._deadline:
            return
        late = [str(slot.child.pid) for slot in self._slots if slot.child is not None]
        if late:
            self.report(f"Killing what did not stop in time: process {', '.join(late)}.")
            self._kill()
            self._deadline = time.monotonic() + self.patience.stop

    def _reap(self) -> None:
        for slot in self._slots:
            if slot.child is None or (code := slot.child.exit_code()) is None:
                continue
            if slot.child.ready_pipe in self._selector.get_map():
                self._hear(slot)  # it may have served and died since the last look
            slot.child.close()
            pid, slot.child = slot.child.pid, None
            if self._deadline is None:
                self._plan_replacement(slot, f"Process {pid} {_describe(code)}")
            elif code not in (0, -signal.SIGTERM):  # the latter: not yet serving
                self._exit_code = 1
            slot.ready = False

    def _plan_replacement(self, slot: _Slot, what_happened: str) -> None:
        now = time.monotonic()
        if slot.ready and now - slot.ready_since >= self.patience.settled_after:
            slot.failures = 0
            slot.due = now
            self.report(f"{what_happened}; starting another.")
            return
        if not slot.ready:
            self._failed_starts += 1
            what_happened += " before it served"
        serving = any(other.ready for other in self._slots if other is not slot)
        if self._failed_starts >= self.patience.failed_starts and not serving:
            self.report(
                f"{what_happened}. Giving up: {self._failed_starts} processes in a row "
                "could not start."
            )
            self._exit_code = 1
            self._stop()
            return
        delay = min(self.patience.first_delay * 2**slot.failures, self.patience.longest_delay)
        slot.failures += 1
        slot.due = now + delay
        self.report(f"{what_happened}; starting another in {delay:g} s.")


def _describe(code: int) -> str:
    """Say how a process ended: ``code`` is as in ``subprocess.Popen.returncode``."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"was ended by {name}"
