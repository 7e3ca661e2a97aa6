"""Types and JSON values drawn at random, for the laws that hold for every declared type."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from decimal import Decimal
from typing import Annotated, Any, Literal, Optional

import msgspec
from hypothesis import strategies as st


class Colour(enum.Enum):
    """A closed list of text."""

    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    """A closed list of numbers."""

    LOW = 1
    HIGH = 2


class Cat(msgspec.Struct, tag="cat"):
    """One of two tagged alternatives."""

    lives: int = 9


class Dog(msgspec.Struct, tag="dog"):
    """The other."""

    name: str


SCALARS: list[Any] = [
    int,
    float,
    str,
    bool,
    None,
    Decimal,
    uuid.UUID,
    dt.date,
    dt.datetime,
    dt.time,
    dt.timedelta,
    Colour,
    Level,
    Literal["a", 1],
    Annotated[int, msgspec.Meta(ge=0, lt=10)],
    Annotated[str, msgspec.Meta(min_length=1, max_length=3, pattern="^[a-z]")],
    Annotated[float, msgspec.Meta(gt=0.5)],
]


def _struct(fields: list[tuple[str, Any]]) -> Any:
    return msgspec.defstruct("Drawn", [(f"f_{i}", kind) for i, (_, kind) in enumerate(fields)])


def _renamed(fields: list[tuple[str, Any]]) -> Any:
    return msgspec.defstruct(
        "Renamed",
        _half_optional(fields),
        rename="camel",
        forbid_unknown_fields=True,
        kw_only=True,
    )


def _half_optional(fields: list[tuple[str, Any]]) -> list[Any]:
    return [
        (f"f_{index}", kind) if index % 2 == 0 else (f"f_{index}", Optional[kind], None)  # noqa: UP045
        for index, (_, kind) in enumerate(fields)
    ]


def _nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    fields = st.lists(st.tuples(st.just("f"), inner), min_size=1, max_size=3)
    return st.one_of(
        inner.map(lambda kind: list[kind]),  # type: ignore[valid-type]
        inner.map(lambda kind: dict[str, kind]),  # type: ignore[valid-type]
        inner.map(lambda kind: Optional[kind]),  # noqa: UP045 (the type is a value here)
        inner.map(lambda kind: tuple[kind, int]),  # type: ignore[valid-type]
        fields.map(_struct),
        fields.map(_renamed),
        st.just(Cat | Dog),
        st.just(Cat | Dog | None),
    )


#: Types that a body or a result can have.
types = st.recursive(st.sampled_from(SCALARS), _nested, max_leaves=5)

_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-20, 20),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=4),
    st.sampled_from(["a", "red", "2024-01-31", "2024-01-31T10:00:00Z", "10:00:00", "P1D", "1.5"]),
    st.uuids().map(str),
)
_KEYS = st.one_of(
    st.sampled_from(["f_0", "f_1", "f_2", "f0", "f1", "f2", "type", "lives", "name"]),
    st.text(max_size=2),
)
#: Decoded JSON that has nothing to do with a type, though it often resembles one.
json_values = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEYS, inner, max_size=4)),
    max_leaves=10,
)


def near(kind: Any, draw: Any) -> Any:
    """Return a value that mostly fits ``kind``: built from it, with a random part now and then."""
    return _near(msgspec.inspect.type_info(kind), draw)


def _near(info: Any, draw: Any) -> Any:
    if draw(st.integers(0, 9)) == 0:
        return draw(json_values)
    if hasattr(info, "fields"):
        pairs = {field.encode_name: _near(field.type, draw) for field in info.fields}
        return {**pairs, info.tag_field: info.tag} if info.tag_field else pairs
    if isinstance(info, msgspec.inspect.ListType):
        return [_near(info.item_type, draw) for _ in range(draw(st.integers(0, 2)))]
    if isinstance(info, msgspec.inspect.DictType):
        return {"k": _near(info.value_type, draw)}
    if isinstance(info, msgspec.inspect.TupleType):
        return [_near(item, draw) for item in info.item_types]
    if isinstance(info, msgspec.inspect.UnionType):
        return _near(draw(st.sampled_from(info.types)), draw)
    return draw(_LEAVES)
