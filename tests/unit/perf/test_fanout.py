"""One event at many clients: what is counted, and how it is told."""

from __future__ import annotations

import socket
from pathlib import Path

import msgspec
import pytest

pytest.importorskip("psutil", reason="make bench installs it")

from perf.bench import fanout
from perf.bench.errors import BenchError
from perf.bench.fanout import Fanout, Sample


def sample(server: str, number: int, cpu: float, missed: int = 0) -> Sample:
    return Sample(server, number, 100, 1000 - missed, missed, cpu, 1_000_000, 3_000_000)


FOUND = Fanout(
    made="2026-11-24T00:00:00+00:00",
    machine={"cpu": "A processor"},
    seconds=2.0,
    titles={"slow": "Slow", "bolt": "django-bolt"},
    samples=[
        sample("slow", 1, 0.1, missed=500),
        sample("bolt", 1, 0.01),
        sample("bolt", 2, 0.03),
        sample("bolt", 3, 0.02),
    ],
)


def test_the_cheapest_comes_first() -> None:
    lines = [line for line in fanout.report(FOUND).splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[2:] == [
        ["django-bolt", "20.0", "20.0", "0.0%"],
        ["Slow", "200", "20.0", "50.0%"],
    ]


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "target" / "fanout.json"
    fanout.write(FOUND, path)
    assert fanout.read(path) == FOUND
    path.write_bytes(msgspec.json.encode({"made": 1}))
    with pytest.raises(BenchError, match=r"fanout\.json"):
        fanout.read(path)


def test_servers_take_turns() -> None:
    assert list(fanout.schedule(["a", "b"], 2)) == [("a", 1), ("b", 1), ("b", 2), ("a", 2)]


def client(*chunks: bytes) -> tuple[int | None, int, int]:
    """Return first number, last number and count of what chunks say to a client."""
    here, there = socket.socketpair()
    with here, there:
        listening = fanout._Client(here)
        for chunk in chunks:
            there.sendall(chunk)
            listening.read()
        return listening.first, listening.last, listening.events


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ([b"HTTP/1.1 200 OK\r\n\r\n"], (None, 0, 0)),
        ([b"9\r\ndata: 7\n\n\r\n"], (7, 7, 1)),
        ([b"data: 7\n", b"\ndata: 8\n\nda", b"ta: 10\r\n\r\n"], (7, 10, 3)),
        ([b"data:1\n\n: ping\n\ndata:2\n\n"], (1, 2, 2)),
    ],
)
def test_events_are_counted(chunks: list[bytes], expected: tuple[int | None, int, int]) -> None:
    assert client(*chunks) == expected


def test_events_out_of_order_are_refused() -> None:
    with pytest.raises(ConnectionError, match="event 3 came after 4"):
        client(b"data: 4\n\ndata: 3\n\n")


def test_a_closed_connection_is_refused() -> None:
    here, there = socket.socketpair()
    with here:
        there.close()
        with pytest.raises(ConnectionError, match="has closed"):
            fanout._Client(here).read()
