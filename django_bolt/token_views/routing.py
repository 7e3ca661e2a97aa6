"""The token controllers at their usual paths."""

from __future__ import annotations

from django_bolt.auth.issuing import TokenIssuer
from django_bolt.routing import Router
from django_bolt.token_views.controllers import (
    TokenController,
    TokenLogoutController,
    TokenObtainController,
    TokenRefreshController,
    TokenVerifyController,
)

_PATHS: dict[str, type[TokenController]] = {
    "": TokenObtainController,
    "refresh": TokenRefreshController,
    "verify": TokenVerifyController,
    "logout": TokenLogoutController,
}


def token_router(tokens: TokenIssuer, prefix: str = "/token") -> Router:
    """Return a router: ``POST`` at the prefix logs in; below: ``refresh``, ``verify``, ``logout``.

    Routes are named ``token-obtain``, ``token-refresh``, ``token-verify`` and ``token-logout``.
    """
    router = Router(prefix=prefix)
    for path, base in _PATHS.items():
        controller = type(base.__name__, (base,), {"tokens": tokens, "__module__": base.__module__})
        router.register(path, controller, basename=f"token-{path or 'obtain'}")
    return router
