"""The edges of a request on its leased thread: Django's request signals, connection upkeep.

Django sends ``request_started`` and ``request_finished`` around every request; its own receivers
keep database connections and caches in order. Here they are sent on the thread that the request
leases, whose connections they concern. A request that leases none has none to keep in order, and
so they are left out for it, unless somebody else listens: see :func:`signals_are_wanted`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.cache import close_caches
from django.core.handlers.base import reset_urlconf
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connections, reset_queries
from django.dispatch import Signal

from django_bolt._core import App

#: Receivers that Django itself connects; all of them are about the thread that they run on.
_DJANGOS_OWN = frozenset({close_caches, close_old_connections, reset_queries, reset_urlconf})


def thread_starts_request(in_process: bool) -> None:
    """Send ``request_started``: old connections are closed, the last request's query log ends.

    ``in_process`` is set where the thread is a test's own, whose connections stay as they are.
    """
    with _connections_kept(request_started, in_process):
        request_started.send(sender=App)


def thread_ends_request(in_process: bool) -> None:
    """Send ``request_finished``: connections that broke or are past ``CONN_MAX_AGE`` are closed."""
    with _connections_kept(request_finished, in_process):
        request_finished.send(sender=App)


def thread_ends() -> None:
    """Close every connection of the thread."""
    connections.close_all()


def signals_are_wanted() -> bool:
    """Tell whether somebody other than Django listens to the request signals."""
    return any(
        receiver not in _DJANGOS_OWN
        for signal in (request_started, request_finished)
        for receivers in signal._live_receivers(App)  # noqa: SLF001 - no public way exists
        for receiver in receivers
    )


@contextmanager
def _connections_kept(signal: Signal, keep: bool) -> Iterator[None]:
    """Keep a test's connections open, as Django's own test client does."""
    disconnected = keep and signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        if disconnected:
            signal.connect(close_old_connections)
