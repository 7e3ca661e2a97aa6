"""Reads the world's airports from the package ``airportsdata``, and the countries from a table."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import airportsdata

from sample_site.flights.models import Airport, Country

#: ISO 3166-1 codes with English names: the public-domain table of the IANA time zone database,
#: some names adapted, and Kosovo under the code that aviation uses for it.
COUNTRIES = Path(__file__).parent / "data" / "countries.csv"


def countries() -> list[Country]:
    """Return every country, unsaved."""
    with COUNTRIES.open(encoding="utf-8", newline="") as table:
        return [Country(code=row["code"], name=row["name"]) for row in csv.DictReader(table)]


def airports() -> Iterator[Airport]:
    """Yield every airport, unsaved.

    The edition by ICAO code is the complete one (some 28,000 rows, each code once); three in four
    of them have no IATA code.
    """
    for icao, row in airportsdata.load("ICAO").items():
        yield Airport(
            icao=icao,
            iata=row["iata"],
            name=row["name"],
            city=row["city"],
            country_id=row["country"],
            latitude=row["lat"],
            longitude=row["lon"],
            elevation=round(row["elevation"]),
            timezone=row["tz"],
        )
