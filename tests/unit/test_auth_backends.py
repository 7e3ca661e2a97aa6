"""Authentication classes: what their arguments may be, and what Rust gets of them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from django_bolt.auth import APIKeyAuthentication, JWTAuthentication
from django_bolt.auth.backends import KEY_PAIR_ALGORITHMS
from django_bolt.compile import plan
from tests import key_pairs


class Secrets:
    """A secret store that numbers what it keeps."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def add(self, hint: str, value: bytes) -> str:
        name = f"{hint}-{len(self.kept)}"
        self.kept[name] = value
        return name


def jwt_plan(**given: Any) -> plan.JWT:
    """Return the plan of a class, apart from what is given that of one without arguments."""
    defaults: dict[str, Any] = {
        "secrets": [],
        "key_set": None,
        "algorithms": [],
        "audiences": [],
        "issuer": None,
        "leeway": 0,
        "token_type": None,
        "user_id_claim": None,
        "revocation": None,
    }
    return plan.JWT(**{**defaults, **given})


class TestJWT:
    def test_plan_of_defaults_uses_secret_key(self, settings):
        settings.SECRET_KEY = "a key of the site"
        secrets = Secrets()
        assert JWTAuthentication().plan(secrets) == jwt_plan(
            secrets=["jwt-0"], algorithms=["HS256"]
        )
        assert secrets.kept == {"jwt-0": b"a key of the site"}

    def test_secret_key_is_read_when_the_plan_is_made(self, settings):
        settings.SECRET_KEY = "before"
        backend = JWTAuthentication()
        settings.SECRET_KEY = "after"
        secrets = Secrets()
        backend.plan(secrets)
        assert secrets.kept == {"jwt-0": b"after"}

    def test_plan_of_every_argument(self):
        secrets = Secrets()
        backend = JWTAuthentication(
            secret=b"\x00\xff", algorithms=["HS512", "HS256"], audience="app", issuer="me", leeway=5
        )
        assert backend.plan(secrets) == jwt_plan(
            secrets=["jwt-0"],
            algorithms=["HS512", "HS256"],
            audiences=["app"],
            issuer="me",
            leeway=5,
        )
        assert secrets.kept == {"jwt-0": b"\x00\xff"}

    def test_sets_have_a_stable_order(self):
        backend = JWTAuthentication("s", algorithms={"HS512", "HS256"}, audience={"b", "a"})
        document = backend.plan(Secrets())
        assert (document.algorithms, document.audiences) == (["HS256", "HS512"], ["a", "b"])

    @pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
    def test_algorithms_of_a_shared_secret(self, algorithm):
        assert JWTAuthentication("s", [algorithm]).plan(Secrets()).algorithms == [algorithm]

    @pytest.mark.parametrize("algorithm", KEY_PAIR_ALGORITHMS)
    @pytest.mark.parametrize("kind", [str, bytes])
    def test_algorithms_of_a_key_pair(self, algorithm, kind):
        pem = key_pairs.PUBLIC[algorithm]
        secrets = Secrets()
        key = pem if kind is str else pem.encode()
        document = JWTAuthentication(key, [algorithm]).plan(secrets)
        assert (document.secrets, document.algorithms) == (["jwt-0"], [algorithm])
        assert secrets.kept == {"jwt-0": pem.encode()}

    def test_algorithms_of_one_rsa_key(self):
        algorithms = [name for name in KEY_PAIR_ALGORITHMS if name[:2] in {"RS", "PS"}]
        backend = JWTAuthentication(key_pairs.PUBLIC["RS256"], algorithms)
        assert backend.plan(Secrets()).algorithms == algorithms

    @pytest.mark.parametrize(
        ("key", "algorithms", "message"),
        [
            (None, ["RS256"], "secret is missing: RS256 needs the issuer's public key as PEM"),
            (None, ["HS256", "ES256"], "secret is missing: ES256 needs"),
            ("s", ["RS256"], "secret: The algorithms need a public key in PEM form"),
            ("", ["RS256"], "secret: The algorithms need a public key in PEM form"),
            ("RS256", ["HS256"], "secret is a key of a key pair"),
            ("ES256", ["HS512"], 'A public key has other algorithms, as algorithms=["RS256"]'),
            ("RS256", ["RS256", "HS256"], "algorithms[1]: RS256 takes an RSA key and HS256 takes"),
            ("RS256", ["HS256", "RS256"], "algorithms[1]: HS256 takes a shared secret and RS256"),
            ("ES256", ["ES256", "RS256"], "algorithms[1]: ES256 takes an EC key on P-256 and"),
            ("ES256", ["RS256"], "secret: RS256 takes an RSA key, and this is an EC key on P-256."),
            ("RS256", ["ES256"], "secret: ES256 takes an EC key on P-256, and this is an RSA key."),
            ("ES384", ["ES256"], "and this is an EC key on P-384."),
            ("ES256", ["EdDSA"], "secret: EdDSA takes an Ed25519 key, and this is an EC key on"),
            ("weak", ["RS256"], "secret: The RSA key has 1024 bits; from 2048 to 8192 are"),
            ("private", ["RS256"], "secret: This is a private key, which nobody but the issuer"),
            ("private", ["HS256"], "secret is a key of a key pair"),
        ],
    )
    def test_refused_keys(self, key, algorithms, message):
        with pytest.raises(ValueError, match=re.escape(message)):
            JWTAuthentication(key_pairs.PUBLIC.get(key, key), algorithms)

    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            ({"secret": ""}, ValueError, "secret is empty"),
            ({"secret": b"  \n"}, ValueError, "secret is empty"),
            ({"secret": 5}, TypeError, "str or bytes, not int"),
            ({"secret": "-----BEGIN PUBLIC KEY-----\n"}, ValueError, "key pair"),
            ({"secret": "\n-----BEGIN CERTIFICATE-----"}, ValueError, "key pair"),
            ({"secret": "ssh-ed25519 AAAA"}, ValueError, "key pair"),
            ({"algorithms": "HS256"}, TypeError, 'algorithms must be a collection, as ["HS256"]'),
            ({"algorithms": []}, ValueError, "algorithms is empty"),
            ({"algorithms": ["none"]}, ValueError, "means no signature"),
            ({"algorithms": ["NONE"]}, ValueError, "means no signature"),
            ({"algorithms": ["hs256"]}, ValueError, "Did you mean 'HS256'?"),
            ({"algorithms": ["HS265"]}, ValueError, "Did you mean 'HS256'?"),
            ({"algorithms": ["rot13"]}, ValueError, "is unknown. Supported: HS256, HS384, HS512"),
            ({"algorithms": [256]}, TypeError, "algorithm must be str, not int"),
            ({"algorithms": 256}, TypeError, "algorithms must be a collection"),
            ({"audience": ""}, ValueError, "audience must be"),
            ({"audience": []}, ValueError, "audience must be"),
            ({"audience": ["a", ""]}, ValueError, "audience must be"),
            ({"audience": [1]}, ValueError, "audience must be"),
            ({"audience": 1}, TypeError, "audience must be a collection"),
            ({"issuer": ""}, ValueError, "issuer must be"),
            ({"issuer": ["me"]}, ValueError, "issuer must be"),
            ({"leeway": -1}, ValueError, "must not be negative"),
            ({"leeway": 1.5}, TypeError, "whole number of seconds"),
            ({"leeway": True}, TypeError, "whole number of seconds"),
            ({"leeway": "5"}, TypeError, "whole number of seconds"),
        ],
    )
    def test_refused(self, arguments, error, message):
        with pytest.raises(error, match=re.escape(message)):
            JWTAuthentication(**{"secret": "s", **arguments})

    def test_repr_hides_the_secret(self):
        assert "hunter2" not in repr(JWTAuthentication("hunter2"))
        assert "SECRET_KEY" in repr(JWTAuthentication())


class TestAPIKeys:
    def test_plan(self):
        secrets = Secrets()
        backend = APIKeyAuthentication(
            ["k1", "k2"], key_permissions={"k2": ["b.b", "a.a", "a.a"]}, header="X-Partner-Key"
        )
        assert backend.plan(secrets) == plan.APIKeys(
            header="x-partner-key",
            keys=[
                plan.APIKey(secret="api-key-0", permissions=[]),
                plan.APIKey(secret="api-key-1", permissions=["a.a", "b.b"]),
            ],
        )
        assert secrets.kept == {"api-key-0": b"k1", "api-key-1": b"k2"}

    @pytest.mark.parametrize("keys", [{"b", "a"}, frozenset({"a", "b"}), ["a", "b", "a"]])
    def test_collections_of_keys(self, keys):
        secrets = Secrets()
        APIKeyAuthentication(keys).plan(secrets)
        assert list(secrets.kept.values()) == [b"a", b"b"]

    def test_mapping_of_keys_to_permissions(self):
        document = APIKeyAuthentication({"a": ["x.y"], "b": ()}).plan(Secrets())
        assert [key.permissions for key in document.keys] == [["x.y"], []]

    @pytest.mark.parametrize(
        ("arguments", "error", "message"),
        [
            ({"api_keys": "secret"}, TypeError, "api_keys must be a collection"),
            ({"api_keys": None}, TypeError, "api_keys must be a collection"),
            ({"api_keys": []}, ValueError, "api_keys is empty"),
            ({"api_keys": [""]}, ValueError, "empty key"),
            ({"api_keys": [b"bytes"]}, TypeError, "must be str, not bytes"),
            ({"api_keys": [" padded"]}, ValueError, "visible ASCII"),
            ({"api_keys": ["two words"]}, ValueError, "visible ASCII"),
            ({"api_keys": ["schlüssel"]}, ValueError, "visible ASCII"),
            ({"api_keys": ["line\n"]}, ValueError, "visible ASCII"),
            ({"api_keys": {"a": "x.y"}}, TypeError, "permissions of a key must be a collection"),
            ({"api_keys": {"a": [""]}}, ValueError, "must be names"),
            ({"api_keys": {"a": []}, "key_permissions": {}}, TypeError, "drop key_permissions"),
            ({"key_permissions": {"other": []}}, ValueError, "1 key(s) that api_keys does not"),
            ({"key_permissions": ["a"]}, TypeError, "must map keys"),
            ({"key_permissions": {"a": "x.y"}}, TypeError, "must be a collection"),
            ({"key_permissions": {"a": [1]}}, ValueError, "must be names"),
            ({"header": ""}, ValueError, "is not the name of a header"),
            ({"header": "X Key"}, ValueError, "is not the name of a header"),
            ({"header": "X-Key:"}, ValueError, "is not the name of a header"),
            ({"header": "X-Key\n"}, ValueError, "is not the name of a header"),
            ({"header": 1}, TypeError, "header must be str"),
        ],
    )
    def test_refused(self, arguments, error, message):
        with pytest.raises(error, match=re.escape(message)):
            APIKeyAuthentication(**{"api_keys": ["a"], **arguments})

    @pytest.mark.parametrize(
        "arguments",
        [
            {"api_keys": ["hunter2 "]},
            {"api_keys": ["a"], "key_permissions": {"hunter2": []}},
            {"api_keys": {"hunter2": "x"}},
        ],
    )
    def test_refusals_do_not_show_keys(self, arguments):
        with pytest.raises((TypeError, ValueError)) as caught:
            APIKeyAuthentication(**arguments)
        assert "hunter2" not in str(caught.value)

    def test_repr_hides_the_keys(self):
        assert repr(APIKeyAuthentication(["hunter2"])) == (
            "APIKeyAuthentication(api_keys=<1 hidden>, header='X-API-Key')"
        )


class TestSubclasses:
    def test_arguments_may_be_bound(self):
        class Partner(JWTAuthentication):
            def __init__(self) -> None:
                super().__init__(secret="s", audience="partners")

        assert Partner().plan(Secrets()).audiences == ["partners"]

    @pytest.mark.parametrize("name", ["authenticate", "authenticate_header", "algorithms", "plan"])
    def test_what_would_have_no_effect_is_refused(self, name):
        with pytest.raises(TypeError, match=f"{name} would have no effect"):
            type("Mine", (JWTAuthentication,), {name: None, "__module__": "somewhere"})
