"""``manage.py bolt_plan``: prints the document that Rust serves from."""

from __future__ import annotations

from typing import Any

import msgspec
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from django_bolt import discovery
from django_bolt.compile import application, plan


class Command(BaseCommand):
    """Print the plan. It names secrets by their ids and holds none, so it may be shown around."""

    help = "Prints the plan: every route with its parameters and policies, as JSON."
    # What the checks would complain of is raised below, once.
    requires_system_checks: list[str] = []  # noqa: RUF012 - Django's declaration

    def handle(self, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        """Compile what is discovered, and print it."""
        try:
            compiled = application.build(discovery.discover()).plan
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        self.stdout.write(msgspec.json.format(plan.encode(compiled), indent=2).decode())
