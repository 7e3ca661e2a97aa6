"""Admission: what Rust could not decide about a request, before its body is read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NoReturn, TypeAlias

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.utils.translation import gettext_lazy

from django_bolt import _core
from django_bolt.auth.revocation import REFUSED_TOKEN, Revocation, token_ids
from django_bolt.auth.security_log import log_refusal
from django_bolt.auth.session import is_open, seal
from django_bolt.dispatch.authentication import Authenticators, Pending
from django_bolt.dispatch.permissions import Leaves, Permissions, Verdict
from django_bolt.exceptions import (
    APIException,
    AuthenticationFailed,
    NotAuthenticated,
    PermissionDenied,
)

#: A controller that overrides one of these decides its permissions by :func:`admit_by_view`.
HOOKS = frozenset({"get_permissions", "check_permissions", "permission_denied"})
#: What Rust calls with the request, the controller's instance, the leaves and what is pending.
Admit: TypeAlias = Callable[..., Awaitable[None]]


def after_authentication(authenticators: Authenticators, admit: Admit | None) -> Admit:
    """Return ``admit`` with the authentication classes that run in Python before it."""

    async def authenticate(
        request: Any, view: Any, leaves: Leaves | None, pending: Pending | None
    ) -> None:
        try:
            if pending is not None:
                await authenticators.authenticate(request, pending)
            if admit is not None:
                await admit(request, view, leaves, None)
        except APIException as error:
            if is_open(request):
                # A session that has ended is taken from the client with the refusal.
                await sync_to_async(seal)(request, error.status_code)
            raise

    return authenticate


def after_revocation(revocation: Revocation, admit: Admit | None) -> Admit:
    """Return ``admit`` with the question before it whether the token was taken back."""

    async def check(
        request: Any, view: Any, leaves: Leaves | None, pending: Pending | None
    ) -> None:
        identity = request.identity
        # Of the classes that Rust verifies, one at most reads tokens.
        if isinstance(identity, _core.Identity) and identity.claims is not None:
            await refuse_revoked(request, revocation, identity.claims)
        if admit is not None:
            await admit(request, view, leaves, pending)

    return check


async def refuse_revoked(request: Any, revocation: Revocation, claims: bytes) -> None:
    """Raise ``AuthenticationFailed`` (401) where the token with these claims was taken back."""
    ids = token_ids(claims)
    if await sync_to_async(revocation.is_revoked)(ids):
        peer = None if request.peer is None else request.peer[0]
        log_refusal("revoked", request.method, request.route, peer)
        error = AuthenticationFailed(gettext_lazy("Token has been revoked."), code="token_revoked")
        error.headers = {"WWW-Authenticate": REFUSED_TOKEN}
        raise error


async def admit(
    request: Any, permissions: Permissions, leaves: Leaves | None, view: Any = None
) -> None:
    """Finish the permissions of a request; ``leaves`` are the values that Rust found.

    Raises ``NotAuthenticated`` for an anonymous caller of a route that has authentication
    classes, otherwise ``PermissionDenied`` with the message and code of the permission that
    refused.
    """
    verdict = await permissions.evaluate(request, view, leaves)
    if not verdict:
        refuse(request, verdict, authenticates=permissions.authenticates)


def refuse(request: Any, verdict: Verdict, *, authenticates: bool) -> NoReturn:
    """Raise what answers a refused request; see :func:`admit`."""
    if request.identity is None and authenticates:
        raise NotAuthenticated
    raise PermissionDenied(*reason(verdict))


def reason(verdict: Verdict) -> tuple[Any, str | None]:
    """Return the message and the code of the permission that refused, ``None`` for each unsaid."""
    if verdict.refusing is None:
        return None, None
    return verdict.refusing.message, verdict.refusing.code


async def admit_by_view(request: Any, view: Any, authenticates: bool) -> None:
    """Decide the permissions of a controller that overrides :data:`HOOKS`, all of them in Python.

    Synchronous hooks run on the request's thread. Raises what the hooks raise, and what
    :func:`admit` does.
    """
    if "check_permissions" in type(view).__bolt__.hooks:
        check = view.check_permissions
        await (check if iscoroutinefunction(check) else sync_to_async(check))(request)
        return
    listed = await sync_to_async(view.get_permissions)()
    verdict = await Permissions(listed).evaluate(request, view)
    if verdict:
        return
    if "permission_denied" in type(view).__bolt__.hooks:
        message, code = reason(verdict)
        await sync_to_async(view.permission_denied)(request, message=message, code=code)
    # A hook that returns has not granted anything.
    refuse(request, verdict, authenticates=authenticates)
