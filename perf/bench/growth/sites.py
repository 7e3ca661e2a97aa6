"""The apps whose growth is measured, with what differs between one start and another."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from perf.bench import machine, places, process
from perf.bench.servers import HOST

_DIRECTORY = places.PERF / "apps"


def many_routes(count: int, data: Path, *, pin: bool) -> process.Started:
    """Start an app with so many routes besides ``/hello``."""
    return _start(f"routes-{count}", "many_routes", data, pin=pin, BENCH_ROUTES=str(count))


def with_processes(count: int, data: Path) -> process.Started:
    """Start the app of the cases with so many processes, on any core."""
    return _start(f"processes-{count}", "bolt", data, "--processes", str(count), pin=False)


def _start(
    name: str, app: str, data: Path, *arguments: str, pin: bool, **environment: str
) -> process.Started:
    port = process.free_port()
    command = ["manage.py", "runbolt", "--host", HOST, "--port", str(port), *arguments]
    return process.running(
        name,
        [*machine.pinned(machine.SERVER_CORE, pin=pin), sys.executable, *command],
        port=port,
        directory=_DIRECTORY / app,
        variables={
            **os.environ,
            "BENCH_DATA": str(data),
            "DJANGO_SETTINGS_MODULE": "settings",
            "PYTHONPATH": os.pathsep.join(["../django_site", "../shared"]),
            **environment,
        },
        log=places.LOGS / f"{name}.log",
    )
