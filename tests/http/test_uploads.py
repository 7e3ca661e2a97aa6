"""Uploaded files: as bytes, as objects, through the request; what they must be; where they go."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import httpx
import msgspec
import pytest
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import UploadedFile
from django.db import models
from django.http import RawPostDataException
from django.test import override_settings

from django_bolt import BoltAPI, Request
from django_bolt.params import Body, File, Form
from django_bolt.uploads import UploadFile
from tests.http.conftest import Serve

NOT_A_FILE = "The submitted data was not a file. Check the encoding type on the form."
LARGE = bytes(range(256)) * 4096 * 4  # 4 MiB
SMALL = b"\x89PNG\r\n\x1a\n"

api = BoltAPI()


def upload_directory() -> Path:
    from django.conf import settings

    return Path(settings.FILE_UPLOAD_TEMP_DIR)


def left() -> list[str]:
    """Return the temporary files that are there."""
    return sorted(path.name for path in upload_directory().glob("*.upload"))


async def as_bytes(upload: Annotated[bytes, File("upload")]) -> int:
    return len(upload)


for method in (api.post, api.put, api.patch):
    method("/bytes")(as_bytes)


@api.post("/limited")
async def limited(
    photo: Annotated[
        UploadFile, File("photo", max_size=10, content_types=["image/*", "application/pdf"])
    ],
    title: Annotated[str, Form(min_length=3)],
    page: int = 1,
) -> str:
    return photo.filename


@api.post("/object")
async def as_object(upload: UploadFile) -> dict[str, Any]:
    first = await upload.read(4)
    second = await upload.read(4)
    await upload.seek(2)
    third = await upload.read(2)
    pieces = [len(piece) async for piece in upload.chunks(size=1 << 20)]
    rest = await upload.read()
    reply = {
        "name": upload.filename,
        "type": upload.content_type,
        "charset": upload.charset,
        "size": upload.size,
        "field": upload.field_name,
        "start": (first + second).hex(),
        "third": third.hex(),
        "pieces": pieces,
        "rest": len(rest),
        "files": len(left()),
    }
    await upload.close()
    with pytest.raises(ValueError, match="closed"):
        await upload.read()
    return reply


@api.post("/sync")
def in_a_thread(upload: UploadFile) -> list[Any]:
    content = upload.file.read()
    upload.file.seek(-2, io.SEEK_END)
    return [len(content), upload.file.read().hex(), len(left())]


@api.post("/several", max_files=3)
async def several(
    photos: Annotated[list[UploadFile], File("photo", min_length=1, max_length=2)],
    notes: Annotated[list[bytes], File("note", default=[])],
    cover: UploadFile | None = None,
) -> list[Any]:
    return [
        [photo.filename for photo in photos],
        [note.decode() for note in notes],
        None if cover is None else cover.filename,
    ]


@api.post("/save")
async def save(upload: UploadFile, to: Annotated[str, Form()]) -> list[Any]:
    in_storage = await upload.save(FileSystemStorage(to))
    at_path = await upload.save(Path(to) / "copy")
    (Path(to) / "below").mkdir()
    in_directory = await upload.save(Path(to) / "below")
    assert Path(in_directory).parent.name == "below"
    return [in_storage, at_path, in_directory]


class Report(models.Model):  # noqa: DJ008 (it is never shown)
    photo = models.FileField()

    class Meta:
        app_label = "uploads_tests"


@api.post("/model")
def for_a_model(upload: UploadFile, to: Annotated[str, Form()]) -> list[Any]:
    report = Report(photo=upload.as_django())
    report.photo.storage = FileSystemStorage(to)
    field = report.photo.field
    field.storage = FileSystemStorage(to)
    stored = field.pre_save(report, add=True)
    with pytest.raises(TypeError, match="as_django"):
        field.pre_save(Report(photo=upload), add=True)
    return [stored.name, stored.size, hasattr(upload.as_django(), "temporary_file_path")]


class Sent(msgspec.Struct):
    title: str
    photo: UploadFile
    note: Annotated[bytes | None, File("memo")] = None


@api.post("/struct")
async def struct(sent: Annotated[Sent, Form()]) -> list[Any]:
    return [sent.title, sent.photo.filename, None if sent.note is None else sent.note.decode()]


@api.post("/data")
def through_the_request(request: Request) -> dict[str, Any]:
    files = {name: request.FILES.getlist(name) for name in request.FILES}
    assert all(isinstance(file, UploadedFile) for each in files.values() for file in each)
    with pytest.raises(RawPostDataException):
        _ = request.body
    return {
        "post": dict(request.POST.lists()),
        "files": {
            name: [[file.name, file.size, len(b"".join(file.chunks()))] for file in each]
            for name, each in files.items()
        },
        "data": sorted(request.data),
        "left": len(left()),
    }


@api.post("/images", content_types=["image/png"], max_body_size=2000)
async def images(request: Request) -> int:
    return len(request.FILES)


@api.post("/fails")
async def fails(upload: UploadFile) -> None:
    raise RuntimeError(f"with {len(left())} file")


kept: list[UploadFile] = []


@api.post("/keeps")
async def keeps(upload: UploadFile) -> int:
    kept.append(upload)
    return len(left())


@pytest.fixture(autouse=True, scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("uploads")
    with override_settings(FILE_UPLOAD_TEMP_DIR=str(path)):
        yield path


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    yield
    kept.clear()
    assert left() == []


def png(name: str = "a.png", content: bytes = SMALL) -> tuple[str, bytes, str]:
    return (name, content, "image/png")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize("size", [0, 1, 2_000_000])
def test_bytes(client: httpx.Client, method: str, size: int) -> None:
    reply = client.request(method, "/bytes", files={"upload": b"x" * size})
    assert (reply.status_code, reply.text) == (200, str(size))


def test_bytes_are_limited_by_what_may_be_in_memory(client: httpx.Client) -> None:
    reply = client.post("/bytes", files={"upload": LARGE})
    assert reply.status_code == 400
    assert reply.json() == {"upload": ["Ensure this file has no more than 2621440 bytes."]}


@pytest.mark.parametrize("content", [LARGE, LARGE[:100]])
def test_an_object(client: httpx.Client, content: bytes) -> None:
    sent = ("../../dir\\ä.txt", content, "text/plain; charset=latin-1")
    reply = client.post("/object", files={"upload": sent})
    assert reply.status_code == 200, reply.text
    large = content is LARGE
    assert reply.json() == {
        "name": "ä.txt",
        "type": "text/plain",
        "charset": "latin-1",
        "size": len(content),
        "field": "upload",
        "start": content[:8].hex(),
        "third": content[2:4].hex(),
        "pieces": [1 << 20] * 4 if large else [100],
        "rest": len(content) - 4,
        "files": int(large),
    }


@pytest.mark.parametrize("content", [LARGE, LARGE[:100]])
def test_in_a_thread(client: httpx.Client, content: bytes) -> None:
    reply = client.post("/sync", files={"upload": content})
    assert reply.json() == [len(content), content[-2:].hex(), int(content is LARGE)]


def test_several(client: httpx.Client) -> None:
    files = [("photo", png("1.png")), ("photo", png("2.png")), ("note", ("n", b"text"))]
    reply = client.post("/several", files=files)
    assert reply.json() == [["1.png", "2.png"], ["text"], None]
    reply = client.post("/several", files=[("photo", png()), ("cover", png("c.png"))])
    assert reply.json() == [["a.png"], [], "c.png"]


@pytest.mark.parametrize("content", [LARGE, b"small"])
def test_save(client: httpx.Client, content: bytes, tmp_path: Path) -> None:
    reply = client.post("/save", files={"upload": ("x.bin", content)}, data={"to": str(tmp_path)})
    assert reply.status_code == 200, reply.text
    name, *paths = reply.json()
    assert name == "x.bin"
    for path in (tmp_path / name, *paths):
        assert Path(path).read_bytes() == content


@pytest.mark.parametrize("content", [LARGE, b"small"])
def test_a_models_field(client: httpx.Client, content: bytes, tmp_path: Path) -> None:
    reply = client.post("/model", files={"upload": ("x.bin", content)}, data={"to": str(tmp_path)})
    assert reply.status_code == 200, reply.text
    # A storage moves what has a file of its own.
    assert reply.json() == ["x.bin", len(content), content is LARGE]
    assert (tmp_path / "x.bin").read_bytes() == content


def test_a_struct(client: httpx.Client) -> None:
    reply = client.post("/struct", files={"photo": png(), "memo": b"m"}, data={"title": "t"})
    assert reply.json() == ["t", "a.png", "m"]
    reply = client.post("/struct", files={"memo": b"m"})
    assert reply.json() == {
        "title": ["This field is required."],
        "photo": ["No file was submitted."],
    }


def test_through_the_request(client: httpx.Client) -> None:
    files = [("a", png()), ("a", ("large", LARGE)), ("b", ("b", b""))]
    reply = client.post("/data", files=files, data={"x": ["1", "2"], "y": "ä"})
    assert reply.status_code == 200, reply.text
    assert reply.json() == {
        "post": {"x": ["1", "2"], "y": ["ä"]},
        "files": {
            "a": [["a.png", 8, 8], ["large", len(LARGE), len(LARGE)]],
            "b": [["b", 0, 0]],
        },
        "data": ["a", "b", "x", "y"],
        "left": 1,
    }


def test_a_route_limits_what_comes_through_the_request(client: httpx.Client) -> None:
    assert client.post("/images", files={"a": png()}).text == "1"
    reply = client.post("/images", files={"a": ("a.txt", b"x", "text/plain")})
    assert (reply.status_code, reply.json()) == (400, {"a": ["The file's type must be image/png."]})
    reply = client.post("/images", files={"a": png(content=b"x" * 2000)})
    assert reply.status_code == 413


def test_every_fault_at_once(client: httpx.Client) -> None:
    sent = ("x.txt", b"x" * 11, "text/plain")
    reply = client.post("/limited?page=x", files={"photo": sent}, data={"title": "x"})
    assert reply.json() == {
        "page": ["A valid integer is required."],
        "photo": ["Ensure this file has no more than 10 bytes."],
        "title": ["Ensure this field has at least 3 characters."],
    }
    sent = ("x.txt", b"x", "text/plain")
    reply = client.post("/limited", files={"photo": sent}, data={"title": "xyz"})
    assert reply.json() == {"photo": ["The file's type must be image/* or application/pdf."]}


@pytest.mark.parametrize(
    ("options", "faults"),
    [
        ({"data": {"photo": "text", "title": "abc"}}, {"photo": [NOT_A_FILE]}),
        ({"files": {"photo": png(), "title": b"abc"}}, {"title": ["Not a valid string."]}),
        ({}, {"photo": ["No file was submitted."], "title": ["This field is required."]}),
    ],
)  # fmt: skip
def test_not_what_was_declared(
    client: httpx.Client, options: dict[str, Any], faults: dict[str, Any]
) -> None:
    reply = client.post("/limited", **options)
    assert (reply.status_code, reply.json()) == (400, faults)


def test_how_many(client: httpx.Client) -> None:
    reply = client.post("/several", files=[("photo", png())] * 3)
    assert reply.json() == {"photo": ["Ensure this field has no more than 2 elements."]}
    reply = client.post("/several", files=[("photo", png())] * 4)
    assert reply.json() == {"detail": "The form has more than 3 files."}
    assert reply.status_code == 400


def test_djangos_limits(serve: Serve) -> None:
    with override_settings(
        DATA_UPLOAD_MAX_NUMBER_FILES=1,
        DATA_UPLOAD_MAX_NUMBER_FIELDS=2,
        DATA_UPLOAD_MAX_MEMORY_SIZE=50,
        FILE_UPLOAD_MAX_MEMORY_SIZE=0,
    ):
        client = serve(api)
        reply = client.post("/data", files={"a": b"x" * 1000}, data={"a": "1", "b": "2"})
        assert (reply.status_code, reply.json()["left"]) == (200, 1)
        assert client.post("/data", files={"a": b"x", "b": b"y"}).status_code == 400
        many = {"a": "1", "b": "2", "c": "3"}
        assert client.post("/data", files={"a": b"x"}, data=many).status_code == 400
        assert client.post("/data", files={"a": b"x"}, data={"a": "x" * 50}).status_code == 413


def test_other_media_types(client: httpx.Client) -> None:
    assert client.post("/limited", json={"photo": "x"}).status_code == 415


def test_a_handler_that_fails(client: httpx.Client) -> None:
    assert client.post("/fails", files={"upload": LARGE}).status_code == 500
    assert left() == []


def test_a_file_that_is_kept_can_be_read_and_has_no_name(client: httpx.Client) -> None:
    reply = client.post("/keeps", files={"upload": LARGE})
    assert reply.text == "1"
    assert left() == []
    assert kept[0].file.read() == LARGE
    assert not hasattr(kept[0].as_django(), "temporary_file_path")


def refused(handler: Any, **options: Any) -> str:
    from django.core.exceptions import ImproperlyConfigured

    from django_bolt.compile import application

    routes = BoltAPI()
    routes.post("/x", **options)(handler)
    with pytest.raises(ImproperlyConfigured) as caught:
        application.build(routes.routes())
    return str(caught.value)


def test_what_is_refused_at_start() -> None:
    async def form_and_body(a: Annotated[str, Form()], b: Annotated[dict, Body()]) -> None: ...
    async def file_and_body(a: UploadFile, b: dict) -> None: ...
    async def no_file(a: Annotated[int, File()]) -> None: ...
    async def counted(a: Annotated[UploadFile, File(max_length=1)]) -> None: ...
    async def default(a: Annotated[UploadFile, File(default="x")]) -> None: ...
    async def twice(a: UploadFile, b: Annotated[str, Form("a")]) -> None: ...
    async def none(a: int) -> None: ...

    assert "one of the two" in refused(form_and_body)
    assert "one of the two" in refused(file_and_body)
    assert "UploadFile" in refused(no_file)
    assert "files of a list" in refused(counted)
    assert "default" in refused(default)
    assert "already" in refused(twice)
    assert "max_files is for uploads" in refused(none, max_files=1)
    assert "content_types is for uploads" in refused(none, content_types=["image/*"])


@pytest.mark.parametrize(
    "options",
    [{"max_files": -1}, {"content_types": "image/*"}, {"content_types": ["image"]}],
)
def test_options_that_cannot_be_meant(options: dict[str, Any]) -> None:
    from django.core.exceptions import ImproperlyConfigured

    with pytest.raises(ImproperlyConfigured, match=next(iter(options))):
        BoltAPI().post("/x", **options)
