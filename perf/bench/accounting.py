"""What a server costs: processor time and memory of its whole process tree."""

from __future__ import annotations

import time
from collections.abc import Iterable

import psutil

from perf.bench.errors import BenchError

# The kernel's name for "all threads of this process, as the scheduler counts them": see
# clock_getcpuclockid(3), which computes it in the same way. In user and system mode, to the
# nanosecond, where /proc/PID/stat has ticks of 10 ms. Threads that have ended are included.
_CPUCLOCK_SCHED = 2


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has had so far.

    Raises ProcessLookupError where there is none.
    """
    try:
        return time.clock_gettime((~pid << 3) | _CPUCLOCK_SCHED)
    except OSError as error:
        # What the kernel says of a clock whose process has ended.
        raise ProcessLookupError(f"there is no process {pid}") from error


def tree(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    process = psutil.Process(pid)
    return [pid, *sorted(child.pid for child in process.children(recursive=True))]


def pss(pids: Iterable[int]) -> int:
    """Return the bytes of memory of processes, of which shared pages count proportionally."""
    return sum(psutil.Process(pid).memory_full_info().pss for pid in pids)


def resident(pids: Iterable[int]) -> int:
    """Return the resident bytes of processes."""
    return sum(psutil.Process(pid).memory_info().rss for pid in pids)


class Meter:
    """Counts the processor time of a process tree from when it is made."""

    def __init__(self, pid: int) -> None:
        """Read the clocks."""
        self._pid = pid
        self._before = self._clocks()

    def _clocks(self) -> dict[int, float]:
        try:
            return {pid: cpu_seconds(pid) for pid in tree(self._pid)}
        except (ProcessLookupError, psutil.NoSuchProcess) as error:
            raise BenchError(f"a process of the server has ended: {error}") from error

    def seconds(self) -> float:
        """Return what the tree has used since, with what its new processes have used.

        Raises BenchError where one of them has ended, and took its count along.
        """
        after = self._clocks()
        gone = self._before.keys() - after.keys()
        if gone:
            raise BenchError(f"a process of the server has ended: {sorted(gone)}")
        return sum(clock - self._before.get(pid, 0.0) for pid, clock in after.items())
