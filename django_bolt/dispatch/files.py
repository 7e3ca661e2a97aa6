"""Files: what Rust is told of those that are sent, and the log of those that are not."""

from __future__ import annotations

import logging
import os
from typing import Any

from django.core.exceptions import SuspiciousFileOperation
from django.http import Http404

from django_bolt.dispatch.hooks import RenderedFile
from django_bolt.dispatch.replies import head_of
from django_bolt.file_responses import UNKNOWN_TYPE, BaseFile, content_disposition

logger = logging.getLogger("django.request")


def render_file(response: BaseFile) -> RenderedFile:
    """Return status, ``Content-Type``, further headers, path or bytes, and whether it is tagged."""
    content_type, headers = head_of(response)
    if response.filename and not response.has_header("Content-Disposition"):
        disposition = content_disposition(response.content_disposition_type, response.filename)
        headers.append(("Content-Disposition", disposition))
    content: Any = response.data
    return response.status_code, content_type or UNKNOWN_TYPE, headers, content, response.etag


def refuse_file(path: str, reason: str, errno: int | None) -> Exception:
    """Return the exception that stands for a file which is not sent.

    Its text names the path and is for the log alone: ``failures`` lets nothing of it leave.
    """
    if reason == "outside":
        return SuspiciousFileOperation(f"{path!r} is outside of BOLT['FILE_ROOTS'].")
    if reason == "unnameable":
        return SuspiciousFileOperation(f"{path!r} cannot be the name of a file.")
    if reason == "unreadable":
        return OSError(errno, os.strerror(errno) if errno else "It became shorter", path)
    missing = "there is no such file" if reason == "missing" else "it is not a regular file"
    logger.warning("Not sent: %r: %s.", path, missing, extra={"status_code": 404})
    return Http404(path)
