"""Database connections at the edges of a request."""

from __future__ import annotations

import logging
import threading
from functools import partial
from typing import ClassVar

import pytest
from django.contrib.auth.models import Group
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache
from django.core.signals import request_finished
from django.db import OperationalError, connection, transaction
from django.db import connections as django_connections
from django.test.utils import CaptureQueriesContext

from django_bolt.dispatch import connections


def query():
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def test_a_test_that_counts_queries_keeps_its_count(db):
    with CaptureQueriesContext(connection) as captured:
        query()
        connections.thread_starts_request(True, False)
        query()
        connections.thread_ends_request(True, False)
    assert len(captured) == 2


def test_the_last_request_leaves_no_query_log(db, settings):
    settings.DEBUG = True
    query()
    assert connection.queries_log
    connections.thread_starts_request(True, False)
    assert not connection.queries_log


#: Each edge, where only Django listens to the signals and where others do.
EDGES = [
    partial(edge, listened=listened)
    for edge in (connections.thread_starts_request, connections.thread_ends_request)
    for listened in (False, True)
]


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("in_process", [True, False])
def test_a_transaction_of_somebody_else_is_left_alone(db, edge, in_process, monkeypatch):
    """A test's: on its own thread, or shared with the threads of a server."""
    shared = django_connections["default"]
    # Long past its CONN_MAX_AGE. (The proxy ``connection`` cannot be patched.)
    monkeypatch.setattr(shared, "close_at", 0)
    if not in_process:
        shared.inc_thread_sharing()
    try:
        with transaction.atomic():
            edge(in_process)
            assert connection.in_atomic_block
            query()
        assert django_connections["default"] is shared
    finally:
        if not in_process:
            shared.dec_thread_sharing()


def run_in_thread(work):
    """Run ``work`` in a thread without a connection of its own; return what it returns."""
    results = []

    def run():
        try:
            results.append(work())
        finally:
            connections.thread_ends()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return results[0]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("close_at", "closed"), [(0, True), (float("inf"), False), (None, False)])
@pytest.mark.parametrize("edge", EDGES)
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
@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("depth", [1, 2])
def test_a_transaction_that_nobody_ended_is_rolled_back(edge, depth, caplog):
    """Otherwise Django never opens the connection of this thread again."""

    def work():
        for _ in range(depth):
            transaction.atomic().__enter__()
        Group.objects.create(name="abandoned")
        abandoned = django_connections["default"]
        with caplog.at_level(logging.WARNING, "django_bolt"):
            edge(False)
        try:
            # What a cancelled coroutine may still run afterwards.
            transaction.atomic().__exit__(None, None, None)
            with transaction.atomic():
                query()
            return (
                django_connections["default"] is not abandoned,
                connection.in_atomic_block,
                Group.objects.filter(name="abandoned").exists(),
            )
        finally:
            django_connections.close_all()

    assert run_in_thread(work) == (True, False, False)
    (record,) = caplog.records
    assert "'default'" in record.getMessage()
    assert "open transaction" in record.getMessage()


@pytest.mark.django_db(transaction=True)
def test_an_abandoned_connection_that_cannot_be_closed_is_forgotten(caplog):
    def work():
        transaction.atomic().__enter__()
        abandoned = django_connections["default"]

        def fail():
            raise OperationalError("gone")

        abandoned.close = fail
        connections.thread_ends_request(False, False)
        abandoned.connection.close()
        query()
        django_connections.close_all()
        return django_connections["default"] is not abandoned

    assert run_in_thread(work)


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
    connections.thread_starts_request(True, False)
    connections.thread_ends_request(True, False)
    assert closed == []
    connections.thread_ends_request(False, False)
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


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("listened", [False, True])
def test_the_query_log_is_kept_in_order_either_way(listened):
    def work():
        connection.ensure_connection()
        connection.queries_log.append({"sql": "of the last request"})
        connections.thread_starts_request(False, listened)
        log = list(connection.queries_log)
        connections.thread_ends_request(False, listened)
        django_connections.close_all()
        return log

    assert run_in_thread(work) == []


class ClosingCache(LocMemCache):
    """A cache that has something to close, as those over a network have."""

    closed: ClassVar[list[str]] = []

    def __init__(self, name, params):
        super().__init__(name, params)
        self.name = name

    def close(self, **kwargs):
        self.closed.append(self.name)


class TestCaches:
    @pytest.fixture(autouse=True)
    def _none_closed(self):
        ClosingCache.closed.clear()

    @pytest.mark.parametrize("listened", [False, True])
    @pytest.mark.parametrize(
        ("classes", "closed"),
        [
            ({"default": LocMemCache}, []),
            ({"default": ClosingCache}, ["default"]),
            ({"default": LocMemCache, "far": ClosingCache}, ["far"]),
        ],
    )
    def test_used_ones_are_closed_at_the_end(self, settings, listened, classes, closed):
        settings.CACHES = {
            name: {"BACKEND": f"{cls.__module__}.{cls.__qualname__}", "LOCATION": name}
            for name, cls in classes.items()
        }

        def work():
            for name in classes:
                caches[name].get("key")
            connections.thread_starts_request(False, listened)
            began = list(ClosingCache.closed)
            connections.thread_ends_request(False, listened)
            return began

        assert run_in_thread(work) == []
        assert ClosingCache.closed == closed

    def test_unused_ones_are_not(self, settings):
        backend = f"{ClosingCache.__module__}.{ClosingCache.__qualname__}"
        settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": "default"}}
        run_in_thread(lambda: connections.thread_ends_request(False, False))
        assert ClosingCache.closed == []
