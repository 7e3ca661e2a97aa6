"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class RevocationStoreConfig(AppConfig):
    """``"django_bolt.auth.revocation_store"`` in ``INSTALLED_APPS``."""

    name = "django_bolt.auth.revocation_store"
    label = "bolt_revocation"
    verbose_name = "Revoked tokens"
    default_auto_field = "django.db.models.BigAutoField"
