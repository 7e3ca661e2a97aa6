"""Credentials: who is asking, decided in Rust before anything else."""

from __future__ import annotations

import base64
import hmac
import json
import time
from typing import Any

import httpx
import msgspec
import pytest
from django.conf import settings

from django_bolt import _core
from tests.http.cases import Case
from tests.http.guards_api import CHANGE, SECRET, api

__all__ = ["api"]

NOW = int(time.time())
EXP = {"exp": NOW + 6000}
INVALID = 'Bearer realm="api", error="invalid_token"'


def encode(claims: Any, algorithm: str = "HS256", secret: str = SECRET) -> str:
    return _core.encode_jwt(msgspec.json.encode(claims), algorithm, secret.encode())


def part(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def unsigned(algorithm: str) -> str:
    header = json.dumps({"alg": algorithm, "typ": "JWT"}).encode()
    return f"{part(header)}.{part(json.dumps({'sub': '1', **EXP}).encode())}."


def signed(payload: bytes) -> str:
    """Return a token of any payload, which ``encode_jwt`` does not make."""
    header = part(b'{"alg":"HS256"}')
    text = f"{header}.{part(payload)}"
    return f"{text}.{part(hmac.digest(SECRET.encode(), text.encode(), 'sha256'))}"


def tampered(token: str) -> str:
    head, _, signature = token.split(".")
    payload = part(b'{"sub":"2","is_superuser":true}')
    return f"{head}.{payload}.{signature}"


GOOD = encode({"sub": "1", **EXP})
WRONG_TOKENS = {
    "another key": (encode({"sub": "1", **EXP}, secret="x" * 40), "Invalid token."),
    "another algorithm": (encode({"sub": "1", **EXP}, "HS512"), "Invalid token."),
    "none": (unsigned("none"), "Invalid token."),
    "None": (unsigned("None"), "Invalid token."),
    "HS256 without a signature": (unsigned("HS256"), "Invalid token."),
    "another payload": (tampered(GOOD), "Invalid token."),
    "nonsense": ("nonsense", "Invalid token."),
    "two dots": ("..", "Invalid token."),
    "half": (GOOD[: len(GOOD) // 2], "Invalid token."),
    "expired": (encode({"sub": "1", "exp": NOW - 60}), "Token has expired."),
    "not yet": (encode({"sub": "1", "nbf": NOW + 6000, **EXP}), "Token is not valid yet."),
    "issued later": (encode({"sub": "1", "iat": NOW + 6000, **EXP}), "Token is not valid yet."),
    "exp is text": (encode({"sub": "1", "exp": str(NOW + 6000)}), "Invalid token."),
    "exp is negative": (encode({"sub": "1", "exp": -1}), "Invalid token."),
    "sub is a list": (encode({"sub": [1], **EXP}), "Invalid token."),
    "is_staff is text": (encode({"sub": "1", "is_staff": "true", **EXP}), "Invalid token."),
    "permissions is text": (encode({"sub": "1", "permissions": "a", **EXP}), "Invalid token."),
    "a list": (signed(b"[1]"), "Invalid token."),
    "a claim twice": (signed(b'{"sub":"1","sub":"2"}'), "Invalid token."),
    "too long": (signed(b'{"x":"' + b"x" * 16_000 + b'"}'), "Invalid token."),
}


class TestTokens:
    @pytest.mark.parametrize("path", ["/who", "/allow-any", "/authenticated", "/not-staff"])
    @pytest.mark.parametrize("fault", WRONG_TOKENS)
    def test_a_wrong_one_is_a_401_whatever_the_permissions(
        self, client: httpx.Client, path: str, fault: str
    ) -> None:
        token, detail = WRONG_TOKENS[fault]
        Case(
            "GET",
            path,
            headers={"authorization": f"Bearer {token}"},
            status=401,
            body={"detail": detail},
            reply_headers={"www-authenticate": INVALID},
        ).check(client)

    @pytest.mark.parametrize("header", ["Bearer", f"Bearer {GOOD} {GOOD}", "Bearer a b"])
    def test_a_malformed_header(self, client: httpx.Client, header: str) -> None:
        Case("GET", "/who", headers={"authorization": header}, status=401).check(client)

    def test_a_repeated_header(self, client: httpx.Client) -> None:
        headers = [("authorization", f"Bearer {GOOD}"), ("authorization", f"Bearer {GOOD}")]
        reply = client.get("/who", headers=headers)
        assert (reply.status_code, reply.json()) == (
            401,
            {"detail": "Credentials were sent more than once."},
        )

    @pytest.mark.parametrize("scheme", ["Basic", "Digest", "Bearerx", "Token"])
    def test_another_scheme_is_nobodys(self, client: httpx.Client, scheme: str) -> None:
        Case("GET", "/who", headers={"authorization": f"{scheme} x"}, body=None).check(client)

    def test_a_subject_may_be_a_number(self, client: httpx.Client) -> None:
        # Other libraries put the primary key there as it is.
        headers = {"authorization": f"Bearer {encode({'sub': 1, **EXP})}"}
        assert Case("GET", "/who", headers=headers).check(client).json()["user_id"] == "1"

    @pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
    def test_the_schemes_name_has_no_case(self, client: httpx.Client, scheme: str) -> None:
        headers = {"authorization": f"{scheme} {GOOD}"}
        reply = Case("GET", "/who", headers=headers).check(client)
        assert reply.json()["user_id"] == "1"

    def test_what_a_handler_sees(self, client: httpx.Client) -> None:
        claims = {
            "sub": "7",
            "is_staff": True,
            "permissions": ["b", "a"],
            "scope": "x y",
            "own": {"a": [1, None]},
            **EXP,
        }
        headers = {"authorization": f"Bearer {encode(claims)}"}
        Case(
            "GET",
            "/who",
            headers=headers,
            body={
                "user_id": "7",
                "is_staff": True,
                "is_superuser": None,
                "permissions": ["a", "b"],
                "scopes": ["x", "y"],
                "backend": "jwt",
                "claims": claims,
            },
        ).check(client)
        Case("GET", "/claims", headers=headers, body=claims).check(client)
        Case("GET", "/claims", body=None).check(client)

    @pytest.mark.parametrize(
        ("claims", "status"),
        [
            ({"aud": "here", "iss": "us"}, 200),
            ({"aud": ["there", "here"], "iss": "us"}, 200),
            ({"aud": "there", "iss": "us"}, 401),
            ({"aud": [], "iss": "us"}, 401),
            ({"iss": "us"}, 401),
            ({"aud": "here", "iss": "them"}, 401),
            ({"aud": "here"}, 401),
            ({"aud": "here", "iss": "us", "exp": -10}, 200),  # seconds from now, within the leeway
            ({"aud": "here", "iss": "us", "exp": -600}, 401),
        ],
    )
    def test_audience_issuer_and_leeway(
        self, client: httpx.Client, claims: dict[str, Any], status: int
    ) -> None:
        seconds = claims.get("exp", 600)
        token = encode({"sub": "1", **claims, "exp": int(time.time()) + seconds}, "HS384")
        headers = {"authorization": f"Bearer {token}"}
        Case("GET", "/strict", headers=headers, status=status).check(client)

    def test_the_projects_secret_is_the_default(self, client: httpx.Client) -> None:
        token = encode({"sub": "1", **EXP}, secret=settings.SECRET_KEY)
        headers = {"authorization": f"Bearer {token}"}
        Case("GET", "/default-secret", headers=headers, body="1").check(client)
        Case("GET", "/who", headers=headers, status=401).check(client)


class TestKeys:
    def test_what_a_handler_sees(self, client: httpx.Client) -> None:
        headers = {"x-api-key": "key-of-an-editor"}
        body = {
            "user_id": None,
            "is_staff": False,
            "is_superuser": False,
            "permissions": [CHANGE],
            "scopes": [],
            "backend": "api_key",
            "claims": {},
        }
        Case("GET", "/who", headers=headers, body=body).check(client)
        Case("GET", "/claims", headers=headers, body={}).check(client)

    @pytest.mark.parametrize("key", ["wrong", "key-of", "key-of-nobody1", "KEY-OF-NOBODY"])
    @pytest.mark.parametrize("path", ["/who", "/allow-any"])
    def test_a_wrong_one_is_a_401_whatever_the_permissions(
        self, client: httpx.Client, path: str, key: str
    ) -> None:
        Case(
            "GET",
            path,
            headers={"x-api-key": key},
            status=401,
            body={"detail": "Invalid API key."},
            reply_headers={"www-authenticate": 'ApiKey realm="api"'},
        ).check(client)

    def test_another_header(self, client: httpx.Client) -> None:
        Case("GET", "/keys", headers={"x-other": "abc"}, body="in").check(client)
        for headers in ({}, {"x-api-key": "abc"}):
            Case(
                "GET",
                "/keys",
                headers=headers,
                status=401,
                reply_headers={"www-authenticate": 'ApiKey realm="api"'},
            ).check(client)

    def test_the_first_class_that_finds_credentials_decides(self, client: httpx.Client) -> None:
        key = {"x-api-key": "key-of-an-editor"}
        good, bad = f"Bearer {GOOD}", "Bearer nonsense"
        reply = Case("GET", "/who", headers={"authorization": good, **key}).check(client)
        assert reply.json()["backend"] == "jwt"
        Case("GET", "/who", headers={"authorization": bad, **key}, status=401).check(client)
