"""Exceptions: what a handler raises to answer with an error, and what is wrong at start.

The family of :class:`APIException` has Django REST framework's names, attributes and defaults.
:class:`HTTPException` is the same for the function style, where a status is more at hand than
a class.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured
from django.utils.encoding import force_str
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, ngettext

from django_bolt.settings import SettingsError

__all__ = [
    "APIException",
    "AuthenticationFailed",
    "ConfigurationError",
    "ErrorDetail",
    "HTTPException",
    "MethodNotAllowed",
    "NotAcceptable",
    "NotAuthenticated",
    "NotFound",
    "ParseError",
    "PermissionDenied",
    "PreconditionFailed",
    "PreconditionRequired",
    "ResultError",
    "SettingsError",
    "SignatureError",
    "Throttled",
    "UnsupportedMediaType",
    "ValidationError",
]

#: A text or a lazily translated one.
Text = str | Promise
#: What ``detail`` may be: a text, or texts nested in dicts and lists.
Detail = Any


class ConfigurationError(ImproperlyConfigured):
    """The application cannot be served as it is declared. Raised when the server starts."""


class SignatureError(ConfigurationError):
    """A handler's signature cannot be bound to a request; the message names the handler."""


class ResultError(TypeError):
    """A handler's result does not have the declared return type: the server's own fault, a 500.

    ``path`` names the field, as in ``$.items[2].name``; ``$`` is the result itself.
    """

    def __init__(self, message: str, path: str = "") -> None:
        self.message = message
        self.path = f"${path}"
        super().__init__(message)

    def __str__(self) -> str:
        return f"{self.message} (at {self.path} of the handler's result)"

    def within(self, step: str) -> ResultError:
        """Return the same fault seen from one level above, ``step`` being ``.name`` or ``[2]``."""
        return ResultError(self.message, step + self.path[1:])


class ErrorDetail(str):
    """A text for people with a ``code`` for programs."""

    __slots__ = ("code",)

    code: str | None

    def __new__(cls, text: str, code: str | None = None) -> ErrorDetail:
        self = super().__new__(cls, text)
        self.code = code
        return self

    def __eq__(self, other: object) -> bool:
        if isinstance(other, ErrorDetail) and other.code != self.code:
            return False
        return str.__eq__(self, other) if isinstance(other, str) else NotImplemented

    def __ne__(self, other: object) -> bool:
        return not self == other  # ``str`` has its own, which knows no codes

    def __hash__(self) -> int:
        return str.__hash__(self)

    def __repr__(self) -> str:
        return f"ErrorDetail(string={str(self)!r}, code={self.code!r})"


def _with_codes(detail: Detail, code: str) -> Detail:
    """Return ``detail`` with every text in it as an :class:`ErrorDetail`."""
    if isinstance(detail, Mapping):
        return {key: _with_codes(value, code) for key, value in detail.items()}
    if isinstance(detail, Sequence) and not isinstance(detail, str):
        return [_with_codes(value, code) for value in detail]
    return ErrorDetail(force_str(detail), getattr(detail, "code", None) or code)


def _map_details(detail: Detail, change: Any) -> Any:
    if isinstance(detail, dict):
        return {key: _map_details(value, change) for key, value in detail.items()}
    if isinstance(detail, list):
        return [_map_details(value, change) for value in detail]
    return change(detail)


class APIException(Exception):  # noqa: N818 (Django REST framework's name)
    """Ends a request with an error reply.

    ``detail`` is a text, or a dict or list of texts; ``code`` is a word for programs. Subclasses
    set ``status_code``, ``default_detail`` and ``default_code``.
    """

    status_code: int = HTTPStatus.INTERNAL_SERVER_ERROR
    default_detail: ClassVar[Text] = gettext_lazy("A server error occurred.")
    default_code: ClassVar[str] = "error"
    #: Further headers of the reply.
    headers: Mapping[str, str]

    def __init__(self, detail: Detail = None, code: str | None = None) -> None:
        self.detail = _with_codes(
            self.default_detail if detail is None else detail, code or self.default_code
        )
        self.headers = {}
        super().__init__(self.detail)

    def __str__(self) -> str:
        return str(self.detail)

    def get_codes(self) -> Any:
        """Return ``detail`` with the codes in place of the texts."""
        return _map_details(self.detail, lambda item: item.code)

    def get_full_details(self) -> Any:
        """Return ``detail`` with ``{"message": ..., "code": ...}`` in place of the texts."""
        return _map_details(self.detail, lambda item: {"message": item, "code": item.code})


class ValidationError(APIException):
    """400: the input breaks its declaration.

    ``detail`` is a dict of field names to messages, a list of messages, or one message, which
    becomes a list of one.
    """

    status_code = HTTPStatus.BAD_REQUEST
    default_detail = gettext_lazy("Invalid input.")
    default_code = "invalid"

    def __init__(self, detail: Detail = None, code: str | None = None) -> None:
        if detail is None:
            detail = self.default_detail
        if not isinstance(detail, Mapping | list | tuple):
            detail = [detail]
        super().__init__(detail, code)


class ParseError(APIException):
    """400: the body cannot be read."""

    status_code = HTTPStatus.BAD_REQUEST
    default_detail = gettext_lazy("Malformed request.")
    default_code = "parse_error"


class AuthenticationFailed(APIException):
    """401: the credentials are wrong."""

    status_code = HTTPStatus.UNAUTHORIZED
    default_detail = gettext_lazy("Incorrect authentication credentials.")
    default_code = "authentication_failed"


class NotAuthenticated(APIException):
    """401: credentials are needed and there are none."""

    status_code = HTTPStatus.UNAUTHORIZED
    default_detail = gettext_lazy("Authentication credentials were not provided.")
    default_code = "not_authenticated"


class PermissionDenied(APIException):
    """403: the caller may not do this."""

    status_code = HTTPStatus.FORBIDDEN
    default_detail = gettext_lazy("You do not have permission to perform this action.")
    default_code = "permission_denied"


class NotFound(APIException):
    """404: there is no such thing."""

    status_code = HTTPStatus.NOT_FOUND
    default_detail = gettext_lazy("Not found.")
    default_code = "not_found"


class MethodNotAllowed(APIException):
    """405: the path does not know the method ``method``."""

    status_code = HTTPStatus.METHOD_NOT_ALLOWED
    default_detail = gettext_lazy('Method "{method}" not allowed.')
    default_code = "method_not_allowed"

    def __init__(self, method: str, detail: Detail = None, code: str | None = None) -> None:
        if detail is None:
            detail = force_str(self.default_detail).format(method=method)
        super().__init__(detail, code)


class NotAcceptable(APIException):
    """406: no representation that the client accepts."""

    status_code = HTTPStatus.NOT_ACCEPTABLE
    default_detail = gettext_lazy("Could not satisfy the request Accept header.")
    default_code = "not_acceptable"


class PreconditionFailed(APIException):
    """412: what the client saw is not what there is (RFC 9110, section 15.5.13)."""

    status_code = HTTPStatus.PRECONDITION_FAILED
    default_detail = gettext_lazy("A precondition of the request does not hold.")
    default_code = "precondition_failed"


class PreconditionRequired(APIException):
    """428: a change must say what it is based on, as in ``If-Match`` (RFC 6585, section 3)."""

    status_code = HTTPStatus.PRECONDITION_REQUIRED
    default_detail = gettext_lazy("This request must be conditional; send If-Match.")
    default_code = "precondition_required"


class UnsupportedMediaType(APIException):
    """415: no parser for the body's media type ``media_type``."""

    status_code = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    default_detail = gettext_lazy('Unsupported media type "{media_type}" in request.')
    default_code = "unsupported_media_type"

    def __init__(self, media_type: str, detail: Detail = None, code: str | None = None) -> None:
        if detail is None:
            detail = force_str(self.default_detail).format(media_type=media_type)
        super().__init__(detail, code)


class Throttled(APIException):
    """429: too many requests. ``wait`` is the number of seconds after which to try again."""

    status_code = HTTPStatus.TOO_MANY_REQUESTS
    default_detail = gettext_lazy("Request was throttled.")
    default_code = "throttled"

    def __init__(
        self, wait: float | None = None, detail: Detail = None, code: str | None = None
    ) -> None:
        if detail is None:
            detail = self.default_detail
        self.wait = None if wait is None else math.ceil(wait)
        if self.wait is not None:
            again = ngettext(
                "Expected available in {wait} second.",
                "Expected available in {wait} seconds.",
                self.wait,
            ).format(wait=self.wait)
            detail = f"{force_str(detail)} {again}"
        super().__init__(detail, code)
        if self.wait is not None:
            self.headers = {"Retry-After": str(self.wait)}


class HTTPException(APIException):
    """An error reply by its status: ``raise HTTPException(404, "No such flight.")``.

    ``status_code`` is from 400 to 599; ``detail`` is the status's own phrase where none is given.
    Raises ``ValueError`` for another status.
    """

    def __init__(
        self,
        status_code: int,
        detail: Detail = None,
        headers: Mapping[str, str] | None = None,
        code: str | None = None,
    ) -> None:
        if not 400 <= status_code <= 599:
            raise ValueError(
                f"HTTPException answers with an error: {status_code} is not from 400 to 599."
            )
        self.status_code = status_code
        name, phrase = _words(status_code)
        super().__init__(f"{phrase}." if detail is None else detail, code or name)
        self.headers = dict(headers or {})


def _words(status_code: int) -> tuple[str, str]:
    """Return a status's code word and phrase."""
    try:
        status = HTTPStatus(status_code)
    except ValueError:
        return "error", "Error"
    return status.name.lower(), status.phrase
