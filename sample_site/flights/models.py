"""The directory: countries, their airports, and reports of visits."""

from __future__ import annotations

import secrets
from pathlib import PurePath

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

LOWEST_RATING = 1
HIGHEST_RATING = 5


class Country(models.Model):
    """A country or territory of ISO 3166-1."""

    code = models.CharField(
        max_length=2, primary_key=True, validators=[RegexValidator(r"\A[A-Z]{2}\Z")]
    )
    name = models.CharField(max_length=100, unique=True)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "countries"

    def __str__(self) -> str:
        return self.name


class AirportQuerySet(models.QuerySet["Airport"]):
    """Queries that the API, the admin and the commands share."""

    def with_code(self, code: str) -> AirportQuerySet:
        """Narrow to the airport that an ICAO (four letters) or IATA (three) code names."""
        if not code:  # an empty IATA code is no code: most airfields have none
            return self.none()
        field = "icao" if len(code) == 4 else "iata"
        return self.filter(**{field: code.upper()})

    def matching(self, words: str) -> AirportQuerySet:
        """Narrow to the airports whose name, city or codes have the words in them."""
        return self.filter(
            models.Q(name__icontains=words)
            | models.Q(city__icontains=words)
            | models.Q(iata__iexact=words)
            | models.Q(icao__iexact=words)
        )


class Airport(models.Model):
    """An airfield. Each has a code of ICAO's form; those with air service have an IATA one too."""

    icao = models.CharField(
        "ICAO code", max_length=4, unique=True, validators=[RegexValidator(r"\A[A-Z0-9_]{4}\Z")]
    )
    iata = models.CharField(
        "IATA code",
        max_length=3,
        blank=True,
        db_index=True,
        validators=[RegexValidator(r"\A[A-Z]{3}\Z")],
    )
    name = models.CharField(max_length=120, db_index=True)
    city = models.CharField(max_length=80, blank=True)
    country = models.ForeignKey(Country, on_delete=models.PROTECT, related_name="airports")
    latitude = models.FloatField(
        help_text="Degrees, north is positive.",
        validators=[MinValueValidator(-90), MaxValueValidator(90)],
    )
    longitude = models.FloatField(
        help_text="Degrees, east is positive.",
        validators=[MinValueValidator(-180), MaxValueValidator(180)],
    )
    elevation = models.IntegerField(help_text="Feet above mean sea level.")
    timezone = models.CharField(max_length=40, help_text="Name in the IANA database.")

    objects = AirportQuerySet.as_manager()

    class Meta:
        ordering = ["icao"]
        constraints = [
            models.UniqueConstraint(
                fields=["iata"],
                condition=~models.Q(iata=""),
                name="airport_iata_unique",
                violation_error_message="An airport with this IATA code already exists.",
            ),
        ]
        indexes = [
            models.Index(fields=["country", "icao"], name="airport_country_icao"),
            models.Index(fields=["latitude", "longitude"], name="airport_position"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.iata or self.icao})"


def photo_name(_report: Report, filename: str) -> str:
    """Return where a photo is kept: under a name that says nothing, and that nobody guesses."""
    return f"reports/{secrets.token_hex(16)}{PurePath(filename).suffix.lower()}"


class Report(models.Model):
    """What a visitor writes about an airport."""

    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reports"
    )
    airport = models.ForeignKey(Airport, on_delete=models.CASCADE, related_name="reports")
    rating = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(LOWEST_RATING), MaxValueValidator(HIGHEST_RATING)]
    )
    text = models.TextField(max_length=5000)
    visited_on = models.DateField()
    tags = models.JSONField(default=list, blank=True)
    photo = models.FileField(upload_to=photo_name, blank=True)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(rating__gte=LOWEST_RATING, rating__lte=HIGHEST_RATING),
                name="report_rating_in_range",
            ),
        ]
        indexes = [models.Index(fields=["airport", "-created"], name="report_newest")]

    def __str__(self) -> str:
        return f"{self.rating}/{HIGHEST_RATING} for {self.airport} by {self.author}"
