from __future__ import annotations

import threading

import httpx
import pytest
from django.contrib.auth import get_user_model

from django_bolt import BoltAPI
from django_bolt.testing import LiveServer

api = BoltAPI()


@api.get("/async")
async def asynchronous() -> str:
    return threading.current_thread().name


@api.get("/users")
def users() -> list[str]:
    return list(get_user_model().objects.values_list("username", flat=True))


def test_it_serves_over_a_socket_until_the_block_ends() -> None:
    server = LiveServer(api)
    with pytest.raises(RuntimeError, match="within its `with` block"):
        _ = server.url
    with server as entered:
        assert entered is server
        url = server.url
        assert url.startswith("http://127.0.0.1:")
        reply = httpx.get(f"{url}/async")
        assert reply.json() == "bolt-live-server"
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/async")


def test_two_at_once() -> None:
    with LiveServer(api) as one, LiveServer(api) as other:
        assert one.url != other.url
        for server in (one, other):
            assert httpx.get(f"{server.url}/async").status_code == 200


def test_an_idle_connection_does_not_hold_it_up() -> None:
    with httpx.Client() as client, LiveServer(api) as server:
        assert client.get(f"{server.url}/async").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_committed_rows_are_seen() -> None:
    get_user_model().objects.create(username="ann")
    with LiveServer(api) as server:
        assert httpx.get(f"{server.url}/users").json() == ["ann"]
