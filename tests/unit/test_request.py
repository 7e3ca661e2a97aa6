"""The request's face."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest
from django.test import override_settings

from django_bolt import BoltAPI
from django_bolt.auth import AllowAny, JWTAuthentication, create_jwt_for_user
from django_bolt.request import Request
from django_bolt.testing import TestClient


class Seen:
    """Keeps what a handler computes of its request."""

    def __init__(self, read: Any) -> None:
        self.value: Any = None
        api = BoltAPI()

        @api.post("/things/{pk}", auth=[JWTAuthentication()], guards=[AllowAny()])
        def handler(request: Request, pk: int) -> None:
            self.value = read(request)

        self.client = TestClient(api, base_url="http://testserver:8080")

    def post(self, target: str = "/things/7?a=1&a=2&b=%C3%A9", **options: Any) -> Any:
        self.reply = self.client.post(target, **options)
        return self.value


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (lambda r: r.method, "POST"),
        (lambda r: r.path, "/things/7"),
        (lambda r: r.query_params.getlist("a"), ["1", "2"]),
        (lambda r: r.GET["b"], "é"),
        (lambda r: r.path_params, {"pk": 7}),
        (lambda r: r.body, b'{"x": 1}'),
        (lambda r: r.data, {"x": 1}),
        (lambda r: r.content_type, "application/json; charset=utf-8"),
        (lambda r: r.headers["x-NAME"], "value"),
        (lambda r: r.META["HTTP_X_NAME"], "value"),
        (lambda r: r.META["CONTENT_TYPE"], "application/json; charset=utf-8"),
        (lambda r: r.META["CONTENT_LENGTH"], "8"),
        (lambda r: "HTTP_X_UNDER_SCORE" in r.META, False),
        (lambda r: (r.META["SERVER_NAME"], r.META["SERVER_PORT"]), ("testserver", "8080")),
        (lambda r: r.COOKIES, {"a": "b", "c": "d"}),
        (lambda r: type(r.user), AnonymousUser),
        (lambda r: r.auth, None),
        (lambda r: r.get("auth", {}), {}),
        (lambda r: r.get("params"), {"pk": 7}),
        (lambda r: r.get("cookies")["a"], "b"),
        (lambda r: r.scheme, "http"),
        (lambda r: r.is_secure(), False),
        (lambda r: r.get_host(), "testserver:8080"),
        (lambda r: r.get_port(), "8080"),
        (lambda r: r.get_full_path(), "/things/7?a=1&a=2&b=%C3%A9"),
        (
            lambda r: r.build_absolute_uri("/x"),
            "http://testserver:8080/x",
        ),
        (lambda r: isinstance(r._request, HttpRequest), True),
        (repr, "<Request: POST '/things/7'>"),
    ],
)
def test_what_a_handler_sees(read: Any, expected: Any) -> None:
    with override_settings(ALLOWED_HOSTS=["testserver"]):
        seen = Seen(read).post(
            content=b'{"x": 1}',
            headers={
                "Content-Type": "application/json; charset=utf-8",
                "X-Name": "value",
                "X_Under_Score": "forged",
                "Cookie": "a=b; c=d",
            },
        )
    assert seen == expected


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"content": b"{", "headers": {"Content-Type": "application/json"}}, 400),
        ({"content": b"\xff", "headers": {"Content-Type": "application/json"}}, 400),
        ({"content": b"[" * 50_000, "headers": {"Content-Type": "application/json"}}, 400),
        *(
            ({"content": b"{}", "headers": {"Content-Type": media_type}}, status)
            for media_type, status in (
                ("text/plain", 415),
                ("text/x+json", 415),
                ("application/json-seq", 415),
                ("application/jsonx", 415),
                ("application/+xml", 415),
                ("application/json", 204),
                ("APPLICATION/JSON ; charset=utf-8", 204),
                ("application/vnd.api+json", 204),
                ("application/Problem+JSON; x=y", 204),
            )
        ),
        ({"content": b"{}"}, 415),
        ({"data": {"a": "b"}}, 204),
        ({}, 204),
    ],
)
def test_which_data_can_be_read(options: Any, status: int) -> None:
    seen = Seen(lambda request: request.data)
    seen.post(**options)
    assert seen.reply.status_code == status


def test_a_host_that_is_not_allowed_is_a_400() -> None:
    seen = Seen(lambda request: request.get_host())
    with override_settings(ALLOWED_HOSTS=["elsewhere"]):
        seen.post()
    assert seen.reply.status_code == 400
    assert seen.reply.json() == {"detail": "Bad request."}


def test_https_behind_a_proxy() -> None:
    seen = Seen(lambda request: (request.scheme, request.is_secure()))
    with override_settings(SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https")):
        assert seen.post(headers={"X-Forwarded-Proto": "https"}) == ("https", True)


def test_unknown_parts_are_refused() -> None:
    request = Request()
    with pytest.raises(KeyError, match="'atuh': there are auth, method"):
        request.get("atuh")


@pytest.mark.django_db
def test_a_token() -> None:
    user = User.objects.create_user("ada", is_staff=True)
    header = {"Authorization": f"Bearer {create_jwt_for_user(user)}"}

    seen = Seen(lambda r: (r.user, r.user is r.user, r.auth, r.get("auth")))
    loaded, same, claims, context = seen.post(headers=header)
    assert (loaded, same) == (user, True)
    assert claims["sub"] == str(user.pk)
    assert context["user_id"] == str(user.pk)
    assert context["is_staff"] is True
    assert context["backend"] == "jwt"
    assert context["claims"] == claims


@pytest.mark.django_db
def test_the_user_of_an_async_handler() -> None:
    user = User.objects.create_user("ada")
    api = BoltAPI()

    @api.get("/me", auth=[JWTAuthentication()], guards=[AllowAny()])
    async def me(request: Request) -> list[str]:
        first = await request.auser()
        return [first.get_username(), str(first is request.user and first is await request.auser())]

    client = TestClient(api)
    header = {"Authorization": f"Bearer {create_jwt_for_user(user)}"}
    assert client.get("/me", headers=header).json() == ["ada", "True"]
    assert client.get("/me").json() == ["", "True"]
