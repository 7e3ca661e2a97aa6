"""One sample: a load, and what it cost the server."""

from __future__ import annotations

from collections.abc import Sequence

from perf.bench import load as loads
from perf.bench import machine
from perf.bench.accounting import Meter
from perf.bench.cases import Case
from perf.bench.errors import BenchError
from perf.bench.load import Load, Outcome, Sent
from perf.bench.options import Options
from perf.bench.process import Running
from perf.bench.results import Sample


def sample(case: Case, server: Running, number: int, options: Options) -> Sample:
    """Put the load of one case on one server.

    Raises BenchError where an answer is missing or another than expected.
    """
    request = case.request
    sent = Sent(request.method, request.path, request.headers, request.content(options.data))
    return measure(case.name, [sent], server, number, options, refusal=case.expect.is_refusal)


def measure(
    name: str,
    requests: Sequence[Sent],
    server: Running,
    number: int,
    options: Options,
    *,
    refusal: bool = False,
) -> Sample:
    """Put a load of any requests on a server, after a short one that is not counted."""
    try:
        put(name, requests, server, options.warm_up, options, refusal=refusal)
        meter = Meter(server.pid)
        outcome = put(name, requests, server, options.load, options, refusal=refusal)
        cpu = meter.seconds()
    except BenchError as error:
        raise server.failure(f"{name}: {error}") from error
    return Sample(
        case=name,
        server=server.name,
        round=number,
        requests=outcome.requests,
        seconds=outcome.seconds,
        cpu_seconds=round(cpu, 9),
        p50=outcome.p50,
        p99=outcome.p99,
    )


def put(
    name: str,
    requests: Sequence[Sent],
    server: Running,
    amount: Load,
    options: Options,
    *,
    refusal: bool = False,
) -> Outcome:
    """Put a load on a server, and return what wrk saw.

    Raises BenchError where an answer is missing or another than expected.
    """
    options.scripts.mkdir(parents=True, exist_ok=True)
    path = options.scripts / f"{name}.lua"
    path.write_text(loads.script(requests, amount))
    prefix = machine.pinned(machine.LOAD_CORE, pin=options.pin)
    outcome = loads.run(server.url, path, amount, prefix)
    fault = loads.fault(outcome, amount, refusal=refusal)
    if fault:
        raise BenchError(fault)
    return outcome
