"""Status codes by name."""

from __future__ import annotations

import pytest

from django_bolt import status


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("HTTP_200_OK", 200),
        ("HTTP_201_CREATED", 201),
        ("HTTP_204_NO_CONTENT", 204),
        ("HTTP_404_NOT_FOUND", 404),
        ("HTTP_429_TOO_MANY_REQUESTS", 429),
        ("HTTP_500_INTERNAL_SERVER_ERROR", 500),
    ],
)
def test_names(name: str, code: int) -> None:
    assert getattr(status, name) == code


@pytest.mark.parametrize(
    ("test", "inside", "outside"),
    [
        (status.is_informational, (100, 199), (99, 200)),
        (status.is_success, (200, 299), (199, 300)),
        (status.is_redirect, (300, 399), (299, 400)),
        (status.is_client_error, (400, 499), (399, 500)),
        (status.is_server_error, (500, 599), (499, 600)),
    ],
)
def test_classes(test, inside, outside) -> None:
    assert [test(code) for code in (*inside, *outside)] == [True, True, False, False]
