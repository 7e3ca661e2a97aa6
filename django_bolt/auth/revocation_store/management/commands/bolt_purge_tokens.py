"""``manage.py bolt_purge_tokens``: forgets revoked tokens that have expired."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from django_bolt.auth.revocation_store.models import RevokedToken


class Command(BaseCommand):
    """Remove entries whose tokens have expired, and are refused without them."""

    help = "Removes revoked tokens that have expired. To be run once a day or so."

    def handle(self, **_options: Any) -> None:
        """Remove them, and say how many there were."""
        removed, _ = RevokedToken.objects.filter(expires_at__lt=timezone.now()).delete()
        self.stdout.write(f"Removed {removed} expired entries.")
