"""Transactions that outlive their request, over a socket: no other request may notice."""

from __future__ import annotations

import time

import httpx
import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Group
from django.db import OperationalError, transaction

from django_bolt import BoltAPI
from django_bolt.testing import LiveServer
from tests.http.cases import Case

api = BoltAPI()
TIMEOUT = 10.0


def leave_one_open() -> str:
    transaction.atomic().__enter__()
    Group.objects.create(name="abandoned")
    return "left"


@api.get("/sync")
def leave_in_a_thread() -> str:
    return leave_one_open()


@api.get("/async")
async def leave_in_a_coroutine() -> str:
    return await sync_to_async(leave_one_open)()


@api.get("/count")
def count() -> int:
    deadline = time.monotonic() + TIMEOUT
    while True:
        try:
            with transaction.atomic():
                return Group.objects.count()
        except OperationalError:
            # A reply does not wait for its thread to roll back, and a database in memory refuses
            # others meanwhile.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


@pytest.mark.parametrize("path", ["/sync", "/async"])
def test_it_is_rolled_back(transactional_db: None, path: str) -> None:
    with LiveServer(api) as server, httpx.Client(base_url=server.url, trust_env=False) as client:
        Case("GET", path, body="left").check(client)
        # More than there are threads in the pool.
        for _ in range(50):
            Case("GET", "/count", body=0).check(client)
