"""Errors: every exception has its reply, and a fault of the server says nothing about itself."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import Group, User
from django.core import exceptions as django_exceptions
from django.core.signals import got_request_exception
from django.db import IntegrityError
from django.http import Http404
from django.test import override_settings
from msgspec import Struct

from django_bolt import BoltAPI, exceptions
from django_bolt.responses import JSON, Response
from tests.http.cases import Case, table
from tests.http.conftest import Serve

api = BoltAPI()

SECRET = "the vault's code is 1234"
PROBLEM = "application/problem+json"


class Person(Struct):
    name: str


class Teapot(exceptions.APIException):
    status_code = 418
    default_detail = "I am a teapot."
    default_code = "teapot"


class Outage(exceptions.APIException):
    status_code = 503
    default_detail = "The airport is closed."
    default_code = "closed"


RAISED: dict[str, Callable[[], BaseException]] = {
    "api-exception": exceptions.APIException,
    "validation": exceptions.ValidationError,
    "validation-text": lambda: exceptions.ValidationError("Too far."),
    "validation-list": lambda: exceptions.ValidationError(["Too far.", "Too high."]),
    "validation-dict": lambda: exceptions.ValidationError({"a": {"b": ["Too far."]}, "c": "No."}),
    "parse": exceptions.ParseError,
    "authentication-failed": exceptions.AuthenticationFailed,
    "not-authenticated": exceptions.NotAuthenticated,
    "permission-denied": lambda: exceptions.PermissionDenied("Not you."),
    "not-found": lambda: exceptions.NotFound("No such airport."),
    "method-not-allowed": lambda: exceptions.MethodNotAllowed("GET"),
    "not-acceptable": exceptions.NotAcceptable,
    "unsupported": lambda: exceptions.UnsupportedMediaType("text/plain"),
    "throttled": lambda: exceptions.Throttled(wait=2.1),
    "teapot": Teapot,
    "outage": Outage,
    "http": lambda: exceptions.HTTPException(409, "Taken.", headers={"X-Taken": "yes"}),
    "http-phrase": lambda: exceptions.HTTPException(410),
    "http404": lambda: Http404(SECRET),
    "django-permission": lambda: django_exceptions.PermissionDenied("Keep out."),
    "django-permission-plain": django_exceptions.PermissionDenied,
    "django-validation": lambda: django_exceptions.ValidationError({"code": ["Too long."]}),
    "django-validation-text": lambda: django_exceptions.ValidationError(
        "Too %(x)s.", params={"x": "far"}
    ),
    "suspicious": lambda: django_exceptions.SuspiciousOperation(SECRET),
    "too-big": lambda: django_exceptions.RequestDataTooBig(SECRET),
    "bad-request": lambda: django_exceptions.BadRequest(SECRET),
    "value": lambda: ValueError(SECRET),
    "key": lambda: KeyError(SECRET),
    "recursion": lambda: RecursionError(SECRET),
    "assertion": lambda: AssertionError(SECRET),
    "integrity": lambda: IntegrityError(SECRET),
    "stop-iteration": lambda: StopIteration(SECRET),
}


@api.get("/async/{name}")
async def raise_in_a_coroutine(name: str) -> dict:
    error = RAISED[name]()
    raise error


@api.get("/sync/{name}")
def raise_in_a_thread(name: str) -> dict:
    error = RAISED[name]()
    raise error


@api.get("/users/{name}")
async def missing_user(name: str) -> Person:
    return Person((await User.objects.aget(username=name)).username)


@api.get("/two-users")
def two_users() -> Person:
    return Person(User.objects.get(is_active=True).username)


@api.post("/groups")
async def add_group(body: Person) -> Person:
    await Group.objects.acreate(name=body.name)
    return body


@api.post("/groups/sync")
def add_group_in_a_thread(body: Person) -> Person:
    Group.objects.create(name=body.name)
    return body


@api.get("/returned")
async def returned() -> Any:
    return Response({"detail": "No."}, status=404)


@api.get("/returned-problem")
async def returned_json() -> Any:
    return JSON({"x": 1}, status_code=500)


@api.get("/number")
async def number(value: int) -> int:
    return value


INTERNAL = {"detail": "Internal server error."}
TABLE = [
    ("api-exception", 500, {"detail": "A server error occurred."}),
    ("validation", 400, {"non_field_errors": ["Invalid input."]}),
    ("validation-text", 400, {"non_field_errors": ["Too far."]}),
    ("validation-list", 400, {"non_field_errors": ["Too far.", "Too high."]}),
    ("validation-dict", 400, {"a": {"b": ["Too far."]}, "c": "No."}),
    ("parse", 400, {"detail": "Malformed request."}),
    ("permission-denied", 403, {"detail": "Not you."}),
    ("not-found", 404, {"detail": "No such airport."}),
    ("method-not-allowed", 405, {"detail": 'Method "GET" not allowed.'}),
    ("not-acceptable", 406, {"detail": "Could not satisfy the request Accept header."}),
    ("unsupported", 415, {"detail": 'Unsupported media type "text/plain" in request.'}),
    (
        "throttled",
        429,
        {"detail": "Request was throttled. Expected available in 3 seconds."},
    ),
    ("teapot", 418, {"detail": "I am a teapot."}),
    ("outage", 503, {"detail": "The airport is closed."}),
    ("http", 409, {"detail": "Taken."}),
    ("http-phrase", 410, {"detail": "Gone."}),
    ("http404", 404, {"detail": "Not found."}),
    ("django-permission", 403, {"detail": "Keep out."}),
    (
        "django-permission-plain",
        403,
        {"detail": "You do not have permission to perform this action."},
    ),
    ("django-validation", 400, {"code": ["Too long."]}),
    ("django-validation-text", 400, {"non_field_errors": ["Too far."]}),
    ("suspicious", 400, {"detail": "Bad request."}),
    ("too-big", 413, {"detail": "The request body is too large."}),
    ("bad-request", 400, {"detail": "Bad request."}),
    ("value", 500, INTERNAL),
    ("key", 500, INTERNAL),
    ("recursion", 500, INTERNAL),
    ("assertion", 500, INTERNAL),
    ("integrity", 500, INTERNAL),
    ("stop-iteration", 500, INTERNAL),
]


@pytest.mark.parametrize("style", ["async", "sync"])
@pytest.mark.parametrize(("name", "status", "body"), TABLE, ids=[row[0] for row in TABLE])
def test_exceptions(
    client: httpx.Client, style: str, name: str, status: int, body: dict[str, Any]
) -> None:
    reply = Case("GET", f"/{style}/{name}", status=status, body=body).check(client)
    assert SECRET not in reply.text
    # The worker goes on.
    Case("GET", "/number?value=1", body=1).check(client)


@table(
    [
        Case("GET", "/async/throttled", status=429, reply_headers={"retry-after": "3"}),
        Case("GET", "/sync/http", status=409, reply_headers={"x-taken": "yes"}),
        Case("GET", "/returned", status=404, body={"detail": "No."}),
        Case("GET", "/returned-problem", status=500, body={"x": 1}),
    ]
)
def test_headers_and_returned_errors(client: httpx.Client, case: Case) -> None:
    case.check(client)


def problem(status: int, title: str, **more: Any) -> dict[str, Any]:
    return {"type": "about:blank", "title": title, "status": status, **more}


PROBLEMS = [
    ("/nowhere", problem(404, "Not Found", detail="Not found.")),
    ("/number", problem(400, "Bad Request", errors={"value": ["This field is required."]})),
    ("/async/not-found", problem(404, "Not Found", detail="No such airport.")),
    (
        "/async/validation-dict",
        problem(400, "Bad Request", errors={"a": {"b": ["Too far."]}, "c": "No."}),
    ),
    (
        "/sync/validation-list",
        problem(400, "Bad Request", errors={"non_field_errors": ["Too far.", "Too high."]}),
    ),
    ("/sync/value", problem(500, "Internal Server Error", detail="Internal server error.")),
]
ACCEPTS_PROBLEMS = ["application/problem+json", "application/json;q=0.5, application/problem+json"]
ACCEPTS_JSON = ["application/json", "application/problem+json;q=0, application/json"]


class TestProblemDetails:
    @pytest.mark.parametrize("accept", ACCEPTS_PROBLEMS)
    @pytest.mark.parametrize(("path", "body"), PROBLEMS)
    def test_a_client_may_ask_for_them(
        self, client: httpx.Client, path: str, body: dict[str, Any], accept: str
    ) -> None:
        Case(
            "GET",
            path,
            headers={"accept": accept},
            status=body["status"],
            body=body,
            reply_headers={"content-type": PROBLEM},
        ).check(client)

    @pytest.mark.parametrize("accept", [*ACCEPTS_JSON, "*/*", "text/html"])
    def test_others_get_rest_frameworks(self, client: httpx.Client, accept: str) -> None:
        Case(
            "GET",
            "/nowhere",
            headers={"accept": accept},
            status=404,
            body={"detail": "Not found."},
            reply_headers={"content-type": "application/json"},
        ).check(client)

    @override_settings(BOLT={"ERROR_FORMAT": "problem"})
    def test_a_setting_makes_them_the_default(self, serve: Serve) -> None:
        client = serve(api)
        for path, body in PROBLEMS:
            for accept in ("*/*", "text/html"):
                headers = {"accept": accept}
                reply = Case("GET", path, headers=headers, status=body["status"], body=body)
                assert reply.check(client).headers["content-type"] == PROBLEM
        body = {"detail": "Not found."}
        for accept in ACCEPTS_JSON:
            case = Case("GET", "/nowhere", headers={"accept": accept}, status=404, body=body)
            case.check(client)


CODES = [
    ("/nowhere", 404, {"detail": "Not found.", "code": "not_found"}),
    ("/async/not-found", 404, {"detail": "No such airport.", "code": "not_found"}),
    ("/async/teapot", 418, {"detail": "I am a teapot.", "code": "teapot"}),
    ("/sync/http", 409, {"detail": "Taken.", "code": "conflict"}),
    ("/sync/http404", 404, {"detail": "Not found.", "code": "not_found"}),
    ("/sync/django-permission", 403, {"detail": "Keep out.", "code": "permission_denied"}),
    ("/sync/value", 500, {"detail": "Internal server error.", "code": "error"}),
    ("/number", 400, {"value": ["This field is required."]}),
]


@override_settings(BOLT={"ERROR_CODES": True})
def test_codes(serve: Serve) -> None:
    client = serve(api)
    for path, status, body in CODES:
        Case("GET", path, status=status, body=body).check(client)
    accept = {"accept": PROBLEM}
    body = problem(404, "Not Found", detail="Not found.", code="not_found")
    Case("GET", "/nowhere", headers=accept, status=404, body=body).check(client)


class TestDebug:
    @override_settings(DEBUG=True)
    @pytest.mark.parametrize("style", ["async", "sync"])
    def test_on_it_shows_the_traceback(self, serve: Serve, style: str) -> None:
        reply = Case("GET", f"/{style}/value", status=500).check(serve(api))
        body = reply.json()
        assert body["detail"] == "Internal server error."
        assert body["exception"] == f"ValueError: {SECRET}"
        handler = "raise_in_a_coroutine" if style == "async" else "raise_in_a_thread"
        assert any(handler in line for line in body["traceback"])

    @pytest.mark.parametrize("path", ["/async/value", "/sync/value", "/async/integrity"])
    def test_off_it_shows_nothing(self, client: httpx.Client, path: str) -> None:
        for accept in ("*/*", PROBLEM):
            reply = Case("GET", path, headers={"accept": accept}, status=500).check(client)
            for told in (SECRET, "Error", "Traceback", __file__):
                assert told not in reply.text.replace("Internal Server Error", "")
            assert not any(SECRET in value for value in reply.headers.values())


class TestReports:
    @pytest.mark.parametrize("path", ["/async/value", "/sync/value", "/async/outage"])
    def test_a_fault_is_logged_and_announced(
        self, client: httpx.Client, path: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        announced: list[str] = []

        def receive(sender: object, request: Any, **_: object) -> None:
            announced.append(request.path)

        got_request_exception.connect(receive)
        try:
            with caplog.at_level(logging.ERROR, "django.request"):
                client.get(path)
        finally:
            got_request_exception.disconnect(receive)
        (record,) = [record for record in caplog.records if record.name == "django.request"]
        assert path in record.getMessage()
        assert record.exc_info is not None
        assert record.exc_info[2] is not None
        assert announced == [path]

    @pytest.mark.parametrize("path", ["/async/teapot", "/sync/http404", "/number", "/nowhere"])
    def test_what_the_client_did_is_not(
        self, client: httpx.Client, path: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        client.get(path)
        assert not [record for record in caplog.records if record.name == "django.request"]


class TestDatabase:
    def test_an_object_that_does_not_exist(self, db_client: httpx.Client) -> None:
        Case("GET", "/users/nobody", status=404, body={"detail": "Not found."}).check(db_client)

    def test_more_than_one_object(self, db_client: httpx.Client) -> None:
        for name in "ab":
            User.objects.create(username=name)
        Case("GET", "/two-users", status=500, body=INTERNAL).check(db_client)

    @pytest.mark.parametrize("path", ["/groups", "/groups/sync"])
    def test_a_unique_field(self, db_client: httpx.Client, path: str) -> None:
        Case("POST", path, json={"name": "pilots"}, body={"name": "pilots"}).check(db_client)
        Case(
            "POST",
            path,
            json={"name": "pilots"},
            status=400,
            body={"name": ["Group with this name already exists."]},
        ).check(db_client)
        assert Group.objects.count() == 1
