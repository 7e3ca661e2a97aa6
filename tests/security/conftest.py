"""Hostile input, in process and over a socket: the clients are those of ``tests/http``."""

from __future__ import annotations

from tests.http.conftest import (  # noqa: F401 - fixtures
    client,
    db_client,
    live_client,
    neutral_settings,
    serve,
)
