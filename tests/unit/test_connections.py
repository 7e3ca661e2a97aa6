"""Database connections at the edges of a request."""

from __future__ import annotations

import threading

import pytest
from django.core.signals import request_finished
from django.db import connection, transaction
from django.db import connections as django_connections
from django.test.utils import CaptureQueriesContext

from django_bolt.dispatch import connections


def query():
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def test_a_test_that_counts_queries_keeps_its_count(db):
    with CaptureQueriesContext(connection) as captured:
        query()
        connections.thread_starts_request(True)
        query()
        connections.thread_ends_request(True)
    assert len(captured) == 2


def test_the_last_request_leaves_no_query_log(db, settings):
    settings.DEBUG = True
    query()
    assert connection.queries_log
    connections.thread_starts_request(True)
    assert not connection.queries_log


@pytest.mark.parametrize(
    "edge", [connections.thread_starts_request, connections.thread_ends_request]
)
def test_a_connection_in_a_transaction_is_left_alone(db, edge, monkeypatch):
    with transaction.atomic():
        # Long past its CONN_MAX_AGE. (The proxy ``connection`` cannot be patched.)
        monkeypatch.setattr(django_connections["default"], "close_at", 0)
        edge(False)
        assert connection.in_atomic_block
        query()


def run_in_thread(work):
    """Run ``work`` in a thread without a connection of its own; return what it returns."""
    results = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    thread.join()
    return results[0]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("close_at", "closed"), [(0, True), (float("inf"), False), (None, False)])
@pytest.mark.parametrize(
    "edge", [connections.thread_starts_request, connections.thread_ends_request]
)
def test_a_connection_past_its_age_is_closed(edge, close_at, closed):
    def work():
        calls = []
        connection.ensure_connection()
        close = connection.close
        connection.close_at = close_at
        connection.close = lambda: calls.append("closed")
        edge(False)
        del connection.close
        close()
        return bool(calls)

    assert run_in_thread(work) is closed


@pytest.mark.django_db(transaction=True)
def test_a_thread_that_ends_closes_every_connection():
    def work():
        calls = []
        connection.ensure_connection()
        close = connection.close
        connection.close = lambda: calls.append("closed")
        connections.thread_ends()
        del connection.close
        close()
        return calls

    assert run_in_thread(work) == ["closed"]


@pytest.mark.django_db(transaction=True)
def test_a_tests_own_connection_stays_open(monkeypatch):
    # Long past its CONN_MAX_AGE, and outside of any transaction.
    connection.ensure_connection()
    monkeypatch.setattr(django_connections["default"], "close_at", 0)
    closed = []
    monkeypatch.setattr(django_connections["default"], "close", lambda: closed.append(1))
    connections.thread_starts_request(True)
    connections.thread_ends_request(True)
    assert closed == []
    connections.thread_ends_request(False)
    assert closed == [1]


def test_only_strangers_make_signals_wanted():
    def stranger(**_):
        """Listen."""

    assert not connections.signals_are_wanted()
    request_finished.connect(stranger)
    try:
        assert connections.signals_are_wanted()
    finally:
        request_finished.disconnect(stranger)
    assert not connections.signals_are_wanted()
