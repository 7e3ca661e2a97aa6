from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from django_bolt.server.config import ServerConfig, ServerConfigError


def test_the_default_reaches_this_machine_alone() -> None:
    config = ServerConfig()
    assert (config.host, config.port, config.processes, config.workers) == ("127.0.0.1", 8000, 1, 1)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"host": ""}, "host '' is not an address"),
        ({"host": " 127.0.0.1"}, "is not an address"),
        ({"port": -1}, "port is between 0 and 65535, not -1"),
        ({"port": 65_536}, "port is between 0 and 65535, not 65536"),
        ({"processes": 0}, "processes is at least 1, not 0"),
        ({"workers": -3}, "workers is at least 1, not -3"),
        ({"keep_alive": 0}, "keep_alive is a number of seconds above 0"),
        ({"request_timeout": float("nan")}, "request_timeout is a number of seconds"),
        ({"shutdown_timeout": float("inf")}, "shutdown_timeout is a number of seconds"),
    ],
)
def test_what_cannot_be_used_is_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(ServerConfigError, match=message):
        ServerConfig(**values)


@pytest.mark.parametrize("values", [{"port": 0}, {"port": 65_535}, {"processes": 64}])
def test_bounds_are_inclusive(values: dict[str, int]) -> None:
    ServerConfig(**values)


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "http://127.0.0.1:80/"), ("::1", "http://[::1]:80/"), ("a.b", "http://a.b:80/")],
)
def test_url(host: str, url: str) -> None:
    assert ServerConfig(host=host, port=80).url == url


def test_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        ServerConfig().port = 1
