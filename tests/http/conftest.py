"""Every test of this directory that takes a client runs twice: in process, and over a socket.

``client`` serves the module's ``api`` for as long as its tests run. ``serve`` serves other routes,
or the same under other settings, within one test. Both give an ``httpx.Client``, so that the
tests, and above all their tables of cases (``tests.http.cases``), are the same for both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from django.test import override_settings

from django_bolt.testing import LiveServer, TestClient

pytest.register_assert_rewrite("tests.http.cases")

IN_PROCESS, LIVE = "in process", "live"
BOTH = [IN_PROCESS, LIVE]
#: Seconds; far beyond what a request takes on a busy machine.
TIMEOUT = 30.0

Serve = Callable[..., httpx.Client]


@pytest.fixture(scope="module", autouse=True)
def neutral_settings() -> Iterator[None]:
    """Have no test depend on the sample site's policies."""
    with override_settings(BOLT={}, DEBUG=False, ALLOWED_HOSTS=["*"]):
        yield


@pytest.fixture(scope="module", params=BOTH)
def client(request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """Serve the module's ``api``."""
    with ExitStack() as stack:
        yield open_client(request.param, request.module.api, stack)


@pytest.fixture(params=BOTH)
def serve(request: pytest.FixtureRequest) -> Iterator[Serve]:
    """Return what serves routes until the test ends; all that are discovered by default."""
    with ExitStack() as stack:
        yield lambda routes=None: open_client(request.param, routes, stack)


@pytest.fixture
def db_client(transactional_db: None, serve: Serve, request: pytest.FixtureRequest) -> httpx.Client:
    """Serve the module's ``api`` with the database.

    The threads of a server keep their connections, which no other test may use: it is this one's.
    """
    return serve(request.module.api)


@pytest.fixture(scope="module")
def live_client(request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """Serve the module's ``api`` over a socket alone, for what shows nowhere else."""
    with ExitStack() as stack:
        yield open_client(LIVE, request.module.api, stack)


def open_client(mode: str, routes: Any, stack: ExitStack) -> httpx.Client:
    """Return a client of the routes; what it needs ends with ``stack``."""
    if mode == IN_PROCESS:
        # A client over a socket sees a 500 and never the exception.
        return stack.enter_context(
            TestClient(routes, raise_server_exceptions=False, timeout=TIMEOUT)
        )
    server = stack.enter_context(LiveServer(routes))
    return stack.enter_context(httpx.Client(base_url=server.url, timeout=TIMEOUT, trust_env=False))
