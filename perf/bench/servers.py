"""The servers of ``perf/servers.toml``: how each is started, and what it lacks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from perf.bench import places
from perf.bench.errors import BenchError, unknown

#: This project, and what no server can be below.
OURS = "bolt"
FLOOR = "floor"
#: What a server may lack besides cases: see perf/fanout.py.
FAN_OUT = "fan-out"

HOST = "127.0.0.1"

_VERSIONS = """
import importlib.metadata, json, platform, sys
print(json.dumps({"python": platform.python_version()} | {
    name: importlib.metadata.version(name) for name in sys.argv[1:]
}))
"""


class Server(Struct, frozen=True, forbid_unknown_fields=True):
    """A server as it is described; ``servers.toml`` says what each field means."""

    title: str
    directory: str
    command: list[str]
    venv: str | None = None
    requirements: str | None = None
    environment: dict[str, str] = {}
    packages: list[str] = []
    lacks: dict[str, str] = {}

    @property
    def where(self) -> Path:
        """The directory in which it runs."""
        return places.PERF / self.directory

    @property
    def python(self) -> Path:
        """The interpreter of its environment."""
        if self.venv is None:
            return Path(sys.executable)
        return places.VENVS / self.venv / "bin" / "python"

    def command_line(self, port: int) -> list[str]:
        """Return the command that serves at a port."""
        values = {
            "python": str(self.python),
            "bin": str(self.python.parent),
            "floor": str(places.FLOOR),
            "host": HOST,
            "port": str(port),
        }
        return [word.format_map(values) for word in self.command]

    def variables(self, data: Path) -> dict[str, str]:
        """Return the whole environment of its process."""
        return {**os.environ, "BENCH_DATA": str(data), **self.environment}

    def versions(self) -> dict[str, str]:
        """Ask its environment for the versions of its packages.

        Raises BenchError where the environment or a package is not there.
        """
        if not self.packages:
            return {}
        command = [str(self.python), "-c", _VERSIONS, *self.packages]
        try:
            told = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - ours
        except OSError as error:
            raise BenchError(f"{self.title}: {self.python} is missing: {_remedy(self)}") from error
        except subprocess.CalledProcessError as error:
            raise BenchError(f"{self.title}: {error.stderr.strip()[-500:]}") from error
        return dict(json.loads(told.stdout))


def _remedy(server: Server) -> str:
    return "make build" if server.venv is None else "make bench-peers makes it"


def read(path: Path, cases: Sequence[str]) -> dict[str, Server]:
    """Return the servers of a file, by their names and in their order.

    Raises BenchError for a field or a lacking case that is not known.
    """
    try:
        servers = msgspec.toml.decode(path.read_bytes(), type=dict[str, Server])
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise BenchError(f"{path.name}: {error}") from error
    for server in servers.values():
        for case in server.lacks:
            if case not in (*cases, FAN_OUT):
                raise unknown("case", case, cases)
    return servers


def chosen(servers: dict[str, Server], names: Sequence[str]) -> dict[str, Server]:
    """Return the servers that are named, in the order of the file; all of them where none is.

    Raises BenchError for a name that no server has.
    """
    for name in names:
        if name not in servers:
            raise unknown("server", name, servers)
    return {name: server for name, server in servers.items() if not names or name in names}
