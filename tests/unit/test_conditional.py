"""Decorators of conditional requests: what they attach, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_bolt import Controller, condition, etag, last_modified
from django_bolt.conditional import Condition, condition_of


def tag(request: Any) -> str:
    return "a"


def moment(request: Any) -> None:
    return None


def handler() -> None:
    pass


@pytest.mark.parametrize(
    ("decorate", "expected"),
    [
        (etag(tag), Condition(etag_func=tag)),
        (last_modified(moment), Condition(last_modified_func=moment)),
        (condition(tag, moment), Condition(etag_func=tag, last_modified_func=moment)),
        (etag(tag, required=True), Condition(etag_func=tag, required=True)),
        (
            lambda function: etag(tag)(last_modified(moment, required=True)(function)),
            Condition(etag_func=tag, last_modified_func=moment, required=True),
        ),
    ],
)
def test_what_is_attached(decorate: Callable[..., Any], expected: Condition) -> None:
    def function() -> None:
        pass

    assert decorate(function) is function
    assert condition_of(function) == expected
    assert condition_of(handler) is None


@pytest.mark.parametrize(
    ("decorate", "message"),
    [
        (condition, "needs etag_func"),
        (lambda: condition(required=True), "needs etag_func"),
        (lambda: etag("v1"), "etag_func must be a function, not 'v1'"),
        (lambda: last_modified(3), "last_modified_func must be a function"),
        (lambda: etag(tag, required=1), "required must be True or False"),
        (lambda: etag(tag)("x"), "decorates a function"),
        (lambda: etag(tag)(Controller), "decorates a function"),
        (lambda: etag(tag)(etag(tag)(lambda: 1)), "etag_func is given twice"),
    ],
)
def test_refusals(decorate: Callable[[], Any], message: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=message):
        decorate()
