"""The table of tokens that were taken back."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class RevokedToken(models.Model):
    """One id of a token, or of a login with all its tokens, until it has expired."""

    #: ``jti:`` or ``sid:`` and what the token says; nothing that would authenticate anybody.
    token_id = models.CharField(max_length=255, unique=True)
    revoked_at = models.DateTimeField(auto_now_add=True)
    #: After this, the token is refused without being remembered.
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering: ClassVar = ["-revoked_at"]

    def __str__(self) -> str:
        return self.token_id
