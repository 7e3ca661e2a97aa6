"""Markers: what they hold, and what they refuse."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from msgspec import UNSET

from django_bolt.params import Body, Cookie, Form, Header, Marker, Path, Query, ScalarMarker

SCALARS = [Query, Path, Header, Cookie, Form]


@pytest.mark.parametrize(
    ("marker", "source"),
    [
        (Query, "query"), (Path, "path"), (Header, "header"), (Cookie, "cookie"), (Form, "form"),
        (Body, "body"),
    ],
)  # fmt: skip
def test_sources(marker: type[Marker], source: str) -> None:
    assert marker.source == source
    assert isinstance(marker(), Marker)


@pytest.mark.parametrize("marker", SCALARS)
def test_the_first_argument_is_the_alias(marker: type[ScalarMarker]) -> None:
    assert marker("x-api-key").alias == "x-api-key"
    assert marker(alias="x").alias == "x"
    assert marker().alias is None
    with pytest.raises(TypeError):
        marker("x", 5)  # type: ignore[misc]


@pytest.mark.parametrize("marker", [Query, Header, Cookie, Form, Body])
def test_a_default_of_none_is_a_default(marker: Any) -> None:
    assert marker().default is UNSET
    assert marker(default=None).default is None


@pytest.mark.parametrize(
    ("marker", "option"),
    [
        (Path, "default"), (Body, "alias"), (Body, "ge"), (Body, "pattern"), (Query, "regex"),
        (Query, "gte"), (Header, "convert_underscores"),
    ],
)  # fmt: skip
def test_options_without_effect_do_not_exist(marker: Any, option: str) -> None:
    with pytest.raises(TypeError, match=option):
        marker(**{option: 1})


def test_markers_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Query("x").alias = "y"  # type: ignore[misc]
    assert Query("x", ge=1) == Query("x", ge=1)
    assert len({Query("x"), Query("x"), Header("x")}) == 2


@pytest.mark.parametrize(
    "options",
    [
        {"ge": 1, "le": 1},
        {"gt": -1.5, "lt": 10**30},
        {"ge": 1, "lt": 2},
        {"min_length": 0, "max_length": 0},
        {"pattern": r"^[A-Z]{4}$"},
        {"description": "ICAO code", "example": "BIKF"},
        {"default": 3, "ge": 1},
    ],
)
def test_accepted_options(options: dict[str, Any]) -> None:
    marker = Query("x", **options)
    assert {name: getattr(marker, name) for name in options} == options


@pytest.mark.parametrize(
    ("marker", "arguments", "options", "expected"),
    [
        (Query, (5,), {}, "name on the wire, not 5; a default is written default="),
        (Query, ("",), {}, "name on the wire"),
        (Header, ("x api key",), {}, "cannot be the name of a header"),
        (Header, ("naïve",), {}, "cannot be the name of a header"),
        (Cookie, ("a=b",), {}, "cannot be the name of a cookie"),
        (Cookie, ("a;b",), {}, "cannot be the name of a cookie"),
        (Query, (), {"ge": "1"}, "ge must be a number"),
        (Query, (), {"lt": True}, "lt must be a number"),
        (Query, (), {"gt": float("nan")}, "gt must be finite"),
        (Query, (), {"le": float("inf")}, "le must be finite"),
        (Query, (), {"ge": 1, "gt": 1}, "exclude each other"),
        (Query, (), {"le": 1, "lt": 1}, "exclude each other"),
        (Query, (), {"ge": 2, "le": 1}, "no number is within"),
        (Query, (), {"gt": 1, "le": 1}, "no number is within"),
        (Query, (), {"ge": 1, "lt": 1}, "no number is within"),
        (Query, (), {"min_length": -1}, "whole number from 0"),
        (Query, (), {"max_length": 1.0}, "whole number from 0"),
        (Query, (), {"max_length": True}, "whole number from 0"),
        (Query, (), {"min_length": 2, "max_length": 1}, "min_length is greater"),
        (Query, (), {"pattern": 3}, "pattern must be a str"),
        (Path, (), {"pattern": "["}, r"Path\(\): pattern"),
    ],
)
def test_contradictions_are_refused(
    marker: Any, arguments: tuple[Any, ...], options: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=expected):
        marker(*arguments, **options)
