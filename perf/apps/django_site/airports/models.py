"""The table of ``perf/fixtures.py``, as Django's ORM sees it."""

from __future__ import annotations

from django.db import models


class Airport(models.Model):
    name = models.TextField()
    city = models.TextField()
    country = models.TextField()
    elevation = models.IntegerField()

    class Meta:
        managed = False
        db_table = "airport"

    def __str__(self) -> str:
        return self.name
