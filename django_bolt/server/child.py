"""One process under the supervisor: how it is forked, and what it does before it serves."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

#: Runs in the child until it is told to stop; calls its argument once it serves.
ChildMain = Callable[[Callable[[], None]], None]

_READY = b"\x01"
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)


@dataclass(frozen=True, slots=True)
class Child:
    """A running child as its parent sees it."""

    pid: int
    #: Becomes readable when the child serves, and when it is gone.
    ready_pipe: int

    def says_ready(self) -> bool:
        """Read the pipe: whether the child has begun to serve."""
        try:
            return os.read(self.ready_pipe, 1) == _READY
        except BlockingIOError:  # gone without a word, while a process of its own holds the pipe
            return False

    def signal(self, number: signal.Signals) -> None:
        """Send a signal. Nothing happens where the child is gone already."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def exit_code(self) -> int | None:
        """Return the exit code if the child has ended (negative: the signal), and reap it."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        return None if pid == 0 else os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        """Give back the parent's end of the pipe."""
        os.close(self.ready_pipe)


def refuse_threads() -> None:
    """Raise ``RuntimeError`` where other threads run.

    A fork copies the calling thread alone. Locks that another one holds stay locked in the child
    for ever, so that it hangs some day instead of failing now.
    """
    others = [
        thread for thread in threading.enumerate() if thread is not threading.current_thread()
    ]
    if others:
        names = ", ".join(sorted(thread.name for thread in others))
        raise RuntimeError(
            f"Processes cannot be started while other threads are running ({names}). Start threads "
            "when they are first needed, not when Django is set up, or serve with --processes 1."
        )


def fork(main: ChildMain, *, lifeline: tuple[int, int]) -> Child:
    """Start a child that runs ``main``.

    ``lifeline`` is a pipe whose writing end nobody but the parent keeps: its end of file tells the
    child that the parent is gone.
    """
    refuse_threads()
    # What is still buffered would be written twice, once by each process.
    sys.stdout.flush()
    sys.stderr.flush()
    ready_reader, ready_writer = os.pipe()
    os.set_blocking(ready_reader, False)
    # A signal that arrives before the child has its own handlers waits until it has.
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        pid = os.fork()
        if pid == 0:
            os.close(ready_reader)
            os.close(lifeline[1])
            _run(main, ready_writer, lifeline[0])
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        os.close(ready_writer)
    return Child(pid, ready_reader)


def _run(main: ChildMain, ready_writer: int, lifeline: int) -> NoReturn:
    """Be the child: never return into the code of the parent, whatever happens."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        # A terminal sends CONTROL-C to parent and children alike; the parent passes it on.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        _leave_with_parent(lifeline)
        main(lambda: _tell_ready(ready_writer))
        code = 0
    finally:
        if (error := sys.exc_info()[1]) is not None:
            code = _exit_code(error)
        sys.stdout.flush()
        sys.stderr.flush()
        # Not sys.exit: clean-up that the parent registered is the parent's to run.
        os._exit(code)


def _exit_code(error: BaseException) -> int:
    """Show what ended the child, and return its exit code, both as the interpreter would."""
    if not isinstance(error, SystemExit):
        traceback.print_exception(error)
        return 1
    if error.code is None or isinstance(error.code, int):
        return error.code or 0
    sys.stderr.write(f"{error.code}\n")
    return 1


def _tell_ready(ready_writer: int) -> None:
    # The parent may be gone already; the lifeline tells.
    with contextlib.suppress(BrokenPipeError):
        os.write(ready_writer, _READY)
    os.close(ready_writer)


def _leave_with_parent(lifeline: int) -> None:
    """End this process as on SIGTERM when the parent is gone, however it went."""

    def watch() -> None:
        os.read(lifeline, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="bolt-lifeline", daemon=True).start()
