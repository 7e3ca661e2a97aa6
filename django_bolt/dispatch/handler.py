"""What crosses to Rust beside a route's plan: everything that cannot be data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from django_bolt._core import Shape
from django_bolt.dispatch.authentication import Authenticators
from django_bolt.dispatch.permissions import Permissions
from django_bolt.dispatch.rendering import Renderers
from django_bolt.parsers import Parsers


class Required:
    """Marks a parameter without a default."""


REQUIRED = Required()


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """One route's Python side. Rust reads these attributes once, when ``_core.App`` is built."""

    #: Called with the arguments in the plan's order; for a controller, the instance comes first.
    function: Callable[..., Any]
    #: The controller's class, of which every request gets a new instance.
    controller: type | None
    #: Constant attributes that each new instance gets (``action``, ...).
    attributes: dict[str, Any]
    #: One for each declared parameter: its default, or ``REQUIRED``.
    defaults: tuple[Any, ...]
    #: One for each declared parameter: the members of a closed list, or ``None``.
    choices: tuple[tuple[Any, ...] | None, ...]
    #: One for each declared parameter: ``list``, ``set``, ... for repeated values, or ``None``.
    collections: tuple[type | None, ...]
    #: One for each group of the plan: the class that is made of its parameters.
    groups: tuple[Any, ...]
    #: Decodes the body from ``bytes``; raises ``msgspec.DecodeError`` and its subclasses.
    decode: Callable[[bytes], Any] | None
    #: The body's default where it is optional.
    body_default: Any
    #: Gathers every fault of a refused body: see ``django_bolt.dispatch.faults``.
    faults: Callable[[bytes | None, bytes], bytes] | None
    #: Turns a result into the declared type, or raises; ``None`` where nothing is declared.
    #: Not applied to the decoded body itself where ``returns_body`` is set.
    convert: Callable[[Any], Any] | None
    #: Results that look like this are what ``convert`` would make of them.
    shape: Shape | None
    #: The same as ``convert`` for the data of ``Response`` and ``JSON``, where the declared type is
    #: all that a successful reply may hold.
    convert_response: Callable[[Any], Any] | None
    #: Whether the declared type is the body's: the body itself, returned, was checked already.
    returns_body: bool
    #: Encodes a converted result as JSON.
    encode: Callable[[Any], bytes]
    #: Whether a result of ``None`` is an empty 204 reply (declared ``-> None``).
    none_is_empty: bool
    #: Whether a result may be a ``dispatch.concluding.Concluded``.
    concludes: bool
    #: Whether the handler is a generator whose reply waits for its first item, so that what it
    #: raises before is answered as every handler's exception is.
    begins_stream: bool
    #: The permission tree's Python side; there where Python takes part in the decision.
    permissions: Permissions | None
    #: The route's authentication classes, where it has any; ``request.authentication``.
    authenticators: Authenticators | None
    #: Runs before the body is read where ``permissions`` is set, or a class of ``authenticators``
    #: runs in Python; see ``dispatch.admission``.
    admit: Callable[..., Awaitable[None]] | None
    #: What results may be rendered as, where it is declared.
    renderers: Renderers | None
    #: What the body may be written in, where it is declared.
    parsers: Parsers | None
    #: Of a declared body, in the order of its media types: what stands for ``decode`` and
    #: ``faults``, and whether the body is text. Empty where these two stand for themselves.
    decoders: tuple[tuple[Callable[[bytes], Any], Callable[..., bytes], bool], ...]
