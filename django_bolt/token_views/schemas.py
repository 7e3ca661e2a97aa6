"""What the token controllers are sent, and answer."""

from __future__ import annotations

from typing import Any

import msgspec


class Credentials(msgspec.Struct, forbid_unknown_fields=True):
    """Whoever logs in. ``username`` is whatever the user model logs in by."""

    username: str
    password: str


class RefreshToken(msgspec.Struct, forbid_unknown_fields=True):
    """A refresh token."""

    refresh_token: str


class AccessToken(msgspec.Struct, forbid_unknown_fields=True):
    """An access token."""

    token: str


class VerifiedToken(msgspec.Struct):
    """What a good access token says."""

    claims: dict[str, Any]
