"""What the API takes and gives."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from sample_site.flights.models import HIGHEST_RATING, LOWEST_RATING, Airport, Country, Report

CountryCode = Annotated[str, Meta(pattern=r"^[A-Z]{2}$")]
IcaoCode = Annotated[str, Meta(pattern=r"^[A-Z0-9_]{4}$")]
IataCode = Annotated[str, Meta(pattern=r"^([A-Z]{3})?$")]
Name = Annotated[str, Meta(min_length=1, max_length=120)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
Tag = Annotated[str, Meta(min_length=1, max_length=30)]


class CountryOut(Struct):
    code: str
    name: str

    @classmethod
    def of(cls, country: Country) -> CountryOut:
        return cls(code=country.code, name=country.name)


class CountryDetail(CountryOut):
    airports: int


class AirportOut(Struct, kw_only=True):
    icao: str
    #: ``None`` where the airport has no IATA code.
    iata: str | None
    name: str
    city: str
    country: CountryOut
    latitude: float
    longitude: float
    #: Feet above mean sea level.
    elevation: int
    timezone: str

    @classmethod
    def of(cls, airport: Airport) -> AirportOut:
        return cls(
            icao=airport.icao,
            iata=airport.iata or None,
            name=airport.name,
            city=airport.city,
            country=CountryOut.of(airport.country),
            latitude=airport.latitude,
            longitude=airport.longitude,
            elevation=airport.elevation,
            timezone=airport.timezone,
        )


class NearbyAirport(Struct, kw_only=True):
    icao: str
    iata: str | None
    name: str
    distance_km: float


class AirportIn(Struct, kw_only=True, forbid_unknown_fields=True):
    icao: IcaoCode
    iata: IataCode = ""
    name: Name
    city: str = ""
    country: CountryCode
    latitude: Latitude
    longitude: Longitude
    elevation: int = 0
    timezone: str


class AirportChange(Struct, kw_only=True, forbid_unknown_fields=True):
    """The fields to change; those that are left out stay as they are."""

    iata: IataCode | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    city: str | UnsetType = UNSET
    country: CountryCode | UnsetType = UNSET
    latitude: Latitude | UnsetType = UNSET
    longitude: Longitude | UnsetType = UNSET
    elevation: int | UnsetType = UNSET
    timezone: str | UnsetType = UNSET


class ReportIn(Struct, kw_only=True, forbid_unknown_fields=True):
    #: ICAO or IATA code.
    airport: str
    rating: Annotated[int, Meta(ge=LOWEST_RATING, le=HIGHEST_RATING)]
    text: Annotated[str, Meta(min_length=1, max_length=5000)]
    visited_on: date
    tags: Annotated[list[Tag], Meta(max_length=10)] = []


class ReportOut(Struct, kw_only=True):
    id: int
    author: str
    airport: str
    rating: int
    text: str
    visited_on: date
    tags: list[str]
    has_photo: bool
    created: datetime

    @classmethod
    def of(cls, report: Report) -> ReportOut:
        return cls(
            id=report.pk,
            author=report.author.get_username(),
            airport=report.airport.iata or report.airport.icao,
            rating=report.rating,
            text=report.text,
            visited_on=report.visited_on,
            tags=report.tags,
            has_photo=bool(report.photo),
            created=report.created,
        )


class Profile(Struct):
    username: str
    is_staff: bool
    groups: list[str]


# A viewset has an action called `list`, so the built-in's name is taken in its body.
CountryList = list[CountryOut]
AirportList = list[AirportOut]
NearbyList = list[NearbyAirport]
ReportList = list[ReportOut]


def changes(body: Struct) -> dict[str, object]:
    """Return the fields that the client has sent, of a body whose others are ``UNSET``."""
    return {
        name: value for name, value in msgspec.structs.asdict(body).items() if value is not UNSET
    }
