"""Exceptions of a handler become error replies; Django and the log are told of what is serious."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.core import exceptions as django_exceptions
from django.core.signals import got_request_exception
from django.db import IntegrityError
from django.http import Http404, HttpRequest
from django.utils.translation import gettext

from django_bolt import exceptions
from django_bolt.auth.session import seal
from django_bolt.dispatch.encoding import encode
from django_bolt.dispatch.hooks import RenderedFailure
from django_bolt.dispatch.integrity import as_validation_error
from django_bolt.settings import bolt_settings, django_settings

logger = logging.getLogger("django.request")

_ROOT = "non_field_errors"


class ServerFault:
    """Names the sender of ``got_request_exception``."""


def translate(error: BaseException, request: Any | None) -> RenderedFailure:
    """Return the reply that an exception becomes.

    ``request`` is ``None`` where there was none yet. What is nobody's fault but the server's is
    logged to ``django.request`` and announced by ``got_request_exception``; its text leaves only
    under ``DEBUG``.
    """
    known = as_api_exception(error)
    if known is None:
        announce(error, request)
        return _render_unknown(error)
    if known.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        announce(error, request, known.status_code)
    status, headers = _head(known, request)
    if request is not None:
        headers += seal(request, status)
    return status, encode(body_of(known)), headers


def _head(error: exceptions.APIException, request: Any | None) -> tuple[int, list[tuple[str, str]]]:
    """Return status and headers; a 401 of a class in Python has the challenge that it says."""
    status, headers = error.status_code, _headers(error)
    if request is not None and request.authentication is not None:
        challenge = request.authentication.challenge(request, error)
        if challenge is not None:
            status = challenge[0]
            if challenge[1] is not None:
                headers["WWW-Authenticate"] = challenge[1]
    return status, list(headers.items())


def as_api_exception(error: BaseException) -> exceptions.APIException | None:
    """Return the API exception that another exception stands for, or ``None`` for a fault."""
    if isinstance(error, exceptions.APIException):
        return error
    for kind, convert in _CONVERSIONS:
        if isinstance(error, kind):
            converted: exceptions.APIException | None = convert(error)
            return converted
    return None


def body_of(error: exceptions.APIException) -> Any:
    """Return the JSON of an exception: ``{"detail": ...}``, or the dict or list that it carries.

    With ``BOLT["ERROR_CODES"]``, ``code`` stands beside ``detail``.
    """
    detail = error.detail
    if isinstance(detail, dict):
        return detail
    if isinstance(detail, list):
        is_items = any(isinstance(item, dict) for item in detail)
        is_whole = isinstance(error, exceptions.ValidationError) and not is_items
        return {_ROOT: detail} if is_whole else detail
    if bolt_settings().error_codes:
        return {"detail": detail, "code": detail.code}
    return {"detail": detail}


def announce(
    error: BaseException,
    request: Any | None,
    status: int = HTTPStatus.INTERNAL_SERVER_ERROR,
) -> None:
    """Tell ``got_request_exception`` and the log of a fault of the server."""
    trace = error.__traceback__
    # Receivers ask ``sys.exc_info()``, and so it must be the exception that is being handled.
    try:
        raise error  # noqa: TRY301
    except BaseException:  # noqa: BLE001 (whoever called has caught it already)
        error.__traceback__ = trace
        got_request_exception.send(sender=ServerFault, request=request)
    path = "" if request is None else request.path
    logger.error(
        "%s: %s",
        _phrase(status),
        path,
        exc_info=(type(error), error, error.__traceback__),
        extra={"status_code": int(status), "request": _for_reports(request)},
    )


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Server error"


def _for_reports(request: Any | None) -> HttpRequest | None:
    """Return the request as Django's own class, from which its mail handler reads."""
    return None if request is None else request._request  # noqa: SLF001 (REST framework's name)


def _headers(error: exceptions.APIException) -> dict[str, str]:
    headers = dict(error.headers)
    challenge = getattr(error, "auth_header", None)
    if challenge:
        headers.setdefault("WWW-Authenticate", challenge)
    return headers


def _render_unknown(error: BaseException) -> RenderedFailure:
    body: dict[str, Any] = {"detail": gettext("Internal server error.")}
    if bolt_settings().error_codes:
        body["code"] = "error"
    if django_settings().debug:
        body["exception"] = "".join(traceback.format_exception_only(error)).strip()
        body["traceback"] = "".join(traceback.format_exception(error)).splitlines()
    return HTTPStatus.INTERNAL_SERVER_ERROR, encode(body), []


def _not_found(_error: BaseException) -> exceptions.APIException:
    # The text of ``Http404`` and ``DoesNotExist`` names models and paths: it stays here.
    return exceptions.NotFound()


def _permission_denied(error: BaseException) -> exceptions.APIException:
    text = str(error)
    return exceptions.PermissionDenied(text or None)


def _django_validation(error: Any) -> exceptions.APIException:
    if hasattr(error, "error_dict"):
        detail = {
            (_ROOT if field == django_exceptions.NON_FIELD_ERRORS else field): _texts(items)
            for field, items in error.error_dict.items()
        }
        return exceptions.ValidationError(detail)
    return exceptions.ValidationError({_ROOT: _texts(error.error_list)})


def _texts(errors: Any) -> list[exceptions.ErrorDetail]:
    """Return messages with their parameters filled in and their own codes."""
    return [
        exceptions.ErrorDetail(text, item.code or "invalid")
        for item in errors
        for text in item.messages
    ]


def _suspicious(error: BaseException) -> exceptions.APIException:
    # As Django's own handler: one logger for each kind, and nothing of the text to the client.
    logging.getLogger(f"django.security.{type(error).__name__}").error(
        str(error), exc_info=(type(error), error, error.__traceback__), extra={"status_code": 400}
    )
    return _bad_request(error)


def _bad_request(_error: BaseException) -> exceptions.APIException:
    return exceptions.HTTPException(HTTPStatus.BAD_REQUEST, gettext("Bad request."))


def _too_large(_error: BaseException) -> exceptions.APIException:
    return exceptions.HTTPException(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        gettext("The request body is too large."),
        code="request_entity_too_large",
    )


#: In this order: ``RequestDataTooBig`` is a ``SuspiciousOperation``.
_CONVERSIONS: tuple[tuple[type[BaseException], Callable[[Any], Any]], ...] = (
    (Http404, _not_found),
    (django_exceptions.ObjectDoesNotExist, _not_found),
    (django_exceptions.PermissionDenied, _permission_denied),
    (django_exceptions.ValidationError, _django_validation),
    (IntegrityError, as_validation_error),
    (django_exceptions.RequestDataTooBig, _too_large),
    (django_exceptions.SuspiciousOperation, _suspicious),
    (django_exceptions.BadRequest, _bad_request),
)
