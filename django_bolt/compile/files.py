"""Parameters that are uploaded files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args, get_origin

from msgspec import UNSET

from django_bolt.compile import plan, scalars
from django_bolt.params import File


class UnsupportedFileError(TypeError):
    """An annotation that no uploaded file can be; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileShape:
    """What an annotation of a file means."""

    #: Whether the content is meant, and not an object.
    is_bytes: bool
    #: ``list`` where several files are meant.
    collection: type | None
    nullable: bool


def is_upload(annotation: Any) -> bool:
    """Whether an annotation is ``UploadFile``, a list of them, or one of the two or ``None``."""
    try:
        shape = _read(annotation)
    except UnsupportedFileError:
        return False
    return not shape.is_bytes


def read(annotation: Any, marker: File) -> FileShape:
    """Return what the annotation of a file means. Raises :class:`UnsupportedFileError`."""
    shape = _read(annotation)
    counted = marker.min_length is not None or marker.max_length is not None
    if counted and shape.collection is None:
        raise UnsupportedFileError("`min_length` and `max_length` count the files of a list")
    return shape


def scalar(shape: FileShape, marker: File) -> plan.Scalar:
    """Return the plan's type of a file."""
    return plan.Scalar(
        type="file",
        bytes=shape.is_bytes,
        max_size=marker.max_size,
        content_types=list(marker.content_types),
    )


def constraints(marker: File) -> plan.Constraints:
    """Return how many files a list may have."""
    return plan.Constraints(min_length=marker.min_length, max_length=marker.max_length)


def _read(annotation: Any) -> FileShape:
    bare, _ = scalars.strip(annotation)
    bare, nullable = scalars.without_none(bare)
    bare, _ = scalars.strip(bare)
    collection = None
    if get_origin(bare) is list:
        collection = list
        bare, _ = scalars.strip(get_args(bare)[0])
    if bare is bytes:
        is_bytes = True
    elif bare is UNSET or not _is_upload_class(bare):
        raise UnsupportedFileError(
            "a file is `bytes`, `UploadFile`, or a list of one of them, `| None` where it may lack"
        )
    else:
        is_bytes = False
    return FileShape(is_bytes=is_bytes, collection=collection, nullable=nullable)


def _is_upload_class(annotation: Any) -> bool:
    # By name: its module needs the extension, which the plan alone does not.
    return isinstance(annotation, type) and any(
        f"{base.__module__}.{base.__qualname__}" == "django_bolt.uploads.UploadFile"
        for base in annotation.__mro__
    )
