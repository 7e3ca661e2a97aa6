"""Files as results: sent by Rust, with ranges, validators and ``Content-Disposition``."""

from __future__ import annotations

import mimetypes
import os
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from django.core.files.base import File as DjangoFile

from django_bolt.responses import BaseResponse

__all__ = ["BaseFile", "File", "FileResponse"]

Disposition = Literal["attachment", "inline"]

#: What ``mimetypes`` calls an encoding is here what is sent, as in Django's ``FileResponse``: the
#: file is not unpacked on the way.
_PACKED = {
    "br": "application/x-brotli",
    "bzip2": "application/x-bzip",
    "compress": "application/x-compress",
    "gzip": "application/gzip",
    "xz": "application/x-xz",
}
UNKNOWN_TYPE = "application/octet-stream"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
#: RFC 8187, section 3.2.1: what needs no percent sign, letters and digits apart.
_UNRESERVED = "!#$&+-.^_`|~"


class BaseFile(BaseResponse):
    """What :class:`File` and :class:`FileResponse` have in common.

    A ``GET`` that is answered with status 200 has ``Accept-Ranges``, is cut to the ranges that the
    client asks for (RFC 9110, section 14), and is checked against the client's preconditions.
    """

    __slots__ = ("content_disposition_type", "etag", "filename")

    def __init__(
        self,
        data: Any,
        filename: str | None,
        media_type: str | None,
        status_code: int,
        headers: Mapping[str, str] | None,
        content_disposition_type: Disposition,
        etag: bool,
    ) -> None:
        owner = type(self).__name__
        if filename is not None and not isinstance(filename, str):
            raise TypeError(f"{owner}: filename must be a str, not {type(filename).__name__}.")
        if content_disposition_type not in ("attachment", "inline"):
            raise ValueError(
                f"{owner}: content_disposition_type is 'attachment' or 'inline', not "
                f"{content_disposition_type!r}."
            )
        if not isinstance(etag, bool):
            raise TypeError(f"{owner}: etag must be True or False, not {etag!r}.")
        super().__init__(data, status_code, headers, media_type)
        if "Content-Length" in self.headers:
            raise ValueError(f"{owner}: Content-Length is the file's own; leave it out.")
        self.filename = filename
        self.content_disposition_type = content_disposition_type
        self.etag = etag
        if self.content_type is None:
            self.content_type = guess_media_type(filename or "")


class FileResponse(BaseFile):
    """A file on disk, which Rust opens and sends; Python does not read it.

    ``path`` is a ``str``, a ``pathlib.Path``, or the value of a ``FileField`` whose storage keeps
    files on disk. ``filename`` is what the client is to call it (by default its own name);
    ``media_type`` is guessed from that by :mod:`mimetypes`. ``etag=False`` leaves ``ETag`` out,
    for a file that differs from one server to the next.

    The file is opened when the handler has returned. One that does not exist, or is no regular
    file, is a 404; one outside of ``BOLT["FILE_ROOTS"]`` is a 400, and logged as Django's
    ``SuspiciousFileOperation``; one that cannot be read is a 500. Raises ``TypeError`` for a path
    of another kind, and ``ValueError`` for a field without a file.
    """

    __slots__ = ()

    def __init__(
        self,
        path: str | os.PathLike[str] | DjangoFile[Any],
        filename: str | None = None,
        media_type: str | None = None,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        content_disposition_type: Disposition = "attachment",
        etag: bool = True,
    ) -> None:
        local = _local_path(path)
        super().__init__(
            local,
            Path(local).name if filename is None else filename,
            media_type,
            status_code,
            headers,
            content_disposition_type,
            etag,
        )

    @property
    def path(self) -> str:
        """The file's path."""
        path: str = self.data
        return path


class File(BaseFile):
    """Bytes in memory, sent as a file.

    ``filename`` is what the client is to call it; without one there is no ``Content-Disposition``.
    ``media_type`` is guessed from it by :mod:`mimetypes`. Raises ``TypeError`` for what is not
    ``bytes``.
    """

    __slots__ = ()

    def __init__(
        self,
        content: bytes,
        filename: str | None = None,
        media_type: str | None = None,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        content_disposition_type: Disposition = "attachment",
        etag: bool = True,
    ) -> None:
        if not isinstance(content, bytes):
            raise TypeError(
                f"File takes bytes, not {type(content).__name__}; a path is for FileResponse."
            )
        super().__init__(
            content, filename, media_type, status_code, headers, content_disposition_type, etag
        )


def _local_path(path: object) -> str:
    if isinstance(path, DjangoFile):
        try:
            return os.fspath(path.path)  # type: ignore[attr-defined]
        except (AttributeError, NotImplementedError) as error:
            raise TypeError(
                f"FileResponse: {path!r} has no path on this machine. Send its bytes with File, "
                "or its chunks with StreamingResponse."
            ) from error
    if isinstance(path, str | os.PathLike):
        local = os.fspath(path)
        if isinstance(local, str):
            return local
    raise TypeError(f"FileResponse takes a path or a FileField's value, not {path!r}.")


def guess_media_type(filename: str) -> str:
    """Return the media type of a file's name; text is taken to be UTF-8."""
    guessed, encoding = mimetypes.guess_type(filename, strict=False)
    if encoding is not None:
        return _PACKED.get(encoding, UNKNOWN_TYPE)
    if guessed is None:
        return UNKNOWN_TYPE
    return f"{guessed}; charset=utf-8" if guessed.startswith("text/") else guessed


def content_disposition(kind: Disposition, filename: str) -> str:
    r"""Return ``Content-Disposition`` for a file's name (RFC 6266).

    A name that is not plain ASCII stands in ``filename*`` (RFC 8187), beside a fallback for clients
    that do not know it. Control characters, line breaks among them, become ``_``.

    >>> content_disposition("attachment", 'a "b".txt')
    'attachment; filename="a \\"b\\".txt"'
    """
    name = _CONTROL.sub("_", filename)
    if name.isascii():
        return f'{kind}; filename="{_quoted(name)}"'
    # A percent sign before digits would be decoded by some clients.
    fallback = _quoted(_ascii(name).replace("%", "_"))
    encoded = quote(name, safe=_UNRESERVED, errors="replace")
    return f"{kind}; filename=\"{fallback}\"; filename*=UTF-8''{encoded}"


def _ascii(name: str) -> str:
    """Return a name with accents dropped, and ``_`` for every other character."""
    plain = "".join(
        char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char)
    )
    return _CONTROL.sub("_", "".join(char if char.isascii() else "_" for char in plain))


def _quoted(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"')
