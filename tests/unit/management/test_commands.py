from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from django_bolt import BoltAPI, discovery
from django_bolt.management.commands.bolt_routes import table


def output(*command: str) -> str:
    stream = StringIO()
    call_command(*command, stdout=stream)
    return stream.getvalue()


def test_bolt_routes_lists_every_route() -> None:
    lines = output("bolt_routes").splitlines()
    assert lines[0].split() == ["Method", "Path", "Name", "Handler", "Authentication", "Guard"]
    destroy = next(line for line in lines if line.startswith("DELETE") and "airports" in line)
    assert destroy.split(maxsplit=5) == [
        "DELETE",
        "/api/airports/{code}",
        "airport-detail",
        "sample_site.flights.controllers.AirportViewSet.destroy",
        "JWT",
        "(HS256)     IsStaff | ReadOnly",
    ]
    assert len(lines) == len(discovery.discover()) + 2


def test_bolt_plan_is_the_plan_as_json_without_secrets(settings) -> None:
    text = output("bolt_plan")
    assert len(json.loads(text)["routes"]) == len(discovery.discover())
    assert settings.SECRET_KEY not in text


@pytest.mark.parametrize("command", ["bolt_routes", "bolt_plan"])
def test_what_cannot_be_compiled_is_told(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    api = BoltAPI()

    @api.get("/broken")
    async def broken(thing) -> int:  # type: ignore[no-untyped-def]
        return 1

    monkeypatch.setattr(discovery, "_routers", lambda: iter([api]))
    discovery.reset()
    try:
        with pytest.raises(CommandError, match="broken"):
            call_command(command)
    finally:
        monkeypatch.undo()
        discovery.reset()


def test_table() -> None:
    assert table([("A", "B"), ("long", ""), ("c", "d")]) == [
        "A     B",
        "----  -",
        "long",
        "c     d",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--port", "70000"], "--port is between 0 and 65535, not 70000"),
        (["--processes", "0"], "--processes is at least 1, not 0"),
        (["--workers", "-1"], "--workers is at least 1, not -1"),
        (["--host", ""], "--host '' is not an address"),
        (["--host", "192.0.2.1"], "does not belong to this machine"),
        (["--dev", "--workers", "2"], "--dev serves with one process and one worker"),
        (["--port", "many"], "invalid int value: 'many'"),
    ],
)
def test_runbolt_refuses(arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        call_command("runbolt", *arguments)
