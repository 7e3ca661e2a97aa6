"""Growth as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from perf.bench.figures import MIB
from perf.bench.growth.results import Connections, Growth, Listeners, Memory, Processes, Routes
from perf.bench.tables import number, table

#: What is to be reached.
ROUTES = 1.10
CONNECTION = 8000
LISTENER = 25_000
PROCESSES = 1.7


def report(growth: Growth) -> str:
    """Return everything, as sections of Markdown."""
    circumstances = (
        f"Made {growth.made}, revision {growth.machine.get('revision') or 'unknown'}; medians of "
        f"{growth.rounds} rounds in turn."
    )
    return "\n\n".join(["## Growth", circumstances, *_sections(growth)]) + "\n"


def _sections(growth: Growth) -> Iterator[str]:
    if growth.routes:
        yield "### Routes\n\n" + _routes(growth.routes, growth.routes_memory)
    if growth.connections:
        yield "### Idle connections\n\n" + _connections(growth.connections)
    if growth.listeners:
        yield "### Server-sent events\n\n" + _listeners(growth.listeners)
    if growth.processes:
        yield "### Processes\n\n" + _processes(growth.processes)


def _verdict(holds: bool) -> str:
    return "reached" if holds else "**not reached**"


def _routes(routes: list[Routes], memory: Memory | None) -> str:
    few, many = routes[0].few, routes[0].many
    head = ["Asked for", f"{few:,} routes", f"{many:,} routes", "ratio", f"at most {ROUTES:.2f}"]
    rows = [
        [
            line.asked,
            number(line.few_cpu),
            number(line.many_cpu),
            f"{line.ratio:.3f}",
            _verdict(line.ratio <= ROUTES),
        ]
        for line in routes
    ]
    text = f"Microseconds of server CPU per request.\n\n{table(head, rows)}"
    if memory is not None:
        each = (memory.many_pss - memory.few_pss) / (many - few)
        text += (
            f"\n\nThe idle server takes {memory.few_pss / MIB:.1f} MiB of PSS with {few:,} routes, "
            f"{memory.many_pss / MIB:.1f} MiB with {many:,}: {each / 1000:.1f} kB for a route."
        )
    return text


def _connections(found: Connections) -> str:
    rows = [
        [
            title,
            number(live.cpu),
            f"{live.rate:,.0f}",
            number(live.p50 * 1e3),
            number(live.p99 * 1e3),
        ]
        for title, live in (
            ("no idle connection", found.without),
            (f"{found.count:,} idle connections", found.beside),
        )
    ]
    head = ["Live traffic beside", "CPU µs", "requests/s", "p50 ms", "p99 ms"]
    return (
        f"{found.count:,} connections that were used once each take {found.each:,.0f} bytes of "
        f"resident memory each ({found.before / MIB:.1f} MiB before, {found.after / MIB:.1f} MiB "
        f"after); at most {CONNECTION:,}: {_verdict(found.each <= CONNECTION)}. What the kernel "
        f"keeps for a socket is not in this.\n\n{table(head, rows)}\n\n"
        f"p99 is {found.beside.p99 / found.without.p99:.2f} times that without them."
    )


def _listeners(found: Listeners) -> str:
    return (
        f"{found.count:,} clients that listen at once take {found.each:,.0f} bytes of resident "
        f"memory each ({found.before / MIB:.1f} MiB before, {found.after / MIB:.1f} MiB while they "
        f"listened); at most {LISTENER:,}: {_verdict(found.each <= LISTENER)}. {found.events:,} "
        f"events arrived, {found.missed:,} were missed. What the kernel keeps for a socket is not "
        "in this."
    )


def _processes(processes: list[Processes]) -> str:
    head = [
        "Case", "1 process", "2 processes", "ratio", "possible", "CPU µs, 1", "CPU µs, 2",
        "wrk µs", "capacity", f"at least {PROCESSES}",
    ]  # fmt: skip
    rows = [
        [
            line.case,
            f"{line.one_rate:,.0f}",
            f"{line.two_rate:,.0f}",
            f"{line.ratio:.2f}",
            f"{line.possible:.2f}",
            number(line.one_cpu),
            number(line.two_cpu),
            number(line.wrk_cpu),
            f"{line.capacity:.2f}",
            _verdict(line.ratio >= PROCESSES),
        ]
        for line in processes
    ]
    return (
        "Requests per second on two cores that wrk shares. *possible* is the ratio that wrk's own "
        "cost leaves room for; *capacity* what it would be with wrk elsewhere.\n\n"
        + table(head, rows)
    )
