"""Authentication classes: what their arguments may be, and what Rust gets of them."""

from __future__ import annotations

import re

import pytest

from django_bolt.auth import APIKeyAuthentication, JWTAuthentication
from django_bolt.compile import plan


class Secrets:
    """A secret store that numbers what it keeps."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def add(self, hint: str, value: bytes) -> str:
        name = f"{hint}-{len(self.kept)}"
        self.kept[name] = value
        return name


class TestJWT:
    def test_plan_of_defaults_uses_secret_key(self, settings):
        settings.SECRET_KEY = "a key of the site"
        secrets = Secrets()
        assert JWTAuthentication().plan(secrets) == plan.JWT(
            secret="jwt-0", algorithms=["HS256"], audiences=[], issuer=None, leeway=0
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
        assert backend.plan(secrets) == plan.JWT(
            secret="jwt-0",
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
    def test_supported_algorithms(self, algorithm):
        assert JWTAuthentication("s", [algorithm]).plan(Secrets()).algorithms == [algorithm]

    @pytest.mark.parametrize(
        "algorithm",
        [f"{kind}{bits}" for kind in ("RS", "ES", "PS") for bits in (256, 384, 512)] + ["EdDSA"],
    )
    def test_algorithms_of_key_pairs_are_not_supported_yet(self, algorithm):
        with pytest.raises(ValueError, match=r"not supported yet.*HS256"):
            JWTAuthentication("s", [algorithm])

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
