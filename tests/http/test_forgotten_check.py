"""A check of an object's permissions that the author forgot to await lets nobody in."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from django_bolt import Controller, Router
from django_bolt.auth import BasePermission


class NoObject(BasePermission):
    """Refuses every object."""

    def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:
        return False


class Forgotten(Controller):
    permission_classes = [NoObject]

    async def get(self, request: Any) -> str:
        self.acheck_object_permissions(request, 1)
        return "in"

    async def put(self, request: Any) -> str:
        kept = self.acheck_object_permissions(request, 1)
        await asyncio.sleep(0)
        return f"in, and {type(kept)} was not awaited"

    async def post(self, request: Any) -> str:
        await self.acheck_object_permissions(request, 1)
        return "in"

    async def patch(self, request: Any) -> str:
        await asyncio.gather(self.acheck_object_permissions(request, 1))
        return "in"


class Hooked(Forgotten):
    """The same within the life cycle of hooks."""

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        return response


api = Router()
api.register("plain", Forgotten)
api.register("hooked", Hooked)


@pytest.mark.parametrize("path", ["/plain", "/hooked"])
@pytest.mark.parametrize(
    ("method", "status"), [("GET", 500), ("PUT", 500), ("POST", 403), ("PATCH", 403)]
)
def test_nobody_is_let_in(
    client: httpx.Client, caplog: pytest.LogCaptureFixture, path: str, method: str, status: int
) -> None:
    reply = client.request(method, path)
    assert reply.status_code == status
    assert "in" not in reply.json().values()
    failures = [record for record in caplog.records if record.name == "django.request"]
    assert any("never awaited" in str(record.exc_info) for record in failures) is (status == 500)
