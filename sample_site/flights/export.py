"""The directory as a file."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO

from sample_site.flights.models import AirportQuerySet

FIELDS = ("icao", "iata", "name", "city", "country_id", "latitude", "longitude", "elevation")
#: Rows that are read from the database, and sent, at once.
_CHUNK = 500


def csv_of(airports: AirportQuerySet) -> Iterator[str]:
    """Yield airports as CSV (RFC 4180), some hundred lines at a time."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(FIELDS)
    for number, row in enumerate(airports.values_list(*FIELDS).iterator(_CHUNK), start=1):
        writer.writerow(row)
        if number % _CHUNK == 0:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()
