"""Renders pages with Django's template engines, where that may block."""

from __future__ import annotations

import asyncio
from typing import Any

from django.conf import settings
from django.core.exceptions import SynchronousOnlyOperation
from django.http import HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.template.loader import render_to_string

from django_bolt.responses import Template


def refuse_event_loop() -> None:
    """Raise ``SynchronousOnlyOperation`` on an event loop: Rust then calls again elsewhere.

    Django would raise it for a query, but some of its tags swallow whatever is raised in them.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise SynchronousOnlyOperation("A template is rendered where blocking is allowed.")


def render_template(response: Template) -> bytes:
    """Return the page. Raises what the engine does, ``TemplateDoesNotExist`` among it."""
    refuse_event_loop()
    request = response.request
    if request is not None:
        _load_csrf_secret(request)
    page = render_to_string(
        response.template_name, response.context_data, request, using=response.using
    )
    if request is not None:
        _csrf.process_response(request, response)  # type: ignore[arg-type]
    return page.encode()


def _load_csrf_secret(request: Any) -> None:
    """Find the client's secret, so that a page's token belongs to the cookie that it has."""
    # With CSRF_USE_SESSIONS and no session, only a page that uses the token must fail.
    if not settings.CSRF_USE_SESSIONS or hasattr(request, "session"):
        _csrf.process_request(request)


def _no_view(_request: Any) -> HttpResponse:
    raise AssertionError("only the edges of the middleware are called")


_csrf = CsrfViewMiddleware(_no_view)
