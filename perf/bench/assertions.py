"""Every case is asked once, and its answer compared, before and after anything is timed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import httpx

from perf.bench.cases import Case, Request
from perf.bench.expectations import Answer, faults
from perf.bench.process import Running
from perf.bench.servers import Server

TIMEOUT = 10.0


def check(running: Running, server: Server, cases: Iterable[Case], data: Path) -> None:
    """Ask a server for every case: what it has must be right, and what it lacks must be a 404.

    Raises BenchError with all that is wrong.
    """
    with httpx.Client(timeout=TIMEOUT, trust_env=False) as client:
        wrong = [
            f"  {case.name}: {fault}"
            for case in cases
            for fault in _faults(client, running, server, case, data)
        ]
    if wrong:
        raise running.failure("answers that are not those of cases.toml\n" + "\n".join(wrong))


def _faults(
    client: httpx.Client, running: Running, server: Server, case: Case, data: Path
) -> list[str]:
    try:
        answer = ask(client, running.url, case.request, data)
    except httpx.TransportError as error:
        return [f"no answer: {error!r}"]
    if case.name not in server.lacks:
        return faults(case.expect, answer, data)
    if answer.status == 404:
        return []
    return [f"status {answer.status}, but servers.toml says that it lacks this case"]


def ask(client: httpx.Client, url: str, request: Request, data: Path) -> Answer:
    """Send a request with the headers that it names and no others, as wrk does."""
    response = client.send(
        httpx.Request(
            request.method,
            url + request.path,
            headers=request.headers,
            content=request.content(data),
        )
    )
    return Answer(
        response.status_code,
        {name.lower(): value for name, value in response.headers.items()},
        response.content,
    )
