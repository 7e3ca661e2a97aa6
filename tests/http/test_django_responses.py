"""Responses of Django's own as results."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from django.core.signals import request_finished, request_started
from django.http import (
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseNotModified,
    HttpResponsePermanentRedirect,
    HttpResponseRedirect,
    JsonResponse,
)
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from msgspec import Struct

from django_bolt import BoltAPI, Controller
from django_bolt.testing import TestClient
from tests.http.cases import Case, table

api = BoltAPI()
HTML = {"content-type": "text/html; charset=utf-8"}


class Out(Struct):
    id: int


def response_with_cookies() -> HttpResponse:
    response = HttpResponse("Þ", status=203, headers={"X-Name": "a"})
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    return response


class OfItsOwn(HttpResponseBase):
    streaming = True


MADE: dict[str, Any] = {
    "text": response_with_cookies,
    "charset": lambda: HttpResponse("Þ", content_type="text/plain; charset=iso-8859-1"),
    "bytes": lambda: HttpResponse(b"\x00\xff", content_type="application/octet-stream"),
    "json": lambda: JsonResponse({"a": [1]}, status=201),
    "redirect": lambda: HttpResponseRedirect("/é"),
    "permanent": lambda: HttpResponsePermanentRedirect("https://example.org/"),
    "shortcut": lambda: redirect("https://example.org/"),
    "not-modified": HttpResponseNotModified,
    "bad": lambda: HttpResponseBadRequest("no"),
    "no-content": lambda: HttpResponse(status=204),
    "own": OfItsOwn,
}


@api.get("/async/{name}")
async def asynchronous(name: str) -> HttpResponse:
    return MADE[name]()


@api.get("/sync/{name}")
def synchronous(name: str) -> Any:
    return MADE[name]()


@api.get("/either/{plain}")
async def either(plain: bool) -> Out | HttpResponse:
    return {"id": 1, "secret": 2} if plain else HttpResponse("x")


class View(Controller):
    def get(self):
        return HttpResponse("x")

    def finalize_response(self, request, response, *args, **kwargs):
        response["X-Final"] = str(response.status_code)
        return response


api.register("view", View)


@table(
    [
        Case(
            "GET",
            f"/{how}/{name}",
            status=status,
            text=text,
            reply_headers=headers,
        )
        for how in ("async", "sync")
        for name, status, text, headers in [
            ("text", 203, "Þ", {**HTML, "x-name": "a", "content-length": "2"}),
            ("charset", 200, "Þ", {"content-type": "text/plain; charset=iso-8859-1"}),
            ("json", 201, '{"a": [1]}', {"content-type": "application/json"}),
            ("redirect", 302, "", {"location": "/%C3%A9"}),
            ("permanent", 301, "", {"location": "https://example.org/"}),
            ("shortcut", 302, "", {"location": "https://example.org/"}),
            ("not-modified", 304, "", {"content-type": None}),
            ("bad", 400, "no", HTML),
            ("no-content", 204, "", {"content-type": None}),
        ]
    ]
    + [
        Case("GET", "/either/true", body={"id": 1}),
        Case("GET", "/either/false", text="x"),
        Case("HEAD", "/sync/json", status=201, text="", reply_headers={"content-length": "10"}),
        Case("GET", "/view", text="x", reply_headers={"x-final": "200"}),
    ]
)
def test_sent_as_they_are(client: httpx.Client, case: Case) -> None:
    case.check(client)


def test_bytes_and_cookies(client: httpx.Client) -> None:
    assert client.get("/async/bytes").content == b"\x00\xff"
    cookies = client.get("/async/text").headers.get_list("set-cookie")
    assert cookies == ["a=1; Path=/", "b=2; Path=/"]


@pytest.mark.parametrize("how", ["async", "sync"])
def test_a_stream_of_its_own_kind_is_refused(
    client: httpx.Client, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    Case("GET", f"/{how}/own", status=500).check(client)
    (record,) = [record for record in caplog.records if record.name == "django.request"]
    assert record.exc_info is not None
    assert "django_bolt.responses" in str(record.exc_info[1])


@pytest.mark.parametrize("how", ["async", "sync"])
def test_signals_are_sent_once(how: str) -> None:
    sent: list[str] = []

    def started(**_: object) -> None:
        sent.append("started")

    def finished(**_: object) -> None:
        sent.append("finished")

    request_started.connect(started)
    request_finished.connect(finished)
    try:
        # In process, a request has ended when its reply is there.
        with TestClient(api) as client:
            client.get(f"/{how}/text")
    finally:
        request_started.disconnect(started)
        request_finished.disconnect(finished)
    assert sent == ["started", "finished"]
