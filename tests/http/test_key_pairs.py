"""Tokens of issuers with a key pair: they are verified with the public key, in Rust."""

from __future__ import annotations

import base64
import hmac
import json
import time
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from django_bolt import BoltAPI, Request
from django_bolt.auth import HasPermission, IsAuthenticated, JWTAuthentication
from tests.http.cases import Case
from tests.key_pairs import OTHERS, PRIVATE, PUBLIC, encode

api = BoltAPI()

NOW = int(time.time())
ALICE: dict[str, Any] = {"sub": "alice", "iat": NOW, "exp": NOW + 6000}


def serve(path: str, authentication: JWTAuthentication) -> None:
    @api.get(path, auth=[authentication], guards=[IsAuthenticated()])
    async def who(request: Request) -> Any:
        return request.auth


for name in PRIVATE:
    serve(f"/{name}", JWTAuthentication(PUBLIC[name], [name]))
serve("/rsa", JWTAuthentication(PUBLIC["RS256"], ["RS256", "PS256"]))
serve("/strict", JWTAuthentication(PUBLIC["ES256"], ["ES256"], "here", "us", leeway=30))


@api.get(
    "/change",
    auth=[JWTAuthentication(PUBLIC["ES256"], ["ES256"])],
    guards=[HasPermission("flights.change_airport")],
)
async def change() -> str:
    return "in"


def part(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def message(header: dict[str, Any], claims: dict[str, Any] = ALICE) -> str:
    return f"{part(json.dumps(header).encode())}.{part(json.dumps(claims).encode())}"


def shared(algorithm: str, secret: str) -> str:
    """Return a token that says an algorithm, and is signed with a secret."""
    text = message({"alg": algorithm, "typ": "JWT"})
    return f"{text}.{part(hmac.digest(secret.encode(), text.encode(), 'sha256'))}"


def der_signature() -> str:
    """Return a token with a signature as OpenSSL makes it, ASN.1 instead of two numbers."""
    text = message({"alg": "ES256", "typ": "JWT"})
    key = PRIVATE["ES256"]
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return f"{text}.{part(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))}"


def tampered(token: str) -> str:
    head, _, signature = token.split(".")
    return f"{head}.{part(json.dumps({**ALICE, 'is_superuser': True}).encode())}.{signature}"


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest.mark.parametrize("algorithm", PRIVATE)
def test_good(client: httpx.Client, algorithm: str) -> None:
    # The second one is known already.
    for _ in range(2):
        token = encode(ALICE, algorithm)
        Case("GET", f"/{algorithm}", headers=bearer(token), body=ALICE).check(client)


def test_one_token_on_several_routes(client: httpx.Client) -> None:
    token = encode(ALICE, "RS256")
    for path in ("/RS256", "/rsa", "/RS256"):
        Case("GET", path, headers=bearer(token), body=ALICE).check(client)
    for path in ("/RS384", "/PS256", "/ES256"):
        Case("GET", path, headers=bearer(token), status=401).check(client)


REFUSED: dict[str, tuple[str, str, str]] = {
    "tampered RS256": ("RS256", tampered(encode(ALICE, "RS256")), "Invalid token."),
    "tampered ES256": ("ES256", tampered(encode(ALICE, "ES256")), "Invalid token."),
    "another key, RS256": ("RS256", encode(ALICE, "RS256", OTHERS["RS256"]), "Invalid token."),
    "another key, ES256": ("ES256", encode(ALICE, "ES256", OTHERS["ES256"]), "Invalid token."),
    "the public key as a secret": ("RS256", shared("HS256", PUBLIC["RS256"]), "Invalid token."),
    "the same, trimmed": ("RS256", shared("HS256", PUBLIC["RS256"].strip()), "Invalid token."),
    "the same, renamed": ("RS256", shared("RS256", PUBLIC["RS256"]), "Invalid token."),
    "none": ("RS256", message({"alg": "none"}) + ".", "Invalid token."),
    "NonE": ("ES256", message({"alg": "NonE"}) + ".", "Invalid token."),
    "no signature": ("RS256", message({"alg": "RS256"}) + ".", "Invalid token."),
    "an algorithm that is not listed": ("RS256", encode(ALICE, "RS512"), "Invalid token."),
    "another padding": ("RS256", encode(ALICE, "PS256"), "Invalid token."),
    "DER": ("ES256", der_signature(), "Invalid token."),
    "zeros": ("ES256", f"{message({'alg': 'ES256'})}.{part(bytes(64))}", "Invalid token."),
    "expired": ("RS256", encode({**ALICE, "exp": NOW - 60}, "RS256"), "Token has expired."),
    "not yet": ("ES256", encode({**ALICE, "nbf": NOW + 600}, "ES256"), "Token is not valid yet."),
    "nonsense": ("EdDSA", "nonsense", "Invalid token."),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_refused(client: httpx.Client, fault: str) -> None:
    algorithm, token, detail = REFUSED[fault]
    good = encode(ALICE, algorithm)
    refused = Case(
        "GET",
        f"/{algorithm}",
        headers=bearer(token),
        status=401,
        body={"detail": detail},
        reply_headers={"www-authenticate": 'Bearer realm="api", error="invalid_token"'},
    )
    refused.check(client)
    # What is known of a good token is of no use to a bad one.
    Case("GET", f"/{algorithm}", headers=bearer(good)).check(client)
    refused.check(client)


def test_a_known_token_expires(client: httpx.Client) -> None:
    token = encode({**ALICE, "exp": time.time() + 1.5}, "ES256")
    case = Case("GET", "/ES256", headers=bearer(token))
    case.check(client)
    time.sleep(1.6)
    expired = {"detail": "Token has expired."}
    Case("GET", "/ES256", headers=bearer(token), status=401, body=expired).check(client)


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"aud": "here", "iss": "us"}, 200),
        ({"aud": ["there", "here"], "iss": "us"}, 200),
        ({"aud": "there", "iss": "us"}, 401),
        ({"iss": "us"}, 401),
        ({"aud": "here", "iss": "them"}, 401),
        ({"aud": "here"}, 401),
    ],
)
def test_audience_and_issuer(client: httpx.Client, claims: dict[str, Any], status: int) -> None:
    headers = bearer(encode({**ALICE, "exp": NOW + 600, **claims}, "ES256"))
    for _ in range(2):
        Case("GET", "/strict", headers=headers, status=status).check(client)


@pytest.mark.parametrize(
    ("permissions", "status"), [(["flights.change_airport"], 200), (["flights.add_airport"], 403)]
)
def test_permissions(client: httpx.Client, permissions: list[str], status: int) -> None:
    claims = {**ALICE, "is_superuser": False, "permissions": permissions}
    headers = bearer(encode(claims, "ES256"))
    for _ in range(2):
        Case("GET", "/change", headers=headers, status=status).check(client)
