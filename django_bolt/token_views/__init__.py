"""Controllers to log in, refresh, verify and log out with pairs of tokens.

:func:`django_bolt.token_views.routing.token_router` puts them at their usual paths.
"""

from django_bolt.token_views.controllers import (
    TokenController,
    TokenLogoutController,
    TokenObtainController,
    TokenRefreshController,
    TokenVerifyController,
)

__all__ = [
    "TokenController",
    "TokenLogoutController",
    "TokenObtainController",
    "TokenRefreshController",
    "TokenVerifyController",
]
