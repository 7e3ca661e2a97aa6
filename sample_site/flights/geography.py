"""Distances on a sphere, and boxes that hold everything within one."""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, cos, degrees, pi, radians, sin, sqrt

from django.db.models import Q

#: Mean radius of the Earth in kilometres (IUGG).
EARTH_RADIUS_KM = 6371.0088
#: No two places are farther apart than this.
FARTHEST_KM = pi * EARTH_RADIUS_KM
KM_PER_NAUTICAL_MILE = 1.852


@dataclass(frozen=True, slots=True)
class Position:
    """A place in degrees; north and east are positive."""

    latitude: float
    longitude: float

    def distance_km(self, other: Position) -> float:
        """Return the great-circle distance in kilometres (haversine)."""
        latitude, other_latitude = radians(self.latitude), radians(other.latitude)
        half_way_north = sin((other_latitude - latitude) / 2)
        half_way_east = sin(radians(other.longitude - self.longitude) / 2)
        chord = half_way_north**2 + cos(latitude) * cos(other_latitude) * half_way_east**2
        return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(chord)))

    def within(self, radius_km: float) -> Q:
        """Return a condition on ``latitude`` and ``longitude`` that all places within fulfil.

        It is a box, so it also admits places a little farther away.
        """
        angle = radius_km / EARTH_RADIUS_KM
        south = self.latitude - degrees(angle)
        north = self.latitude + degrees(angle)
        box = Q(latitude__gte=south, latitude__lte=north)
        if south <= -90 or north >= 90:
            return box  # a pole is inside, and with it every longitude
        half_width = degrees(asin(sin(angle) / cos(radians(self.latitude))))
        west, east = self.longitude - half_width, self.longitude + half_width
        if west < -180:
            return box & (Q(longitude__lte=east) | Q(longitude__gte=west + 360))
        if east > 180:
            return box & (Q(longitude__gte=west) | Q(longitude__lte=east - 360))
        return box & Q(longitude__gte=west, longitude__lte=east)
