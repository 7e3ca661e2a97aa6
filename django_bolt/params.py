"""Markers that say where a handler's parameter comes from.

They stand in ``Annotated``: ``key: Annotated[str, Header("x-api-key")]``. The first argument is
the name on the wire. A default belongs to the signature (``= "..."``) or to the marker
(``default=``), not to both. A marker as a parameter's default value (``q: str = Query("x")``) is
refused when the route is compiled: elsewhere that string is the default, here it would be the
alias, and one of the two readers would be wrong.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, Literal

from django.core.exceptions import ImproperlyConfigured
from msgspec import UNSET

Source = Literal["path", "query", "header", "cookie", "form", "file", "body"]

_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]+/([\w!#$&^.+-]+|\*)", re.ASCII)
#: RFC 9110's ``token``: what a header's or a cookie's name is made of.
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True, slots=True)
class Marker:
    """What every marker has; not used by itself.

    ``description`` and ``example`` are for the schema. Raises ``ImproperlyConfigured`` where the
    arguments contradict each other.
    """

    source: ClassVar[Source]


@dataclass(frozen=True, slots=True)
class ScalarMarker(Marker):
    """A marker of a parameter outside the body.

    ``alias`` is the name on the wire (the parameter's own name where none is given). ``ge gt le
    lt`` bound a number; ``min_length`` and ``max_length`` count a text's characters or a list's
    items; ``pattern`` is a regular expression that must be found in the text.
    """

    alias: str | None = None
    _: KW_ONLY
    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    description: str | None = None
    example: Any = UNSET

    def __post_init__(self) -> None:
        self._check_alias()
        self._check_bounds()
        self._check_lengths()
        self._check_pattern()

    def _refuse(self, message: str) -> ImproperlyConfigured:
        return ImproperlyConfigured(f"{type(self).__name__}(): {message}")

    def _check_alias(self) -> None:
        if self.alias is None:
            return
        alias: object = self.alias
        if not isinstance(alias, str) or not alias:
            raise self._refuse(
                f"the first argument is the name on the wire, not {self.alias!r}; "
                "a default is written default=... or in the signature."
            )
        if self.source in {"header", "cookie"} and not TOKEN.fullmatch(self.alias):
            raise self._refuse(f"{self.alias!r} cannot be the name of a {self.source}.")

    def _check_bounds(self) -> None:
        for name in ("ge", "gt", "le", "lt"):
            bound = getattr(self, name)
            if bound is None:
                continue
            if isinstance(bound, bool) or not isinstance(bound, int | float):
                raise self._refuse(f"{name} must be a number, not {bound!r}.")
            if not math.isfinite(bound):
                raise self._refuse(f"{name} must be finite, not {bound!r}.")
        if self.ge is not None and self.gt is not None:
            raise self._refuse("ge and gt exclude each other.")
        if self.le is not None and self.lt is not None:
            raise self._refuse("le and lt exclude each other.")
        low = self.ge if self.gt is None else self.gt
        high = self.le if self.lt is None else self.lt
        if low is not None and high is not None:
            strict = self.gt is not None or self.lt is not None
            if low > high or (strict and low == high):
                raise self._refuse("no number is within these bounds.")

    def _check_lengths(self) -> None:
        for name in ("min_length", "max_length"):
            length = getattr(self, name)
            if length is None:
                continue
            if isinstance(length, bool) or not isinstance(length, int) or length < 0:
                raise self._refuse(f"{name} must be a whole number from 0, not {length!r}.")
        if (
            self.min_length is not None
            and self.max_length is not None
            and self.min_length > self.max_length
        ):
            raise self._refuse("min_length is greater than max_length.")

    def _check_pattern(self) -> None:
        if self.pattern is None:
            return
        if not isinstance(self.pattern, str):
            raise self._refuse(f"pattern must be a str, not {self.pattern!r}.")
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise self._refuse(f"pattern {self.pattern!r}: {error}.") from error


@dataclass(frozen=True, slots=True)
class Path(ScalarMarker):
    """A value of the path template; ``alias`` is its name there. It has no default."""

    source = "path"


@dataclass(frozen=True, slots=True)
class Query(ScalarMarker):
    """A value of the query string."""

    source = "query"
    _: KW_ONLY
    default: Any = UNSET


@dataclass(frozen=True, slots=True)
class Header(ScalarMarker):
    """A request header, any case.

    Without an alias, the parameter's underscores stand for hyphens (``user_agent``).
    """

    source = "header"
    _: KW_ONLY
    default: Any = UNSET


@dataclass(frozen=True, slots=True)
class Cookie(ScalarMarker):
    """A cookie."""

    source = "cookie"
    _: KW_ONLY
    default: Any = UNSET


@dataclass(frozen=True, slots=True)
class Form(ScalarMarker):
    """A field of a form, ``application/x-www-form-urlencoded`` or ``multipart/form-data``."""

    source = "form"
    _: KW_ONLY
    default: Any = UNSET


@dataclass(frozen=True, slots=True)
class File(Marker):
    """An uploaded file, as ``bytes`` or as ``UploadFile``, or a list of them.

    ``alias`` is the field's name. ``max_size`` is in bytes; ``content_types`` lists what a file may
    claim to be, such as ``image/*``; ``min_length`` and ``max_length`` count the files of a list.
    """

    source = "file"
    alias: str | None = None
    _: KW_ONLY
    max_size: int | None = None
    content_types: tuple[str, ...] | list[str] = ()
    min_length: int | None = None
    max_length: int | None = None
    default: Any = UNSET
    description: str | None = None
    example: Any = UNSET

    def __post_init__(self) -> None:
        alias: object = self.alias
        if alias is not None and (not isinstance(alias, str) or not alias):
            raise ImproperlyConfigured(
                f"File(): the first argument is the field's name, not {self.alias!r}."
            )
        for name in ("max_size", "min_length", "max_length"):
            number = getattr(self, name)
            if number is not None and (
                isinstance(number, bool) or not isinstance(number, int) or number < 0
            ):
                raise ImproperlyConfigured(
                    f"File(): {name} must be a whole number from 0, not {number!r}."
                )
        if None not in (self.min_length, self.max_length) and self.min_length > self.max_length:  # type: ignore[operator]
            raise ImproperlyConfigured("File(): min_length is greater than max_length.")
        object.__setattr__(self, "content_types", check_media_types(self.content_types, "File()"))


def check_media_types(given: object, owner: str) -> tuple[str, ...]:
    """Return media types as a tuple; refuse what is not a list of ``type/subtype``."""
    if not isinstance(given, list | tuple) or not all(
        isinstance(item, str) and _MEDIA_TYPE.fullmatch(item) for item in given
    ):
        raise ImproperlyConfigured(
            f'{owner}: content_types must be a list such as ["image/*"], not {given!r}.'
        )
    return tuple(given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Body(Marker):
    """The whole body, where the type alone would be read as something else.

    What the body must satisfy is said by its type (``msgspec.Meta`` within ``Annotated``).
    """

    source = "body"
    default: Any = UNSET
    description: str | None = None
    example: Any = UNSET


@dataclass(frozen=True, slots=True)
class Depends:
    """What a parameter is injected from: ``user: Annotated[User, Depends(current_user)]``.

    ``dependency`` is a function, ``def`` or ``async def``, a generator of either kind whose code
    after ``yield`` cleans up, a class, or any object that can be called. Its own parameters are
    read as a handler's are. Within a request it is called once, unless ``use_cache`` is off.
    Raises ``ImproperlyConfigured`` for what cannot be called.
    """

    dependency: Callable[..., Any]
    _: KW_ONLY
    use_cache: bool = True

    def __post_init__(self) -> None:
        if not callable(self.dependency):
            raise ImproperlyConfigured(
                f"Depends() takes what is called for the value, not {self.dependency!r}."
            )
        if not isinstance(self.use_cache, bool):
            raise ImproperlyConfigured(
                f"Depends(): use_cache must be a bool, not {self.use_cache!r}."
            )


def check_dependencies(dependencies: object, owner: str) -> tuple[Depends, ...]:
    """Return a list of dependencies as a tuple; ``owner`` is for messages.

    Raises ``ImproperlyConfigured`` for what is no list of :class:`Depends`.
    """
    if not isinstance(dependencies, list | tuple) or not all(
        isinstance(item, Depends) for item in dependencies
    ):
        raise ImproperlyConfigured(
            f"{owner}: dependencies must be a list of Depends(...), not {dependencies!r}."
        )
    return tuple(dependencies)
