"""Test clients: httpx's interface, an application in this process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict, Unpack

import httpx
from django.contrib.auth.base_user import AbstractBaseUser

from django_bolt.auth import create_jwt_for_user
from django_bolt.testing.in_process import Application, Overrides, Routes, discovered
from django_bolt.testing.transports import AsyncInProcessTransport, InProcessTransport

BASE_URL = "http://testserver"
#: Seconds without a sign of life after which a request has failed: longer than any that is alive.
TIMEOUT = 60.0


class ClientOptions(TypedDict, total=False):
    """What a test client passes on to httpx."""

    #: Where relative addresses lead; ``http://testserver`` by default.
    base_url: str
    headers: Mapping[str, str] | None
    cookies: dict[str, str] | None
    #: Seconds without a sign of life after which a request has failed; 60 by default.
    timeout: float | None
    follow_redirects: bool


class TestClient(httpx.Client):
    """A client for tests that are functions.

    ``routes`` is a ``Router``, a ``BoltAPI``, or a list of them or of their routes; by default all
    that the project's discovery finds. Requests run through the server's own stages, but without a
    socket, and their blocking work runs on the calling thread, so that handlers see the test's
    transaction. ``raise_server_exceptions`` raises what a handler did not catch, where a client
    would receive a 500. ``overrides`` maps dependencies to what stands in their place; one that no
    route has is refused. Everything else is httpx's.
    """

    __test__ = False  # pytest would take it for a class of tests

    def __init__(
        self,
        routes: Routes = None,
        *,
        overrides: Overrides = None,
        raise_server_exceptions: bool = True,
        **options: Unpack[ClientOptions],
    ) -> None:
        """Build the application; ``ImproperlyConfigured`` says why it cannot be served."""
        self._own, application = _application(routes, overrides)
        transport = InProcessTransport(application, raise_server_exceptions=raise_server_exceptions)
        super().__init__(**_complete(options), trust_env=False, transport=transport)

    def authenticate(self, user: AbstractBaseUser | None, **options: Any) -> None:
        """Send a token of ``user`` from now on, or none for ``None``.

        ``options`` are those of ``create_jwt_for_user``, whose ``ValueError`` is raised for a user
        who cannot have a token. The routes need ``JWTAuthentication``.
        """
        _authorize(self.headers, user, options)

    def close(self) -> None:
        """Close the client, and stop the application that was built for it alone."""
        super().close()
        if self._own is not None:
            self._own.close()

    def __exit__(self, *error: Any) -> None:
        """Close the client."""
        super().__exit__(*error)
        self.close()


class AsyncTestClient(httpx.AsyncClient):
    """A client for tests that are coroutines; otherwise as :class:`TestClient`.

    Blocking work runs on the thread of the test. Django's own test cases run a coroutine beside it,
    which is seen; under other runners the test's thread is the one that turns the loop.
    """

    __test__ = False

    def __init__(
        self,
        routes: Routes = None,
        *,
        overrides: Overrides = None,
        raise_server_exceptions: bool = True,
        **options: Unpack[ClientOptions],
    ) -> None:
        """Build the application; ``ImproperlyConfigured`` says why it cannot be served."""
        self._own, application = _application(routes, overrides)
        transport = AsyncInProcessTransport(
            application, raise_server_exceptions=raise_server_exceptions
        )
        super().__init__(**_complete(options), trust_env=False, transport=transport)

    def authenticate(self, user: AbstractBaseUser | None, **options: Any) -> None:
        """Send a token of ``user`` from now on, or none for ``None``; see ``TestClient``."""
        _authorize(self.headers, user, options)

    async def aclose(self) -> None:
        """Close the client, and stop the application that was built for it alone."""
        await super().aclose()
        if self._own is not None:
            self._own.close()

    async def __aexit__(self, *error: Any) -> None:
        """Close the client."""
        await super().__aexit__(*error)
        await self.aclose()


def _complete(options: ClientOptions) -> ClientOptions:
    """Return the options with what a client has by default."""
    return {"base_url": BASE_URL, "timeout": TIMEOUT, **options}


def _application(routes: Routes, overrides: Overrides) -> tuple[Application | None, Application]:
    """Return the application that the client owns, if it does, and the one that it talks to."""
    if routes is None and not overrides:
        return None, discovered()
    own = Application(routes, overrides)
    return own, own


def _authorize(
    headers: httpx.Headers, user: AbstractBaseUser | None, options: dict[str, Any]
) -> None:
    if user is None:
        headers.pop("Authorization", None)
    else:
        headers["Authorization"] = f"Bearer {create_jwt_for_user(user, **options)}"
