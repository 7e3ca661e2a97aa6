from __future__ import annotations

import pytest
from django.db.models import Q
from hypothesis import given
from hypothesis import strategies as st

from sample_site.flights.geography import FARTHEST_KM, Position

positions = st.builds(Position, st.floats(-90, 90), st.floats(-180, 180))


@pytest.mark.parametrize(
    ("start", "end", "kilometres"),
    [
        ((0, 0), (0, 0), 0),
        ((0, 0), (0, 180), FARTHEST_KM),
        ((90, 0), (-90, 77), FARTHEST_KM),
        ((0, 0), (0, 1), 111.195),
        ((0, 179.5), (0, -179.5), 111.195),
        ((63.985, -22.6056), (55.6181, 12.6561), 2143.9),
    ],
)
def test_distance(start: tuple[float, float], end: tuple[float, float], kilometres: float) -> None:
    assert Position(*start).distance_km(Position(*end)) == pytest.approx(kilometres, abs=0.1)


@given(positions, positions)
def test_distance_is_symmetric_and_bounded(one: Position, other: Position) -> None:
    distance = one.distance_km(other)
    assert 0 <= distance <= FARTHEST_KM * (1 + 1e-9)
    assert distance == pytest.approx(other.distance_km(one), abs=1e-6)


@given(positions, positions, st.floats(1, FARTHEST_KM))
def test_everything_within_the_radius_is_in_the_box(
    centre: Position, place: Position, radius: float
) -> None:
    if centre.distance_km(place) < radius * (1 - 1e-9):
        assert holds(centre.within(radius), place)


def holds(condition: Q, place: Position) -> bool:
    """Evaluate a condition on a place, as the database would."""
    results = []
    for child in condition.children:
        if isinstance(child, Q):
            results.append(holds(child, place))
            continue
        lookup, bound = child
        name, operator = lookup.split("__")
        value = getattr(place, name)
        results.append(value >= bound if operator == "gte" else value <= bound)
    return any(results) if condition.connector == Q.OR else all(results)
