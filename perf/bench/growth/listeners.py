"""Clients that listen to server-sent events, all at once: what each of them takes."""

from __future__ import annotations

from perf.bench import fanout
from perf.bench.growth import sites
from perf.bench.growth.results import Listeners
from perf.bench.options import Options

COUNT = 10_000


def run(options: Options) -> Listeners:
    """Measure on a server that has served nothing yet; every event goes to every client."""
    with sites.many_routes(5, options.data, pin=options.pin) as server:
        found = fanout.sample(server, 1, COUNT, options.load.seconds)
    return Listeners(COUNT, found.before, found.after, found.events, found.missed)
