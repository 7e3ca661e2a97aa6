"""Authentication classes that run in Python, with Django REST framework's interface."""

from __future__ import annotations

from typing import Any, TypeAlias

from asgiref.sync import iscoroutinefunction

from django_bolt.compile import plan as document

#: What ``authenticate`` returns, or a coroutine of it.
Authenticated: TypeAlias = "tuple[Any, Any] | None"


class BaseAuthentication:
    """Base of your own authentication classes; they stand beside Rust's, in the listed order.

    A listed class is instantiated for every request that it is asked about, as in REST framework; a
    listed instance serves every request as it stands.
    """

    def authenticate(self, request: Any) -> Any:
        """Return ``(user, auth)``, or ``None`` where the request has none of its credentials.

        ``def`` or ``async def``; the former runs on the request's leased thread. Raises
        ``AuthenticationFailed`` for credentials that are wrong, which ends the request with 401
        whatever its permissions are.
        """
        raise NotImplementedError

    def authenticate_header(self, request: Any) -> str | None:  # noqa: ARG002
        """Return ``WWW-Authenticate`` for a 401; of the classes of a route, the first one's counts.

        By default the class's name without ``Authentication`` as the scheme. ``None`` makes the
        refusal a 403, as in REST framework.
        """
        scheme = type(self).__name__.removesuffix("Authentication") or "Custom"
        return f'{scheme} realm="api"'

    def plan(self) -> document.PythonAuthentication:
        """Return what Rust knows of the class. Raises ``TypeError`` where it cannot be asked."""
        name = type(self).__qualname__
        if type(self).authenticate is BaseAuthentication.authenticate:
            raise TypeError(f"{name} does not define authenticate(self, request).")
        if iscoroutinefunction(self.authenticate_header):
            raise TypeError(f"{name}.authenticate_header must be def: nothing would await it.")
        return document.PythonAuthentication(name=f"{type(self).__module__}.{name}")
