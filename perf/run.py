"""Measures servers side by side: ``python -m perf.run --servers bolt,floor --cases hello``."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence

from perf.bench import session
from perf.bench.errors import BenchError
from perf.bench.load import Load


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line says, and return the exit status."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        session.run(
            cases=options.cases,
            servers=options.servers,
            load=Load(options.connections, options.requests, options.seconds),
            rounds=options.rounds,
        )
    except BenchError as error:
        sys.stderr.write(f"bench: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("bench: interrupted; the servers have ended\n")
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m perf.run",
        description="Measures servers side by side, and writes target/perf/last.json.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--connections", type=_positive, default=64, help="open at once")
    parser.add_argument("--requests", type=_positive, default=20_000, help="in each sample")
    parser.add_argument(
        "--seconds", type=_seconds, default=2.0, help="in which a sample ends, however many came"
    )
    parser.add_argument("--rounds", type=_positive, default=5, help="of all servers, in turn")
    parser.add_argument("--cases", type=_names, default=[], help="names with commas; else all")
    parser.add_argument("--servers", type=_names, default=[], help="names with commas; else all")
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not 0.1 <= value <= 600:
        raise argparse.ArgumentTypeError(f"{text} is not between 0.1 and 600")
    return value


def _names(text: str) -> list[str]:
    return [name for name in text.replace(",", " ").split() if name]


if __name__ == "__main__":
    sys.exit(main())
