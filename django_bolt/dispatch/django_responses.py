"""Django's own responses as results: what a view written for Django returns."""

from __future__ import annotations

from django.http.response import HttpResponseBase

from django_bolt.dispatch.hooks import RenderedReply
from django_bolt.dispatch.templates import refuse_event_loop


def render_django(response: HttpResponseBase) -> RenderedReply:
    """Return what a Django response says; a ``TemplateResponse`` is rendered first.

    Its ``close()`` is not called: that would send ``request_finished`` a second time, and there is
    nothing else to close in a response whose content is in memory. Raises ``TypeError`` for one
    that streams.
    """
    if getattr(response, "is_rendered", True) is False:
        refuse_event_loop()
        response = response.render()  # type: ignore[attr-defined]
    if response.streaming:
        raise TypeError(
            f"Django's {type(response).__name__} streams its content: return "
            "StreamingResponse or FileResponse of django_bolt.responses instead."
        )
    headers = [(name, value) for name, value in response.items() if name.lower() != "content-type"]
    headers += [("Set-Cookie", cookie.OutputString()) for cookie in response.cookies.values()]
    body: bytes = response.content  # type: ignore[attr-defined]
    return response.status_code, response.headers.get("Content-Type"), headers, body
