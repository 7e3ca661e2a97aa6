"""Uploaded files, as handlers get them."""

from __future__ import annotations

import io
import os
from collections.abc import AsyncIterator
from email.message import Message
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, cast

from asgiref.sync import sync_to_async
from django.core.files.storage import Storage
from django.core.files.uploadedfile import UploadedFile

from django_bolt import _core

__all__ = ["DjangoUpload", "UploadFile"]

#: Bytes that one step of a copy moves.
_STEP = 1024 * 1024


class UploadFile:
    """One uploaded file; a handler gets it by annotating a parameter with this class.

    Small ones (``FILE_UPLOAD_MAX_MEMORY_SIZE`` for all of a request together) are in memory, larger
    ones in a temporary file, whose name is gone when the request ends; an object that is kept
    longer can still be read. ``read``, ``seek``, ``chunks``, ``save`` and ``close`` are for
    ``async def``; :attr:`file` is for ``def``, and :meth:`as_django` for models.
    """

    def __init__(self, upload: _core.Upload) -> None:
        """Wrap what Rust received; made by the server."""
        self._upload = upload
        self._closed = False
        self._position = 0

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.filename!r} ({self.content_type})>"

    @property
    def field_name(self) -> str:
        """Name of the form's field."""
        return self._upload.field_name

    @property
    def filename(self) -> str:
        """The base name of what its client calls it; nothing in it can lead out of a directory."""
        return self._upload.filename

    @property
    def content_type(self) -> str:
        """The media type that the client claims, without parameters; may be empty."""
        return (self._upload.content_type or "").partition(";")[0].strip()

    @property
    def charset(self) -> str | None:
        """The charset that the client claims."""
        return self.parameters.get("charset")

    @property
    def size(self) -> int:
        """In bytes."""
        return self._upload.size

    @property
    def closed(self) -> bool:
        """Whether it can no longer be read."""
        return self._closed

    @property
    def parameters(self) -> dict[str, str]:
        """Every parameter of the media type that the client claims."""
        message = Message()
        message["content-type"] = self._upload.content_type or "application/octet-stream"
        return dict(message.get_params(failobj=[])[1:])

    async def read(self, size: int = -1) -> bytes:
        """Return the next ``size`` bytes, all that are left where it is negative."""
        self._check_open()
        content = await self._read_at(self._position, size)
        self._position += len(content)
        return content

    async def seek(self, offset: int) -> int:
        """Go to a position, counted in bytes from the beginning; return it."""
        self._check_open()
        if offset < 0:
            raise ValueError(f"A position is not negative: {offset}.")
        self._position = offset
        return offset

    async def chunks(self, size: int = 65536) -> AsyncIterator[bytes]:
        """Yield the whole file in pieces of ``size`` bytes, from the beginning."""
        if size < 1:
            raise ValueError(f"A piece has at least one byte, not {size}.")
        position = 0
        while position < self.size:
            self._check_open()
            piece = await self._read_at(position, size)
            position += len(piece)
            yield piece

    async def save(self, target: Storage | str | os.PathLike[str]) -> str:
        """Write the whole file to a storage or a path; return the name that it has there.

        A storage chooses the name from :attr:`filename`. A path that is a directory gets a file of
        that name; an existing file is replaced.
        """
        self._check_open()
        if isinstance(target, Storage):
            return await sync_to_async(self._save_in_storage)(target)
        return await sync_to_async(self._save_at)(target)

    async def close(self) -> None:
        """Give the file up; reading it raises ``ValueError`` from then on."""
        self._closed = True

    @cached_property
    def file(self) -> BinaryIO:
        """The content as a binary file object with a position of its own, for ``def`` handlers."""
        return _opened(self._upload)

    def as_django(self) -> DjangoUpload:
        """Return a Django ``UploadedFile``, which a model's ``FileField`` or a form takes."""
        if self._upload.path is None:
            return DjangoUpload(self._upload, self)
        return DjangoTemporaryUpload(self._upload, self)

    @property
    def name(self) -> str:
        """The same as :attr:`filename`, as Django calls it."""
        return self.filename

    @property
    def _committed(self) -> bool:
        # What Django asks of a value of a FileField that it does not know.
        raise TypeError(
            "A model's FileField takes `upload.as_django()`, not the UploadFile itself."
        )

    def _check_open(self) -> None:
        if self._closed:
            raise ValueError("I/O operation on closed file.")

    async def _read_at(self, offset: int, size: int) -> bytes:
        size = self.size if size < 0 else size
        if self._upload.in_memory:
            return self._upload.read_at(offset, size)
        return await sync_to_async(self._upload.read_at)(offset, size)

    def _save_in_storage(self, storage: Storage) -> str:
        return storage.save(self.filename, self.as_django())

    def _save_at(self, path: str | os.PathLike[str]) -> str:
        target = Path(path)
        if target.is_dir():
            target /= self.filename
        with target.open("wb") as out:
            for position in range(0, self.size, _STEP):
                out.write(self._upload.read_at(position, _STEP))
        return str(target)


class _Content(io.RawIOBase):
    """An upload's bytes, with a position."""

    def __init__(self, upload: _core.Upload) -> None:
        self._upload = upload
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {
            io.SEEK_SET: 0,
            io.SEEK_CUR: self._position,
            io.SEEK_END: self._upload.size,
        }[whence]
        if start + offset < 0:
            raise ValueError(f"A position is not negative: {start + offset}.")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        content = self._upload.read_at(self._position, len(buffer))
        buffer[: len(content)] = content
        self._position += len(content)
        return len(content)


class DjangoUpload(UploadedFile):  # type: ignore[type-arg]
    """An uploaded file as Django knows it."""

    def __init__(self, content: _core.Upload, upload: UploadFile) -> None:
        """Wrap an upload; :meth:`UploadFile.as_django` does it."""
        super().__init__(
            file=_opened(content),
            name=upload.filename,
            content_type=upload.content_type,
            size=upload.size,
            charset=upload.charset,
            content_type_extra=upload.parameters,  # type: ignore[arg-type]
        )
        self.field_name = upload.field_name
        self._content = content

    def open(self, *_: Any, **__: Any) -> DjangoUpload:
        """Go back to the beginning, as Django's own uploads in memory do."""
        if self.closed:
            self.file = _opened(self._content)
        self.seek(0)
        return self


def _opened(content: _core.Upload) -> BinaryIO:
    return cast("BinaryIO", io.BufferedReader(_Content(content), buffer_size=65536))


class DjangoTemporaryUpload(DjangoUpload):
    """One that has a file: storages move it instead of copying it."""

    def temporary_file_path(self) -> str:
        """Return the file's path; ``FileNotFoundError`` when the request has ended."""
        path = self._content.path
        if path is None:
            raise FileNotFoundError("The upload's temporary file is gone with its request.")
        return os.fspath(path)
