"""The edges of a request on its leased thread: Django's request signals, connection upkeep.

Django sends ``request_started`` and ``request_finished`` around every request; its own receivers
keep database connections and caches in order. Here they are sent on the thread that the request
leases, whose connections they concern. A request that leases none has none to keep in order, and
so they are left out for it, unless somebody else listens: see :func:`signals_are_wanted`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import local

from django.core.cache import caches, close_caches
from django.core.cache.backends.base import BaseCache
from django.core.handlers.base import reset_urlconf
from django.core.signals import request_finished, request_started
from django.db import Error, close_old_connections, connections, reset_queries
from django.db.backends.base.base import BaseDatabaseWrapper
from django.dispatch import Signal
from django.utils.module_loading import import_string

from django_bolt._core import App

logger = logging.getLogger("django_bolt")

#: Receivers that Django itself connects; all of them are about the thread that they run on.
_DJANGOS_OWN = frozenset({close_caches, close_old_connections, reset_queries, reset_urlconf})


def thread_starts_request(in_process: bool, listened: bool) -> None:
    """Send ``request_started``: old connections are closed, the last request's query log ends.

    ``in_process`` is set where the thread is a test's own, whose connections stay as they are;
    ``listened`` where :func:`signals_are_wanted`. Where only Django would listen, what its
    receivers do is done without the signals, which cost three times as much. A transaction that is
    open here was left behind after the end of the last request.
    """
    if in_process:
        with _connections_kept(request_started):
            request_started.send(sender=App)
        return
    _keep_connections_in_order(starts=True)
    if listened:
        request_started.send(sender=App)


def thread_ends_request(in_process: bool, listened: bool) -> None:
    """Send ``request_finished``: connections that broke or are past ``CONN_MAX_AGE`` are closed.

    A transaction that the request left open, as a cancelled one may, is rolled back. The arguments
    are those of :func:`thread_starts_request`.
    """
    if in_process:
        with _connections_kept(request_finished):
            request_finished.send(sender=App)
        return
    _keep_connections_in_order(starts=False)
    if listened:
        request_finished.send(sender=App)
    elif caches_are_closed():
        close_caches()


def thread_ends() -> None:
    """Close every connection of the thread."""
    for connection in connections.all(initialized_only=True):
        _close(connection)


def signals_are_wanted() -> bool:
    """Tell whether somebody other than Django listens to the request signals."""
    return any(
        receiver not in _DJANGOS_OWN
        for signal in (request_started, request_finished)
        for receivers in signal._live_receivers(App)  # noqa: SLF001 - no public way exists
        for receiver in receivers
    )


def _keep_connections_in_order(*, starts: bool) -> None:
    """Do for each connection of this thread what Django's receivers do, in one go."""
    for connection in _connections_of_this_thread():
        # What other threads share (in tests) is theirs to end.
        if connection.in_atomic_block and not connection.allow_thread_sharing:
            _abandon(connection)
            continue
        if starts:
            connection.queries_log.clear()
        connection.close_if_unusable_or_obsolete()


def thread_storage() -> dict[str, object] | None:
    """Return where this thread keeps its connections by their aliases, always the same object.

    ``None`` where asgiref keeps them in some other way.
    """
    kept = connections._connections  # type: ignore[attr-defined]  # noqa: SLF001 - no other way
    storage = kept._storage  # noqa: SLF001 - of an ``asgiref.local.Local``
    return vars(storage) if isinstance(storage, local) else None


def _connections_of_this_thread() -> list[BaseDatabaseWrapper]:
    """Return what ``connections.all(initialized_only=True)`` does, at a tenth of its cost."""
    storage = thread_storage()
    if storage is None:
        return list(connections.all(initialized_only=True))
    return [one for one in storage.values() if isinstance(one, BaseDatabaseWrapper)]


def caches_are_closed() -> bool:
    """Tell whether closing does anything for one of the configured caches.

    It does not for those of Django that keep no connection.
    """
    configured = caches.settings
    if _closing.settings is not configured:
        backends = [import_string(options["BACKEND"]) for options in configured.values()]
        _closing.matters = any(backend.close is not BaseCache.close for backend in backends)
        _closing.settings = configured
    return _closing.matters


class _Closing:
    """What was found out about the configured caches: tests configure others."""

    settings: object = None
    matters = True


_closing = _Closing()


def _abandon(connection: BaseDatabaseWrapper) -> None:
    """Close and forget a connection whose ``atomic`` block nobody ended.

    Django would close it and, since it may not reopen one inside a block, never open it again: the
    thread would fail every further request.
    """
    logger.warning(
        "A request ended with an open transaction of the database %r, which was rolled back.",
        connection.alias,
    )
    # Django refuses to roll back inside a block.
    connection.in_atomic_block = False
    try:
        connection.rollback()
        _close(connection)
    except Error:
        logger.warning("The database %r could not be closed.", connection.alias, exc_info=True)
    finally:
        del connections[connection.alias]


def _close(connection: BaseDatabaseWrapper) -> None:
    """Close a connection, one to a database in memory too, which Django would leave open.

    That is a test's database: another connection, the test's own, keeps it alive.
    """
    connection.close()
    if connection.connection is not None:
        connection.connection.close()
        connection.connection = None


@contextmanager
def _connections_kept(signal: Signal) -> Iterator[None]:
    """Keep a test's connections open, as Django's own test client does."""
    disconnected = signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        if disconnected:
            signal.connect(close_old_connections)
