"""Testing an API: clients in this process, and a live server in a thread of it.

``TestClient`` and ``AsyncTestClient`` are httpx clients; ``LiveServer`` is the same application
over a socket. They come with the extra ``django-bolt[testing]``, and are imported at their first
use, so that the pytest plugin costs nothing where it is not used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django_bolt.testing.client import AsyncTestClient, TestClient
    from django_bolt.testing.live import LiveServer

__all__ = ["AsyncTestClient", "LiveServer", "TestClient"]

_MODULES = {"AsyncTestClient": "client", "LiveServer": "live", "TestClient": "client"}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
