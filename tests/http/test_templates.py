"""Pages: where they are rendered, what they know of the request, and how they fail."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import User
from django.core.signals import got_request_exception
from django.template.response import SimpleTemplateResponse, TemplateResponse
from django.test import override_settings

from django_bolt import BoltAPI, Controller, Request
from django_bolt.auth import IsAuthenticated, JWTAuthentication, create_jwt_for_user
from django_bolt.decorators import inline
from django_bolt.responses import Template, render
from tests.http.cases import Case, table

PROCESSORS = [
    "django.template.context_processors.debug",
    "django.template.context_processors.request",
    "django.template.context_processors.i18n",
    "django.template.context_processors.tz",
    "django.template.context_processors.csrf",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
    "tests.http.test_templates.greeting",
]
ENGINE = "django.template.backends.django.DjangoTemplates"
TEMPLATES = [
    {
        "BACKEND": ENGINE,
        "DIRS": [Path(__file__).parent / "templates"],
        "OPTIONS": {"context_processors": PROCESSORS},
    },
    {
        "BACKEND": ENGINE,
        "NAME": "bare",
        "DIRS": [Path(__file__).parent / "templates"],
    },
]
api = BoltAPI()


def greeting(request: Any) -> dict[str, str]:
    return {"greeting": "hello"}


@pytest.fixture(scope="module", autouse=True)
def engines() -> Iterator[None]:
    with override_settings(TEMPLATES=TEMPLATES):
        yield


def users() -> Any:
    return User.objects.order_by("username")


@api.get("/users/async")
async def users_async(request: Request):
    return render(request, "users.html", {"users": users()})


@api.get("/users/sync")
def users_sync(request: Request):
    return render(request, "users.html", {"users": users()})


@api.get("/users/inline")
@inline
def users_inline(request: Request):
    return render(request, "users.html", {"users": []})


@api.get("/users/without-request")
async def users_without_request() -> Template:
    return Template(["absent.html", "users.html"], {"users": users()}, status_code=203)


@api.get("/condition")
async def condition() -> Template:
    """Django's ``if`` takes whatever is raised in it for false."""
    return Template("condition.html", {"users": users()})


@api.get("/django/async")
async def django_async(request: Request):
    return TemplateResponse(request, "condition.html", {"users": users()}, status=202)


@api.get("/django/simple")
async def django_simple():
    return SimpleTemplateResponse("users.html", {"users": users()}, headers={"X-Name": "a"})


class Page(Controller):
    async def get(self):
        page = Template("users.html", {"users": users()})
        page.context_data["users"] = page.context_data["users"].filter(username="ada")
        return page


api.register("page", Page)


def test_a_page_reads_the_database(db_client: httpx.Client) -> None:
    for name in ("ada", "bob"):
        User.objects.create(username=name)
    html = {"content-type": "text/html; charset=utf-8"}
    for case in (
        Case("GET", "/users/async", text="ada,bob,", reply_headers=html),
        Case("GET", "/users/sync", text="ada,bob,", reply_headers=html),
        Case("GET", "/users/inline", text=""),
        Case("GET", "/users/without-request", status=203, text="ada,bob,"),
        Case("GET", "/condition", text="ada"),
        Case("GET", "/django/async", status=202, text="ada", reply_headers=html),
        Case("GET", "/django/simple", text="ada,bob,", reply_headers={"x-name": "a"}),
        Case("GET", "/page", text="ada,"),
    ):
        case.check(db_client)


threads: list[str] = []


class Noted:
    """Notes the thread on which a page asks for it."""

    def __str__(self) -> str:
        threads.append(threading.current_thread().name)
        return "x"


@api.get("/thread/{how}")
async def thread(how: str):
    threads.append(threading.current_thread().name)
    return Template("context.html", {"greeting": Noted()})


def test_a_page_is_not_rendered_on_the_loop(client: httpx.Client) -> None:
    threads.clear()
    Case("GET", "/thread/a", text="||||0|x").check(client)
    loop, rendered = threads
    assert rendered != loop


@api.get("/context")
async def context(request: Request):
    return render(request, "context.html")


@api.get("/context/member", auth=[JWTAuthentication()], guards=[IsAuthenticated()])
async def context_of_a_member(request: Request):
    return render(request, "context.html", content_type="text/plain", status=201)


@api.get("/context/bare")
async def context_without_processors(request: Request):
    return render(request, "context.html", {"greeting": "own"}, using="bare")


@api.get("/context/own")
async def own_context(request: Request):
    return render(request, "context.html", {"greeting": "<own>"})


def test_context_processors(db_client: httpx.Client) -> None:
    user = User.objects.create(username="ada", is_staff=True)
    token = {"Authorization": f"Bearer {create_jwt_for_user(user)}"}
    for case in (
        Case("GET", "/context", text="/context||False|en-us|0|hello"),
        Case(
            "GET",
            "/context/member",
            headers=token,
            status=201,
            text="/context/member|ada|True|en-us|0|hello",
            reply_headers={"content-type": "text/plain"},
        ),
        # ``request`` is no variable of an engine without processors, but for Django's own.
        Case("GET", "/context/own", text="/context/own||False|en-us|0|&lt;own&gt;"),
        Case("GET", "/context/bare", text="||||0|own"),
    ):
        case.check(db_client)


@api.get("/form")
async def form(request: Request):
    return render(request, "form.html")


@api.get("/no-form")
async def no_form(request: Request):
    return render(request, "users.html")


TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([A-Za-z0-9]{64})"')


def test_a_form_has_djangos_token_and_sets_its_cookie(client: httpx.Client) -> None:
    from django.middleware.csrf import _does_token_match

    reply = client.get("/form")
    token = TOKEN.search(reply.text)
    assert token is not None
    secret = reply.cookies["csrftoken"]
    assert _does_token_match(token[1], secret)
    assert reply.headers["vary"] == "Cookie"
    # The cookie is kept, and a second form belongs to it as well.
    again = client.get("/form", headers={"Cookie": f"csrftoken={secret}"})
    token = TOKEN.search(again.text)
    assert token is not None
    assert again.cookies["csrftoken"] == secret
    assert _does_token_match(token[1], secret)
    # A cookie that is none of Django's is replaced.
    other = client.get("/form", headers={"Cookie": "csrftoken=x"})
    assert len(other.cookies["csrftoken"]) == 32
    client.cookies.clear()
    plain = client.get("/no-form")
    assert "set-cookie" not in plain.headers
    assert "vary" not in plain.headers


def test_a_token_in_sessions_needs_a_session(client: httpx.Client) -> None:
    with override_settings(CSRF_USE_SESSIONS=True):
        Case("GET", "/form", status=500).check(client)
        Case("GET", "/no-form", text="").check(client)


@api.get("/absent")
async def absent():
    return Template("absent.html")


@api.get("/absent/sync")
def absent_in_a_thread(request: Request):
    return render(request, "absent.html")


@api.get("/broken")
async def broken():
    return Template("broken.html")


@api.get("/no-engine")
async def no_engine():
    return Template("users.html", using="absent")


@api.get("/django/absent")
async def django_absent():
    return SimpleTemplateResponse("absent.html")


@api.get("/empty")
async def empty():
    """A status without a body: nothing is rendered."""
    return Template("absent.html", status_code=204)


FAILING = ["/absent", "/absent/sync", "/broken", "/no-engine", "/django/absent"]


@pytest.mark.parametrize("path", FAILING)
def test_a_page_that_fails_is_a_500_of_which_django_hears_once(
    client: httpx.Client, path: str
) -> None:
    heard: list[str] = []

    def receive(sender: object, request: Any, **_: object) -> None:
        heard.append(request.path)

    got_request_exception.connect(receive)
    try:
        Case("GET", path, status=500, body={"detail": "Internal server error."}).check(client)
    finally:
        got_request_exception.disconnect(receive)
    assert heard == [path]


@table([Case("GET", "/empty", status=204, text="", reply_headers={"content-type": None})])
def test_no_page(client: httpx.Client, case: Case) -> None:
    case.check(client)
