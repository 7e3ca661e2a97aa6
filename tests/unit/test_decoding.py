from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from django_bolt.compile import schema
from django_bolt.compile.decoding import decoder


@dataclass
class Note:
    text: str
    stars: int = 3
    tags: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Frozen:
    note: Note | None = None


@dataclass(slots=True)
class Slotted:
    text: str = "x"


class Album(Struct):
    notes: list[Note] = []
    by_name: dict[str, Frozen] = {}


NOTE = {"text": "a", "stars": 3, "tags": []}


@pytest.mark.parametrize(
    ("kind", "body", "whole"),
    [
        (Note, b'{"text": "a"}', NOTE),
        (Frozen, b"{}", {"note": None}),
        (Frozen, b'{"note": {"text": "a"}}', {"note": NOTE}),
        (Slotted, b"{}", {"text": "x"}),
        (list[Note], b'[{"text": "a"}]', [NOTE]),
        (Note | None, b"null", None),
        (tuple[Note, int], b'[{"text": "a"}, 1]', (NOTE, 1)),
        (
            Album,
            b'{"notes": [{"text": "a"}], "by_name": {"b": {}}}',
            {"notes": [NOTE], "by_name": {"b": {"note": None}}},
        ),
        (int, b"1", 1),
    ],
)
def test_what_is_decoded_is_encoded_whole(kind: Any, body: bytes, whole: Any) -> None:
    value = decoder(kind, schema.type_info(kind))(body)
    assert msgspec.to_builtins(value) == whole
    assert value == msgspec.json.decode(body, type=kind)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="stars"):
        decoder(Note, schema.type_info(Note))(b'{"text": "a", "stars": "x"}')


def test_where_there_is_no_dataclass_msgspec_decodes_alone() -> None:
    decode = decoder(dict[str, int], schema.type_info(dict[str, int]))
    assert type(decode.__self__) is msgspec.json.Decoder  # type: ignore[attr-defined]
