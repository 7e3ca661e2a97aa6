"""Tokens that an attacker makes: every one is a 401, and the log says why without the token."""

from __future__ import annotations

import base64
import hmac
import json
import logging
import time
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from django_bolt import BoltAPI, Request
from django_bolt.auth import AllowAny, JWTAuthentication
from django_bolt.auth.security_log import LOGGER_NAME
from tests.http.conftest import Serve
from tests.security.jose_vectors import VECTORS, Vector

SECRET = "a secret of at least thirty-two bytes"
PRIVATE = rsa.generate_private_key(65537, 2048)
PEM = PRIVATE.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
JWK: dict[str, Any] = {
    **RSAAlgorithm.to_jwk(PRIVATE.public_key(), as_dict=True),
    "kid": "public",
    "key_ops": ["verify"],
}
OCT: dict[str, Any] = {
    "kty": "oct",
    "kid": "secret",
    "k": base64.urlsafe_b64encode(SECRET.encode()).rstrip(b"=").decode(),
}
NOW = int(time.time())
ALICE: dict[str, Any] = {"sub": "alice", "iat": NOW, "exp": NOW + 6000}

api = BoltAPI()


def serve_who(path: str, authentication: JWTAuthentication) -> None:
    # Whatever the permissions are: a bad token is a 401 where everybody may come in.
    @api.get(path, auth=[authentication], guards=[AllowAny()])
    async def who(request: Request) -> Any:
        return request.auth


serve_who("/shared", JWTAuthentication(SECRET))
serve_who("/pem", JWTAuthentication(PEM, ["RS256"]))
serve_who("/jwk", JWTAuthentication(jwks=JWK, algorithms=["RS256"]))
serve_who("/mixed", JWTAuthentication(jwks={"keys": [JWK, OCT]}, algorithms=["RS256", "HS256"]))
PATHS = ["/shared", "/pem", "/jwk", "/mixed"]


def part(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def forged(header: dict[str, Any] | str, secret: bytes, claims: Any = ALICE) -> str:
    """Return a token with any header, signed with HMAC-SHA-256."""
    text = header if isinstance(header, str) else json.dumps(header)
    message = f"{part(text.encode())}.{part(json.dumps(claims).encode())}"
    return f"{message}.{part(hmac.digest(secret, message.encode(), 'sha256'))}"


def good(**headers: Any) -> str:
    return jwt.encode(ALICE, SECRET, "HS256", headers or None)


def signed(**headers: Any) -> str:
    return jwt.encode(ALICE, PRIVATE, "RS256", headers or None)


def refused(client: httpx.Client, path: str, token: str, caplog: Any) -> str:
    """Return the reason of a refusal, which says nothing of the token."""
    caplog.clear()
    with caplog.at_level(logging.WARNING, LOGGER_NAME):
        reply = client.get(path, headers={"authorization": f"Bearer {token}"})
    assert reply.status_code == 401, reply.text
    assert reply.headers["www-authenticate"] == 'Bearer realm="api", error="invalid_token"'
    (record,) = caplog.records
    said = json.dumps(record.__dict__, default=str) + reply.text
    # The payloads and signatures; a header of `{}` is too short to be told from anything.
    assert not any(len(piece) > 8 and piece in said for piece in token.split("."))
    reason: str = record.__dict__["reason"]
    return reason


def test_the_good_ones(client: httpx.Client) -> None:
    for path, token in [
        ("/shared", good()),
        ("/pem", signed()),
        ("/jwk", signed(kid="public")),
        ("/mixed", signed(kid="public")),
        ("/mixed", good(kid="secret")),
    ]:
        reply = client.get(path, headers={"authorization": f"bearer {token}"})
        assert reply.json() == ALICE


@pytest.mark.parametrize("vector", VECTORS, ids=str)
def test_vectors(serve: Serve, vector: Vector, caplog: pytest.LogCaptureFixture) -> None:
    routes = BoltAPI()
    authentication = JWTAuthentication(jwks=vector.jwk, algorithms=[vector.algorithm])

    @routes.get("/", auth=[authentication])
    async def never() -> str:
        return "in"

    client = serve(routes)
    assert refused(client, "/", vector.token, caplog) == vector.reason
    message, _, signature = vector.token.rpartition(".")
    if signature:
        wrong = base64.urlsafe_b64decode(signature + "==")
        flipped = part(wrong[:-1] + bytes([wrong[-1] ^ 1]))
        assert refused(client, "/", f"{message}.{flipped}", caplog) == "bad_signature"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "name", ["none", "None", "NONE", "nOnE", "none ", " none", "", "null", "HS256\0", "hs256"]
)
@pytest.mark.parametrize("has_signature", [False, True])
def test_no_algorithm(
    client: httpx.Client, path: str, name: str, has_signature: bool, caplog: Any
) -> None:
    token = forged({"alg": name, "typ": "JWT"}, SECRET.encode())
    if not has_signature:
        token = token.rpartition(".")[0] + "."
    assert refused(client, path, token, caplog) == "algorithm_not_allowed"


@pytest.mark.parametrize("value", [None, 0, False, [], {}, ["HS256"]])
def test_an_algorithm_that_is_no_text(client: httpx.Client, value: Any, caplog: Any) -> None:
    token = forged({"alg": value}, SECRET.encode())
    assert refused(client, "/shared", token, caplog) == "malformed_token"
    token = forged({}, SECRET.encode())
    assert refused(client, "/shared", token, caplog) == "algorithm_not_allowed"


PUBLIC_TEXTS = {
    "PEM": PEM,
    "PEM without its end": PEM.rstrip(),
    "JWK": json.dumps(JWK).encode(),
    "JWK, sorted": json.dumps(JWK, sort_keys=True, separators=(",", ":")).encode(),
    "modulus": base64.urlsafe_b64decode(JWK["n"] + "=="),
    "modulus as text": JWK["n"].encode(),
    "empty": b"",
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("text", PUBLIC_TEXTS.values(), ids=PUBLIC_TEXTS)
@pytest.mark.parametrize("kid", [None, "public", "secret"])
def test_a_public_key_is_no_secret(
    client: httpx.Client, path: str, text: bytes, kid: str | None, caplog: Any
) -> None:
    header = {"alg": "HS256", "typ": "JWT"} | ({} if kid is None else {"kid": kid})
    reason = refused(client, path, forged(header, text), caplog)
    assert reason in {"algorithm_not_allowed", "bad_signature"}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("header", "reasons"),
    [
        ({"crit": []}, {"critical_extension"}),
        ({"crit": ["exp"], "exp": 1}, {"critical_extension"}),
        ({"crit": ["b64"], "b64": False}, {"critical_extension"}),
        ({"kid": "../../dev/null"}, {"bad_signature", "unknown_key_id"}),
        ({"kid": "' OR 1=1 --"}, {"bad_signature", "unknown_key_id"}),
        ({"kid": ["public"]}, {"malformed_token"}),
        ({"kid": None}, {"malformed_token"}),
    ],
)
def test_headers(
    client: httpx.Client, path: str, header: Any, reasons: set[str], caplog: Any
) -> None:
    header = {"alg": "HS256" if path in {"/shared", "/mixed"} else "RS256", **header}
    assert refused(client, path, forged(header, b"wrong"), caplog) in reasons


def test_keys_that_a_token_brings_along(client: httpx.Client, caplog: Any) -> None:
    """No address in a header is ever asked: there is a server that would count it."""
    from tests.jwk_server import issuer

    stranger = rsa.generate_private_key(65537, 2048)
    jwk = RSAAlgorithm.to_jwk(stranger.public_key(), as_dict=True)
    with issuer() as published:
        published.keys = [{**jwk, "kid": "public"}]
        for extra in (
            {"jku": published.url},
            {"x5u": published.url},
            {"jwk": jwk},
            {"x5c": ["MA"]},
        ):
            for path in ("/pem", "/jwk", "/mixed"):
                token = jwt.encode(ALICE, stranger, "RS256", {"kid": "public", **extra})
                assert refused(client, path, token, caplog) == "bad_signature"
        assert published.asked == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda h, p, s: f"{h}=.{p}.{s}", "malformed_token"),
        (lambda h, p, s: f"{h}.{p}=.{s}", "bad_signature"),
        (lambda h, p, s: f"{h}.{p}.{s}=", "malformed_token"),
        (lambda h, p, s: f"{h}.{p}.{s[:10]} {s[10:]}", "malformed_token"),
        (lambda h, p, s: f"{h}. {p}.{s}", "bad_signature"),
        (lambda h, p, s: f"{h}.{p}.{s}\t{s}", "malformed_token"),
        (lambda h, p, s: f"{h}.{p}.{s[:-1]}{'B' if s[-1] == 'A' else chr(ord(s[-1]) + 1)}", ""),
        (lambda h, p, s: f"{h}.{p}", "malformed_token"),
        (lambda h, p, s: f"{h}.{p}.", "bad_signature"),
        (lambda h, p, s: f"{h}.{p}.{s}.{s}", "malformed_token"),
        (lambda h, p, s: f".{p}.{s}", "malformed_token"),
        (lambda h, p, s: f"{h}..{s}", "bad_signature"),
        (lambda h, p, s: "..", "malformed_token"),
        (lambda h, p, s: "x" * 17_000, "token_too_large"),
        (lambda h, p, s: f"{h}.{'A' * 17_000}.{s}", "token_too_large"),
    ],
)
def test_texts(client: httpx.Client, change: Any, reason: str, caplog: Any) -> None:
    token = change(*good().split("."))
    found = refused(client, "/shared", token, caplog)
    # A signature's last character has bits that belong to nothing: base64url refuses them.
    assert found == reason or (reason == "" and found in {"malformed_token", "bad_signature"})


@pytest.mark.parametrize(
    "headers",
    [
        [("authorization", "Bearer {}"), ("authorization", "Bearer {}")],
        [("authorization", "Bearer {}"), ("Authorization", "Basic eA==")],
        [("authorization", "Basic eA=="), ("authorization", "Bearer {}")],
    ],
)
def test_repeated_headers(client: httpx.Client, headers: Any, caplog: Any) -> None:
    with caplog.at_level(logging.WARNING, LOGGER_NAME):
        sent = [(name, value.format(good())) for name, value in headers]
        assert client.get("/shared", headers=sent).status_code == 401
    assert caplog.records[-1].__dict__["reason"] == "repeated_header"


@pytest.mark.parametrize(
    ("header", "claims", "reason"),
    [
        ('{"alg":"HS256","alg":"none"}', ALICE, "duplicate_member"),
        ('{"alg":"HS256","\\u0061lg":"none"}', ALICE, "duplicate_member"),
        ({"alg": "HS256"}, {**ALICE, "exp": str(NOW + 60)}, "malformed_claims"),
        ({"alg": "HS256"}, {**ALICE, "exp": -1}, "malformed_claims"),
        ({"alg": "HS256"}, {**ALICE, "exp": float("inf")}, "malformed_claims"),
        ({"alg": "HS256"}, {**ALICE, "exp": float("nan")}, "malformed_claims"),
        ({"alg": "HS256"}, {**ALICE, "exp": None}, "malformed_claims"),
        ({"alg": "HS256"}, {**ALICE, "exp": NOW - 1}, "expired"),
        ({"alg": "HS256"}, {**ALICE, "nbf": NOW + 6000}, "not_yet_valid"),
        ({"alg": "HS256"}, {**ALICE, "iat": NOW + 6000}, "issued_in_future"),
        ({"alg": "HS256"}, {**ALICE, "aud": "elsewhere"}, "wrong_audience"),
        ({"alg": "HS256"}, {**ALICE, "token_type": "refresh"}, "wrong_token_type"),
        ({"alg": "HS256"}, [], "malformed_claims"),
        ({"alg": "HS256"}, "text", "malformed_claims"),
    ],
)
def test_claims(client: httpx.Client, header: Any, claims: Any, reason: str, caplog: Any) -> None:
    token = forged(header, SECRET.encode(), claims)
    assert refused(client, "/shared", token, caplog) == reason
