"""Database connections of a leased thread: what Django does at the edges of a request."""

from __future__ import annotations

from django.db import close_old_connections, connections


def thread_starts_request() -> None:
    """Drop connections that are dead or past ``CONN_MAX_AGE``, and the last request's query log.

    Connections inside an ``atomic`` block are left alone, as Django leaves them.
    """
    for connection in connections.all(initialized_only=True):
        # A forced log belongs to a test that is counting queries.
        if not connection.force_debug_cursor:
            connection.queries_log.clear()
    close_old_connections()


def thread_ends_request() -> None:
    """Drop connections that broke during the request or are past ``CONN_MAX_AGE``."""
    close_old_connections()


def thread_ends() -> None:
    """Close every connection of the thread."""
    connections.close_all()
