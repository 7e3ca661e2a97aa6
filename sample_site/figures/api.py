"""Figures about the directory, in the function style."""

from __future__ import annotations

from typing import Annotated

from django.db.models import Avg, Count
from django.shortcuts import get_object_or_404
from msgspec import Struct

from django_bolt import BoltAPI
from django_bolt.params import Query
from sample_site.flights.geography import KM_PER_NAUTICAL_MILE, Position
from sample_site.flights.models import Airport, Country, Report

api = BoltAPI(prefix="/api/stats")


class CountryFigures(Struct):
    code: str
    name: str
    airports: int


class Distance(Struct):
    origin: str
    destination: str
    kilometres: float
    nautical_miles: float


class Ratings(Struct):
    airport: str
    reports: int
    #: ``None`` before the first report.
    average: float | None


@api.get("/countries")
async def airports_per_country(
    limit: Annotated[int, Query(ge=1, le=250)] = 10,
) -> list[CountryFigures]:
    """The countries with the most airports."""
    countries = Country.objects.annotate(count=Count("airports")).order_by("-count", "code")
    return [
        CountryFigures(code=country.code, name=country.name, airports=country.count)
        async for country in countries[:limit]
    ]


@api.get("/distance")
def distance(origin: str, destination: str) -> Distance:
    """The great-circle distance between two airports."""
    start, end = (
        get_object_or_404(Airport.objects.with_code(code)) for code in (origin, destination)
    )
    kilometres = Position(start.latitude, start.longitude).distance_km(
        Position(end.latitude, end.longitude)
    )
    return Distance(
        origin=start.icao,
        destination=end.icao,
        kilometres=round(kilometres, 1),
        nautical_miles=round(kilometres / KM_PER_NAUTICAL_MILE, 1),
    )


@api.get("/ratings/{code}")
def ratings(code: str) -> Ratings:
    """How visitors rate an airport."""
    airport = get_object_or_404(Airport.objects.with_code(code))
    figures = Report.objects.filter(airport=airport).aggregate(
        reports=Count("pk"), average=Avg("rating")
    )
    return Ratings(airport=airport.icao, **figures)
