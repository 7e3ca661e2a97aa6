"""The admin page: what was taken back, and a way to take back more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from django_bolt.auth.revocation_store.models import RevokedToken

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[RevokedToken]
else:
    _Admin = admin.ModelAdmin


@admin.register(RevokedToken)
class RevokedTokenAdmin(_Admin):
    """Revoked tokens; an entry is added or removed, and never changed."""

    list_display = ("token_id", "revoked_at", "expires_at")
    search_fields = ("token_id",)
    date_hierarchy = "revoked_at"

    def has_change_permission(self, _request: HttpRequest, _entry: Any = None) -> bool:
        """Return that nobody may."""
        return False
