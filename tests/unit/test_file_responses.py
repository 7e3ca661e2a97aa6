"""FileResponse and File: paths, names, media types, and what they refuse."""

from __future__ import annotations

from email.message import Message
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.base import File as DjangoFile
from django.core.files.storage import FileSystemStorage, Storage
from django.db.models import FileField
from django.db.models.fields.files import FieldFile
from hypothesis import given
from hypothesis import strategies as st

from django_bolt.file_responses import content_disposition, guess_media_type
from django_bolt.responses import File, FileResponse


def field_file(storage: Any, name: str | None) -> FieldFile:
    field = FileField(storage=storage)
    field.attname = field.name = "file"
    return FieldFile(SimpleNamespace(), field, name)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a/b.txt", "/a/b.txt"),
        (Path("/a/b.txt"), "/a/b.txt"),
        (field_file(FileSystemStorage("/a"), "b.txt"), "/a/b.txt"),
    ],
)
def test_paths(path: Any, expected: str) -> None:
    response = FileResponse(path)
    assert (response.path, response.filename) == (expected, "b.txt")
    assert response.content_type == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("path", "error", "message"),
    [
        (b"/a", TypeError, "takes a path"),
        (Path, TypeError, "takes a path"),
        (None, TypeError, "takes a path"),
        (3, TypeError, "takes a path"),
        (BytesIO(), TypeError, "takes a path"),
        (ContentFile(b"x"), TypeError, "has no path on this machine"),
        (DjangoFile(BytesIO()), TypeError, "has no path on this machine"),
        (field_file(Storage(), "b.txt"), TypeError, "has no path on this machine"),
        (field_file(FileSystemStorage("/a"), None), ValueError, "no file associated"),
    ],
)
def test_what_is_no_path(path: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        FileResponse(path)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"filename": b"x"}, TypeError, "filename must be a str"),
        ({"content_disposition_type": "download"}, ValueError, "'attachment' or 'inline'"),
        ({"etag": "x"}, TypeError, "etag must be True or False"),
        ({"status_code": 99}, ValueError, "status"),
        ({"headers": {"X": "a\r\nb"}}, ValueError, "newlines"),
    ],
)
def test_refusals(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    for response in (lambda: FileResponse("/a", **arguments), lambda: File(b"", **arguments)):
        with pytest.raises(error, match=message):
            response()


@pytest.mark.parametrize("content", ["text", bytearray(b"x"), None, "/a/path", BytesIO()])
def test_memory_is_bytes(content: Any) -> None:
    with pytest.raises(TypeError, match="File takes bytes"):
        File(content)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.txt", "text/plain; charset=utf-8"),
        ("a.html", "text/html; charset=utf-8"),
        ("a.json", "application/json"),
        ("a.png", "image/png"),
        ("a.txt.gz", "application/gzip"),
        ("a.tar.bz2", "application/x-bzip"),
        ("a.unheard-of", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_media_types(name: str, expected: str) -> None:
    assert guess_media_type(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.txt", 'attachment; filename="a.txt"'),
        ("a b.txt", 'attachment; filename="a b.txt"'),
        ('a"b.txt', 'attachment; filename="a\\"b.txt"'),
        ("a\\b.txt", 'attachment; filename="a\\\\b.txt"'),
        ("a\r\nX: y\x00\x7f", 'attachment; filename="a__X: y__"'),
        ("100%.txt", 'attachment; filename="100%.txt"'),
        ("þ.txt", "attachment; filename=\"_.txt\"; filename*=UTF-8''%C3%BE.txt"),
        ("é%41.txt", "attachment; filename=\"e_41.txt\"; filename*=UTF-8''%C3%A9%2541.txt"),
        ("日\n.txt", "attachment; filename=\"__.txt\"; filename*=UTF-8''%E6%97%A5_.txt"),
        ("\udcff.txt", "attachment; filename=\"_.txt\"; filename*=UTF-8''%3F.txt"),
    ],
)
def test_dispositions(name: str, expected: str) -> None:
    assert content_disposition("attachment", name) == expected


@given(st.text(min_size=1))
def test_every_name_makes_one_header(name: str) -> None:
    value = content_disposition("inline", name)
    assert value.isascii()
    assert value.isprintable()
    message = Message()
    message["Content-Disposition"] = value
    assert message.get_content_disposition() == "inline"


def test_the_length_is_the_files_own() -> None:
    headers = {"Content-Length": "3"}
    with pytest.raises(ValueError, match="Content-Length is the file's own"):
        File(b"abc", headers=headers)
    with pytest.raises(ValueError, match="Content-Length is the file's own"):
        FileResponse("a", headers=headers)
