"""The setting ``BOLT``: the one place where the framework reads Django's settings.

``BOLT`` is a dict in the project's settings; every key is optional. See :class:`BoltSettings`.
"""

from __future__ import annotations

import difflib
import math
import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, cast

import msgspec
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.encoding import force_bytes
from django.utils.module_loading import import_string


class SettingsError(ImproperlyConfigured):
    """The setting ``BOLT`` holds something unknown or impossible."""


def _default_threads() -> int:
    return min(32, (os.cpu_count() or 1) + 4)


class BoltSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings that hold for the whole application; field ``x_y`` is ``BOLT["X_Y"]``."""

    #: Classes, instances or dotted paths; for routes that name no authentication of their own.
    default_authentication_classes: tuple[Any, ...] = ()
    #: Classes, instances, expressions or dotted paths; for routes that name no permissions.
    default_permission_classes: tuple[Any, ...] = ()
    #: Classes, instances or dotted paths; for routes that name no renderers of their own. Without
    #: any, these answer with JSON whatever the client accepts.
    default_renderer_classes: tuple[Any, ...] = ()
    #: Classes, instances or dotted paths; for routes that name no parsers of their own. Without
    #: any, a declared body is JSON, and ``request.data`` JSON or a form.
    default_parser_classes: tuple[Any, ...] = ()
    #: The query parameter that overrides ``Accept``; ``None`` is none.
    url_format_override: str | None = "format"
    #: Shape of error replies for a client without a preference: Django REST framework's, or
    #: ``application/problem+json`` (RFC 9457).
    error_format: Literal["drf", "problem"] = "drf"
    #: Whether error replies carry ``code`` beside ``detail``.
    error_codes: bool = False
    #: Most threads that run ``def`` handlers and the ORM's blocking calls, for each process.
    blocking_threads: int = msgspec.field(default_factory=_default_threads)
    #: Seconds that an idle connection stays open. Longer than the 60 seconds of common load
    #: balancers: the side that closes first must be the one that opens the next connection.
    keep_alive: float = 75.0
    #: Seconds in which a client has to send the head of a request.
    request_timeout: float = 30.0
    #: Seconds that requests in flight get to finish when the server is told to stop.
    shutdown_timeout: float = 30.0
    #: Whether replies to GET get an ``ETag`` of their bytes, where neither route nor class says.
    etags: bool = False
    #: Whether request bodies with ``Content-Encoding: gzip``, ``deflate`` or ``br`` are inflated.
    #: The limits of bodies hold for what comes out. Otherwise they are refused (415).
    decompress_requests: bool = False
    #: Directories that ``FileResponse`` may send files from; ``None`` is any.
    file_roots: tuple[str, ...] | None = None


class DjangoSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Django's own settings that the framework follows."""

    debug: bool
    secret_key: bytes
    #: Former keys, which are good for what they signed.
    secret_key_fallbacks: tuple[bytes, ...]
    root_urlconf: str
    #: Largest request body in bytes; ``None`` is no limit. ``DATA_UPLOAD_MAX_MEMORY_SIZE``.
    max_body_size: int | None
    #: Most fields of one form; ``None`` is no limit. ``DATA_UPLOAD_MAX_NUMBER_FIELDS``.
    max_form_fields: int | None
    #: Most files of one form; ``None`` is no limit. ``DATA_UPLOAD_MAX_NUMBER_FILES``.
    max_form_files: int | None
    #: Most bytes of one request's files that stay in memory. ``FILE_UPLOAD_MAX_MEMORY_SIZE``.
    max_file_memory: int
    #: Where larger files go; ``None`` is the system's place. ``FILE_UPLOAD_TEMP_DIR``.
    upload_directory: str | None
    session_cookie_name: str
    #: Whether a session is saved though it was not changed.
    session_save_every_request: bool
    #: Of the header with the token against forgery, as CGI spells it: ``HTTP_X_CSRFTOKEN``.
    csrf_header_name: str
    csrf_use_sessions: bool


_KEYS = {name.upper(): name for name in BoltSettings.__struct_fields__}
_CLASS_LISTS = (
    "DEFAULT_AUTHENTICATION_CLASSES",
    "DEFAULT_PERMISSION_CLASSES",
    "DEFAULT_RENDERER_CLASSES",
    "DEFAULT_PARSER_CLASSES",
)


def bolt_settings() -> BoltSettings:
    """Return ``settings.BOLT``, checked; read once and again whenever a test overrides it.

    Raises :class:`~django_bolt.exceptions.SettingsError` for an unknown key, a value of another
    type or a dotted path that cannot be imported.
    """
    return _read()


def django_settings() -> DjangoSettings:
    """Return what the framework follows among Django's own settings, as they are now."""
    return DjangoSettings(
        debug=bool(settings.DEBUG),
        secret_key=force_bytes(settings.SECRET_KEY),
        secret_key_fallbacks=tuple(map(force_bytes, settings.SECRET_KEY_FALLBACKS)),
        root_urlconf=str(settings.ROOT_URLCONF),
        max_body_size=settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
        max_form_fields=settings.DATA_UPLOAD_MAX_NUMBER_FIELDS,
        max_form_files=settings.DATA_UPLOAD_MAX_NUMBER_FILES,
        max_file_memory=settings.FILE_UPLOAD_MAX_MEMORY_SIZE,
        upload_directory=(
            None
            if settings.FILE_UPLOAD_TEMP_DIR is None
            else os.fspath(settings.FILE_UPLOAD_TEMP_DIR)
        ),
        session_cookie_name=str(settings.SESSION_COOKIE_NAME),
        session_save_every_request=bool(settings.SESSION_SAVE_EVERY_REQUEST),
        csrf_header_name=str(settings.CSRF_HEADER_NAME),
        csrf_use_sessions=bool(settings.CSRF_USE_SESSIONS),
    )


@lru_cache(maxsize=1)
def _read() -> BoltSettings:
    given = getattr(settings, "BOLT", {})
    if not isinstance(given, Mapping):
        raise SettingsError(f"BOLT must be a dict, not {type(given).__name__}.")
    values: dict[str, Any] = {}
    for key, value in given.items():
        if key not in _KEYS:
            raise SettingsError(f"BOLT has no key {key!r}.{_suggestion(key)}")
        values[_KEYS[key]] = _read_value(key, value)
    try:
        read = msgspec.convert(values, BoltSettings)
    except msgspec.ValidationError as error:
        raise SettingsError(f"BOLT: {_by_key(str(error))}") from error
    if read.url_format_override == "":
        raise SettingsError("BOLT['URL_FORMAT_OVERRIDE'] must be a name, or None.")
    if read.blocking_threads < 1:
        raise SettingsError("BOLT['BLOCKING_THREADS'] must be at least 1.")
    for name in ("keep_alive", "request_timeout", "shutdown_timeout"):
        seconds = getattr(read, name)
        if not math.isfinite(seconds) or seconds <= 0:
            raise SettingsError(f"BOLT[{name.upper()!r}] must be a number of seconds above 0.")
    return read


def _read_value(key: str, value: object) -> Any:
    if key in _CLASS_LISTS:
        return _classes(key, value)
    return _directories(value) if key == "FILE_ROOTS" else value


def _directories(value: object) -> tuple[str, ...] | None:
    """Return ``FILE_ROOTS`` as texts; they exist or not, see ``checks``."""
    if value is None:
        return None
    if isinstance(value, str | bytes) or not isinstance(value, Sequence) or not value:
        raise SettingsError("BOLT['FILE_ROOTS'] must be a list of directories, at least one.")
    roots = []
    for root in cast("Sequence[object]", value):
        if not isinstance(root, str | os.PathLike) or not Path(root).is_absolute():
            raise SettingsError(f"BOLT['FILE_ROOTS'] holds {root!r}, which is no absolute path.")
        roots.append(os.fsdecode(root))
    return tuple(roots)


def _by_key(message: str) -> str:
    """Return msgspec's message with the setting's key in the place of the field's path."""
    head, found, path = message.partition("`$.")
    return f"{head}`{path.upper()}" if found else message


def _suggestion(key: object) -> str:
    near = difflib.get_close_matches(str(key).upper(), _KEYS, n=1)
    return f" Did you mean {near[0]!r}?" if near else f" It knows {', '.join(_KEYS)}."


def _classes(key: str, value: object) -> tuple[Any, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise SettingsError(f"BOLT[{key!r}] must be a list of classes or dotted paths.")
    return tuple(
        _imported(key, item) if isinstance(item, str) else item
        for item in cast("Sequence[object]", value)
    )


def _imported(key: str, path: str) -> Any:
    try:
        return import_string(path)
    except ImportError as error:
        raise SettingsError(f"BOLT[{key!r}]: cannot import {path!r}: {error}") from error


def _forget(*, setting: str, **_: object) -> None:
    if setting == "BOLT":
        _read.cache_clear()


setting_changed.connect(_forget, dispatch_uid="django_bolt.settings")
