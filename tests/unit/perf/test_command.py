"""What the command lines refuse, and what they make of their options."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from perf.bench import command, places
from perf.bench.errors import BenchError
from perf.bench.load import Load


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """Undo what a command does to SIGTERM."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def parse(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_load(parser)
    return parser.parse_args(arguments)


def test_the_load_of_a_run() -> None:
    options = command.sampling(parse("--connections", "8", "--requests=500", "--rounds", "3"))
    assert (options.load, options.rounds) == (Load(8, 500, 2.0), 3)
    assert options.warm_up == Load(8, 50, 0.2)


def test_a_short_load_is_warmed_up_on_every_connection() -> None:
    options = command.sampling(parse("--requests=100", "--seconds=0.1"))
    assert options.warm_up == Load(64, 64, 0.1)


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--connections", "0", "0 is not above 0"),
        ("--requests", "-1", "-1 is not above 0"),
        ("--rounds", "many", "invalid"),
        ("--seconds", "nan", "not between 0.1 and 600"),
        ("--seconds", "0.01", "not between 0.1 and 600"),
    ],
)
def test_refused_options(
    option: str, value: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse(f"{option}={value}")
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "expected"), [("", []), ("hello", ["hello"]), ("a,b, c", ["a", "b", "c"])]
)
def test_names(text: str, expected: list[str]) -> None:
    assert command.names(text) == expected


def fail() -> None:
    raise BenchError("no server is called 'x'")


def interrupt() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("action", "status", "said"),
    [
        (lambda: None, 0, ""),
        (fail, 1, "bench: no server is called 'x'\n"),
        (interrupt, 130, "bench: interrupted; the servers have ended\n"),
    ],
)
def test_exit_statuses(action, status: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.guarded(action) == status
    assert capsys.readouterr().err == said


def test_sigterm_ends_a_run_in_order() -> None:
    ended = []

    def action() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            ended.append(True)

    with pytest.raises(SystemExit) as stopped:
        command.guarded(action)
    assert (stopped.value.code, ended) == (143, [True])


def test_a_build_that_is_not_optimised_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(places, "STAMPS", tmp_path)
    monkeypatch.setattr(command, "found", lambda program: program)
    command.require_tools()
    (tmp_path / f"{sys.implementation.cache_tag}.dev").touch()
    with pytest.raises(BenchError, match="not optimised: make build"):
        command.require_tools()


def test_other_systems_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(BenchError, match="as Linux tells them"):
        command.require_tools()
