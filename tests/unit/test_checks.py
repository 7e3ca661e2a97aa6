from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.checks import CheckMessage, run_checks
from django.core.management import call_command
from django.db import OperationalError
from django.test import override_settings

from django_bolt import BoltAPI, Controller, checks, discovery
from django_bolt.auth import BaseAuthentication, JWTAuthentication
from tests import key_pairs

LONG_KEY = "k" * 32


def run() -> list[CheckMessage]:
    return run_checks(tags=[checks.TAG])


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., list[CheckMessage]]]:
    """Have discovery find these routers instead of the project's, and run the checks."""

    def serve(*routers: BoltAPI) -> list[CheckMessage]:
        monkeypatch.setattr(discovery, "_routers", lambda: iter(routers))
        discovery.reset()
        return run()

    yield serve
    monkeypatch.undo()
    discovery.reset()


def api_with(handler: Callable[..., object], **options: object) -> BoltAPI:
    api = BoltAPI(**options)
    api.get("/things")(handler)
    return api


async def fine() -> int:
    return 1


def test_the_sample_site_has_no_issues() -> None:
    assert run() == []


def test_routes_that_can_be_served_have_no_issues(serve) -> None:
    assert serve(api_with(fine)) == []


@pytest.mark.parametrize(
    ("bolt", "told"),
    [
        ({"DEFAULT_PERMISION_CLASSES": []}, "Did you mean 'DEFAULT_PERMISSION_CLASSES'?"),
        ({"ERROR_FORMAT": "xml"}, "xml"),
        ({"DEFAULT_PERMISSION_CLASSES": ["no.such.Class"]}, "no.such.Class"),
        (["not", "a", "dict"], "must be a dict"),
    ],
)
def test_e001_settings(bolt: object, told: str) -> None:
    with override_settings(BOLT=bolt):
        (found,) = run()
    assert found.id == "bolt.E001"
    assert told in found.msg


class Asking(BaseAuthentication):
    """Asks the database when it is made, before there is a table."""

    def __init__(self) -> None:
        raise OperationalError("no such table: tenants")

    def authenticate(self, request: Any) -> None:
        return None


@pytest.mark.django_db  # Django's own checks may ask the database
def test_w010_a_class_of_the_settings_that_asks_the_database(serve) -> None:
    async def handler() -> int:
        return 1

    api = api_with(handler)
    with override_settings(BOLT={"DEFAULT_AUTHENTICATION_CLASSES": [f"{__name__}.Asking"]}):
        (found,) = serve(api)
        call_command("check", verbosity=0)  # what every command does first
    assert found.id == "bolt.W010"
    assert "no such table" in found.msg


def test_e002_a_parameter_without_a_type(serve) -> None:
    async def handler(thing) -> int:  # type: ignore[no-untyped-def]
        return 1

    (found,) = serve(api_with(handler))
    assert found.id == "bolt.E002"
    assert "handler" in found.msg


def test_e002_two_routes_of_one_path(serve) -> None:
    (found,) = serve(api_with(fine), api_with(fine))
    assert found.id == "bolt.E002"
    assert found.msg.count(f"{__name__}.fine") == 2


def test_e002_authentication_that_is_none(serve) -> None:
    (found,) = serve(api_with(fine, auth=[Controller]))
    assert found.id == "bolt.E002"


def test_e003_a_plan_that_rust_refuses(serve, monkeypatch: pytest.MonkeyPatch) -> None:
    real = checks.plan.encode
    monkeypatch.setattr(
        checks.plan, "encode", lambda plan: real(plan).replace(b'"async"', b'"astral"')
    )
    (found,) = serve(api_with(fine))
    assert found.id == "bolt.E003"
    assert "routes[0].mode" in found.msg


def test_e004_atomic_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(checks.connections.settings["default"], "ATOMIC_REQUESTS", True)
    (found,) = run()
    assert found.id == "bolt.E004"
    assert "DATABASES['default']" in found.msg


def test_w004_upload_handlers() -> None:
    handlers = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
    with override_settings(FILE_UPLOAD_HANDLERS=handlers):
        (found,) = run()
    assert found.id == "bolt.W004"


@pytest.mark.parametrize(
    ("secret_key", "authentication", "told"),
    [
        ("s" * 31, JWTAuthentication(), "SECRET_KEY has 31 bytes"),
        (LONG_KEY, JWTAuthentication("s" * 16), "The secret 'jwt' has 16 bytes"),
        (LONG_KEY, JWTAuthentication(algorithms=["HS512"]), "asks for 64"),
        (LONG_KEY, JWTAuthentication(algorithms=["HS256", "HS384"]), "asks for 48"),
        (LONG_KEY, JWTAuthentication(), None),
        ("é" * 16, JWTAuthentication(), None),
        ("s" * 64, JWTAuthentication(algorithms=["HS512"]), None),
        (LONG_KEY, JWTAuthentication(key_pairs.PUBLIC["EdDSA"], ["EdDSA"]), None),
    ],
)
def test_w001_short_keys(
    serve, secret_key: str, authentication: JWTAuthentication, told: str | None
) -> None:
    with override_settings(SECRET_KEY=secret_key):
        found = serve(api_with(fine, auth=[authentication]))
    if told is None:
        assert found == []
    else:
        assert [message.id for message in found] == ["bolt.W001"]
        assert told in found[0].msg
        assert secret_key not in found[0].msg


def test_a_short_secret_key_does_not_matter_where_no_token_is_signed(serve) -> None:
    with override_settings(SECRET_KEY="short", BOLT={}):
        assert serve(api_with(fine)) == []


JWK = {"kty": "oct", "k": "A" * 43}


@pytest.mark.parametrize(
    ("authentication", "found"),
    [
        (JWTAuthentication(jwks_url="http://issuer/k", algorithms=["RS256"]), ["bolt.W003"]),
        (JWTAuthentication(jwks_url="https://issuer/k", algorithms=["RS256"]), []),
        (JWTAuthentication(jwks_url="http://127.0.0.1/k", algorithms=["RS256"]), []),
        (JWTAuthentication(jwks=JWK, algorithms=["HS256", "EdDSA"]), []),
        (JWTAuthentication(jwks="/no/such/file.json", algorithms=["RS256"]), ["bolt.E002"]),
    ],
)
def test_w003_keys_over_an_open_way(serve, authentication, found) -> None:
    messages = serve(api_with(fine, auth=[authentication]))
    assert [message.id for message in messages] == found


def test_w002_no_routes(serve) -> None:
    (found,) = serve()
    assert found.id == "bolt.W002"
    assert "bolt_routes.py" in (found.hint or "")


def test_an_import_error_is_raised_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sample_site.flights.controllers", None)
    monkeypatch.delitem(sys.modules, "sample_site.flights.bolt_routes", raising=False)
    discovery.reset()
    try:
        with pytest.raises(ImportError, match="controllers"):
            run()
    finally:
        monkeypatch.undo()
        discovery.reset()


def test_the_extension_module_starts_no_thread_when_it_reads_a_plan(serve) -> None:
    # The checks run in the parent of the serving processes, which are forked from it.
    from pathlib import Path

    tasks = Path("/proc/self/task")
    before = len(list(tasks.iterdir()))
    serve(api_with(fine))
    assert len(list(tasks.iterdir())) == before


def test_directories_of_files_that_are_none(serve, tmp_path) -> None:
    file = tmp_path / "file"
    file.touch()
    roots = [tmp_path, file, tmp_path / "missing"]
    with override_settings(BOLT={"FILE_ROOTS": roots}):
        found = serve(api_with(fine))
    assert [message.id for message in found] == ["bolt.W005", "bolt.W005"]
    assert all(str(root) in message.msg for root, message in zip(roots[1:], found, strict=True))
