"""Responses, and what becomes of them."""

from __future__ import annotations

import datetime as dt
import types
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import DisallowedRedirect
from django.http import BadHeaderError
from django.utils.functional import lazystr
from django.utils.safestring import mark_safe

from django_bolt.dispatch.encoding import encode
from django_bolt.dispatch.replies import render
from django_bolt.responses import HTML, JSON, PlainText, Redirect, Response

JSON_TYPE = "application/json"


@pytest.mark.parametrize(
    ("response", "rendered"),
    [
        (Response({"a": 1}), (200, JSON_TYPE, [], b'{"a":1}')),
        (Response(), (200, None, [], None)),
        (Response("a"), (200, JSON_TYPE, [], b'"a"')),
        (Response([], status=201), (201, JSON_TYPE, [], b"[]")),
        (Response({"a": 1}, status=204), (204, None, [], None)),
        (Response(1, headers={"X-A": "b"}), (200, JSON_TYPE, [("X-A", "b")], b"1")),
        (
            Response({}, content_type="application/problem+json"),
            (200, "application/problem+json", [], b"{}"),
        ),
        (Response("a", content_type="text/csv"), (200, "text/csv", [], b"a")),
        (Response(1, headers={"content-type": "text/x"}), (200, "text/x", [], b"1")),
        (JSON(None), (200, JSON_TYPE, [], b"null")),
        (JSON({"a": 1}, 201, {"X-A": "b"}), (201, JSON_TYPE, [("X-A", "b")], b'{"a":1}')),
        (PlainText("é"), (200, "text/plain; charset=utf-8", [], "é".encode())),
        (PlainText(b"\xff", 202), (202, "text/plain; charset=utf-8", [], b"\xff")),
        (HTML("<p>"), (200, "text/html; charset=utf-8", [], b"<p>")),
        (Redirect("/x"), (302, None, [("Location", "/x")], None)),
        (Redirect("/é?q=a b", 307), (307, None, [("Location", "/%C3%A9?q=a%20b")], None)),
        (Redirect("https://a.b/"), (302, None, [("Location", "https://a.b/")], None)),
        (Redirect(lazystr("/x"), 308), (308, None, [("Location", "/x")], None)),  # type: ignore[arg-type]
    ],
)
def test_rendered(response: Any, rendered: Any) -> None:
    assert render(response) == rendered


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: Response(headers={"X-A": "b\r\nSet-Cookie: c"}), BadHeaderError),
        (lambda: JSON(1, headers={"X\nA": "b"}), BadHeaderError),
        (lambda: Response(1, content_type="a/b\r\nX: y"), BadHeaderError),
        (lambda: Response(1, status=99), ValueError),
        (lambda: Response(1, status=100), ValueError),
        (lambda: Response(1, status=600), ValueError),
        (lambda: Response(1, status=True), ValueError),
        (lambda: PlainText(1), TypeError),  # type: ignore[arg-type]
        (lambda: HTML({}), TypeError),  # type: ignore[arg-type]
        (lambda: Redirect("/x", 200), ValueError),
        (lambda: Redirect("/x", 304), ValueError),
        (lambda: Redirect("javascript:alert(1)"), DisallowedRedirect),
        (lambda: Redirect("DATA:text/html,x"), DisallowedRedirect),
        (lambda: Redirect("http://[x/"), DisallowedRedirect),
        (lambda: Redirect("/x\r\nSet-Cookie: a"), None),
    ],
)
def test_refusals(make: Any, error: type[Exception] | None) -> None:
    if error is None:
        # Django's encoding leaves nothing of a line break.
        assert "\n" not in make()["Location"]
        return
    with pytest.raises(error):
        make()


def test_headers_are_set_as_on_djangos() -> None:
    response = Response({"a": 1})
    response["X-A"] = "b"
    assert response["x-a"] == "b"
    assert "X-a" in response
    assert response.has_header("x-A")
    del response["x-a"]
    assert "X-A" not in response
    with pytest.raises(BadHeaderError):
        response["X-A"] = "b\n"
    response["Content-Type"] = "text/csv"
    assert response.content_type == "text/csv"
    assert repr(response) == "<Response status_code=200>"
    assert Redirect("/x").url == "/x"


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        ({"a": lazystr("b")}, b'{"a":"b"}'),
        ([mark_safe("<")], b'["<"]'),
        (Decimal("1.10"), b'"1.10"'),
        (dt.date(2024, 1, 31), b'"2024-01-31"'),
        ({"a": 1}.keys(), b'["a"]'),
        (types.MappingProxyType({"a": 1}), b'{"a":1}'),
        (float("nan"), b"null"),
    ],
)
def test_undeclared_data(value: Any, encoded: bytes) -> None:
    assert encode(value) == encoded


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (User(), "model instance .User. has no JSON of its own: declare"),
        (User.objects.none(), "QuerySet .* has no JSON of its own: declare"),
        (object(), "builtins.object has no JSON of its own"),
    ],
)
def test_data_without_json(value: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        encode([value])
