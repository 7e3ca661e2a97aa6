"""Responses become data for Rust."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django_bolt.dispatch.encoding import encode
from django_bolt.dispatch.hooks import RenderedReply
from django_bolt.responses import JSON, BaseResponse, Redirect, Response
from django_bolt.status import is_success

#: Statuses that never have a body (RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5).
_EMPTY = (204, 205, 304)


def render(response: BaseResponse, convert: Callable[[Any], Any] | None = None) -> RenderedReply:
    """Return status, ``Content-Type``, further headers and body of a response.

    ``convert`` enforces the handler's declared type: what a successful response holds is cut to
    it, as a bare result would be. Raises ``TypeError`` for data that has no JSON, and what
    ``convert`` does.
    """
    data = response.data
    if convert is not None and _holds_the_result(response):
        data = convert(data)
    body = None if response.status_code in _EMPTY else _body(response, data)
    return (
        response.status_code,
        None if body is None else response.content_type,
        list(response.headers.items()),
        body,
    )


def _holds_the_result(response: BaseResponse) -> bool:
    """Tell whether the response's data are what the handler declares; an error's are not."""
    return (
        isinstance(response, Response | JSON)
        and response.data is not None
        and is_success(response.status_code)
    )


def _body(response: BaseResponse, data: Any) -> bytes | None:
    if isinstance(response, Redirect) or (isinstance(response, Response) and data is None):
        return None
    if response.content_type is not None and not response.content_type.startswith("text/"):
        return encode(data)
    if isinstance(data, str):
        return data.encode()
    return data if isinstance(data, bytes) else encode(data)
