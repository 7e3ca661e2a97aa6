"""The family of APIException, as Django REST framework's."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_bolt import exceptions


@pytest.mark.parametrize(
    ("error", "status", "detail", "codes"),
    [
        (exceptions.APIException(), 500, "A server error occurred.", "error"),
        (exceptions.APIException("x", "y"), 500, "x", "y"),
        (exceptions.ValidationError(), 400, ["Invalid input."], ["invalid"]),
        (exceptions.ValidationError("x"), 400, ["x"], ["invalid"]),
        (exceptions.ValidationError(("x", "y"), "z"), 400, ["x", "y"], ["z", "z"]),
        (exceptions.ValidationError({"a": "x"}), 400, {"a": "x"}, {"a": "invalid"}),
        (
            exceptions.ValidationError({"a": [exceptions.ErrorDetail("x", "own"), 2]}),
            400,
            {"a": ["x", "2"]},
            {"a": ["own", "invalid"]},
        ),
        (exceptions.ParseError(), 400, "Malformed request.", "parse_error"),
        (
            exceptions.AuthenticationFailed(),
            401,
            "Incorrect authentication credentials.",
            "authentication_failed",
        ),
        (
            exceptions.NotAuthenticated(),
            401,
            "Authentication credentials were not provided.",
            "not_authenticated",
        ),
        (
            exceptions.PermissionDenied(),
            403,
            "You do not have permission to perform this action.",
            "permission_denied",
        ),
        (exceptions.NotFound(), 404, "Not found.", "not_found"),
        (
            exceptions.MethodNotAllowed("PUT"),
            405,
            'Method "PUT" not allowed.',
            "method_not_allowed",
        ),
        (
            exceptions.NotAcceptable(),
            406,
            "Could not satisfy the request Accept header.",
            "not_acceptable",
        ),
        (
            exceptions.UnsupportedMediaType("a/b"),
            415,
            'Unsupported media type "a/b" in request.',
            "unsupported_media_type",
        ),
        (exceptions.Throttled(), 429, "Request was throttled.", "throttled"),
        (
            exceptions.Throttled(0.2),
            429,
            "Request was throttled. Expected available in 1 second.",
            "throttled",
        ),
        (exceptions.HTTPException(418), 418, "I'm a Teapot.", "im_a_teapot"),
        (exceptions.HTTPException(404, "x"), 404, "x", "not_found"),
        (exceptions.HTTPException(499), 499, "Error.", "error"),
        (exceptions.HTTPException(400, {"a": ["x"]}), 400, {"a": ["x"]}, {"a": ["bad_request"]}),
    ],
)
def test_details_and_codes(
    error: exceptions.APIException, status: int, detail: Any, codes: Any
) -> None:
    assert error.status_code == status
    assert error.detail == detail
    assert error.get_codes() == codes
    assert str(error) == str(detail) or isinstance(detail, dict | list)


def test_full_details() -> None:
    error = exceptions.ValidationError({"a": ["x"]}, "y")
    assert error.get_full_details() == {"a": [{"message": "x", "code": "y"}]}


def test_headers() -> None:
    assert exceptions.Throttled(2.5).headers == {"Retry-After": "3"}
    assert exceptions.HTTPException(503, headers={"Retry-After": "1"}).headers == {
        "Retry-After": "1"
    }
    assert exceptions.NotFound().headers == {}


@pytest.mark.parametrize("status", [200, 302, 399, 600])
def test_http_exception_is_an_error(status: int) -> None:
    with pytest.raises(ValueError, match=str(status)):
        exceptions.HTTPException(status)


def test_error_details_compare_as_text_and_by_code() -> None:
    detail = exceptions.ErrorDetail("x", "a")
    assert detail == "x"
    assert detail == exceptions.ErrorDetail("x", "a")
    assert detail != exceptions.ErrorDetail("x", "b")
    assert detail != 1
    assert hash(detail) == hash("x")
    assert repr(detail) == "ErrorDetail(string='x', code='a')"


def test_result_errors_grow_their_path_outwards() -> None:
    error = exceptions.ResultError("bad", ".name").within("[2]").within(".items")
    assert error.path == "$.items[2].name"
    assert str(error) == "bad (at $.items[2].name of the handler's result)"


@pytest.mark.parametrize(
    "kind",
    [exceptions.ConfigurationError, exceptions.SettingsError, exceptions.SignatureError],
)
def test_configuration_errors_are_djangos(kind: type[Exception]) -> None:
    assert issubclass(kind, ImproperlyConfigured)
