"""What Rust calls in Python while it serves, apart from the handlers themselves."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

#: Status, ``Content-Type``, further headers, body (``None`` is no body).
RenderedReply = tuple[int, str | None, list[tuple[str, str]], bytes | None]
#: Status, ``Content-Type``, further headers, a path or bytes, whether it gets an ``ETag`` of ours.
RenderedFile = tuple[int, str, list[tuple[str, str]], str | bytes, bool]
#: Status, JSON in the shape of Django REST framework, further headers.
RenderedFailure = tuple[int, bytes, list[tuple[str, str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """The Python side of the border, given to ``_core.App`` once."""

    #: Most threads that run blocking work at once, in one process.
    blocking_threads: int
    #: ``django_bolt.request.Request``: called without arguments, then filled by Rust.
    request_class: type
    #: ``django_bolt.responses.BaseResponse``: results that carry their own status and headers.
    response_class: type
    #: ``django_bolt.uploads.UploadFile``: called with what Rust holds of an uploaded file.
    upload_class: type
    #: ``django.http.response.HttpResponseBase``: the same, of Django's.
    django_response_class: type
    #: Classes of ``django_bolt.responses`` by their names: Rust reads the slots of the usual ones.
    plain_classes: dict[str, type]
    #: Turns such a result into data; the second argument converts what it carries.
    render: Callable[[Any, Callable[[Any], Any] | None], RenderedReply]
    #: ``django_bolt.file_responses.BaseFile``: files, which Rust opens itself.
    file_class: type
    #: Turns a file into data.
    render_file: Callable[[Any], RenderedFile]
    #: Gives the exception for a file that is not sent: its path, the reason, the error's number.
    refuse_file: Callable[[str, str, int | None], Exception]
    #: ``django_bolt.streaming.StreamingResponse``: results whose body is produced as it is sent.
    stream_class: type
    #: Tells what such a body is made of, see ``dispatch.streams``.
    stream_source: Callable[[Any], tuple[Any, ...]]
    #: Drives an async generator, see ``dispatch.streams``.
    pump: Callable[..., Coroutine[Any, Any, None]]
    #: Tells Django and the log of an exception that no reply can tell of any more.
    announce: Callable[[BaseException, Any | None], None]
    #: ``dispatch.concluding.Concluded``: a result with something to do after its reply.
    concluded_class: type
    #: Turns an exception of a handler into data, and tells Django and the log about it.
    translate: Callable[[BaseException, Any | None], RenderedFailure]
    #: Saves the session of a request that has one, before a reply of this status leaves; returns
    #: headers for it.
    seal: Callable[[Any, int], list[tuple[str, str]]]
    #: Run on the leased thread at the edges of a request; told whether it is a test's own thread,
    #: and whether the signals are wanted.
    thread_starts_request: Callable[[bool, bool], None]
    thread_ends_request: Callable[[bool, bool], None]
    #: Where the calling thread keeps its connections. As long as that is empty, and no cache is to
    #: be closed, there is nothing to do at the edges.
    thread_storage: Callable[[], dict[str, object] | None]
    caches_are_closed: bool
    #: Run on a pool thread before it ends.
    thread_ends: Callable[[], None]
    #: Whether requests that lease no thread must lease one for the sake of the signals' receivers.
    signals_are_wanted: Callable[[], bool]
    #: Told the reason, method, route and peer of a request whose credentials Rust refused.
    log_refusal: Callable[[str, str, str, str | None], None]
