"""The authentication classes of a route that run in Python, and what they find."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, TypeAlias

from asgiref.sync import iscoroutinefunction, sync_to_async

from django_bolt.auth.authentication import BaseAuthentication
from django_bolt.auth.identity import PythonIdentity
from django_bolt.auth.security_log import log_refusal
from django_bolt.exceptions import APIException, AuthenticationFailed, NotAuthenticated

#: What Rust leaves to Python: the places of the classes to ask, and the detail, the challenge and
#: the reason of the refusal that holds where none of them knows the caller.
Pending: TypeAlias = "tuple[Sequence[int], tuple[str, str, str] | None]"


class Authenticators:
    """The authentication classes of a route in their order, those of Rust included."""

    __slots__ = ("_items", "in_python")

    def __init__(self, items: Sequence[tuple[int, Any]]) -> None:
        """Take classes or instances, each with its index in the plan."""
        self._items = tuple(items)
        #: Whether any of them runs in Python.
        self.in_python = any(_runs_in_python(item) for _, item in self._items)

    def instances(self) -> list[Any]:
        """Return an instance of each, as REST framework's ``request.authenticators``."""
        return [_instance(item) for _, item in self._items]

    def verified_by(self, index: int) -> Any:
        """Return the class of Rust that has this index in the plan."""
        return next(_instance(item) for known, item in self._items if known == index)

    async def authenticate(self, request: Any, pending: Pending) -> None:
        """Ask the classes that Rust could not, and tell the request who it is.

        Synchronous ones run on the request's thread. Raises what the first class that finds
        credentials raises; where none does, what Rust found holds, its refusal too.
        """
        places, refusal = pending
        for place in places:
            backend = _instance(self._items[place][1])
            try:
                found = await _ask(backend, request)
            except APIException as error:
                _log(request, _reason(error), int(error.status_code), type(backend).__name__)
                raise
            if found is not None:
                request.authenticated(PythonIdentity(*found, backend))
                return
        if refusal is not None:
            _log(request, refusal[2])
            raise _refused(refusal)

    def challenge(self, request: Any, error: APIException) -> tuple[int, str | None] | None:
        """Return the status and ``WWW-Authenticate`` of a refusal, of which Python's class says.

        ``None`` where the first class is Rust's, which says so itself, or the error is another.
        """
        if not isinstance(error, AuthenticationFailed | NotAuthenticated):
            return None
        if "WWW-Authenticate" in error.headers:
            return None
        first = self._items[0][1]
        if not _runs_in_python(first):
            return None
        header = _instance(first).authenticate_header(request)
        return (403, None) if header is None else (error.status_code, header)


async def _ask(backend: BaseAuthentication, request: Any) -> tuple[Any, Any] | None:
    if iscoroutinefunction(backend.authenticate):
        found = await backend.authenticate(request)
    else:
        found = await sync_to_async(backend.authenticate)(request)
    # An awaitable is true; one that nobody awaited would be somebody.
    while inspect.isawaitable(found):
        found = await found
    if found is None:
        return None
    if not isinstance(found, tuple) or len(found) != 2:
        raise TypeError(
            f"{type(backend).__qualname__}.authenticate must return (user, auth) or None, not "
            f"{type(found).__name__}."
        )
    return found


def _refused(refusal: tuple[str, str, str]) -> AuthenticationFailed:
    detail, challenge, _ = refusal
    error = AuthenticationFailed(detail)
    error.headers = {"WWW-Authenticate": challenge}
    return error


def _reason(error: APIException) -> str:
    """Return the codes of an error: words for programs, which hold nothing of the credentials."""
    codes = error.get_codes()
    return codes if isinstance(codes, str) else type(error).__name__


def _log(request: Any, reason: str, status: int = 401, scheme: str | None = None) -> None:
    log_refusal(
        reason,
        request.method,
        request.route,
        None if request.peer is None else request.peer[0],
        scheme=scheme,
        status_code=status,
    )


def _runs_in_python(item: Any) -> bool:
    kind = item if isinstance(item, type) else type(item)
    return issubclass(kind, BaseAuthentication)


def _instance(item: Any) -> Any:
    return item() if isinstance(item, type) else item
