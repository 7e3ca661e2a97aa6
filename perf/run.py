"""Measures servers side by side: ``python -m perf.run --servers bolt,floor --cases hello``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from perf.bench import command, session


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line says, and return the exit status."""
    options = _parser().parse_args(arguments)
    return command.guarded(
        lambda: session.run(options.cases, options.servers, command.sampling(options))
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m perf.run",
        description="Measures servers side by side, and writes target/perf/last.json.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    command.add_load(parser)
    parser.add_argument("--cases", type=command.names, default=[], help="names; [] is all")
    parser.add_argument("--servers", type=command.names, default=[], help="names; [] is all")
    return parser


if __name__ == "__main__":
    sys.exit(main())
