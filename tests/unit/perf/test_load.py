"""What wrk is told, and what its words mean."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from perf.bench import load as loads
from perf.bench.errors import BenchError
from perf.bench.load import Load, Outcome, Sent

LOAD = Load(connections=64, requests=1000, seconds=2.0)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", '"plain"'),
        ("", '""'),
        ('say "hi"\\', '"say \\034hi\\034\\092"'),
        ("a\nb", '"a\\010b"'),
        (b"\0" + b"1", '"\\0001"'),
        ("ä", '"\\195\\164"'),
    ],
)
def test_lua_strings(value: str | bytes, expected: str) -> None:
    assert loads.lua_string(value) == expected


def test_the_script_of_a_load() -> None:
    requests = [
        Sent("GET", "/hello"),
        Sent("POST", "/items", {"Content-Type": "application/json"}, b'{"a": 1}'),
    ]
    lines = loads.script(requests, LOAD).splitlines()
    assert lines[:8] == [
        "local REQUESTS = {",
        '  {"GET", "/hello", {}, nil},',
        '  {"POST", "/items", {["Content-Type"] = "application/json"}, "{\\034a\\034: 1}"},',
        "}",
        "local CONNECTIONS = 64",
        "local LIMIT = 1000",
        "local SECONDS = 2.0",
        'local MARK = "bolt-bench "',
    ]


def told(**changes: Any) -> str:
    """Return what wrk writes with the script, among other things."""
    errors = dict.fromkeys(("refused", "connect", "read", "write", "timeout"), 0)
    values = {"sent": 1000, "requests": 1000, "seconds": 0.5, "p50": 640, "p99": 1280}
    line = json.dumps({**values, "errors": errors, **changes})
    return f"Running 12s test\n  1000 requests in 0.5s\n\nbolt-bench {line}\n"


def test_the_outcome_of_a_load() -> None:
    assert loads.outcome(told()) == Outcome(
        sent=1000,
        requests=1000,
        seconds=0.5,
        refused=0,
        connect=0,
        read=0,
        write=0,
        timeout=0,
        p50=0.00064,
        p99=0.00128,
    )


@pytest.mark.parametrize(
    ("stdout", "stderr", "message"),
    [
        ("", "unable to connect to 127.0.0.1:1", "wrk failed: unable to connect"),
        (told(seconds=None, requests=990), "", "990 requests were answered, and others had no"),
    ],
)
def test_loads_without_an_outcome(stdout: str, stderr: str, message: str) -> None:
    with pytest.raises(BenchError, match=message):
        loads.outcome(stdout, stderr)


def outcome(**changes: Any) -> Outcome:
    values = dict.fromkeys(("refused", "connect", "read", "write", "timeout"), 0)
    return Outcome(
        **{
            "sent": 1000,
            "requests": 1000,
            "seconds": 0.5,
            "p50": 0.1,
            "p99": 0.1,
            **values,
            **changes,
        }
    )


@pytest.mark.parametrize(
    ("found", "refusal", "fault"),
    [
        (outcome(), False, None),
        (outcome(refused=1000), True, None),
        (outcome(sent=300, requests=300, seconds=2.1), False, None),
        (outcome(sent=990, requests=990), False, None),
        (outcome(refused=2), False, "2 answers with a status above 399, expected 0"),
        (outcome(refused=999), True, "999 answers with a status above 399, expected 1000"),
        (outcome(read=3, connect=1), False, "faults of connections: {'connect': 1, 'read': 3}"),
        (outcome(requests=999), False, "1000 requests were sent, 999 answers came"),
        (outcome(sent=300, requests=300), False, "300 requests instead of 1000"),
        (outcome(sent=0, requests=0, seconds=2.0), False, "no request was sent"),
    ],
)
def test_what_makes_a_sample_worthless(found: Outcome, refusal: bool, fault: str | None) -> None:
    assert loads.fault(found, LOAD, refusal=refusal) == fault


def test_wrk_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BenchError, match=r"wrk is missing\. On Debian: apt-get install wrk"):
        loads.run("http://127.0.0.1:1", tmp_path / "load.lua", LOAD)


def test_wrk_is_called(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wrk = tmp_path / "wrk"
    wrk.write_text(
        '#!/bin/sh\necho "$@" >"$(dirname "$0")/arguments"\n' + f"cat <<END\n{told()}END\n"
    )
    wrk.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = loads.run("http://127.0.0.1:1", tmp_path / "load.lua", LOAD, prefix=["env"])
    assert found.requests == 1000
    assert (tmp_path / "arguments").read_text().split() == [
        "-t1",
        "-c64",
        "-d12",
        "--timeout=12",
        f"-s{tmp_path}/load.lua",
        "http://127.0.0.1:1",
    ]
