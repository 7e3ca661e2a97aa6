"""The machine that measures: what it is, and which of its cores do what."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

#: The cores of the servers and of the load generator.
SERVER_CORE = 0
LOAD_CORE = 1


def can_pin() -> bool:
    """Whether server and load generator can each have a core of their own."""
    return shutil.which("taskset") is not None and {SERVER_CORE, LOAD_CORE} <= os.sched_getaffinity(
        0
    )


def pinned(core: int, *, pin: bool) -> list[str]:
    """Return what stands before a command that is to run on one core."""
    return ["taskset", "-c", str(core)] if pin else []


def has_quick_build(stamps: Path) -> bool:
    """Whether the extension module of this interpreter is the unoptimised one, as make knows it."""
    return (stamps / f"{sys.implementation.cache_tag}.dev").exists()


def description() -> dict[str, str]:
    """Return what figures of this machine depend on."""
    return {
        "cpu": _cpu(Path("/proc/cpuinfo").read_text()),
        "cores": str(os.cpu_count()),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "rustc": _first_line("rustc", "--version"),
        "wrk": _first_line("wrk", "-v").split(" [")[0],
        "revision": _first_line("git", "describe", "--always", "--dirty", "--abbrev=12"),
    }


def _cpu(information: str) -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", information, re.MULTILINE)
    return found[1] if found else platform.machine()


def _first_line(*command: str) -> str:
    """Return what a program says of itself; wrk does so with an exit status of 1."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    except FileNotFoundError:
        return ""
    lines = done.stdout.splitlines()
    return lines[0].strip() if lines else ""
