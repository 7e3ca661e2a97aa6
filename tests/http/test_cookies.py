"""Cookies: set on every kind of response, signed, deleted, and read again."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx
import pytest
from django.core import signing
from django.http import HttpResponse
from django.test import override_settings

from django_bolt import BoltAPI, Request, Response
from django_bolt.responses import HTML, JSON, PlainText, Redirect
from tests.http.cases import Case, table

api = BoltAPI()

KINDS: dict[str, Any] = {
    "response": lambda: Response({}),
    "json": lambda: JSON({}),
    "text": lambda: PlainText("x"),
    "html": lambda: HTML("x"),
    "redirect": lambda: Redirect("/"),
    "empty": lambda: Response(status=204),
    "django": lambda: HttpResponse("x"),
}


@api.get("/kinds/{kind}")
async def kinds(kind: str):
    response = KINDS[kind]()
    response.set_cookie("a", "1")
    response.set_cookie("b", "two words; and more", path="/x", httponly=True, samesite="Lax")
    return response


@pytest.mark.parametrize("kind", KINDS)
def test_each_cookie_leaves_in_a_header_of_its_own(client: httpx.Client, kind: str) -> None:
    assert client.get(f"/kinds/{kind}").headers.get_list("set-cookie") == [
        "a=1; Path=/",
        r'b="two words\073 and more"; HttpOnly; Path=/x; SameSite=Lax',
    ]


LONG_AGO = "expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"max_age": 60}, "Max-Age=60"),
        ({"max_age": dt.timedelta(minutes=2)}, "Max-Age=120"),
        ({"expires": "Thu, 01 Jan 2099 00:00:00 GMT"}, "expires=Thu, 01 Jan 2099 00:00:00 GMT"),
        # Without a zone, it is UTC.
        ({"expires": dt.datetime(1999, 1, 1)}, "Max-Age=0"),
        ({"domain": "example.org"}, "Domain=example.org"),
        ({"secure": True}, "Secure"),
        ({"httponly": True}, "HttpOnly"),
        ({"samesite": "None"}, "SameSite=None"),
        ({"path": None}, "a=1"),
    ],
)
def test_attributes_are_djangos(options: dict[str, Any], expected: str) -> None:
    response, reference = JSON({}), HttpResponse()
    for each in (response, reference):
        each.set_cookie("a", "1", **options)
    (own,), (djangos,) = response.cookies.values(), reference.cookies.values()
    assert expected in own.OutputString().split("; ")
    assert {**own, "expires": ""} == {**djangos, "expires": ""}


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"samesite": "odd"}, ValueError),
        ({"max_age": 1, "expires": dt.datetime(2099, 1, 1, tzinfo=dt.UTC)}, ValueError),
        ({"unknown": True}, TypeError),
    ],
)
def test_options_that_are_refused(options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        JSON({}).set_cookie("a", "1", **options)


@api.get("/delete")
def delete():
    response = PlainText("")
    response.delete_cookie("a")
    response.delete_cookie("__Host-b", path="/x", domain="example.org", samesite="none")
    return response


def test_deleted(client: httpx.Client) -> None:
    assert client.get("/delete").headers.get_list("set-cookie") == [
        f'a=""; {LONG_AGO}; Path=/',
        f'__Host-b=""; Domain=example.org; {LONG_AGO}; Path=/x; SameSite=none; Secure',
    ]


@api.get("/sign")
async def sign():
    response = JSON({})
    response.set_signed_cookie("who", "ada", salt="s", max_age=60)
    return response


@api.get("/signed")
async def signed(request: Request):
    return request.get_signed_cookie("who", default="nobody", salt="s", max_age=60)


@api.get("/signed/required")
async def signed_or_error(request: Request):
    return request.get_signed_cookie("who", salt="s")


def test_signed(client: httpx.Client) -> None:
    given = client.get("/sign").cookies["who"]
    client.cookies.clear()
    sent = {"Cookie": f"who={given}"}
    for case in (
        Case("GET", "/signed", headers=sent, body="ada"),
        Case("GET", "/signed/required", headers=sent, body="ada"),
        Case("GET", "/signed", body="nobody"),
        Case("GET", "/signed", headers={"Cookie": f"who={given}x"}, body="nobody"),
        Case("GET", "/signed", headers={"Cookie": "who=ada"}, body="nobody"),
        # As in Django: the handler says what becomes of a cookie that it requires.
        Case("GET", "/signed/required", status=500),
        Case("GET", "/signed/required", headers={"Cookie": "who=ada"}, status=500),
    ):
        case.check(client)
    # Django reads it as its own.
    salted = signing.get_cookie_signer(salt=signing._cookie_signer_salt("who", "s"))
    assert salted.unsign(given) == "ada"


def test_the_key_of_the_settings_signs(client: httpx.Client) -> None:
    given = client.get("/sign").cookies["who"]
    client.cookies.clear()
    with override_settings(SECRET_KEY="another", SECRET_KEY_FALLBACKS=[]):
        Case("GET", "/signed", headers={"Cookie": f"who={given}"}, body="nobody").check(client)


@api.get("/sent")
async def sent(request: Request):
    return request.COOKIES


@table(
    [
        Case("GET", "/sent", body={}),
        Case("GET", "/sent", headers={"Cookie": 'a=1; b="x y"'}, body={"a": "1", "b": "x y"}),
    ]
)
def test_sent(client: httpx.Client, case: Case) -> None:
    case.check(client)
