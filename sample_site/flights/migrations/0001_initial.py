"""The directory's first tables."""

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Country",
            fields=[
                (
                    "code",
                    models.CharField(
                        max_length=2,
                        primary_key=True,
                        serialize=False,
                        validators=[django.core.validators.RegexValidator("\\A[A-Z]{2}\\Z")],
                    ),
                ),
                ("name", models.CharField(max_length=100, unique=True)),
            ],
            options={
                "verbose_name_plural": "countries",
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="Airport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "icao",
                    models.CharField(
                        max_length=4,
                        unique=True,
                        validators=[django.core.validators.RegexValidator("\\A[A-Z0-9_]{4}\\Z")],
                        verbose_name="ICAO code",
                    ),
                ),
                (
                    "iata",
                    models.CharField(
                        blank=True,
                        db_index=True,
                        max_length=3,
                        validators=[django.core.validators.RegexValidator("\\A[A-Z]{3}\\Z")],
                        verbose_name="IATA code",
                    ),
                ),
                ("name", models.CharField(db_index=True, max_length=120)),
                ("city", models.CharField(blank=True, max_length=80)),
                (
                    "latitude",
                    models.FloatField(
                        help_text="Degrees, north is positive.",
                        validators=[
                            django.core.validators.MinValueValidator(-90),
                            django.core.validators.MaxValueValidator(90),
                        ],
                    ),
                ),
                (
                    "longitude",
                    models.FloatField(
                        help_text="Degrees, east is positive.",
                        validators=[
                            django.core.validators.MinValueValidator(-180),
                            django.core.validators.MaxValueValidator(180),
                        ],
                    ),
                ),
                ("elevation", models.IntegerField(help_text="Feet above mean sea level.")),
                (
                    "timezone",
                    models.CharField(help_text="Name in the IANA database.", max_length=40),
                ),
                (
                    "country",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="airports",
                        to="flights.country",
                    ),
                ),
            ],
            options={
                "ordering": ["icao"],
            },
        ),
        migrations.CreateModel(
            name="Report",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "rating",
                    models.PositiveSmallIntegerField(
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(5),
                        ]
                    ),
                ),
                ("text", models.TextField(max_length=5000)),
                ("visited_on", models.DateField()),
                ("tags", models.JSONField(blank=True, default=list)),
                ("created", models.DateTimeField(auto_now_add=True)),
                (
                    "airport",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reports",
                        to="flights.airport",
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reports",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-created", "-id"],
            },
        ),
        migrations.AddIndex(
            model_name="airport",
            index=models.Index(fields=["country", "icao"], name="airport_country_icao"),
        ),
        migrations.AddIndex(
            model_name="airport",
            index=models.Index(fields=["latitude", "longitude"], name="airport_position"),
        ),
        migrations.AddConstraint(
            model_name="airport",
            constraint=models.UniqueConstraint(
                condition=models.Q(("iata", ""), _negated=True),
                fields=("iata",),
                name="airport_iata_unique",
                violation_error_message="An airport with this IATA code already exists.",
            ),
        ),
        migrations.AddIndex(
            model_name="report",
            index=models.Index(fields=["airport", "-created"], name="report_newest"),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.CheckConstraint(
                condition=models.Q(("rating__gte", 1), ("rating__lte", 5)),
                name="report_rating_in_range",
            ),
        ),
    ]
