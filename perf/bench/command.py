"""What the command lines have in common."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable

from perf.bench import machine, places
from perf.bench.errors import BenchError
from perf.bench.load import Load, found
from perf.bench.options import Options


def guarded(action: Callable[[], None]) -> int:
    """Return the exit status of an action, whose servers end whatever ends it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        action()
    except BenchError as error:
        sys.stderr.write(f"bench: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("bench: interrupted; the servers have ended\n")
        return 128 + signal.SIGINT
    return 0


def require_tools() -> None:
    """Refuse to begin where something is missing that the run needs."""
    if not sys.platform.startswith("linux"):
        raise BenchError("CPU and memory of servers are read as Linux tells them")
    found("wrk")
    if not machine.can_pin():
        sys.stdout.write("Not pinned, which takes taskset and two cores: figures vary more.\n")
    if machine.has_quick_build(places.STAMPS):
        raise BenchError("the extension module is not optimised: make build")


def add_load(parser: argparse.ArgumentParser) -> None:
    """Add the options of the load and of its repetition."""
    parser.add_argument("--connections", type=_positive, default=64, help="open at once")
    parser.add_argument("--requests", type=_positive, default=20_000, help="in each sample")
    parser.add_argument(
        "--seconds", type=_seconds, default=2.0, help="in which a sample ends, however many came"
    )
    parser.add_argument("--rounds", type=_positive, default=5, help="of all servers, in turn")


def sampling(options: argparse.Namespace) -> Options:
    """Return what is the same for every sample of a run."""
    return Options(
        load=Load(options.connections, options.requests, options.seconds),
        rounds=options.rounds,
        pin=machine.can_pin(),
        data=places.DATA,
        scripts=places.SCRIPTS,
    )


def names(text: str) -> list[str]:
    """Return names that have commas or spaces between them."""
    return text.replace(",", " ").split()


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not 0.1 <= value <= 600:
        raise argparse.ArgumentTypeError(f"{text} is not between 0.1 and 600")
    return value
