"""What somebody forgot to await."""

from __future__ import annotations

import inspect

from django.db.models import QuerySet


def is_unawaited(value: object) -> bool:
    """Tell whether a value is awaitable and none by itself.

    A queryset can be awaited (see ``orm.awaiting``), but need not be: it is a result as it stands.
    """
    return inspect.isawaitable(value) and not isinstance(value, QuerySet)
