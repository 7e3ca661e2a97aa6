from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from sample_site.flights.models import Airport, Country, Report

pytestmark = pytest.mark.django_db


@pytest.fixture
def iceland() -> Country:
    return Country.objects.create(code="IS", name="Iceland")


def airport(country: Country, icao: str, iata: str = "", **fields: object) -> Airport:
    values = {
        "name": f"Airport {icao}",
        "city": "Somewhere",
        "latitude": 64.0,
        "longitude": -22.0,
        "elevation": 10,
        "timezone": "UTC",
    }
    return Airport(icao=icao, iata=iata, country=country, **{**values, **fields})


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("BIKF", ["BIKF"]),
        ("bikf", ["BIKF"]),
        ("KEF", ["BIKF"]),
        ("kef", ["BIKF"]),
        ("", []),
        ("ZZZ", []),
        ("BIK", []),
        ("BIKFX", []),
    ],
)
def test_with_code(iceland: Country, code: str, found: list[str]) -> None:
    airport(iceland, "BIKF", "KEF").save()
    airport(iceland, "BIAE").save()
    assert [row.icao for row in Airport.objects.with_code(code)] == found


@pytest.mark.parametrize("words", ["refl", "KEF", "bikf", "reykja"])
def test_matching(iceland: Country, words: str) -> None:
    airport(iceland, "BIKF", "KEF", name="Keflavik (Reflavik)", city="Reykjavik").save()
    airport(iceland, "BIAE").save()
    assert [row.icao for row in Airport.objects.matching(words)] == ["BIKF"]


def test_many_airports_have_no_iata_code_but_none_share_one(iceland: Country) -> None:
    airport(iceland, "BIAA").save()
    airport(iceland, "BIAB").save()
    airport(iceland, "BIAC", "AAA").save()
    with pytest.raises(IntegrityError), transaction.atomic():
        airport(iceland, "BIAD", "AAA").save()


@pytest.mark.parametrize(
    "fields",
    [{"icao": "BI"}, {"icao": "bikf"}, {"iata": "K1F"}, {"latitude": 91}, {"longitude": -181}],
)
def test_fields_are_validated(iceland: Country, fields: dict[str, object]) -> None:
    values = {"icao": "BIKF", "iata": "KEF", **fields}
    with pytest.raises(ValidationError) as refused:
        airport(iceland, **values).full_clean()
    assert set(refused.value.message_dict) == set(fields)


@pytest.mark.parametrize("rating", [0, 6])
def test_ratings_are_held_by_model_and_database(iceland: Country, rating: int) -> None:
    place = airport(iceland, "BIKF")
    place.save()
    author = get_user_model().objects.create_user("author")
    report = Report(
        author=author,
        airport=place,
        rating=rating,
        text="?",
        visited_on=dt.date(2026, 1, 1),
    )
    with pytest.raises(ValidationError, match="rating"):
        report.full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        report.save()


def test_names_for_people(iceland: Country) -> None:
    assert str(airport(iceland, "BIKF", "KEF", name="Keflavik")) == "Keflavik (KEF)"
    assert str(airport(iceland, "BIAE", name="Arngerdareyri")) == "Arngerdareyri (BIAE)"
