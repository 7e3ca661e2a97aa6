"""The extension module: bolt-core behind Python handlers."""

import asyncio
from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from contextvars import Context
from pathlib import Path
from types import FrameType, GenericAlias
from typing import Any, TextIO, final

from typing_extensions import disjoint_base

from django_bolt.dispatch.handler import Handler
from django_bolt.dispatch.hooks import Hooks

__all__ = [
    "App",
    "Handle",
    "Identity",
    "InProcess",
    "InProcessRequest",
    "KeySet",
    "PlanError",
    "Request",
    "RequestScope",
    "RevokedTokens",
    "Scheduler",
    "Server",
    "Shape",
    "StreamSink",
    "Task",
    "Upload",
    "check_jwt_key",
    "decode_jwt",
    "encode_jwt",
]

class PlanError(ValueError):
    """The plan cannot be served; the message names the JSON path."""

@final
class App:
    """An application: the plan compiled, with its handlers. Immutable."""

    def __new__(
        cls,
        plan: bytes,
        handlers: Sequence[Handler],
        secrets: Mapping[str, bytes],
        hooks: Hooks,
        *,
        key_sets: Mapping[str, KeySet] = ...,
        revoked: Mapping[str, RevokedTokens] = ...,
    ) -> App: ...

@final
class Identity:
    """A verified caller."""

    @property
    def authenticator(self) -> int:
        """Index of the authentication class in the plan."""
    @property
    def scheme(self) -> str:
        """``"jwt"`` or ``"api_key"``."""
    @property
    def user_id(self) -> str | None: ...
    @property
    def is_staff(self) -> bool | None: ...
    @property
    def is_superuser(self) -> bool | None: ...
    @property
    def permissions(self) -> frozenset[str] | None: ...
    @property
    def scopes(self) -> frozenset[str] | None: ...
    @property
    def claims(self) -> bytes | None:
        """A token's payload as it was signed, JSON."""

@final
class KeySet:
    """The keys of an issuer (RFC 7517), exchanged while tokens are verified with them."""

    def __new__(cls, algorithms: Sequence[str]) -> KeySet:
        """Return an empty set, which refuses every token; ``ValueError`` for the algorithms."""
    def replace(self, document: bytes, /) -> bool:
        """Take the keys of a JWK or a set of them; return whether they are others than before.

        ``ValueError`` where there is no key for the algorithms, or a private one; the set stays.
        """
    def wait(self, seconds: float, /) -> bool:
        """Wait until a token names a key that is not here, which returns true, or for a time."""
    def wake(self) -> None:
        """Have whoever waits return."""

@final
class RevokedTokens:
    """Ids of tokens that are refused, each until its token has expired anyway."""

    def __new__(cls) -> RevokedTokens: ...
    def add(self, token_id: str, expires_at: float, /) -> bool:
        """Add an id until a time in seconds since 1970; return whether it was not here before."""
    def contains_any(self, ids: Sequence[str], /) -> bool: ...
    def __len__(self) -> int: ...

@final
class Upload:
    """One uploaded file as Rust holds it; ``django_bolt.uploads.UploadFile`` builds on it."""

    @property
    def field_name(self) -> str: ...
    @property
    def filename(self) -> str:
        """Base name of what the client calls it."""
    @property
    def content_type(self) -> str | None: ...
    @property
    def size(self) -> int: ...
    @property
    def in_memory(self) -> bool: ...
    @property
    def path(self) -> Path | None:
        """Of the temporary file, as long as the request lasts."""
    def read_at(self, offset: int, size: int) -> bytes:
        """At most ``size`` bytes from ``offset``; fewer only at the end."""

@final
class Shape:
    """What a value looks like that a converter returns unchanged; see ``compile.shapes``."""

    @staticmethod
    def anything() -> Shape: ...
    @staticmethod
    def one_of(types: list[type]) -> Shape:
        """Instances of these types, and of no subclass of them."""
    @staticmethod
    def finite_float() -> Shape: ...
    @staticmethod
    def list_of(item: Shape) -> Shape: ...
    @staticmethod
    def dict_of(keys: list[type], item: Shape) -> Shape: ...
    @staticmethod
    def instance_of(class_: type, attributes: list[tuple[str, Shape]]) -> Shape: ...
    def fits(self, value: object) -> bool: ...

@disjoint_base
class Request:
    """One request as Rust holds it; ``django_bolt.request.Request`` builds on it."""

    def __new__(cls) -> Request: ...
    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str:
        """Percent-decoded, as Django's ``HttpRequest.path``."""
    @property
    def raw_path(self) -> str: ...
    @property
    def query_string(self) -> str: ...
    @property
    def http_version(self) -> str:
        """``"1.0"`` or ``"1.1"``."""
    @property
    def peer(self) -> tuple[str, int] | None: ...
    @property
    def route(self) -> str:
        """Path template of the matched route."""
    @property
    def route_name(self) -> str | None: ...
    @property
    def path_values(self) -> dict[str, Any]:
        """Values of the path template, converted where they are declared; a new dict."""
    @property
    def authentication(self) -> Any:
        """``dispatch.authentication.Authenticators`` of the route; ``None`` where it has none."""
    @property
    def renderers(self) -> Any:
        """The route's ``dispatch.rendering.Renderers``, where it declares renderers."""
    @property
    def parsers(self) -> Any:
        """The route's ``parsers.Parsers``, where it declares parsers."""
    @property
    def chosen_renderer(self) -> tuple[int, str | None] | None:
        """The index of one of them, and its media type where the client adds parameters."""
    @property
    def verified_identity(self) -> Identity | None:
        """Whom an authentication class of Rust verified."""
    @property
    def raw_body(self) -> bytes:
        """The body's bytes; empty where there is none or the route reads none."""
    def form_items(self) -> list[tuple[str, bytes | Upload]] | None:
        """Names and values of a multipart form; ``None`` where the body was none."""
    def fail(self, reason: str) -> None:
        """Have the request end as a 500 that is logged, whatever its handler returns."""
    def check_preconditions(self, etag: str | None, last_modified: int | None) -> int | None:
        """Return 304 or 412 where the request's preconditions ask for it.

        ``etag`` is an entity tag with its quotes, ``last_modified`` in seconds since 1970; what a
        GET or HEAD was told is sent with its reply. Raises ``ValueError`` for another tag.
        """
    def seal_later(self) -> None:
        """Have the reply pass through ``Hooks.seal``."""
    def header(self, name: str, /) -> str | None:
        """First value of a header, any case."""
    def header_items(self) -> list[tuple[str, str]]:
        """Every header in lower case, repeated names included."""

@disjoint_base
class Scheduler:
    """The ready queue and the timers of ``django_bolt.server.event_loop.EventLoop``.

    See :class:`asyncio.AbstractEventLoop` for each method.
    """

    def __new__(cls) -> Scheduler: ...
    def call_soon(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Handle: ...
    def call_soon_threadsafe(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Handle: ...
    def call_later(
        self,
        delay: float | None,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> Handle: ...
    def call_at(
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> Handle: ...
    def time(self) -> float: ...
    def stop(self) -> None: ...

@final
class Handle:
    """A callback in the ready queue or among the timers."""

    def cancel(self) -> None: ...
    def cancelled(self) -> bool: ...
    def when(self) -> float: ...

@final
class Task:
    """The task of one handler: what ``asyncio.current_task()`` returns inside it.

    See :class:`asyncio.Task`, whose interface this is.
    """

    def cancel(self, msg: object = None) -> bool: ...
    def cancelling(self) -> int: ...
    def uncancel(self) -> int: ...
    def cancelled(self) -> bool: ...
    def done(self) -> bool: ...
    def result(self) -> Any: ...
    def exception(self) -> BaseException | None: ...
    def add_done_callback(
        self, callback: Callable[[Task], object], /, *, context: Context | None = None
    ) -> None: ...
    def remove_done_callback(self, callback: Callable[[Task], object]) -> int: ...
    def get_coro(self) -> Coroutine[Any, Any, Any]: ...
    def get_context(self) -> Context: ...
    def get_loop(self) -> asyncio.AbstractEventLoop: ...
    def get_name(self) -> str: ...
    def set_name(self, name: object) -> None: ...
    def get_stack(self, *, limit: int | None = None) -> list[FrameType]: ...
    def print_stack(self, *, limit: int | None = None, file: TextIO | None = None) -> None: ...
    def set_result(self, _result: object) -> None:
        """Refused, as for every task."""
    def set_exception(self, _exception: object) -> None:
        """Refused, as for every task."""
    def __await__(self) -> Generator[Any, None, Any]: ...
    def __iter__(self) -> Generator[Any, None, Any]: ...
    @classmethod
    def __class_getitem__(cls, _item: object) -> GenericAlias: ...

@final
class RequestScope:
    """One request's lease of a thread, as asgiref finds it in the context."""

    def run(self, function: Callable[[], None]) -> None:
        """Have the leased thread call ``function()``, after what it was given before."""

@final
class Server:
    """One listening socket served by one event loop."""

    def __new__(
        cls,
        app: App,
        loop: asyncio.AbstractEventLoop,
        listener: int,
        *,
        keep_alive: float,
        request_timeout: float,
        shutdown_timeout: float,
    ) -> Server:
        """``listener`` is a file descriptor that the server takes over; times in seconds."""
    def serve(self) -> asyncio.Future[None]:
        """Start serving; the future is done when a shutdown is complete."""
    def shutdown(self) -> None:
        """Stop accepting, finish what is in flight. From any thread."""

@final
class InProcess:
    """The application without a socket: requests run on a loop that another thread drives."""

    def __new__(cls, app: App, loop: asyncio.AbstractEventLoop) -> InProcess: ...
    def send(
        self,
        method: str,
        target: str,
        headers: Sequence[tuple[bytes, bytes]],
        body: bytes,
        *,
        run_blocking: Callable[[Callable[[], None]], None],
        on_reply: Callable[[int, list[tuple[bytes, bytes]], bytes | None], None],
        on_chunk: Callable[[bytes], None],
        on_end: Callable[[str | None], None],
        on_error: Callable[[BaseException], None],
    ) -> InProcessRequest:
        """Start a request; from any thread.

        ``run_blocking`` receives each piece of blocking work and has the caller's thread execute
        it; ``on_error`` is told of every exception that became a 500 or cut a stream. A reply
        whose body is ``None`` is followed by one ``on_chunk`` for each ``pull``, and by one
        ``on_end``, with what went wrong if the body is not whole. All are called on the loop's
        thread.
        """

@final
class StreamSink:
    """Where a streamed reply's bytes are left for the connection."""

    @property
    def is_wanted(self) -> bool:
        """Whether anybody takes what is produced."""

    def put(self, chunk: bytes) -> asyncio.Future[None] | None:
        """Leave a chunk; returns what to wait for before the next, or ``None``.

        Raises ``asyncio.CancelledError`` where nobody takes it.
        """

@final
class InProcessRequest:
    """A request that was sent in process, in the hands of its sender."""

    def cancel(self) -> None:
        """Leave, as a client does that closes its connection."""
    def pull(self) -> None:
        """Ask for the next chunk of a body that is not there as a whole."""

def encode_jwt(claims: bytes, algorithm: str, key: bytes) -> str:
    """Sign a JSON object of claims; ``ValueError`` for an unknown algorithm or an empty key."""

def decode_jwt(
    token: str,
    keys: Sequence[bytes],
    algorithms: Sequence[str],
    *,
    audiences: Sequence[str] = ...,
    issuer: str | None = None,
    leeway: int = 0,
    token_type: str | None = None,
) -> bytes:
    """Return the payload of a valid token; ``ValueError`` says why it is not, and its ``reason``
    is the word that stands in log lines."""

def check_jwt_key(key: bytes, algorithms: Sequence[str], /) -> None:
    """Raise ``ValueError`` where tokens of these algorithms cannot be verified with the key.

    The message begins with the name of the argument that is wrong.
    """
