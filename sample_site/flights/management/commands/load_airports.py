"""``manage.py load_airports``: fills the directory."""

from __future__ import annotations

from argparse import ArgumentTypeError, BooleanOptionalAction
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Permission
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from tqdm import tqdm

from sample_site.flights import demo, directory
from sample_site.flights.models import Airport, Country

#: What a later edition of the data may have changed.
_UPDATED = [
    "iata",
    "name",
    "city",
    "country",
    "latitude",
    "longitude",
    "elevation",
    "timezone",
]


class Command(BaseCommand):
    """Load countries and airports, groups, and (in development) the demo users."""

    help = (
        "Loads the world's airports (some 28,000) with their countries, and groups with "
        "permissions. May be run again: what is there is updated. With DEBUG it also creates the "
        "users demo/demo and staff/staff, which are for demonstration only."
    )
    requires_migrations_checks = True

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--batch-size", type=_positive, default=1000, help="Rows for each INSERT."
        )
        parser.add_argument(
            "--demo-users",
            action=BooleanOptionalAction,
            default=None,
            help="Create the demo users, whose passwords are public (default: only with DEBUG).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        wants_users = options["demo_users"]
        with transaction.atomic():
            self._load_countries()
            self._load_airports(options["batch_size"], quiet=options["verbosity"] == 0)
            self._create_accounts(settings.DEBUG if wants_users is None else wants_users)

    def _load_countries(self) -> None:
        rows = directory.countries()
        Country.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["code"], update_fields=["name"]
        )

    def _load_airports(self, batch_size: int, *, quiet: bool) -> None:
        rows = list(directory.airports())
        self._release_moved_codes(rows)
        # A bar needs a terminal that can draw over its own line; elsewhere the summary must do.
        shows_bar = not quiet and self.stderr.isatty()
        with tqdm(total=len(rows), unit=" airports", disable=not shows_bar) as progress:
            for start in range(0, len(rows), batch_size):
                batch = rows[start : start + batch_size]
                Airport.objects.bulk_create(
                    batch, update_conflicts=True, unique_fields=["icao"], update_fields=_UPDATED
                )
                progress.update(len(batch))
        if not quiet:
            self.stdout.write(
                self.style.SUCCESS(
                    f"{len(rows):,} airports in {Country.objects.count():,} countries are loaded."
                )
            )

    def _release_moved_codes(self, rows: list[Airport]) -> None:
        """Take back IATA codes that the data has given to another airport since the last run.

        They are unique, so the new holder could not be written before the old one has let go.
        """
        stored = dict(Airport.objects.exclude(iata="").values_list("icao", "iata"))
        moved = [row.icao for row in rows if stored.get(row.icao, row.iata) != row.iata]
        Airport.objects.filter(icao__in=moved).update(iata="")

    def _create_accounts(self, with_users: bool) -> None:
        try:
            groups = demo.create_groups()
        except Permission.DoesNotExist as error:
            raise CommandError("Permissions are missing: run `manage.py migrate` first.") from error
        if not with_users:
            return
        for name in demo.create_users(groups):
            self.stdout.write(
                self.style.WARNING(
                    f"Created the user {name!r} with the password {name!r}: for demonstration only."
                )
            )


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise ArgumentTypeError(f"{text!r} is not a number above zero.")
    return int(text)
