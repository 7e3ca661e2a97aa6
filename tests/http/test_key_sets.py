"""Keys that an issuer publishes: fetched beside the requests, and exchanged without a restart."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from django_bolt import BoltAPI, Request
from django_bolt.auth import IsAuthenticated, JWTAuthentication
from django_bolt.auth.security_log import LOGGER_NAME
from tests.http.conftest import Serve
from tests.jwk_server import Issuer, issuer

SECONDS = 10.0


@pytest.fixture
def published() -> Iterator[Issuer]:
    with issuer() as one:
        yield one


class Key:
    """An issuer's key pair with its JWK."""

    def __init__(self, kid: str | None = None, *, is_rsa: bool = False) -> None:
        self.kid = kid
        self.algorithm = "RS256" if is_rsa else "ES256"
        self.private: Any
        if is_rsa:
            self.private = rsa.generate_private_key(65537, 2048)
            jwk = RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        else:
            self.private = ec.generate_private_key(ec.SECP256R1())
            jwk = ECAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        self.jwk: dict[str, Any] = {**jwk, "use": "sig"}
        if kid is not None:
            self.jwk["kid"] = kid

    def bearer(self, **headers: Any) -> dict[str, str]:
        claims = {"sub": "alice", "iat": int(time.time())}
        if self.kid is not None:
            headers = {"kid": self.kid, **headers}
        token = jwt.encode(claims, self.private, self.algorithm, headers or None)
        return {"authorization": f"Bearer {token}"}


def routes(*authentication: JWTAuthentication) -> BoltAPI:
    api = BoltAPI()

    @api.get("/who", auth=list(authentication), guards=[IsAuthenticated()])
    async def who(request: Request) -> Any:
        return request.auth

    return api


def status(client: httpx.Client, key: Key, **headers: Any) -> int:
    return client.get("/who", headers=key.bearer(**headers)).status_code


def wait_for(client: httpx.Client, key: Key, wanted: int) -> None:
    """Ask until the keys have come."""
    deadline = time.monotonic() + SECONDS
    while (found := status(client, key)) != wanted:
        assert time.monotonic() < deadline, found
        time.sleep(0.02)


@pytest.mark.parametrize("form", ["dict", "text", "one", "file"])
def test_local_keys(serve: Serve, tmp_path: Path, form: str) -> None:
    keys = [Key("a"), Key("b", is_rsa=True)]
    document: Any = {"keys": [key.jwk for key in keys]}
    if form == "text":
        document = json.dumps(document)
    elif form == "one":
        keys, document = [Key()], None
        document = keys[0].jwk
    elif form == "file":
        path = tmp_path / "keys.json"
        path.write_text(json.dumps(document))
        document = path
    client = serve(routes(JWTAuthentication(jwks=document, algorithms=["ES256", "RS256"])))
    for key in keys:
        for _ in range(2):
            assert status(client, key) == 200
        assert status(client, Key(key.kid, is_rsa=key.algorithm == "RS256")) == 401
    assert status(client, keys[0], crit=["b64"], b64=True) == 401


def test_keys_are_exchanged_while_it_serves(serve: Serve, published: Issuer) -> None:
    old, new = Key("old"), Key("new", is_rsa=True)
    published.keys = [old.jwk]
    authentication = JWTAuthentication(
        jwks_url=published.url, algorithms=["ES256", "RS256"], jwks_refresh=1
    )
    client = serve(routes(authentication))
    assert status(client, old) == 200, "fetched before it serves"
    assert status(client, new) == 401

    published.keys = [old.jwk, new.jwk]
    wait_for(client, new, 200)
    assert status(client, old) == 200

    # A broken reply leaves the last good set as it is.
    for published.status, published.body in [(500, None), (200, b"<html>"), (200, b'{"keys":[]}')]:
        asked = published.asked
        deadline = time.monotonic() + SECONDS
        while published.asked == asked:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert (status(client, old), status(client, new)) == (200, 200)

    published.status, published.body = 200, None
    published.keys = [new.jwk]
    # The token was verified with the old key a moment ago, and is remembered no more.
    wait_for(client, old, 401)
    assert status(client, new) == 200


def test_an_unknown_key_is_asked_for_once(
    serve: Serve, published: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = Key("old"), Key("new")
    published.keys = [old.jwk]
    monkeypatch.setattr("django_bolt.auth.key_refresh.COOL_DOWN", 0.3)
    client = serve(routes(JWTAuthentication(jwks_url=published.url, algorithms=["ES256"])))
    asked = published.asked
    began = time.monotonic()
    for number in range(50):
        assert status(client, Key(f"unknown-{number}")) == 401
    published.keys = [new.jwk]
    wait_for(client, new, 200)
    assert published.asked - asked <= 2 + (time.monotonic() - began) / 0.3


def test_without_keys_everybody_is_refused(
    serve: Serve, published: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    key = Key("a")
    published.status = 503
    with caplog.at_level(logging.WARNING, LOGGER_NAME):
        client = serve(routes(JWTAuthentication(jwks_url=published.url, algorithms=["ES256"])))
        reply = client.get("/who", headers=key.bearer())
    assert reply.status_code == 401
    assert reply.headers["www-authenticate"].startswith("Bearer ")
    assert "cannot be read" in caplog.text
    assert caplog.records[-1].__dict__["reason"] == "no_keys"
    assert client.get("/who").status_code == 401


def test_refusals_are_logged_without_the_token(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    good, bad = Key("a"), Key("a")
    client = serve(routes(JWTAuthentication(jwks=good.jwk, algorithms=["ES256"])))
    with caplog.at_level(logging.WARNING, LOGGER_NAME):
        headers = bad.bearer()
        client.get("/who?token=in-the-path", headers=headers)
    (record,) = caplog.records
    said = record.__dict__
    assert (said["reason"], said["method"], said["route"]) == ("bad_signature", "GET", "/who")
    assert said["peer"] in (None, "127.0.0.1")
    for part in [*headers["authorization"].removeprefix("Bearer ").split("."), "in-the-path"]:
        assert part not in json.dumps(said, default=str)


def test_secret_key_fallbacks(serve: Serve, settings: Any) -> None:
    old, new, other = (letter * 40 for letter in "one")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = new, [old]
    client = serve(routes(JWTAuthentication()))

    def asked(secret: str) -> int:
        token = jwt.encode({"sub": "alice"}, secret, "HS256")
        return client.get("/who", headers={"authorization": f"Bearer {token}"}).status_code

    assert [asked(secret) for secret in (new, old, other)] == [200, 200, 401]


def test_several_secrets(serve: Serve) -> None:
    secrets = ["a" * 40, "b" * 40]
    client = serve(routes(JWTAuthentication(secrets)))
    for secret, expected in [*((secret, 200) for secret in secrets), ("c" * 40, 401)]:
        token = jwt.encode({"sub": "alice"}, secret, "HS256")
        reply = client.get("/who", headers={"authorization": f"Bearer {token}"})
        assert reply.status_code == expected
