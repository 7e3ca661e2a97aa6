"""The directory's API, in classes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from django.db.models import Count
from django.shortcuts import aget_object_or_404, get_object_or_404
from django.utils import timezone

from django_bolt import BoltViewSet, Controller, action, endpoint
from django_bolt.auth import (
    AllowAny,
    IsAuthenticated,
    IsAuthenticatedOrReadOnly,
    IsStaff,
    ReadOnly,
)
from django_bolt.exceptions import ValidationError
from django_bolt.params import File, Header, Query
from django_bolt.request import Request
from django_bolt.responses import EventStream, FileResponse, ServerSentEvent, StreamingResponse
from django_bolt.token_views import TokenObtainController
from django_bolt.uploads import UploadFile
from sample_site.flights import schemas
from sample_site.flights.export import csv_of
from sample_site.flights.feed import new_reports
from sample_site.flights.geography import FARTHEST_KM, Position
from sample_site.flights.models import Airport, Country, Report
from sample_site.flights.permissions import IsAuthorOrStaff
from sample_site.flights.tokens import TOKENS

#: Bytes.
PHOTO_SIZE = 5 * 1024 * 1024
Photo = Annotated[
    UploadFile, File(max_size=PHOTO_SIZE, content_types=["image/jpeg", "image/png", "image/webp"])
]
LastEventID = Annotated[int | None, Header("Last-Event-ID", ge=0, le=2**63 - 1)]
Limit = Annotated[int, Query(ge=1, le=500)]
#: Bounded, since a database's integers are.
Offset = Annotated[int, Query(ge=0, le=2**31 - 1)]


class AirportViewSet(BoltViewSet):
    """The world's airports. Everybody may read; staff may write."""

    permission_classes = [IsStaff | ReadOnly]
    lookup_url_kwarg = "code"  # ICAO or IATA

    async def list(
        self,
        country: str | None = None,
        search: str | None = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> schemas.AirportList:
        """Airports by ICAO code: of a country, or with words in their name, city or codes."""
        airports = Airport.objects.select_related("country")
        if country is not None:
            airports = airports.filter(country=country.upper())
        if search is not None:
            airports = airports.matching(search)
        return [
            schemas.AirportOut.of(airport) async for airport in airports[offset : offset + limit]
        ]

    async def retrieve(self, code: str) -> schemas.AirportOut:
        """One airport by its ICAO or IATA code."""
        airports = Airport.objects.select_related("country").with_code(code)
        return schemas.AirportOut.of(await aget_object_or_404(airports))

    @endpoint(status_code=201)
    def create(self, airport: schemas.AirportIn) -> schemas.AirportOut:
        """Add an airport."""
        fields = schemas.changes(airport)
        return _saved(Airport(country_id=fields.pop("country"), **fields))

    def partial_update(self, code: str, change: schemas.AirportChange) -> schemas.AirportOut:
        """Change some fields of an airport."""
        airport = get_object_or_404(Airport.objects.with_code(code))
        for name, value in schemas.changes(change).items():
            setattr(airport, "country_id" if name == "country" else name, value)
        return _saved(airport)

    def destroy(self, code: str) -> None:
        """Remove an airport, and the reports about it."""
        get_object_or_404(Airport.objects.with_code(code)).delete()

    @action(detail=False, url_path="csv")
    def as_csv(self, country: str | None = None) -> StreamingResponse:
        """Every airport as CSV, written while the database is read."""
        airports = Airport.objects.all()
        if country is not None:
            airports = airports.filter(country=country.upper())
        disposition = {"Content-Disposition": 'attachment; filename="airports.csv"'}
        return StreamingResponse(csv_of(airports), media_type="text/csv", headers=disposition)

    @action(detail=True, methods=["get"])
    def nearest(
        self, code: str, limit: Annotated[int, Query(ge=1, le=50)] = 5
    ) -> schemas.NearbyList:
        """The airports that are nearest to one, the closest first."""
        airport = get_object_or_404(Airport.objects.with_code(code))
        here = Position(airport.latitude, airport.longitude)
        others = Airport.objects.exclude(pk=airport.pk).order_by()
        # Ask for a small circle first: where airports are dense, it already holds enough of them.
        radius = 50.0
        while True:
            found = [
                (distance, other)
                for other in others.filter(here.within(radius))
                if (distance := here.distance_km(Position(other.latitude, other.longitude)))
                <= radius
            ]
            if len(found) >= limit or radius > FARTHEST_KM:
                break
            radius *= 2
        found.sort(key=lambda pair: (pair[0], pair[1].icao))
        return [
            schemas.NearbyAirport(
                icao=other.icao,
                iata=other.iata or None,
                name=other.name,
                distance_km=round(distance, 1),
            )
            for distance, other in found[:limit]
        ]


def _saved(airport: Airport) -> schemas.AirportOut:
    """Check and save an airport; Django's ``ValidationError`` becomes a 400 on the field."""
    airport.full_clean()
    airport.save()
    return schemas.AirportOut.of(airport)


class CountryViewSet(BoltViewSet):
    """Countries and territories (ISO 3166-1)."""

    lookup_url_kwarg = "code"
    http_method_names = ["get", "head", "options"]

    async def list(self) -> schemas.CountryList:
        """Every country, by name."""
        return [schemas.CountryOut.of(country) async for country in Country.objects.all()]

    async def retrieve(self, code: str) -> schemas.CountryDetail:
        """One country, with the number of its airports."""
        countries = Country.objects.annotate(airport_count=Count("airports"))
        country = await aget_object_or_404(countries, code=code.upper())
        return schemas.CountryDetail(
            code=country.code, name=country.name, airports=country.airport_count
        )


class ReportViewSet(BoltViewSet):
    """What visitors write about airports."""

    permission_classes = [IsAuthenticatedOrReadOnly, IsAuthorOrStaff]

    def list(
        self,
        airport: str | None = None,
        author: str | None = None,
        min_rating: Annotated[int, Query(ge=1, le=5)] = 1,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> schemas.ReportList:
        """Reports, the newest first."""
        reports = Report.objects.select_related("airport", "author").filter(rating__gte=min_rating)
        if airport is not None:
            reports = reports.filter(airport__in=Airport.objects.with_code(airport))
        if author is not None:
            reports = reports.filter(author__username=author)
        return [schemas.ReportOut.of(report) for report in reports[offset : offset + limit]]

    @endpoint(status_code=201)
    def create(self, request: Request, report: schemas.ReportIn) -> schemas.ReportOut:
        """Write a report in the caller's name."""
        problems = {}
        airport = Airport.objects.with_code(report.airport).first()
        if airport is None:
            problems["airport"] = [f"No airport has the code {report.airport!r}."]
        if report.visited_on > timezone.localdate():
            problems["visited_on"] = ["A visit cannot lie in the future."]
        if airport is None or problems:
            raise ValidationError(problems)
        created = Report.objects.create(
            author=request.user,
            airport=airport,
            rating=report.rating,
            text=report.text,
            visited_on=report.visited_on,
            tags=report.tags,
        )
        return schemas.ReportOut.of(created)

    def destroy(self, request: Request, pk: int) -> None:
        """Remove a report: its author and staff may."""
        report = get_object_or_404(Report, pk=pk)
        self.check_object_permissions(request, report)
        report.photo.delete(save=False)
        report.delete()

    @action(detail=True, methods=["put"], max_body_size=2 * PHOTO_SIZE)
    def photo(self, request: Request, pk: int, photo: Photo) -> schemas.ReportOut:
        """Add a photo to a report, in the place of the one that it has."""
        report = get_object_or_404(Report.objects.select_related("airport", "author"), pk=pk)
        self.check_object_permissions(request, report)
        report.photo.delete(save=False)
        report.photo.save(photo.filename, photo.as_django())
        return schemas.ReportOut.of(report)

    @photo.mapping.get
    def download_photo(self, pk: int) -> FileResponse:
        """The photo of a report, whole or a range of it."""
        report = get_object_or_404(Report.objects.exclude(photo=""), pk=pk)
        return FileResponse(report.photo.path, content_disposition_type="inline")

    @photo.mapping.delete
    def remove_photo(self, request: Request, pk: int) -> None:
        """Take the photo off a report."""
        report = get_object_or_404(Report.objects.exclude(photo=""), pk=pk)
        self.check_object_permissions(request, report)
        report.photo.delete()

    @action(detail=False)
    async def feed(self, after: LastEventID = None) -> EventStream:
        """New reports as server-sent events; a client that comes back misses none."""

        async def events() -> AsyncIterator[ServerSentEvent]:
            async for report in new_reports.listen(after):
                yield ServerSentEvent(schemas.ReportOut.of(report), event="report", id=report.pk)

        return EventStream(events())


class Ping(Controller):
    """Answers as long as the server does."""

    authentication_classes = []
    permission_classes = [AllowAny]

    async def get(self) -> dict[str, bool]:
        return {"pong": True}


class LoginController(TokenObtainController):
    """Exchanges a name and a password for an access and a refresh token."""

    tokens = TOKENS


class Me(Controller):
    """The caller."""

    permission_classes = [IsAuthenticated]

    async def get(self, request: Request) -> schemas.Profile:
        user = await request.auser()
        groups = [name async for name in user.groups.values_list("name", flat=True)]
        return schemas.Profile(
            username=user.get_username(), is_staff=user.is_staff, groups=sorted(groups)
        )
