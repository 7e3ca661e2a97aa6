"""Results and errors in the format that was agreed on with the client."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from django_bolt.dispatch.hooks import RenderedReply
from django_bolt.dispatch.replies import BODILESS, head_of
from django_bolt.encodable import to_encodable
from django_bolt.renderers import BaseRenderer, JSONRenderer, MessagePackRenderer, YAMLRenderer
from django_bolt.responses import JSON_TYPE, Response
from django_bolt.status import is_success

_OWN = tuple(kind.render for kind in (JSONRenderer, MessagePackRenderer, YAMLRenderer))


class Renderers:
    """The renderers of one route. Rust reads ``json`` and ``custom`` once, and names them by index.

    ``json`` says which are ours for JSON as they stand, ``custom`` of which the author wrote
    ``render``.
    """

    def __init__(self, listed: Sequence[type[BaseRenderer] | BaseRenderer]) -> None:
        self._listed = tuple(listed)
        kinds = [item if isinstance(item, type) else type(item) for item in self._listed]
        self.json = [kind is JSONRenderer for kind in kinds]
        self.custom = [kind.render not in _OWN for kind in kinds]

    def instance(self, index: int) -> BaseRenderer:
        """Return a new instance, or the one that was listed."""
        item = self._listed[index]
        return item() if isinstance(item, type) else item

    def render_result(
        self, index: int, accepted: str | None, data: Any, status: int, request: Any, view: Any
    ) -> RenderedReply:
        """Return the reply of a result that is no response; the arguments are Rust's."""
        return self._reply(index, accepted, Response(data, status), data, request, view)

    def render_response(
        self,
        index: int,
        accepted: str | None,
        response: Any,
        convert: Callable[[Any], Any] | None,
        request: Any,
        view: Any,
    ) -> RenderedReply | None:
        """Return the reply of a ``Response``; ``None`` for one that names its own media type.

        ``convert`` enforces the handler's declared type, as in ``dispatch.replies``.
        """
        if not isinstance(response, Response) or response.content_type != JSON_TYPE:
            return None
        data = response.data
        if data is not None and convert is not None and is_success(response.status_code):
            data = convert(data)
        if data is None and not self.custom[index]:
            return response.status_code, None, head_of(response)[1], None
        return self._reply(index, accepted, response, data, request, view)

    def render_error(
        self, index: int, accepted: str | None, error: bytes, status: int
    ) -> tuple[str, bytes]:
        """Return ``Content-Type`` and body for an error, which is JSON."""
        data = msgspec.json.decode(error)
        renderer, response = self.instance(index), Response(data, status)
        body = _render(renderer, accepted, data, response, None, None)
        return _content_type(renderer), body

    def _reply(
        self,
        index: int,
        accepted: str | None,
        response: Response,
        data: Any,
        request: Any,
        view: Any,
    ) -> RenderedReply:
        if response.status_code in BODILESS:
            return response.status_code, None, head_of(response)[1], None
        # What a handler is shown as request.accepted_renderer is what renders.
        renderer = self.instance(index) if request is None else request.accepted_renderer
        if self.custom[index]:
            data = msgspec.to_builtins(
                data, enc_hook=to_encodable, builtin_types=(bytes, bytearray), str_keys=True
            )
        body = _render(renderer, accepted, data, response, request, view)
        given, headers = head_of(response)
        content_type = _content_type(renderer) if given == JSON_TYPE else given
        return response.status_code, content_type if body else None, headers, body or None


def _render(
    renderer: BaseRenderer,
    accepted: str | None,
    data: Any,
    response: Response,
    request: Any,
    view: Any,
) -> bytes:
    context = {
        "view": view,
        "args": (),
        "kwargs": {} if request is None else request.path_values,
        "request": request,
        "response": response,
    }
    rendered = renderer.render(data, accepted or renderer.media_type, context)
    if isinstance(rendered, str) and renderer.charset is not None:
        return rendered.encode(renderer.charset)
    if isinstance(rendered, bytes | bytearray | memoryview):
        return bytes(rendered)
    hint = ", and has no charset" if isinstance(rendered, str) else ", not bytes or str"
    raise TypeError(f"{type(renderer).__name__}.render() returned {type(rendered).__name__}{hint}.")


def _content_type(renderer: BaseRenderer) -> str:
    media_type = str(renderer.media_type)
    return media_type if renderer.charset is None else f"{media_type}; charset={renderer.charset}"
