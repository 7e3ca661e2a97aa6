"""Exceptions become replies; what is serious is logged and announced."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

import msgspec
import pytest
from django.core import exceptions as django_exceptions
from django.core.signals import got_request_exception
from django.db import IntegrityError
from django.http import Http404
from django.test import override_settings

from django_bolt import exceptions
from django_bolt.dispatch import failures
from django_bolt.exceptions import ErrorDetail


def translated(error: BaseException, request: Any = None) -> tuple[int, Any, dict[str, str]]:
    status, body, headers = failures.translate(error, request)
    return status, json.loads(body), dict(headers)


class Challenged(exceptions.NotAuthenticated):
    auth_header = "Bearer"


class NoRow(django_exceptions.ObjectDoesNotExist):
    pass


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        (exceptions.NotFound("gone"), 404, {"detail": "gone"}),
        (exceptions.ValidationError({"a": ["x"]}), 400, {"a": ["x"]}),
        (exceptions.ValidationError("x"), 400, {"non_field_errors": ["x"]}),
        (exceptions.HTTPException(418, {"a": 1}), 418, {"a": "1"}),
        (exceptions.HTTPException(409, ["a"]), 409, ["a"]),
        (exceptions.Throttled(3), 429, None),
        (Http404("No Airport matches the given query."), 404, {"detail": "Not found."}),
        (NoRow("Airport matching query does not exist."), 404, {"detail": "Not found."}),
        (
            django_exceptions.PermissionDenied(),
            403,
            {"detail": "You do not have permission to perform this action."},
        ),
        (django_exceptions.PermissionDenied("no"), 403, {"detail": "no"}),
        (django_exceptions.ValidationError("x"), 400, {"non_field_errors": ["x"]}),
        (
            django_exceptions.ValidationError({"a": ["x"], "__all__": ["y"]}),
            400,
            {"a": ["x"], "non_field_errors": ["y"]},
        ),
        (
            django_exceptions.ValidationError("%(n)s is bad", params={"n": 1}),
            400,
            {"non_field_errors": ["1 is bad"]},
        ),
        (
            django_exceptions.RequestDataTooBig("x"),
            413,
            {"detail": "The request body is too large."},
        ),
        (django_exceptions.DisallowedHost("x"), 400, {"detail": "Bad request."}),
        (django_exceptions.BadRequest("x"), 400, {"detail": "Bad request."}),
    ],
)
def test_known_exceptions(error: Exception, status: int, body: Any) -> None:
    found = translated(error)
    assert found[0] == status
    assert body is None or found[1] == body


@pytest.mark.parametrize(
    ("error", "headers"),
    [
        (exceptions.Throttled(3), {"Retry-After": "3"}),
        (exceptions.HTTPException(503, headers={"X-A": "b"}), {"X-A": "b"}),
        (Challenged(), {"WWW-Authenticate": "Bearer"}),
        (exceptions.NotFound(), {}),
    ],
)
def test_headers(error: Exception, headers: dict[str, str]) -> None:
    assert translated(error)[2] == headers


@pytest.mark.parametrize(
    ("error", "body"),
    [
        (exceptions.NotFound(), {"detail": "Not found.", "code": "not_found"}),
        (exceptions.NotFound("x", "y"), {"detail": "x", "code": "y"}),
        (exceptions.ValidationError({"a": ["x"]}), {"a": ["x"]}),
        (ValueError("x"), {"detail": "Internal server error.", "code": "error"}),
    ],
)
def test_codes_by_setting(error: Exception, body: Any) -> None:
    with override_settings(BOLT={"ERROR_CODES": True}, DEBUG=False):
        assert translated(error)[1] == body


@pytest.mark.parametrize(
    "error",
    [
        ValueError("secret"),
        RecursionError("secret"),
        exceptions.ResultError("secret", ".a"),
        IntegrityError("CHECK constraint failed: secret"),
        django_exceptions.ImproperlyConfigured("secret"),
        msgspec.ValidationError("secret"),
    ],
)
def test_a_fault_of_the_server_says_nothing(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with override_settings(DEBUG=False), caplog.at_level(logging.ERROR, "django.request"):
        assert translated(error) == (500, {"detail": "Internal server error."}, {})
    (record,) = caplog.records
    assert record.exc_info is not None
    assert record.exc_info[1] is error
    assert record.status_code == 500  # type: ignore[attr-defined]


def test_debug_shows_the_traceback() -> None:
    try:
        int("shown")
    except ValueError as error:
        with override_settings(DEBUG=True):
            status, body, _ = translated(error)
    assert status == 500
    assert body["exception"] == "ValueError: invalid literal for int() with base 10: 'shown'"
    assert body["traceback"][0] == "Traceback (most recent call last):"
    assert not any("announce" in line for line in body["traceback"])


@pytest.mark.parametrize(
    ("error", "announced"),
    [
        (ValueError("x"), True),
        (exceptions.APIException("x"), True),
        (exceptions.NotFound(), False),
        (Http404(), False),
    ],
)
def test_got_request_exception(error: Exception, announced: bool) -> None:
    seen: list[Any] = []

    def receive(sender: Any, request: Any, **_: Any) -> None:
        seen.append((sender, sys.exc_info()[1]))

    got_request_exception.connect(receive)
    try:
        translated(error)
    finally:
        got_request_exception.disconnect(receive)
    assert seen == ([(failures.ServerFault, error)] if announced else [])


def test_codes_of_djangos_validation_survive() -> None:
    error = failures.as_api_exception(django_exceptions.ValidationError("x", code="own"))
    assert error is not None
    assert error.detail == {"non_field_errors": [ErrorDetail("x", "own")]}
