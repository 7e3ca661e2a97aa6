"""The load: ``wrk``, told by a script to send so many requests and to wait for every answer."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from perf.bench.errors import BenchError

#: Seconds that answers may still take when nothing is sent any more.
PATIENCE = 10

#: How far the number of requests may be from that which was asked for.
_TOLERANCE = 0.02

_MARK = "bolt-bench "
_SCRIPT = Path(__file__).with_name("load.lua").read_text()


class Sent(Struct, frozen=True):
    """A request as it is sent."""

    method: str
    path: str
    headers: Mapping[str, str] = {}
    body: bytes | None = None


class Load(Struct, frozen=True):
    """How much is asked at once, and when it ends: after ``requests`` or ``seconds``."""

    connections: int
    requests: int
    seconds: float


class Outcome(Struct, frozen=True):
    """What wrk saw; times in seconds, from the first request sent to the last answer read."""

    #: Requests that were sent, and answers that were read.
    sent: int
    requests: int
    seconds: float
    #: Answers with a status above 399; the other kinds are faults of a connection.
    refused: int
    connect: int
    read: int
    write: int
    timeout: int
    p50: float
    p99: float


def script(requests: Sequence[Sent], load: Load) -> str:
    """Return the Lua of a load, which sends the requests in turn."""
    return (
        "local REQUESTS = {\n"
        + "".join(f"  {_request(request)},\n" for request in requests)
        + "}\n"
        + f"local CONNECTIONS = {load.connections}\n"
        + f"local LIMIT = {load.requests}\n"
        + f"local SECONDS = {load.seconds}\n"
        + f'local MARK = "{_MARK}"\n'
        + _SCRIPT
    )


def _request(request: Sent) -> str:
    headers = ", ".join(
        f"[{lua_string(name)}] = {lua_string(value)}" for name, value in request.headers.items()
    )
    body = "nil" if request.body is None else lua_string(request.body)
    return f"{{{lua_string(request.method)}, {lua_string(request.path)}, {{{headers}}}, {body}}}"


def lua_string(value: str | bytes) -> str:
    """Return a Lua literal of any bytes."""
    data = value.encode() if isinstance(value, str) else value
    return '"' + "".join(map(_lua_byte, data)) + '"'


def _lua_byte(byte: int) -> str:
    character = chr(byte)
    plain = 32 <= byte < 127 and character not in '"\\'
    return character if plain else f"\\{byte:03d}"


def run(url: str, script_path: Path, load: Load, prefix: Sequence[str] = ()) -> Outcome:
    """Put the load of a written script on a server, and return what came of it.

    ``prefix`` stands before the command: ``taskset``. Raises BenchError where wrk cannot be used,
    or where requests stay unanswered.
    """
    longest = math.ceil(load.seconds) + PATIENCE
    command = [
        *prefix, found("wrk"), "-t1", f"-c{load.connections}", f"-d{longest}",
        f"--timeout={longest}", f"-s{script_path}", url,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - wrk
    return outcome(done.stdout, done.stderr)


def outcome(stdout: str, stderr: str = "") -> Outcome:
    """Read what the script wrote when it was done."""
    lines = [line for line in stdout.splitlines() if line.startswith(_MARK)]
    if not lines:
        raise BenchError(f"wrk failed: {(stderr or stdout).strip()[-1000:]}")
    told: dict[str, Any] = json.loads(lines[-1].removeprefix(_MARK))
    if told["seconds"] is None:
        raise BenchError(
            f"{told['requests']} requests were answered, and others had no answer "
            f"{PATIENCE} seconds after the last was sent"
        )
    return Outcome(
        sent=told["sent"],
        requests=told["requests"],
        seconds=told["seconds"],
        p50=told["p50"] / 1e6,
        p99=told["p99"] / 1e6,
        **told["errors"],
    )


def fault(outcome: Outcome, load: Load, *, refusal: bool) -> str | None:
    """Return why an outcome does not count.

    ``refusal`` says that every right answer has a status above 399.
    """
    broken = {
        kind: count
        for kind in ("connect", "read", "write", "timeout")
        if (count := getattr(outcome, kind))
    }
    if broken:
        return f"faults of connections: {broken}"
    if outcome.requests != outcome.sent:
        return f"{outcome.sent} requests were sent, {outcome.requests} answers came"
    expected = outcome.requests if refusal else 0
    if outcome.refused != expected:
        return f"{outcome.refused} answers with a status above 399, expected {expected}"
    if not outcome.requests:
        return "no request was sent"
    missed = abs(outcome.requests - load.requests) > _TOLERANCE * load.requests
    if missed and outcome.seconds < load.seconds:
        return f"{outcome.requests} requests instead of {load.requests}"
    return None


def found(program: str) -> str:
    """Return the path of a program that a run needs, or say how it is installed."""
    path = shutil.which(program)
    if path is None:
        package = {"wrk": "wrk", "taskset": "util-linux"}[program]
        raise BenchError(f"{program} is missing. On Debian: apt-get install {package}")
    return path
