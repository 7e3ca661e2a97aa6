"""Reading ``servers.toml``, and the order of servers."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from perf.bench import cases, order, places, servers
from perf.bench.cases import Case, Expectation, Request
from perf.bench.errors import BenchError
from perf.bench.servers import Server

BOLT = """
[bolt]
title = "django-bolt"
directory = "apps/bolt"
command = ["{python}", "manage.py", "--host", "{host}", "--port", "{port}"]
"""


def read(directory: Path, text: str) -> dict[str, Server]:
    path = directory / "servers.toml"
    path.write_text(text)
    return servers.read(path, ["hello", "form"])


def test_a_server_is_read(tmp_path: Path) -> None:
    text = BOLT + '[bolt.environment]\nPORT = "1"\n[bolt.lacks]\nform = "not yet"\n'
    bolt = read(tmp_path, text)["bolt"]
    assert bolt.lacks == {"form": "not yet"}
    assert bolt.where == places.PERF / "apps" / "bolt"
    assert bolt.command_line(8000) == [
        sys.executable, "manage.py", "--host", "127.0.0.1", "--port", "8000",
    ]  # fmt: skip
    variables = bolt.variables(tmp_path)
    assert (variables["PORT"], variables["BENCH_DATA"]) == ("1", str(tmp_path))
    assert bolt.versions() == {}


def test_an_environment_of_its_own() -> None:
    server = Server("Peer", "apps/peer", ["{bin}/serve"], venv="peer", packages=["peer"])
    assert server.command_line(1) == [str(places.VENVS / "peer" / "bin" / "serve")]


def test_versions() -> None:
    server = Server("Ours", "apps/bolt", [], packages=["django", "msgspec"])
    assert list(server.versions()) == ["python", "django", "msgspec"]


@pytest.mark.parametrize(
    ("server", "message"),
    [
        (Server("Peer", "", [], venv="no such", packages=["x"]), "make bench-peers makes it"),
        (Server("Peer", "", [], packages=["no-such-package"]), "no-such-package"),
    ],
)
def test_environments_that_are_missing(server: Server, message: str) -> None:
    with pytest.raises(BenchError, match=message):
        server.versions()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOLT + "core = 1\n", "unknown field `core`"),
        (BOLT.replace("title =", "venv ="), "missing required field `title`"),
        (BOLT + '[bolt.lacks]\nforms = "not yet"\n', "did you mean 'form'"),
    ],
)
def test_refused_files(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BenchError, match=message):
        read(tmp_path, text)


def test_the_servers_of_the_project() -> None:
    found = servers.read(places.SERVERS, cases.read(places.CASES).names)
    assert {servers.OURS, servers.FLOOR} <= found.keys()
    for server in found.values():
        assert all(server.lacks.values()), f"{server.title} lacks something without a reason"
        if server.venv is not None:
            # `make bench-peers` makes one environment for each app with requirements.
            assert server.requirements == f"apps/{server.venv}/requirements.txt"


def test_chosen_servers_keep_their_order() -> None:
    known = {name: Server(name, "", []) for name in ("bolt", "floor", "drf")}
    assert list(servers.chosen(known, ["drf", "bolt"])) == ["bolt", "drf"]
    assert list(servers.chosen(known, [])) == ["bolt", "floor", "drf"]


def test_a_server_that_is_not_known() -> None:
    known = {"bolt": Server("bolt", "", [])}
    with pytest.raises(BenchError, match="no server is called 'blot': did you mean 'bolt'"):
        servers.chosen(known, ["blot"])


@pytest.mark.parametrize(("by", "expected"), [(0, "ABC"), (1, "BCA"), (2, "CAB"), (3, "ABC")])
def test_rotation(by: int, expected: str) -> None:
    assert "".join(order.rotated("ABC", by)) == expected
    assert order.rotated("", by) == []


def test_the_order_of_a_run() -> None:
    hello, form = (Case(name, name, Request("/"), Expectation(200)) for name in ("hello", "form"))
    having = {"hello": ["a", "b"], "form": ["b"]}
    plan = order.schedule([hello, form], lambda case: having[case.name], rounds=2)
    assert [(case.name, server, number) for case, server, number in plan] == [
        ("hello", "a", 1),
        ("hello", "b", 1),
        ("hello", "b", 2),
        ("hello", "a", 2),
        ("form", "b", 1),
        ("form", "b", 2),
    ]
