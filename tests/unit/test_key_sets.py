"""Where keys come from: the arguments, files and addresses, and how they are read again."""

from __future__ import annotations

import json
import re
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from django_bolt.auth import JWTAuthentication
from django_bolt.auth.key_refresh import Refresher, keep_fresh
from django_bolt.auth.key_sets import KeyAddress, KeyFile
from tests.jwk_server import issuer

X = "usWxHK2PmfnHKwXPS54m0kTcGJ90UiglWiGahtagnv8"
Y = "IBOL-C3BttVivg-lSreASjpkttcsz-1rb7btKLv8EX4"
EC: dict[str, Any] = {"kty": "EC", "crv": "P-256", "x": X, "y": Y}
ES256 = ("ES256",)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"jwks": EC}, ValueError, "algorithms is missing: say what the issuer signs with"),
        ({"jwks_url": "https://a"}, ValueError, "algorithms is missing"),
        ({"jwks": EC, "jwks_url": "https://a"}, TypeError, "the keys come from one of them"),
        (
            {"jwks": EC, "secret": "s", "algorithms": ["ES256"]},
            TypeError,
            "secret and jwks are two kinds of keys",
        ),
        ({"jwks": 5}, TypeError, "jwks must be a dict, JSON text or a path, not int"),
        ({"jwks": "https://a/keys"}, ValueError, "jwks is an address: it belongs in jwks_url"),
        ({"jwks": "{"}, ValueError, "jwks: It is not JSON"),
        ({"jwks": {}}, ValueError, "jwks: This is neither a JWK nor a set"),
        ({"jwks": {**EC, "crv": "P-384"}}, ValueError, "Its x has 32 bytes, not 48."),
        ({"jwks": {**EC, "d": X}}, ValueError, "jwks: There is a private key among them"),
        ({"jwks": {**EC, "use": "enc"}}, ValueError, 'It is for the use "enc".'),
        ({"jwks": EC, "algorithms": ["HS256"]}, ValueError, "jwks: No key is for HS256."),
        ({"jwks_url": 5}, TypeError, "jwks_url must be str, not int"),
        ({"jwks_url": "ftp://a/b"}, ValueError, "must be an address of https or http"),
        ({"jwks_url": "file:///etc/keys"}, ValueError, "must be an address of https or http"),
        ({"jwks_url": "keys.json"}, ValueError, "must be an address of https or http"),
        ({"jwks_url": "https://a", "algorithms": ["HS256"]}, ValueError, "HS algorithms have a"),
        ({"jwks_url": "https://a", "jwks_refresh": 0}, ValueError, "from 1 second to one day"),
        ({"jwks_url": "https://a", "jwks_refresh": "5"}, TypeError, "a number of seconds, not '5'"),
        ({"secret": EC}, TypeError, "secret is a dict: a JWK or a set of them belongs in jwks."),
        ({"secret": json.dumps(EC)}, ValueError, "secret is a JWK: it belongs in jwks"),
        ({"secret": []}, ValueError, "secret must be from 1 to 8 keys, not 0"),
        ({"secret": ["s"] * 9}, ValueError, "secret must be from 1 to 8 keys, not 9"),
        ({"secret": ["s", ""]}, ValueError, "secret is empty"),
        ({"secret": ["s", json.dumps(EC)]}, ValueError, "is a JWK: it belongs in jwks"),
        ({"secret": "s", "user_id_claim": ""}, ValueError, "user_id_claim must not be empty"),
        ({"secret": "s", "user_id_claim": 5}, TypeError, "user_id_claim must be str, not int"),
        ({"secret": "s", "token_type": ""}, ValueError, "token_type must not be empty"),
    ],
)
def test_refused(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    asymmetric = "missing" not in message and "secret" not in arguments
    defaults = {"algorithms": ["ES256"]} if asymmetric else {}
    with pytest.raises(error, match=re.escape(message)):
        JWTAuthentication(**{**defaults, **arguments})


def test_no_secret_is_shown() -> None:
    jwk = {"kty": "oct", "k": "aHVudGVyMi1odW50ZXIyLWh1bnRlcjItaHVudGVyMg"}
    backend = JWTAuthentication(jwks=jwk, algorithms=["HS256"])
    assert jwk["k"] not in repr(backend) + repr(backend._keys)
    address = KeyAddress(ES256, "https://user:word@host/keys?token=x", 1)
    assert address.name == "jwks_url https://host/keys"


class TestFile:
    def test_it_is_read_again(self, tmp_path: Path) -> None:
        path = tmp_path / "keys.json"
        path.write_text(json.dumps(EC))
        source = KeyFile(ES256, str(path), interval=0.02)
        key_set = source.open()
        assert not key_set.replace(source.read())
        refresher = Refresher(source, key_set)
        refresher.start()
        try:
            path.write_text(json.dumps({**EC, "kid": "new"}))
            deadline = time.monotonic() + 10
            while key_set.replace(json.dumps(EC).encode()) is False:
                assert time.monotonic() < deadline
        finally:
            refresher.stop()

    @pytest.mark.parametrize("content", [None, b"x" * (1024 * 1024 + 1), b"\xff", b"{}"])
    def test_it_cannot_be_read(self, tmp_path: Path, content: bytes | None) -> None:
        path = tmp_path / "keys.json"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises((OSError, ValueError)):
            KeyFile(ES256, str(path)).open()


class TestAddress:
    @pytest.mark.parametrize(
        ("reply", "error"),
        [
            ({"status": 404}, OSError),
            ({"body": b"x" * (1024 * 1024 + 1)}, ValueError),
            ({"status": 302, "location": "file:///etc/passwd"}, OSError),
            ({"status": 302, "location": "/keys.json"}, OSError),
        ],
    )
    def test_refused(self, reply: dict[str, Any], error: type[Exception]) -> None:
        with issuer() as published:
            for name, value in reply.items():
                setattr(published, name, value)
            with pytest.raises(error):
                KeyAddress(ES256, published.url, 1).read()

    def test_nobody_is_there(self) -> None:
        with issuer() as published:
            pass
        with pytest.raises(OSError, match="refused"):
            KeyAddress(ES256, published.url, 1).read()

    def test_a_slow_reply(self) -> None:
        with issuer() as published:
            never = threading.Event()
            published.reply = lambda: b"{}" if never.wait(0.5) else b""  # type: ignore[method-assign]
            with pytest.raises(OSError, match="timed out"):
                KeyAddress(ES256, published.url, 1, timeout=0.1).read()


class TestRefresher:
    def test_it_ends_with_its_owner(self) -> None:
        class Owner:
            pass

        with issuer() as published:
            published.keys = [EC]
            source = KeyAddress(ES256, published.url, 0.01)
            owner = Owner()
            keep_fresh([(source, source.open())], owner=owner)
            assert published.asked >= 1
            del owner
            deadline = time.monotonic() + 10
            while any(thread.name == "bolt-keys" for thread in threading.enumerate()):
                assert time.monotonic() < deadline
                time.sleep(0.01)

    def test_failures_are_further_and_further_apart(self) -> None:
        source = KeyAddress(ES256, "http://localhost/", 300)
        refresher = Refresher(source, source.open())
        for failures, expected in [
            (0, 300),
            (1, 1),
            (2, 2),
            (5, 16),
            (9, 256),
            (10, 300),
            (99, 300),
        ]:
            for _ in range(20):
                assert expected * 0.8 <= refresher._delay(failures) <= expected * 1.2

    def test_keys_that_do_not_change(self) -> None:
        source = JWTAuthentication(jwks=EC, algorithms=["ES256"])._keys
        assert source is not None
        with pytest.raises(ValueError, match="do not change"):
            Refresher(source, source.open())
