"""Responses become data for Rust."""

from __future__ import annotations

from django_bolt.dispatch.encoding import encode
from django_bolt.dispatch.hooks import RenderedReply
from django_bolt.responses import BaseResponse, Redirect, Response

#: Statuses that never have a body (RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5).
_EMPTY = (204, 205, 304)


def render(response: BaseResponse) -> RenderedReply:
    """Return status, ``Content-Type``, further headers and body of a response.

    Raises ``TypeError`` for data that has no JSON.
    """
    body = None if response.status_code in _EMPTY else _body(response)
    return (
        response.status_code,
        None if body is None else response.content_type,
        list(response.headers.items()),
        body,
    )


def _body(response: BaseResponse) -> bytes | None:
    data = response.data
    if isinstance(response, Redirect) or (isinstance(response, Response) and data is None):
        return None
    if response.content_type is not None and not response.content_type.startswith("text/"):
        return encode(data)
    if isinstance(data, str):
        return data.encode()
    return data if isinstance(data, bytes) else encode(data)
