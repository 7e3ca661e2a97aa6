"""An API framework for Django: classes like REST framework's, served by Rust.

The names below are imported at their first use, so that ``"django_bolt"`` may stand in
``INSTALLED_APPS``, and ``django_bolt`` be imported, before Django's settings are read.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django_bolt.api import BoltAPI
    from django_bolt.background import BackgroundTasks
    from django_bolt.conditional import condition, etag, last_modified
    from django_bolt.controllers import Controller
    from django_bolt.decorators import action, endpoint, inline
    from django_bolt.discovery import reverse
    from django_bolt.request import Request
    from django_bolt.responses import Response
    from django_bolt.routing import Router
    from django_bolt.viewsets import BoltViewSet

__all__ = [
    "BackgroundTasks",
    "BoltAPI",
    "BoltViewSet",
    "Controller",
    "Request",
    "Response",
    "Router",
    "action",
    "condition",
    "endpoint",
    "etag",
    "inline",
    "last_modified",
    "reverse",
]

_MODULES = {
    "BackgroundTasks": "background",
    "BoltAPI": "api",
    "BoltViewSet": "viewsets",
    "Controller": "controllers",
    "Request": "request",
    "Response": "responses",
    "Router": "routing",
    "action": "decorators",
    "condition": "conditional",
    "endpoint": "decorators",
    "etag": "conditional",
    "inline": "decorators",
    "last_modified": "conditional",
    "reverse": "discovery",
}


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
