"""Attacks on sessions: forged requests, fixed sessions, sessions that have ended, paths."""

from __future__ import annotations

import base64
import logging
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.contrib.auth import (
    alogin,
    alogout,
    get_user,
    login,
    logout,
    update_session_auth_hash,
)
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import UpdateError
from django.core.exceptions import ImproperlyConfigured
from django.middleware.csrf import CsrfViewMiddleware, get_token
from django.test import override_settings

from django_bolt import BoltAPI, Controller, Request, Router
from django_bolt.auth import (
    AllowAny,
    APIKeyAuthentication,
    BasicAuthentication,
    HasPermission,
    IsAuthenticated,
    SessionAuthentication,
    csrf,
    session,
)
from django_bolt.testing import TestClient
from tests.http.conftest import Serve

pytestmark = pytest.mark.django_db(transaction=True)

api = BoltAPI()
SESSION = [SessionAuthentication]
KEY = APIKeyAuthentication(["key"])
PASSWORD = "a long password"
COOKIE, TOKEN = "sessionid", "csrftoken"


@api.post("/login", auth=[], guards=[])
def log_in(request: Request, name: str) -> str:
    login(request, User.objects.get(username=name))
    return name


@api.post("/alogin", auth=[], guards=[])
async def log_in_later(request: Request, name: str) -> str:
    await alogin(request, await User.objects.aget(username=name))
    return name


@api.post("/logout", auth=SESSION, guards=[])
def log_out(request: Request) -> None:
    logout(request)


@api.post("/alogout", auth=SESSION, guards=[])
async def log_out_later(request: Request) -> None:
    await alogout(request)


@api.post("/password", auth=SESSION, guards=[IsAuthenticated])
def change_password(request: Request) -> None:
    user: Any = request.user
    user.set_password("another long password")
    user.save()
    update_session_auth_hash(request, user)


@api.get("/token", auth=[], guards=[])
def token(request: Request) -> str:
    return get_token(request)  # type: ignore[arg-type]


@api.get("/me", auth=SESSION, guards=[IsAuthenticated])
async def me(request: Request) -> str:
    return request.user.get_username()


@api.get("/maybe", auth=SESSION, guards=[AllowAny])
async def maybe(request: Request) -> str:
    return request.user.get_username() or "nobody"


@api.get("/seeing", auth=SESSION, guards=[HasPermission("auth.view_user")])
def seeing() -> str:
    return "in"


@api.get("/either", auth=[KEY, SessionAuthentication], guards=[IsAuthenticated])
async def either(request: Request) -> Any:
    return type(request.successful_authenticator).__name__


for method in ("post", "put", "patch", "delete"):

    @getattr(api, method)("/change", auth=SESSION, guards=[IsAuthenticated])
    async def change(request: Request) -> str:
        return request.user.get_username()


@api.post("/open/change", auth=SESSION, guards=[])
async def change_openly(request: Request) -> str:
    return request.user.get_username() or "nobody"


@api.get("/visits", auth=[], guards=[])
def visits(request: Request) -> int:
    request.session["visits"] = request.session.get("visits", 0) + 1
    return request.session["visits"]


@api.get("/visits/later", auth=[], guards=[])
async def visits_later(request: Request) -> int:
    count = await request.session.aget("visits", 0) + 1
    await request.session.aset("visits", count)
    return count


@api.get("/visits/failing", auth=[], guards=[])
async def failing(request: Request, status: int) -> int:
    await request.session.aset("visits", 100)
    if status == 500:
        raise LookupError
    from django_bolt.exceptions import HTTPException

    raise HTTPException(status)


@api.get("/visits/read", auth=[], guards=[])
async def visits_read(request: Request) -> int:
    return await request.session.aget("visits", 0)


@api.get("/page", auth=SESSION, guards=[])
@login_required
def page(request: Request) -> str:
    return request.user.get_username()


@api.get("/page/later", auth=SESSION, guards=[])
@login_required(login_url="/enter")
async def page_later(request: Request) -> str:
    return request.user.get_username()


@api.get("/basic", auth=[BasicAuthentication], guards=[IsAuthenticated])
async def basic(request: Request) -> str:
    return request.user.get_username()


@api.post("/basic/or/session", auth=[BasicAuthentication, SessionAuthentication], guards=[])
async def basic_or_session(request: Request) -> str:
    return request.user.get_username() or "nobody"


@pytest.fixture
def client(serve: Serve) -> httpx.Client:
    User.objects.create_user("ann", password=PASSWORD)
    User.objects.create_user("bob", password=PASSWORD)
    return serve(api)


def entered(client: httpx.Client, name: str = "ann", path: str = "/login") -> httpx.Client:
    assert client.post(f"{path}?name={name}").status_code == 200
    return client


def forge_free(client: httpx.Client) -> dict[str, str]:
    return {"x-csrftoken": client.cookies[TOKEN]}


def refresh(name: str = "ann") -> User:
    return User.objects.get(username=name)


# Who has logged in.


@pytest.mark.parametrize("path", ["/login", "/alogin"])
def test_a_login_holds_until_the_logout(client: httpx.Client, path: str) -> None:
    refused = client.get("/me")
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == 'Session realm="api"'
    entered(client, path=path)
    reply = client.get("/me")
    assert (reply.status_code, reply.json()) == (200, "ann")
    assert "Cookie" in reply.headers["vary"]
    assert client.get("/either").json() == "SessionAuthentication"
    assert client.get("/either", headers={"x-api-key": "key"}).json() == "APIKeyAuthentication"
    stolen = client.cookies[COOKIE]
    out = client.post(path.replace("in", "out"), headers=forge_free(client))
    assert out.status_code == 204
    assert COOKIE not in client.cookies
    assert client.get("/me").status_code == 401
    assert client.get("/me", headers={"cookie": f"{COOKIE}={stolen}"}).status_code == 401


def test_the_cookie_has_djangos_attributes(client: httpx.Client) -> None:
    given = entered(client).post("/login?name=ann").headers.get_list("set-cookie")
    session = next(cookie for cookie in given if cookie.startswith(f"{COOKIE}="))
    for attribute in ("HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=1209600"):
        assert attribute in session
    assert any(cookie.startswith(f"{TOKEN}=") for cookie in given)


def deactivate(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def delete(user: User) -> None:
    user.delete()


def set_password(user: User) -> None:
    user.set_password("something else entirely")
    user.save()


@pytest.mark.parametrize("end", [deactivate, delete, set_password])
def test_a_session_ends_with_what_it_was_for(client: httpx.Client, end: Any) -> None:
    entered(client)
    assert client.get("/me").json() == "ann"
    end(refresh())
    assert client.get("/me").status_code == 401
    assert client.get("/maybe").json() == "nobody"


def test_a_session_outlives_a_password_that_it_changed_itself(client: httpx.Client) -> None:
    entered(client)
    before = client.cookies[COOKIE]
    assert client.post("/password", headers=forge_free(client)).status_code == 204
    assert client.cookies[COOKIE] != before
    assert client.get("/me").json() == "ann"


def test_a_rotated_secret_key_ends_no_session(client: httpx.Client) -> None:
    entered(client)
    old, before = settings.SECRET_KEY, client.cookies[COOKIE]
    with override_settings(
        SECRET_KEY="another key that is long enough", SECRET_KEY_FALLBACKS=[old]
    ):
        assert client.get("/me").json() == "ann"
        assert client.cookies[COOKIE] != before
        assert client.get("/me").json() == "ann"
    with override_settings(SECRET_KEY="a key that nobody has ever seen"):
        assert client.get("/me").status_code == 401


def test_a_fixed_session_is_not_taken_over(client: httpx.Client) -> None:
    assert client.get("/visits").json() == 1
    fixed = client.cookies[COOKIE]
    entered(client)
    assert client.cookies[COOKIE] != fixed
    assert client.get("/visits/read").json() == 1
    assert client.get("/me", headers={"cookie": f"{COOKIE}={fixed}"}).status_code == 401
    entered(client)
    client.get("/visits")
    # Somebody else's session is not continued either.
    first = client.cookies[COOKIE]
    entered(client, "bob")
    assert client.cookies[COOKIE] != first
    assert client.get("/visits/read").json() == 0


def test_an_invented_session_is_not_adopted(client: httpx.Client) -> None:
    invented = "a" * 32
    client.cookies.set(COOKIE, invented)
    entered(client)
    assert {cookie.value for cookie in client.cookies.jar if cookie.name == COOKIE} - {invented}
    reply = httpx.Client.get(client, "/me", headers={"cookie": f"{COOKIE}={invented}"})
    assert reply.status_code == 401


def test_the_token_against_forgery_is_renewed_at_login(client: httpx.Client) -> None:
    client.get("/token")
    before = client.cookies[TOKEN]
    entered(client)
    assert client.cookies[TOKEN] != before


# Forged requests.

SAFE_TOKEN = "x" * 32
HTTPS = {"SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https")}
SECURE = {"x-forwarded-proto": "https", "host": "api.example.org"}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_unsafe_methods_need_a_token(client: httpx.Client, method: str) -> None:
    entered(client)
    refused = client.request(method, "/change")
    assert refused.status_code == 403
    assert refused.json() == {"detail": "CSRF Failed: CSRF token missing."}
    assert client.request(method, "/change", headers=forge_free(client)).json() == "ann"


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "CSRF token missing."),
        (
            {"x-csrftoken": "short"},
            "CSRF token from the 'X-Csrftoken' HTTP header has incorrect length.",
        ),
        ({"x-csrftoken": "y" * 32}, "CSRF token from the 'X-Csrftoken' HTTP header incorrect."),
        (
            {"x-csrftoken": "!" * 32},
            "CSRF token from the 'X-Csrftoken' HTTP header has invalid characters.",
        ),
        (
            {"x-csrftoken": "right", "origin": "https://evil.example"},
            "Origin checking failed - https://evil.example does not match any trusted origins.",
        ),
        (
            {"x-csrftoken": "right", "origin": "null"},
            "Origin checking failed - null does not match any trusted origins.",
        ),
        ({"x-csrftoken": "right"} | SECURE, "Referer checking failed - no Referer."),
        (
            {"x-csrftoken": "right", "referer": "http://api.example.org/"} | SECURE,
            "Referer checking failed - Referer is insecure while host is secure.",
        ),
        (
            {"x-csrftoken": "right", "referer": "https://evil.example/"} | SECURE,
            "Referer checking failed - https://evil.example/ does not match any trusted origins.",
        ),
        ({"x-csrftoken": "right", "referer": "https://api.example.org/x"} | SECURE, None),
        ({"x-csrftoken": "right", "origin": "https://api.example.org"} | SECURE, None),
        ({"x-csrftoken": "right", "origin": "https://app.example.org"}, None),
        ({"x-csrftoken": "right", "origin": "https://a.wild.example.org"}, None),
        ({"x-csrftoken": "right"}, None),
    ],
)
def test_forged_requests(
    serve: Serve, headers: dict[str, str], reason: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    User.objects.create_user("ann", password=PASSWORD)
    trusted = ["https://app.example.org", "https://*.wild.example.org"]
    with override_settings(CSRF_TRUSTED_ORIGINS=trusted, **HTTPS):
        client = entered(serve(api))
        right = client.cookies[TOKEN]
        sent = {name: right if value == "right" else value for name, value in headers.items()}
        cookies = f"{COOKIE}={client.cookies[COOKIE]}; {TOKEN}={right}"
        with caplog.at_level(logging.WARNING, "django.security.authentication"):
            reply = client.post("/change", headers=sent | {"cookie": cookies})
    if reason is None:
        assert (reply.status_code, reply.json()) == (200, "ann")
        return
    assert (reply.status_code, reply.json()) == (403, {"detail": f"CSRF Failed: {reason}"})
    [record] = [one for one in caplog.records if one.name == "django.security.authentication"]
    assert vars(record)["reason"] == "csrf_failed"
    assert right not in record.getMessage()


def test_a_forged_request_without_the_cookie(client: httpx.Client) -> None:
    entered(client)
    session = {"cookie": f"{COOKIE}={client.cookies[COOKIE]}", "x-csrftoken": SAFE_TOKEN}
    reply = client.post("/change", headers=session)
    assert reply.json() == {"detail": "CSRF Failed: CSRF cookie not set."}
    for path in ("/open/change", "/basic/or/session"):
        assert client.post(path, headers=session).status_code == 403


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"data": {"csrfmiddlewaretoken": "right"}}, 200),
        ({"data": {"csrfmiddlewaretoken": "y" * 32}}, 403),
        ({"data": {"other": "right"}}, 403),
        ({"data": {"csrfmiddlewaretoken": "right"}, "files": {"f": b"x"}}, 200),
        ({"data": {"other": "right"}, "files": {"f": b"x"}}, 403),
        ({"json": {"csrfmiddlewaretoken": "right"}}, 403),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data"}}, 400),
    ],
)
def test_a_token_in_a_form(client: httpx.Client, sent: dict[str, Any], status: int) -> None:
    entered(client)
    right = client.get("/token").json()
    for part in ("data", "json"):
        if part in sent:
            values = sent[part].items()
            sent = sent | {part: {k: right if v == "right" else v for k, v in values}}
    assert client.post("/change", **sent).status_code == status


def test_a_form_is_no_token_for_other_methods(client: httpx.Client) -> None:
    entered(client)
    right = client.get("/token").json()
    assert client.put("/change", data={"csrfmiddlewaretoken": right}).status_code == 403


def test_nobody_needs_no_token(client: httpx.Client) -> None:
    assert client.post("/open/change").json() == "nobody"
    client.cookies.set(COOKIE, "b" * 32)
    assert client.post("/open/change").json() == "nobody"
    assert client.post("/change").status_code == 401


def test_a_secret_in_the_session(serve: Serve) -> None:
    User.objects.create_user("ann", password=PASSWORD)
    with override_settings(CSRF_USE_SESSIONS=True):
        client = entered(serve(api))
        assert TOKEN not in client.cookies
        assert client.post("/change").status_code == 403
        right = client.get("/token").json()
        assert client.post("/change", headers={"x-csrftoken": right}).json() == "ann"


# Sessions without a user.

ENGINES = ["db", "cached_db", "cache", "file", "signed_cookies"]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("path", ["/visits", "/visits/later"])
def test_every_engine(serve: Serve, engine: str, path: str) -> None:
    User.objects.create_user("ann", password=PASSWORD)
    with override_settings(SESSION_ENGINE=f"django.contrib.sessions.backends.{engine}"):
        client = serve(api)
        assert [client.get(path).json() for _ in range(3)] == [1, 2, 3]
        assert entered(client).get("/me").json() == "ann"
        assert client.post("/logout", headers=forge_free(client)).status_code == 204
        assert client.get("/me").status_code == 401


def test_a_tampered_signed_cookie_is_nobody(serve: Serve) -> None:
    User.objects.create_user("ann", password=PASSWORD)
    with override_settings(SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies"):
        client = entered(serve(api))
        cookie = client.cookies[COOKIE]
        for tampered in (cookie[:-1] + ("a" if cookie[-1] != "a" else "b"), "x" + cookie, "a:b:c"):
            assert client.get("/me", headers={"cookie": f"{COOKIE}={tampered}"}).status_code == 401


def test_what_is_saved(client: httpx.Client) -> None:
    assert client.get("/visits").json() == 1
    assert "set-cookie" not in client.get("/visits/read").headers
    assert client.get("/visits/failing?status=500").status_code == 500
    assert client.get("/visits/read").json() == 1
    assert client.get("/visits/failing?status=404").status_code == 404
    assert client.get("/visits/read").json() == 100


def test_a_session_that_was_deleted_meanwhile(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.contrib.sessions.backends.db import SessionStore

    client.get("/visits")

    def save(*_: object, **__: object) -> None:
        raise UpdateError

    monkeypatch.setattr(SessionStore, "save", save)
    assert client.get("/visits").status_code == 400
    assert client.get("/visits/later").status_code == 400


# Pages, and HTTP Basic.


@pytest.mark.parametrize(
    ("path", "location"),
    [("/page", "/accounts/login/?next=/page"), ("/page/later", "/enter?next=/page/later")],
)
def test_login_required(client: httpx.Client, path: str, location: str) -> None:
    reply = client.get(path, follow_redirects=False)
    assert (reply.status_code, reply.headers["location"]) == (302, location)
    assert entered(client).get(path).json() == "ann"


class Decorated(Controller):
    @login_required
    def get(self, request: Request) -> str:
        return "in"


@login_required
def without_request(number: int) -> str:
    return "in"


def test_login_required_where_it_would_get_no_request() -> None:
    router = Router()
    router.register("decorated", Decorated)
    with pytest.raises(ImproperlyConfigured, match="method_decorator"):
        TestClient(router)
    other = BoltAPI()
    other.get("/")(without_request)
    with pytest.raises(ImproperlyConfigured, match="take request first"):
        TestClient(other)


def test_tokens_are_compared_by_django() -> None:
    """In constant time, that is: nothing of the comparison is our own."""
    for name in ("_check_token", "_get_secret", "_origin_verified", "_check_referer"):
        assert getattr(csrf._Check, name) is getattr(CsrfViewMiddleware, name)
    assert session.get_user is get_user


def encoded(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("header", "status", "detail"),
    [
        (encoded(f"ann:{PASSWORD}"), 200, None),
        (encoded(f"ann:{PASSWORD}").replace("Basic", "bAsIc"), 200, None),
        (encoded("ann:wrong"), 401, "Invalid username/password."),
        (encoded(f"nobody:{PASSWORD}"), 401, "Invalid username/password."),
        (encoded("ann"), 401, "Invalid basic header. Credentials not correctly base64 encoded."),
        ("Basic !!!", 401, "Invalid basic header. Credentials not correctly base64 encoded."),
        ("Basic", 401, "Invalid basic header. No credentials provided."),
        ("Basic a b", 401, "Invalid basic header. Credentials string should not contain spaces."),
        ("Bearer x", 401, "Authentication credentials were not provided."),
        (None, 401, "Authentication credentials were not provided."),
    ],
)
def test_http_basic(
    client: httpx.Client, header: str | None, status: int, detail: str | None
) -> None:
    reply = client.get("/basic", headers={} if header is None else {"authorization": header})
    assert reply.status_code == status
    if detail is not None:
        assert reply.json() == {"detail": detail}
        assert reply.headers["www-authenticate"] == 'Basic realm="api"'


def test_basic_needs_an_active_user_and_no_token(client: httpx.Client) -> None:
    sent = {"authorization": encoded(f"ann:{PASSWORD}")}
    assert client.post("/basic/or/session", headers=sent).json() == "ann"
    deactivate(refresh())
    assert client.get("/basic", headers=sent).status_code == 401


# Paths that look like another one to somebody.


@pytest.mark.parametrize(
    "path",
    [
        *("/me/", "/me%2f", "/%6de", "/me;x", "/me;/", "//me", "/./me", "/x/../me", "/ME", "/Me"),
        *("/me%00", "/me%20", "/me?", "/me%3f", "/%2fme", "/maybe/../me", "/maybe%2f..%2fme"),
    ],
)
def test_no_spelling_of_a_path_avoids_its_guard(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code in {400, 401, 404}
