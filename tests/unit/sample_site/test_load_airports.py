from __future__ import annotations

from io import StringIO

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.management import CommandError, call_command

from sample_site.flights import directory
from sample_site.flights.models import Airport, Country

pytestmark = pytest.mark.django_db


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the airports of a small country: the whole directory takes seconds."""
    rows = [row for row in directory.airports() if row.country_id == "IS"]
    monkeypatch.setattr(
        directory,
        "airports",
        lambda: iter(
            [
                Airport(
                    **{
                        f.attname: getattr(row, f.attname)
                        for f in row._meta.concrete_fields
                        if not f.primary_key
                    }
                )
                for row in rows
            ]
        ),
    )


def load(**options: object) -> str:
    stream = StringIO()
    call_command("load_airports", stdout=stream, stderr=StringIO(), **options)
    return stream.getvalue()


def test_every_airport_has_a_country_and_a_code_of_its_own() -> None:
    rows = list(directory.airports())
    assert len(rows) > 28_000
    assert len({row.icao for row in rows}) == len(rows)
    assert {row.country_id for row in rows} <= {country.code for country in directory.countries()}
    codes = [row.iata for row in rows if row.iata]
    assert len(set(codes)) == len(codes)


@pytest.mark.usefixtures("few")
def test_loading_twice_updates_and_keeps_ids() -> None:
    assert "79 airports in 250 countries" in load()
    before = dict(Airport.objects.values_list("icao", "pk"))
    Airport.objects.filter(icao="BIKF").update(name="Wrong", iata="")
    load(batch_size=7)
    assert dict(Airport.objects.values_list("icao", "pk")) == before
    assert Airport.objects.get(iata="KEF").name == "Keflavik International Airport"
    assert Country.objects.count() == 250


@pytest.mark.usefixtures("few")
def test_a_code_that_moved_between_airports_is_moved() -> None:
    load()
    Airport.objects.filter(icao="BIKF").update(iata="")
    Airport.objects.filter(icao="BIAE").update(iata="KEF")
    load()
    assert Airport.objects.get(iata="KEF").icao == "BIKF"


@pytest.mark.usefixtures("few")
def test_demo_users_are_for_development_only(settings) -> None:
    users = get_user_model().objects
    assert settings.DEBUG is False
    load()
    assert users.count() == 0
    told = load(demo_users=True)
    assert told.count("for demonstration only") == 2
    demo, staff = authenticate(username="demo", password="demo"), users.get(username="staff")
    assert demo is not None
    assert not demo.is_staff
    assert demo.has_perm("flights.add_report")
    assert not demo.has_perm("flights.delete_airport")
    assert staff.is_staff
    assert not staff.is_superuser
    assert staff.has_perm("flights.delete_airport")


@pytest.mark.usefixtures("few")
def test_a_changed_password_stays() -> None:
    load(demo_users=True)
    user = get_user_model().objects.get(username="demo")
    user.set_password("another")
    user.save()
    load(demo_users=True)
    assert authenticate(username="demo", password="another") is not None


@pytest.mark.parametrize("size", ["0", "-1", "x"])
def test_batch_sizes_that_cannot_be(size: str) -> None:
    with pytest.raises(CommandError, match="is not a number above zero"):
        call_command("load_airports", f"--batch-size={size}")
