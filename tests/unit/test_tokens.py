"""Tokens for users: what is in them, and what is refused."""

from __future__ import annotations

import asyncio
import re
import time

import msgspec
import pytest
from django.contrib.auth.models import AnonymousUser, User

from django_bolt import _core
from django_bolt.auth import (
    create_jwt_for_user,
    extract_user_id_from_context,
    get_current_user,
)
from tests.unit.fakes import FakeIdentity, FakeRequest, FakeUser

SECRET = "a secret of at least thirty-two bytes"


def user(**values):
    return User(**{"pk": 7, "username": "ada", "email": "ada@example.org", **values})


def claims_of(token, *, algorithm="HS256", secret=SECRET, **options):
    return msgspec.json.decode(_core.decode_jwt(token, [secret.encode()], [algorithm], **options))


def test_claims():
    before = int(time.time())
    claims = claims_of(create_jwt_for_user(user(is_staff=True), secret=SECRET, exp_hours=24))
    assert set(claims) == {"sub", "username", "is_staff", "is_superuser", "iat", "exp", "jti"}
    assert (claims["sub"], claims["username"]) == ("7", "ada")
    assert (claims["is_staff"], claims["is_superuser"]) == (True, False)
    assert before <= claims["iat"] <= time.time()
    assert claims["exp"] - claims["iat"] == 24 * 3600


def test_no_two_tokens_are_the_same():
    assert create_jwt_for_user(user(), secret=SECRET) != create_jwt_for_user(user(), secret=SECRET)


def test_secret_key_signs_where_no_secret_is_given(settings):
    settings.SECRET_KEY = "a key of the site, also long enough"
    token = create_jwt_for_user(user())
    assert claims_of(token, secret=settings.SECRET_KEY)["sub"] == "7"
    with pytest.raises(ValueError, match=r"."):
        claims_of(token, secret=SECRET)


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_algorithms(algorithm):
    token = create_jwt_for_user(user(), secret=SECRET, algorithm=algorithm)
    assert claims_of(token, algorithm=algorithm)["sub"] == "7"


@pytest.mark.parametrize(
    ("audience", "claim"), [("app", "app"), (["app"], "app"), (("app", "web"), ["app", "web"])]
)
def test_audience_and_issuer(audience, claim):
    token = create_jwt_for_user(user(), secret=SECRET, audience=audience, issuer="me")
    claims = claims_of(token, audiences=["app"], issuer="me")
    assert (claims["aud"], claims["iss"]) == (claim, "me")


@pytest.mark.parametrize(
    ("hours", "seconds"), [(1, 3600), (0.5, 1800), (0.0001, 1), (24 * 366 * 100, 3162240000)]
)
def test_lifetime(hours, seconds):
    claims = claims_of(create_jwt_for_user(user(), secret=SECRET, exp_hours=hours))
    assert claims["exp"] - claims["iat"] == seconds


def test_extra_claims():
    token = create_jwt_for_user(user(), secret=SECRET, extra_claims={"scope": "read", "team": [1]})
    claims = claims_of(token)
    assert (claims["scope"], claims["team"]) == ("read", [1])


@pytest.mark.parametrize(
    ("permissions", "claim"),
    [(["b.b", "a.a", "a.a"], ["a.a", "b.b"]), ({"a.a"}, ["a.a"]), ([], [])],
)
def test_permissions_that_are_given(permissions, claim):
    token = create_jwt_for_user(user(), secret=SECRET, permissions=permissions)
    assert claims_of(token)["permissions"] == claim


def test_permissions_of_the_user(monkeypatch):
    monkeypatch.setattr(User, "get_all_permissions", lambda self: {"b.b", "a.a"})
    token = create_jwt_for_user(user(), secret=SECRET, permissions=True)
    assert claims_of(token)["permissions"] == ["a.a", "b.b"]


class FlaglessUser:
    """A user of a model that is no more than Django asks for."""

    pk, is_active, is_anonymous = "abc", True, False

    def get_username(self):
        return "ada"


def test_flags_that_the_user_model_lacks_are_left_out():
    claims = claims_of(create_jwt_for_user(FlaglessUser(), secret=SECRET))
    assert set(claims) == {"sub", "username", "iat", "exp", "jti"}


@pytest.mark.parametrize(
    ("subject", "arguments", "error", "message"),
    [
        (AnonymousUser(), {}, ValueError, "saved in the database"),
        (User(username="new"), {}, ValueError, "saved in the database"),
        (user(is_active=False), {}, ValueError, "inactive"),
        *[
            (user(), {"exp_hours": hours}, ValueError, "exp_hours must be above 0")
            for hours in (0, -1, float("nan"), float("inf"), float("-inf"), 1e300, 10**400)
        ],
        (user(), {"exp_hours": "1"}, TypeError, "exp_hours must be a number"),
        (user(), {"exp_hours": True}, TypeError, "exp_hours must be a number"),
        (user(), {"exp_hours": None}, TypeError, "exp_hours must be a number"),
        (user(), {"secret": ""}, ValueError, "secret is empty"),
        (user(), {"secret": "-----BEGIN PUBLIC KEY-----"}, ValueError, "key pair"),
        (user(), {"algorithm": "none"}, ValueError, "no signature"),
        (user(), {"algorithm": "RS256"}, ValueError, "needs a private key"),
        (user(), {"algorithm": "HS255"}, ValueError, "Did you mean"),
        (user(), {"audience": ""}, ValueError, "audience must be"),
        (user(), {"issuer": ""}, ValueError, "issuer must be"),
        *[
            (user(), {"extra_claims": {name: 1}}, ValueError, f"cannot set {name}")
            for name in ("sub", "exp", "iat", "nbf", "iss", "aud", "jti")
        ],
        *[
            (user(), {"extra_claims": {name: True}}, ValueError, f"cannot set {name}")
            for name in ("is_staff", "is_superuser", "permissions", "username")
        ],
        (user(), {"extra_claims": {1: "x"}}, TypeError, "must have str for names"),
        (user(), {"extra_claims": {"x": object()}}, TypeError, "object"),
        (user(), {"permissions": "a.b"}, TypeError, "permissions must be a collection"),
        (user(), {"permissions": [1]}, TypeError, "permissions must be names"),
        (user(), {"permissions": None}, TypeError, "permissions must be a collection"),
    ],
)
def test_refused(subject, arguments, error, message):
    with pytest.raises(error, match=re.escape(message)):
        create_jwt_for_user(subject, **{"secret": SECRET, **arguments})


@pytest.mark.parametrize(
    ("identity", "user_id"),
    [(None, None), (FakeIdentity(user_id="7"), "7"), (FakeIdentity(user_id=None), None)],
)
def test_user_id_of_a_request(identity, user_id):
    assert extract_user_id_from_context(FakeRequest(identity=identity)) == user_id


def test_user_of_a_request():
    somebody = FakeUser()
    request = FakeRequest(identity=FakeIdentity(), loaded=somebody)
    assert asyncio.run(get_current_user(request)) is somebody
    for nobody in (None, FakeIdentity(user_id=None)):
        assert asyncio.run(get_current_user(FakeRequest(identity=nobody))) is None
