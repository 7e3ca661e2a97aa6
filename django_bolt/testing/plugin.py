"""pytest's fixtures ``bolt_client``, ``async_bolt_client`` and ``bolt_server``.

pytest loads this module in every project of the environment, so it imports nothing but pytest: no
Django, no settings, no httpx before a fixture is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from django_bolt.testing.client import AsyncTestClient, TestClient
    from django_bolt.testing.live import LiveServer


@pytest.fixture
def bolt_client() -> Iterator[TestClient]:
    """A client of the project's routes, in process: it sees the test's transaction."""
    from django_bolt.testing.client import TestClient

    with TestClient() as client:
        yield client


@pytest.fixture
def async_bolt_client() -> AsyncTestClient:
    """A client of the project's routes for tests that are coroutines."""
    from django_bolt.testing.client import AsyncTestClient

    return AsyncTestClient()


@pytest.fixture
def bolt_server() -> Iterator[LiveServer]:
    """The project's routes over a socket; with the database it needs ``transactional_db``."""
    from django_bolt.testing.live import LiveServer

    with LiveServer() as server:
        yield server
