"""A check of an object's permissions that cannot be forgotten."""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine, Generator
from typing import Any

from django_bolt._core import Request


class ObjectCheck(Awaitable[None]):
    """What ``acheck_object_permissions`` returns: it is awaited, or the request fails.

    A coroutine that nobody awaits refuses nobody, and Python only warns. This one is missed as soon
    as it is dropped, which is before the handler's result becomes a reply.
    """

    __slots__ = ("_check", "_request")

    def __init__(self, check: Coroutine[Any, Any, None], request: Request) -> None:
        """Hold the check of ``request`` until it is awaited."""
        self._check: Coroutine[Any, Any, None] | None = check
        self._request = request

    def __await__(self) -> Generator[Any, Any, None]:
        check, self._check = self._check, None
        if check is None:
            raise RuntimeError("A check of permissions can be awaited once only.")
        return check.__await__()

    def __del__(self) -> None:
        if self._check is not None:
            self._check.close()
            self._request.fail(
                "acheck_object_permissions() was called and never awaited: the permissions of the "
                "object were not checked."
            )
