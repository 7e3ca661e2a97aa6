"""The Django application."""

from __future__ import annotations

from django.apps import AppConfig


class DjangoBoltConfig(AppConfig):
    """``"django_bolt"`` in ``INSTALLED_APPS``: its commands, system checks, ``await queryset``."""

    name = "django_bolt"
    label = "django_bolt"
    verbose_name = "Django Bolt"

    def ready(self) -> None:
        """Register the system checks, and make querysets awaitable."""
        from django_bolt import checks  # noqa: F401 - importing it registers them
        from django_bolt.orm import awaiting

        awaiting.install()
