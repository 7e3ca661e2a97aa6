"""What a handler puts into a reply's head never becomes another head, or another reply."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from django.http import HttpResponse

from django_bolt import BoltAPI, Response
from django_bolt.exceptions import HTTPException
from django_bolt.responses import HTML, JSON, BaseResponse, PlainText, Redirect
from tests.http.cases import Case, table

api = BoltAPI()
SPLIT = "a\r\nSet-Cookie: admin=1"


def with_header(response: Any, name: str, value: str) -> Any:
    response[name] = value
    return response


def with_raw_header(name: str, value: str) -> BaseResponse:
    """A header that passed none of Django's checks."""
    response = PlainText("x")
    response.headers._store[name.lower()] = (name, value)
    return response


def with_cookie(response: Any, **cookie: Any) -> Any:
    response.set_cookie(**{"key": "a", "value": "b", **cookie})
    return response


def with_status(status: Any) -> BaseResponse:
    response = PlainText("x")
    response.status_code = status
    return response


def raising(headers: dict[str, str], status: int = 400) -> Any:
    raise HTTPException(status, "No.", headers=headers)


#: By the name in the path: what makes the result, and what the log must say.
REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "value": (lambda: Response({}, headers={"X-Name": SPLIT}), "newlines"),
    "line-feed": (lambda: Response({}, headers={"X-Name": "a\nb"}), "newlines"),
    "carriage-return": (lambda: Response({}, headers={"X-Name": "a\rb"}), "newlines"),
    "name": (lambda: Response({}, headers={"X-A\r\nX-B": "a"}), "newlines"),
    "set-later": (lambda: with_header(JSON({}), "X-Name", SPLIT), "newlines"),
    "content-type": (lambda: Response({}, content_type=f"text/plain{SPLIT}"), "newlines"),
    "html": (lambda: HTML("x", headers={"X-Name": SPLIT}), "newlines"),
    "redirect": (lambda: Redirect("/", headers={"X-Name": SPLIT}), "newlines"),
    "django": (lambda: HttpResponse("x", headers={"X-Name": SPLIT}), "newlines"),
    "unchecked": (lambda: with_raw_header("X-Name", SPLIT), "X-Name"),
    "nul": (lambda: Response({}, headers={"X-Name": "a\0b"}), "X-Name"),
    "delete": (lambda: Response({}, headers={"X-Name": "a\x7fb"}), "X-Name"),
    "odd-name": (lambda: Response({}, headers={"X Name": "a"}), "X Name"),
    "colon-name": (lambda: Response({}, headers={"X:Name": "a"}), "X:Name"),
    "empty-name": (lambda: Response({}, headers={"": "a"}), "name of a header"),
    "wide-name": (lambda: Response({}, headers={"X-Æ": "a"}), "ascii"),
    "unchecked-wide": (lambda: with_raw_header("X-Name", "€"), "X-Name"),
    "cookie-value": (lambda: with_cookie(JSON({}), value=SPLIT), "value of the cookie 'a'"),
    "cookie-name": (lambda: with_cookie(JSON({}), key=SPLIT), "Illegal key"),
    "cookie-path": (lambda: with_cookie(JSON({}), path=f"/{SPLIT}"), "path of the cookie"),
    "cookie-domain": (lambda: with_cookie(JSON({}), domain=SPLIT), "domain of the cookie"),
    "cookie-expires": (lambda: with_cookie(JSON({}), expires=SPLIT), "expires of the cookie"),
    "cookie-same-site": (lambda: with_cookie(JSON({}), samesite=SPLIT), "samesite"),
    "cookie-wide": (lambda: with_cookie(JSON({}), value="€"), "Set-Cookie"),
    "django-cookie": (lambda: with_cookie(HttpResponse(), path=f"/{SPLIT}"), ""),
    "length": (lambda: Response({}, headers={"Content-Length": "99"}), "Content-Length"),
    "shorter": (lambda: PlainText("hello", headers={"content-length": "1"}), "Content-Length"),
    "no-number": (lambda: PlainText("x", headers={"Content-Length": "x"}), "Content-Length"),
    "django-length": (
        lambda: HttpResponse("x", headers={"Content-Length": "0"}),
        "Content-Length",
    ),
    "transfer-encoding": (
        lambda: Response({}, headers={"Transfer-Encoding": "chunked"}),
        "Transfer-Encoding",
    ),
    "connection": (lambda: Response({}, headers={"Connection": "close"}), "Connection"),
    "keep-alive": (lambda: Response({}, headers={"Keep-Alive": "max=1"}), "Keep-Alive"),
    "upgrade": (lambda: Response({}, headers={"Upgrade": "h2c"}), "Upgrade"),
    "trailer": (lambda: Response({}, headers={"trailer": "X-A"}), "trailer"),
    "django-connection": (
        lambda: with_header(HttpResponse("x"), "Connection", "close"),
        "Connection",
    ),
    "raised": (lambda: raising({"X-Name": SPLIT}), "X-Name"),
    "raised-length": (lambda: raising({"Content-Length": "1"}), "Content-Length"),
    "raised-type": (lambda: raising({"Content-Type": "text/html"}), "Content-Type"),
    "raised-status": (lambda: raising({}, status=103), "103"),
    "continue": (lambda: with_status(100), "100"),
    "switching": (lambda: with_status(101), "101"),
    "beyond": (lambda: with_status(600), "600"),
    "huge": (lambda: with_status(70_000), ""),
    "textual": (lambda: with_status("200"), ""),
    "django-early": (lambda: HttpResponse("x", status=103), "103"),
}


@api.get("/refused/{name}")
async def refused(name: str) -> Any:
    return REFUSED[name][0]()


@api.get("/refused-in-a-thread/{name}")
def refused_in_a_thread(name: str) -> Any:
    return REFUSED[name][0]()


@api.get("/fine")
async def fine() -> str:
    return "fine"


@pytest.mark.parametrize("how", ["refused", "refused-in-a-thread"])
@pytest.mark.parametrize("name", REFUSED)
def test_a_head_that_cannot_be_sent_is_a_500_that_names_it_in_the_log(
    client: httpx.Client, name: str, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    reply = client.get(f"/{how}/{name}")
    assert reply.status_code == 500
    assert reply.json() == {"detail": "Internal server error."}
    assert "set-cookie" not in reply.headers
    (record,) = [record for record in caplog.records if record.name == "django.request"]
    assert record.exc_info is not None
    assert REFUSED[name][1] in str(record.exc_info[1])
    assert client.get("/fine").json() == "fine"


@api.get("/latin-1")
async def latin_1() -> Any:
    return Response({}, headers={"X-Name": "Þór"})


@api.get("/beyond-latin-1")
async def beyond_latin_1() -> Any:
    return Response({}, headers={"X-Name": "€"})


@api.get("/right-length")
async def right_length() -> Any:
    return PlainText("hello", headers={"Content-Length": "5"})


@api.get("/right-length/django")
def right_length_of_djangos() -> Any:
    return HttpResponse("hello", headers={"Content-Length": "5"})


@api.get("/content-type-twice")
async def content_type_twice() -> Any:
    response = PlainText("x")
    response.headers["Content-Type"] = "text/csv"
    return response


@api.get("/any-case")
async def any_case() -> Any:
    response = JSON({}, headers={"x-name": "1"})
    response["X-NAME"] = "2"
    return response


@api.get("/redirect")
async def redirect() -> Any:
    return Redirect("/x\r\nSet-Cookie: admin=1")


@table(
    [
        Case("GET", "/latin-1", reply_headers={"x-name": "Þór"}),
        # As Django encodes it, RFC 2047.
        Case("GET", "/beyond-latin-1", reply_headers={"x-name": "=?utf-8?b?4oKs?="}),
        Case("GET", "/right-length", text="hello", reply_headers={"content-length": "5"}),
        Case("HEAD", "/right-length", text="", reply_headers={"content-length": "5"}),
        Case("GET", "/right-length/django", text="hello", reply_headers={"content-length": "5"}),
        Case("GET", "/content-type-twice", reply_headers={"content-type": "text/csv"}),
        Case("GET", "/any-case", reply_headers={"x-name": "2"}),
        Case(
            "GET",
            "/redirect",
            status=302,
            reply_headers={"location": "/x%0D%0ASet-Cookie:%20admin=1", "set-cookie": None},
        ),
    ]
)
def test_heads_that_can_be_sent(client: httpx.Client, case: Case) -> None:
    case.check(client)
