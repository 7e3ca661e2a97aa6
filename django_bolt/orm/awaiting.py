"""``await queryset``: the rows are fetched, and the queryset comes back."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from asgiref.sync import sync_to_async
from django.db.models import QuerySet


def install() -> None:
    """Make querysets awaitable; where Django does so itself, nothing is changed."""
    if not hasattr(QuerySet, "__await__"):
        QuerySet.__await__ = _await  # type: ignore[attr-defined]


def _await(queryset: QuerySet[Any]) -> Generator[Any, Any, QuerySet[Any]]:
    """Fetch the rows on the request's thread, if they are not there yet.

    ``for`` and ``async for`` over what comes back, which is the queryset itself, ask no second
    time; nor does another ``await``.
    """
    return _fetched(queryset).__await__()


async def _fetched(queryset: QuerySet[Any]) -> QuerySet[Any]:
    if not _is_fetched(queryset):
        # As Django's own ``QuerySet.__aiter__``; no public name fetches and keeps the queryset.
        await sync_to_async(queryset._fetch_all)()  # noqa: SLF001
    return queryset


def _is_fetched(queryset: Any) -> bool:
    if queryset._result_cache is None:  # noqa: SLF001
        return False
    return not queryset._prefetch_related_lookups or queryset._prefetch_done  # noqa: SLF001
