"""Responses become data for Rust."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http.response import HttpResponseBase

from django_bolt.dispatch.django_responses import render_django
from django_bolt.dispatch.encoding import encode
from django_bolt.dispatch.hooks import RenderedReply
from django_bolt.dispatch.templates import render_template
from django_bolt.responses import JSON, BaseResponse, Redirect, Response, Template
from django_bolt.status import is_success
from django_bolt.streaming import StreamingResponse

#: Statuses that never have a body (RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5).
BODILESS = (204, 205, 304)


def render(
    response: BaseResponse | HttpResponseBase, convert: Callable[[Any], Any] | None = None
) -> RenderedReply:
    """Return status, ``Content-Type``, further headers and body of a response, or of Django's.

    ``convert`` enforces the handler's declared type: what a successful response holds is cut to
    it, as a bare result would be. Raises ``TypeError`` for data that has no JSON,
    ``SynchronousOnlyOperation`` for a page on an event loop, and what ``convert`` does.
    """
    if isinstance(response, HttpResponseBase):
        return render_django(response)
    if isinstance(response, StreamingResponse):
        content_type, headers = head_of(response)
        return response.status_code, content_type, headers, None
    data = response.data
    if convert is not None and _holds_the_result(response):
        data = convert(data)
    body = None if response.status_code in BODILESS else _body(response, data)
    content_type, headers = head_of(response)
    return response.status_code, None if body is None else content_type, headers, body


def head_of(response: BaseResponse) -> tuple[str | None, list[tuple[str, str]]]:
    """Return ``Content-Type`` and every further header, one for each cookie included."""
    content_type, headers = response.content_type, []
    for name, value in response.headers.items():
        if name.lower() == "content-type":
            content_type = value
        else:
            headers.append((name, value))
    headers += [("Set-Cookie", cookie.OutputString()) for cookie in response.cookies.values()]
    return content_type, headers


def _holds_the_result(response: BaseResponse) -> bool:
    """Tell whether the response's data are what the handler declares; an error's are not."""
    return (
        isinstance(response, Response | JSON)
        and response.data is not None
        and is_success(response.status_code)
    )


def _body(response: BaseResponse, data: Any) -> bytes | None:
    if isinstance(response, Template):
        return render_template(response)
    if isinstance(response, Redirect) or (isinstance(response, Response) and data is None):
        return None
    if response.content_type is not None and not response.content_type.startswith("text/"):
        return encode(data)
    if isinstance(data, str):
        return data.encode()
    return data if isinstance(data, bytes) else encode(data)
