"""The parent process. Each case runs one in an interpreter of its own: it forks."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

ROOT = Path(__file__).resolve().parents[3]
TIME_LIMIT = 20.0

PREAMBLE = """
import os, signal, sys, threading, time
from django_bolt.server.supervisor import Patience, Supervisor

def say(line):
    # In one write: print() may write the end of the line apart, and another process in between.
    os.write(1, f"{line}\\n".encode())

def serve_until_told(ready):
    # Not an Event: its lock may be held by the very code that the signal interrupts.
    stopped = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
    say(f"child {os.getpid()}")
    ready()
    while not stopped:
        time.sleep(0.02)
    say("stopped in order")

def supervise(main, processes=2, **patience):
    times = {"first_delay": 0.05, "longest_delay": 0.2, "settled_after": 60, "stop": 10}
    say(f"parent {os.getpid()}")
    code = Supervisor(
        processes, main, report=say, on_ready=lambda: say("all ready"),
        patience=Patience(**{**times, **patience}),
    ).run()
    say(f"exit {code}")
    sys.exit(code)
"""


class Run:
    """A supervisor in its own interpreter, with the lines that it has written."""

    def __init__(self, process: subprocess.Popen[str], output: Path) -> None:
        self.process = process
        self._output = output

    @property
    def text(self) -> str:
        return self._output.read_text()

    def children(self) -> list[int]:
        return [int(pid) for pid in re.findall(r"^child (\d+)$", self.text, re.MULTILINE)]

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + TIME_LIMIT
        while not condition():
            assert time.monotonic() < deadline, f"not in time:\n{self.text}"
            time.sleep(0.01)

    def until_says(self, words: str, times: int = 1) -> None:
        self.until(lambda: self.text.count(words) >= times)

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def exit_code(self) -> int:
        return self.process.wait(TIME_LIMIT)


@pytest.fixture
def start(tmp_path: Path):
    """Start a script that follows the preamble; whatever is left of it is killed at the end."""
    runs: list[Run] = []

    def start(script: str) -> Run:
        file, output = tmp_path / "script.py", tmp_path / "output.txt"
        file.write_text(PREAMBLE + textwrap.dedent(script))
        with output.open("w") as stream:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and script
                [sys.executable, str(file)],
                stdout=stream,
                stderr=subprocess.STDOUT,
                text=True,
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                start_new_session=True,
            )
        runs.append(Run(process, output))
        return runs[-1]

    yield start
    for run in runs:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run.process.pid, signal.SIGKILL)
        run.process.wait(TIME_LIMIT)


def is_alive(pid: int) -> bool:
    """Whether a process that is not our child still runs (a zombie does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_ends_every_child_in_order(start, number: signal.Signals) -> None:
    run = start("supervise(serve_until_told, processes=3)")
    run.until_says("all ready")
    run.until(lambda: len(set(run.children())) == 3)
    run.send(number)
    assert run.exit_code() == 0
    assert run.text.count("stopped in order") == 3


def test_control_c_reaches_children_once_only(start) -> None:
    # A terminal signals the whole group; a child that obeyed it too would see a second signal.
    run = start("supervise(serve_until_told)")
    run.until_says("all ready")
    os.killpg(run.process.pid, signal.SIGINT)
    assert run.exit_code() == 0
    assert run.text.count("stopped in order") == 2


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGABRT])
def test_a_dead_child_is_replaced_and_the_reason_told(start, number: signal.Signals) -> None:
    run = start("supervise(serve_until_told)")
    run.until_says("all ready")
    run.until(lambda: len(run.children()) == 2)
    victim = run.children()[0]
    os.kill(victim, number)
    run.until(lambda: len(run.children()) == 3)
    assert f"Process {victim} was ended by {number.name}" in run.text
    run.send(signal.SIGTERM)
    assert run.exit_code() == 0
    assert run.text.count("all ready") == 1


def test_a_child_that_leaves_by_itself_is_replaced(start) -> None:
    run = start("supervise(serve_until_told)")
    run.until_says("all ready")
    os.kill(run.children()[0], signal.SIGTERM)
    run.until(lambda: len(run.children()) == 3)
    assert "ended with exit code 0; starting another" in run.text


def test_a_settled_child_is_replaced_without_delay(start) -> None:
    run = start("supervise(serve_until_told, settled_after=0, first_delay=1000)")
    run.until_says("all ready")
    os.kill(run.children()[0], signal.SIGKILL)
    run.until(lambda: len(run.children()) == 3)


@pytest.mark.parametrize(
    ("main", "told"),
    [
        ("def main(ready): raise LookupError('no such table')", "LookupError: no such table"),
        ("def main(ready): sys.exit(3)", "ended with exit code 3 before it served"),
        ("def main(ready): sys.exit('cannot go on')", "cannot go on"),
        ("def main(ready): os.kill(os.getpid(), signal.SIGSEGV)", "was ended by SIGSEGV"),
    ],
)
def test_a_crash_at_start_is_given_up_after_growing_delays(start, main: str, told: str) -> None:
    run = start(f"{main}\nsupervise(main, processes=1, failed_starts=4)")
    assert run.exit_code() == 1
    assert told in run.text
    assert re.findall(r"another in ([\d.]+) s", run.text) == ["0.05", "0.1", "0.2"]
    assert "Giving up: 4 processes in a row could not start." in run.text


def test_a_failing_start_does_not_end_processes_that_serve(start) -> None:
    run = start(
        """
        taken, serving = sys.argv[0] + ".taken", sys.argv[0] + ".serving"
        def main(ready):
            try:
                open(taken, "x").close()
            except FileExistsError:
                while not os.path.exists(serving):
                    time.sleep(0.01)
                sys.exit(9)
            def ready_and_told():
                ready()
                open(serving, "x").close()
            serve_until_told(ready_and_told)
        supervise(main, failed_starts=3)
        """
    )
    run.until_says("exit code 9", times=5)
    assert "Giving up" not in run.text
    run.send(signal.SIGTERM)
    assert run.exit_code() == 0
    assert "stopped in order" in run.text


def test_what_does_not_stop_in_time_is_killed(start) -> None:
    run = start(
        """
        def main(ready):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            ready()
            while True:
                time.sleep(1)
        supervise(main, stop=0.3)
        """
    )
    run.until_says("all ready")
    run.send(signal.SIGTERM)
    assert run.exit_code() == 1
    assert "Killing what did not stop in time" in run.text


def test_a_second_signal_ends_everything_at_once(start) -> None:
    run = start(
        """
        def main(ready):
            signal.signal(signal.SIGTERM, lambda *_: say("asked"))
            ready()
            while True:
                time.sleep(1)
        supervise(main, stop=1000)
        """
    )
    run.until_says("all ready")
    run.send(signal.SIGINT)
    run.until_says("asked", times=2)
    run.send(signal.SIGINT)
    assert run.exit_code() == 1
    assert "the second signal" in run.text


def test_a_stop_before_readiness_is_in_order(start) -> None:
    run = start(
        """
        def main(ready):
            say("starting")
            while True:
                time.sleep(1)
        supervise(main)
        """
    )
    run.until_says("starting", times=2)
    run.send(signal.SIGTERM)
    assert run.exit_code() == 0


def test_children_leave_when_the_parent_is_killed(start) -> None:
    run = start("supervise(serve_until_told)")
    run.until_says("all ready")
    run.send(signal.SIGKILL)
    run.exit_code()
    run.until(lambda: not any(map(is_alive, run.children())))
    assert run.text.count("stopped in order") == 2


def test_running_threads_are_refused_by_name(start) -> None:
    run = start(
        """
        threading.Thread(target=time.sleep, args=(60,), name="ticker", daemon=True).start()
        supervise(serve_until_told)
        """
    )
    assert run.exit_code() == 1
    assert "other threads are running (ticker)" in run.text
    assert run.children() == []


def test_many_children_that_die_leave_no_descriptors_or_zombies(start) -> None:
    run = start(
        """
        def main(ready):
            ready()
            say("round")
        supervise(main, processes=1, first_delay=0.001, longest_delay=0.001)
        """
    )
    run.until_says("round", times=5)
    before = len(list(Path(f"/proc/{run.process.pid}/fd").iterdir()))
    run.until_says("round", times=40)
    after = len(list(Path(f"/proc/{run.process.pid}/fd").iterdir()))
    assert after < before + 20  # 35 more children would have left one each, or two
    run.send(signal.SIGTERM)
    assert run.exit_code() == 0
