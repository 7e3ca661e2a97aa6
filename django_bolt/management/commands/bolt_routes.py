"""``manage.py bolt_routes``: prints the routes as a table."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from django_bolt import discovery
from django_bolt.compile import application, plan
from django_bolt.management.expressions import expression

_HEADINGS = ("Method", "Path", "Name", "Handler", "Authentication", "Guard")


class Command(BaseCommand):
    """Print every route with its handler and its policies."""

    help = "Prints the routes: method, path, name, handler, authentication, guard."
    # What the checks would complain of is raised below, once.
    requires_system_checks: list[str] = []  # noqa: RUF012 - Django's declaration

    def handle(self, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        """Compile what is discovered, and print it by path."""
        try:
            compiled = application.build(discovery.discover()).plan
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        routes = sorted(compiled.routes, key=lambda route: (route.path, route.method))
        rows = [_row(compiled, route) for route in routes]
        for line in table([_HEADINGS, *rows]):
            self.stdout.write(line)


def _row(compiled: plan.Plan, route: plan.Route) -> tuple[str, ...]:
    schemes = [_scheme(compiled.authenticators[index]) for index in route.authentication]
    return (
        route.method,
        route.path,
        route.name or "",
        route.handler,
        ", ".join(schemes),
        expression(route.guard),
    )


def _scheme(authenticator: plan.Authenticator) -> str:
    match authenticator:
        case plan.JWT(algorithms=algorithms):
            return f"JWT ({', '.join(algorithms)})"
        case plan.APIKeys(header=header):
            return f"API key ({header})"
        case plan.PythonAuthentication(name=name):
            return name.rpartition(".")[2]


def table(rows: list[tuple[str, ...]]) -> list[str]:
    """Return the rows as lines with aligned columns, a rule below the first."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]]
