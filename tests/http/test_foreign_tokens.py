"""Tokens that djangorestframework-simplejwt and PyJWT made: the real packages make them here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import pytest
from django.contrib.auth.models import User
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, SlidingToken

from django_bolt import BoltAPI, Request
from django_bolt.auth import (
    InMemoryRevocation,
    IsAuthenticated,
    JWTAuthentication,
    Token,
    extract_user_id_from_context,
    get_current_user,
)
from django_bolt.exceptions import AuthenticationFailed

REVOKED = InMemoryRevocation()
api = BoltAPI()


class Ticket(Token):
    """A token with claims of its own."""

    seat: str
    stops: list[str] = []


def serve_who(path: str, authentication: JWTAuthentication) -> None:
    @api.get(path, auth=[authentication], guards=[IsAuthenticated()])
    async def who(request: Request) -> Any:
        user = await get_current_user(request)
        return [extract_user_id_from_context(request), user and user.get_username()]


serve_who("/simplejwt", JWTAuthentication(user_id_claim="user_id", revocation=REVOKED))
serve_who("/sliding", JWTAuthentication(user_id_claim="user_id", token_type="sliding"))
serve_who("/pyjwt", JWTAuthentication())


@api.get("/seat", auth=[JWTAuthentication()], guards=[IsAuthenticated()])
async def seat(request: Request) -> Any:
    ticket = Ticket.of_request(request)
    return None if ticket is None else [ticket.seat, ticket.stops]


@api.get("/seat/anonymous")
async def nobody(request: Request) -> Any:
    return Ticket.of_request(request)


@pytest.fixture
def user(transactional_db: None, settings: Any) -> User:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return User.objects.create_user("ada", password="x")


@pytest.fixture
def ask(db_client: httpx.Client) -> Any:
    def ask(path: str, token: object) -> Any:
        reply = db_client.get(path, headers={"authorization": f"Bearer {token}"})
        return reply.json() if reply.status_code == 200 else reply.status_code

    return ask


def test_simplejwt(user: User, ask: Any) -> None:
    ada = [str(user.pk), "ada"]
    access = AccessToken.for_user(user)
    assert ask("/simplejwt", access) == ada
    assert ask("/simplejwt", RefreshToken.for_user(user).access_token) == ada
    assert ask("/simplejwt", RefreshToken.for_user(user)) == 401
    assert ask("/simplejwt", SlidingToken.for_user(user)) == 401
    assert ask("/sliding", SlidingToken.for_user(user)) == ada
    assert ask("/sliding", access) == 401
    expired = AccessToken.for_user(user)
    expired.set_exp(lifetime=-timedelta(seconds=1))
    assert ask("/simplejwt", expired) == 401
    REVOKED.revoke_token(dict(access.payload))
    assert ask("/simplejwt", access) == 401
    # Without the setting, nobody is named.
    assert ask("/pyjwt", AccessToken.for_user(user)) == [None, None]


def test_pyjwt(user: User, ask: Any, settings: Any) -> None:
    claims = {"sub": str(user.pk), "exp": datetime.now(UTC) + timedelta(minutes=5)}
    token = jwt.encode(claims, settings.SECRET_KEY)
    assert ask("/pyjwt", token) == [str(user.pk), "ada"]
    assert ask("/simplejwt", token) == 401
    assert ask("/pyjwt", jwt.encode(claims, "another secret of thirty-two bytes")) == 401
    user.delete()
    assert ask("/pyjwt", token) == 401


def test_claims_of_a_class(user: User, ask: Any, settings: Any) -> None:
    ticket = Ticket.for_user(user, seat="3A", stops=["KEF"])
    token = ticket.encode()
    assert ask("/seat", token) == ["3A", ["KEF"]]
    assert Ticket.decode(token) == ticket
    assert jwt.decode(token, settings.SECRET_KEY, ["HS256"])["seat"] == "3A"
    assert ask("/seat", Token.for_user(user).encode()) == 401
    assert ask("/seat/anonymous", token) is None


def test_claims_that_do_not_fit(user: User) -> None:
    cases: list[tuple[Any, type[Exception]]] = [
        (lambda: Ticket.for_user(user), TypeError),
        (lambda: Ticket.for_user(user, seat="3A", window=True), TypeError),
        (lambda: Ticket.for_user(user, seat=3), ValueError),
        (lambda: Ticket.for_user(User(username="new"), seat="3A"), ValueError),
        (lambda: Ticket.decode(Token.for_user(user).encode()), ValueError),
        (lambda: Ticket.decode("a.b.c"), ValueError),
        (lambda: Ticket.decode(Ticket.for_user(user, seat="1").encode(), "k" * 32), ValueError),
        (lambda: Ticket.decode("a.b.c", algorithms=["RS256"]), ValueError),
        (lambda: Ticket.for_user(user, seat="1").encode(algorithm="none"), ValueError),
        (lambda: Ticket.for_user(user, seat="1").encode(""), ValueError),
        (
            lambda: Ticket.decode(Ticket.for_user(user, timedelta(seconds=-1), seat="1").encode()),
            ValueError,
        ),
    ]
    for number, (act, error) in enumerate(cases):
        with pytest.raises(error):
            pytest.fail(f"{number}: {act()}")


def test_another_type_is_a_refusal() -> None:
    class Known:
        claims = b'{"seat": 5}'

    class Asked:
        identity = Known()

    with pytest.raises(AuthenticationFailed):
        Ticket.of_request(Asked())
