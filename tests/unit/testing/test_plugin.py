from __future__ import annotations

import subprocess
import sys

import httpx
import pytest


def test_bolt_client(bolt_client) -> None:
    assert bolt_client.get("/api/ping").json() == {"pong": True}


@pytest.mark.django_db
def test_bolt_client_sees_the_transaction(bolt_client) -> None:
    from sample_site.flights.models import Country

    Country.objects.create(code="IS", name="Iceland")
    assert bolt_client.get("/api/countries/IS").json() == {
        "code": "IS",
        "name": "Iceland",
        "airports": 0,
    }


def test_async_bolt_client(async_bolt_client) -> None:
    import asyncio

    async def scenario() -> None:
        assert (await async_bolt_client.get("/api/ping")).json() == {"pong": True}

    asyncio.run(scenario())


def test_bolt_server(bolt_server) -> None:
    assert httpx.get(f"{bolt_server.url}/api/ping").json() == {"pong": True}


def test_the_plugin_imports_neither_django_nor_httpx_nor_the_core() -> None:
    script = (
        "import sys, django_bolt.testing.plugin\n"
        "print([name for name in ('django', 'httpx', 'msgspec', 'django_bolt._core')"
        " if name in sys.modules])"
    )
    result = subprocess.run(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
