"""Where things are."""

from __future__ import annotations

import os
from pathlib import Path

PERF = Path(__file__).resolve().parent.parent
ROOT = PERF.parent

CASES = PERF / "cases.toml"
SERVERS = PERF / "servers.toml"
RESULTS = PERF / "results"

#: Which build of the extension module stands in the tree: see the Makefile.
STAMPS = ROOT / "target" / "in-tree"
TARGET = ROOT / "target" / "perf"
DATA = Path(os.environ.get("BENCH_DATA", TARGET / "data"))
VENVS = TARGET / "venvs"
LOGS = TARGET / "logs"
SCRIPTS = TARGET / "scripts"
LAST = TARGET / "last.json"
GROWTH = TARGET / "growth.json"
FANOUT = TARGET / "fanout.json"
FLOOR = ROOT / "target" / "release" / "bolt-floor"
