"""Stores of revoked tokens, who issues tokens, and what is refused of both."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.utils import timezone

from django_bolt import BoltAPI, Router
from django_bolt.auth import (
    DjangoCacheRevocation,
    DjangoORMRevocation,
    InMemoryRevocation,
    JWTAuthentication,
    Revocation,
    TokenIssuer,
)
from django_bolt.auth.revocation import token_ids
from django_bolt.auth.revocation_store.models import RevokedToken
from django_bolt.compile import application, plan
from django_bolt.compile.policy import SecretStore
from django_bolt.exceptions import ConfigurationError
from django_bolt.server import assembly
from django_bolt.token_views import TokenObtainController

STORES = [InMemoryRevocation, DjangoCacheRevocation, DjangoORMRevocation]
LONG = "jti:" + "é \n" * 1000


@pytest.mark.django_db
@pytest.mark.parametrize("kind", STORES)
def test_a_store(kind: type[Revocation]) -> None:
    cache.clear()
    store, later = kind(), time.time() + 60
    for token_id in ("jti:a", "sid:a", LONG):
        assert not store.is_revoked([token_id])
        assert store.revoke(token_id, later)
        assert not store.revoke(token_id, later), "the second is told so"
        assert store.is_revoked(["jti:other", token_id])
    assert not store.is_revoked(["jti:other", LONG + "x"])
    assert not store.is_revoked([])
    assert store.revoke_token({"jti": "b", "exp": later})
    assert store.is_revoked(["jti:b"])
    assert store.revoke_token({"jti": "for ever"})
    assert store.revoke_session("c", later)
    assert store.is_revoked(["sid:c"])
    with pytest.raises(ValueError, match="without jti"):
        store.revoke_token({"sub": "1"})


def test_ids() -> None:
    assert token_ids(b'{"jti": "a", "sid": "b", "sub": "c"}') == ["jti:a", "sid:b"]
    assert token_ids(b'{"sub": "c"}') == []


def test_plans() -> None:
    secrets = SecretStore()
    memory = InMemoryRevocation()
    assert memory.plan(secrets) == memory.plan(secrets) == plan.MemoryRevocation(list="revoked-1")
    assert InMemoryRevocation().plan(secrets) == plan.MemoryRevocation(list="revoked-2")
    assert DjangoCacheRevocation().plan(secrets) == plan.PythonRevocation()
    assert JWTAuthentication(revocation=memory).plan(secrets).revocation == memory.plan(secrets)


@pytest.mark.parametrize(
    ("store", "changed", "message"),
    [
        (DjangoCacheRevocation("absent"), {}, "revocation: The connection 'absent' doesn't exist"),
        (
            DjangoCacheRevocation(),
            {"CACHES": {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}},
            "revocation: CACHES['default'] keeps nothing",
        ),
        (
            DjangoORMRevocation(),
            {"INSTALLED_APPS": ["django.contrib.auth", "django.contrib.contenttypes"]},
            "needs 'django_bolt.auth.revocation_store' in INSTALLED_APPS",
        ),
    ],
)
def test_stores_that_cannot_work(
    store: Revocation, changed: dict[str, Any], message: str, settings: Any
) -> None:
    for name, value in changed.items():
        setattr(settings, name, value)
    api = BoltAPI()

    @api.get("/", auth=[JWTAuthentication("s" * 32, revocation=store)])
    async def never() -> str:
        return "in"

    with pytest.raises(ConfigurationError, match=re.escape(message)):
        application.build(api.routes())


@pytest.mark.parametrize(
    ("revocation", "message"),
    [(InMemoryRevocation, "must be an instance: InMemoryRevocation()"), (5, "a store, not int")],
)
def test_what_is_no_store(revocation: Any, message: str) -> None:
    with pytest.raises(TypeError, match=re.escape(message)):
        JWTAuthentication(revocation=revocation)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"revocation": None}, TypeError, "revocation is missing"),
        ({"secret": ""}, ValueError, "secret is empty"),
        ({"secret": []}, ValueError, "secret is empty"),
        ({"algorithm": "RS256"}, ValueError, "needs a private key"),
        ({"access_lifetime": 5}, TypeError, "access_lifetime must be a timedelta"),
        ({"refresh_lifetime": timedelta(0)}, ValueError, "refresh_lifetime must be from one"),
        ({"access_lifetime": timedelta(days=30)}, ValueError, "longer than refresh_lifetime"),
        ({"audience": ""}, ValueError, "audience must be"),
        ({"issuer": ""}, ValueError, "issuer must be"),
    ],
)
def test_issuers_that_are_refused(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        TokenIssuer(**{"revocation": InMemoryRevocation(), **arguments})


def test_a_list_is_for_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def discovered(store: Revocation) -> None:
        router = Router()

        class Here(TokenObtainController):
            tokens = TokenIssuer(revocation=store)
            authentication_classes = (JWTAuthentication("s" * 32, revocation=store),)

        router.register("here", Here)
        monkeypatch.setattr(assembly.discovery, "discover", router.routes)

    discovered(DjangoCacheRevocation())
    assembly.check_for_several_processes()
    discovered(InMemoryRevocation())
    with pytest.raises(ImproperlyConfigured, match="InMemoryRevocation is for one process"):
        assembly.check_for_several_processes()


@pytest.mark.django_db
def test_what_has_expired_is_purged(capsys: pytest.CaptureFixture[str]) -> None:
    now = timezone.now()
    for name, seconds in (("old", -1), ("new", 60)):
        expires_at = now + timedelta(seconds=seconds)
        RevokedToken.objects.create(token_id=f"jti:{name}", expires_at=expires_at)
    call_command("bolt_purge_tokens")
    assert "Removed 1 expired" in capsys.readouterr().out
    assert [str(entry) for entry in RevokedToken.objects.all()] == ["jti:new"]


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", "bolt_revocation", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db
def test_the_admin_page(admin_client: Any) -> None:
    entry = RevokedToken.objects.create(token_id="jti:a", expires_at=timezone.now())
    pages = "/admin/bolt_revocation/revokedtoken/"
    assert b"jti:a" in admin_client.get(pages, {"q": "jti"}).content
    assert admin_client.get(f"{pages}add/").status_code == 200
    assert admin_client.post(f"{pages}{entry.pk}/change/", {"token_id": "x"}).status_code == 403


def test_an_unused_list_is_no_obstacle() -> None:
    InMemoryRevocation()
    assert application.build([]).revoked == {}
