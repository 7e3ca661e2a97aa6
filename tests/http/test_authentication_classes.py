"""Authentication classes in Python, among those of Rust, in the listed order."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import httpx
import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser, User

from django_bolt import BoltAPI, Controller, Request, Router
from django_bolt.auth import (
    AllowAny,
    APIKeyAuthentication,
    BaseAuthentication,
    BasePermission,
    HasPermission,
    HasScope,
    IsAuthenticated,
    IsAuthenticatedOrReadOnly,
    IsStaff,
    JWTAuthentication,
)
from django_bolt.exceptions import AuthenticationFailed, NotAuthenticated, PermissionDenied
from tests.http.guards_api import SECRET
from tests.http.test_guards import bearer

api = BoltAPI()

JWT = JWTAuthentication(secret=SECRET)
KEY = APIKeyAuthentication({"key": ["app.see"]})
MISSING = {"detail": "Authentication credentials were not provided."}


class Ticket(BaseAuthentication):
    """``X-Ticket: NAME`` is that user; some names are special."""

    header = "x-ticket"

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        name = request.header(self.header)
        if name is None:
            return None
        if name == "bad":
            raise AuthenticationFailed("No such ticket.", code="no_such_ticket")
        if name == "closed":
            raise PermissionDenied("The counter is closed.")
        if name == "broken":
            raise LookupError("the vault's code is 1234")
        if name == "nobody":
            return AnonymousUser(), "ticket"
        if name == "none":
            return None, "ticket"
        if name == "odd":
            return "user"  # type: ignore[return-value]
        user = User(pk=7, username=name, is_staff=name == "staff", is_superuser=name == "root")
        return user, {"name": name, "scope": "a b"}


class LateTicket(Ticket):
    async def authenticate(self, request: Request) -> tuple[Any, Any] | None:  # type: ignore[override]
        return await sync_to_async(super().authenticate)(request)


class Pass(Ticket):
    header = "x-pass"

    def authenticate_header(self, request: Any) -> str:
        return f'Pass realm="{request.route}"'


class Mute(Ticket):
    """Has no challenge, so that REST framework's 403 is meant."""

    def authenticate_header(self, request: Any) -> None:
        return None


class StoredTicket(BaseAuthentication):
    """Asks the database, from a thread that may."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        name = request.header("x-ticket")
        if name is None:
            return None
        user = User.objects.filter(username=name).first()
        if user is None:
            raise AuthenticationFailed
        return user, threading.get_ident()


class Seeing(BasePermission):
    async def has_permission(self, request: Request, view: Any) -> bool:
        return request.user is not None and request.user.get_username() == "staff"


ORDERS: dict[str, list[Any]] = {
    "ticket": [Ticket],
    "late": [LateTicket()],
    "ticket-jwt": [Ticket, JWT],
    "jwt-ticket": [JWT, Ticket],
    "key-ticket-jwt-pass": [KEY, Ticket, JWT, Pass],
    "pass-late": [Pass, LateTicket],
    "mute": [Mute],
}
GUARDS: dict[str, list[Any]] = {
    "open": [],
    "any": [AllowAny],
    "known": [IsAuthenticated],
    "reading": [IsAuthenticatedOrReadOnly],
    "staff": [IsStaff],
    "see": [HasPermission("app.see")],
    "scope": [HasScope("b")],
    "seeing": [IsStaff & Seeing],
}


def serve_both(path: str, auth: list[Any], guards: list[Any]) -> None:
    @api.get(path, auth=auth, guards=guards)
    async def read(request: Request) -> Any:
        return who(request)

    @api.post(path, auth=auth, guards=guards)
    def write(request: Request, number: int) -> Any:
        return who(request)


def who(request: Request) -> list[Any]:
    found = request.successful_authenticator
    name = getattr(request.user, "username", None)
    return [name, request.auth, type(found).__name__ if found else None]


for order_name, order in ORDERS.items():
    for guard_name, guards in GUARDS.items():
        serve_both(f"/{order_name}/{guard_name}", order, guards)


@api.get("/stored", auth=[StoredTicket], guards=[IsAuthenticated])
def stored(request: Request) -> Any:
    return [request.user.get_username(), request.auth == threading.get_ident()]


@api.get("/context", auth=[Ticket], guards=[])
async def context(request: Request) -> Any:
    known = request.get("auth") or {}
    listed = [type(item).__name__ for item in request.authenticators]
    return [known.get("user_id"), known.get("backend"), known.get("is_staff"), listed]


@api.get("/raises", auth=[Pass], guards=[])
async def raises() -> None:
    raise NotAuthenticated


class Overriding(Controller):
    authentication_classes = [Ticket]
    permission_classes = [IsStaff]

    def get_permissions(self) -> list[Any]:
        return [IsAuthenticated()]

    async def get(self, request: Request) -> Any:
        return who(request)


router = Router()
router.register("overriding", Overriding)
api.include(router)


def ticket(name: str) -> dict[str, str]:
    return {"x-ticket": name}


ANN, STAFF, ROOT = ticket("ann"), ticket("staff"), ticket("root")
TOKEN = bearer(sub="1", is_staff=False, is_superuser=False, permissions=[])
BAD_TOKEN = {"authorization": "Bearer nonsense"}
AS_ANN = ["ann", {"name": "ann", "scope": "a b"}, "Ticket"]

CHALLENGE_TICKET = 'Ticket realm="api"'
INVALID_TOKEN = 'Bearer realm="api", error="invalid_token"'
CHALLENGE_BEARER = 'Bearer realm="api"'


@pytest.mark.parametrize(
    ("path", "headers", "expected"),
    [
        ("/ticket/known", ANN, AS_ANN),
        ("/late/known", ANN, [*AS_ANN[:2], "LateTicket"]),
        ("/ticket/open", {}, ["", None, None]),
        ("/ticket/any", ticket("nobody"), ["", "ticket", "Ticket"]),
        ("/ticket/any", ticket("none"), [None, "ticket", "Ticket"]),
        ("/ticket/reading", ticket("nobody"), ["", "ticket", "Ticket"]),
        ("/ticket/staff", STAFF, ["staff", {"name": "staff", "scope": "a b"}, "Ticket"]),
        ("/ticket/scope", ANN, AS_ANN),
        ("/ticket/see", ROOT, ["root", {"name": "root", "scope": "a b"}, "Ticket"]),
        ("/ticket/seeing", STAFF, ["staff", {"name": "staff", "scope": "a b"}, "Ticket"]),
        # The first class that knows the caller decides, whoever verifies it.
        ("/ticket-jwt/known", ANN | TOKEN, AS_ANN),
        ("/ticket-jwt/known", ANN | BAD_TOKEN, AS_ANN),
        ("/key-ticket-jwt-pass/known", ANN | {"x-pass": "bob"} | TOKEN, AS_ANN),
        ("/key-ticket-jwt-pass/see", ANN | {"x-api-key": "key"}, ["", {}, "APIKeyAuthentication"]),
        ("/key-ticket-jwt-pass/known", {"x-pass": "ann"}, [*AS_ANN[:2], "Pass"]),
        ("/overriding", ANN, AS_ANN),
    ],
)
def test_who_it_is(
    client: httpx.Client, path: str, headers: dict[str, str], expected: list[Any]
) -> None:
    reply = client.get(path, headers=headers)
    assert (reply.status_code, reply.json()) == (200, expected)
    if path != "/overriding":
        reply = client.post(f"{path}?number=1", headers=headers)
        if not path.endswith("/reading"):
            assert (reply.status_code, reply.json()) == (200, expected)


@pytest.mark.parametrize(
    ("path", "headers", "status", "challenge"),
    [
        ("/ticket/known", {}, 401, CHALLENGE_TICKET),
        ("/late/known", {}, 401, 'LateTicket realm="api"'),
        ("/ticket-jwt/known", {}, 401, CHALLENGE_TICKET),
        ("/jwt-ticket/known", {}, 401, CHALLENGE_BEARER),
        ("/pass-late/known", {}, 401, 'Pass realm="/pass-late/known"'),
        ("/mute/known", {}, 403, None),
        # Whatever the permissions are.
        *((f"/ticket/{guard}", ticket("bad"), 401, CHALLENGE_TICKET) for guard in GUARDS),
        ("/mute/open", ticket("bad"), 403, None),
        ("/jwt-ticket/open", BAD_TOKEN | ANN, 401, INVALID_TOKEN),
        ("/jwt-ticket/open", ticket("bad"), 401, CHALLENGE_BEARER),
        ("/ticket-jwt/open", BAD_TOKEN, 401, INVALID_TOKEN),
        ("/ticket-jwt/open", ticket("bad") | TOKEN, 401, CHALLENGE_TICKET),
        ("/ticket/open", ticket("closed"), 403, None),
        ("/overriding", {}, 401, CHALLENGE_TICKET),
        ("/raises", {}, 401, 'Pass realm="/raises"'),
        # Somebody who may not; a user who is anonymous was not authenticated as anybody.
        ("/ticket/staff", ANN, 403, None),
        ("/ticket/known", ticket("nobody"), 403, None),
        ("/ticket/known", ticket("none"), 403, None),
        ("/ticket/staff", ticket("none"), 403, None),
        ("/ticket/seeing", ROOT, 403, None),
    ],
)
def test_refusals(
    client: httpx.Client, path: str, headers: dict[str, str], status: int, challenge: str | None
) -> None:
    reply = client.get(path, headers=headers)
    assert reply.status_code == status, reply.text
    assert reply.headers.get("www-authenticate") == challenge


def test_a_refusal_comes_before_the_input_is_looked_at(client: httpx.Client) -> None:
    for headers, status in ((ticket("bad"), 401), (ANN, 403), (STAFF, 400)):
        reply = client.post("/ticket/staff?number=x", headers=headers)
        assert reply.status_code == status
    assert client.post("/ticket/known").json() == MISSING


@pytest.mark.parametrize("name", ["broken", "odd"])
def test_a_broken_class_lets_nobody_in(client: httpx.Client, name: str) -> None:
    reply = client.get("/ticket/any", headers=ticket(name))
    assert reply.status_code == 500
    assert "1234" not in reply.text


def test_the_database_is_asked_on_the_requests_thread(db_client: httpx.Client) -> None:
    User.objects.create_user("ann", password="p")
    assert db_client.get("/stored", headers=ANN).json() == ["ann", True]
    assert db_client.get("/stored", headers=ticket("bob")).status_code == 401


def test_what_a_request_tells_of_its_caller(client: httpx.Client) -> None:
    assert client.get("/context", headers=STAFF).json() == ["7", "ticket", True, ["Ticket"]]
    assert client.get("/context").json() == [None, None, None, ["Ticket"]]


def test_a_refusal_is_logged_without_the_credentials(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "django.security.authentication"):
        client.get("/ticket/open", headers=ticket("bad"))
        deadline = time.monotonic() + 5
        while not caplog.records and time.monotonic() < deadline:
            time.sleep(0.01)
    [record] = [one for one in caplog.records if one.name == "django.security.authentication"]
    assert vars(record)["reason"] == "no_such_ticket"
    assert vars(record)["scheme"] == "Ticket"
    assert vars(record)["route"] == "/ticket/open"
    assert "bad" not in record.getMessage()


def test_what_rust_refused_before_python_was_asked_is_logged(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "django.security.authentication"):
        client.get("/ticket-jwt/open", headers=BAD_TOKEN)
    [record] = [one for one in caplog.records if one.name == "django.security.authentication"]
    assert vars(record)["reason"] == "malformed_token"


class Unfinished(BaseAuthentication):
    """Does not say who it is."""


class Waiting(Ticket):
    async def authenticate_header(self, request: Any) -> str:  # type: ignore[override]
        return "Waiting"


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        (Unfinished, "does not define authenticate"),
        (Waiting, "must be def"),
        (object, "is not an authentication class"),
    ],
)
def test_classes_that_cannot_be_asked(listed: Any, message: str) -> None:
    from django.core.exceptions import ImproperlyConfigured

    from django_bolt.testing import TestClient

    refused = BoltAPI()

    @refused.get("/", auth=[listed])
    async def handler() -> None: ...

    with pytest.raises(ImproperlyConfigured, match=message):
        TestClient(refused)
