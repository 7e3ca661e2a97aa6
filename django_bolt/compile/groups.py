"""Structs and dataclasses whose fields are parameters of one source."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Union, cast, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, UNSET, UnsetType

from django_bolt.compile import files
from django_bolt.compile.signature import Input, split_markers
from django_bolt.dispatch.handler import REQUIRED
from django_bolt.exceptions import SignatureError
from django_bolt.params import File, Marker, Path, ScalarMarker

#: Of these a client sends only what is meant for the server: nobody else adds to them.
_CLOSABLE = ("query", "form")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a group, as the parameter that it becomes."""

    given: Input
    #: Whether the class has a default, which holds where nothing was sent.
    omittable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A class that is made of parameters."""

    cls: Any
    #: Whether names that nothing declares are faults.
    closed: bool
    #: Whether it may refuse values that are right one by one.
    refuses: bool
    fields: tuple[Field, ...]


def is_group(given: Input) -> bool:
    """Whether a parameter gathers its fields from the source that its marker names."""
    if not isinstance(given.marker, ScalarMarker) or isinstance(given.marker, Path):
        return False
    cls = get_origin(given.annotation) or given.annotation
    return isinstance(cls, type) and (
        issubclass(cls, msgspec.Struct) or dataclasses.is_dataclass(cls)
    )


def read(given: Input, place: str) -> Group:
    """Read the fields of a group.

    Raises :class:`~django_bolt.exceptions.SignatureError` for what no request could fill.
    """
    marker = cast("ScalarMarker", given.marker)
    if given.default is not REQUIRED or marker != type(marker)():
        raise SignatureError(
            f"{place} gathers the fields of {given.annotation!r}: names, defaults and constraints "
            f"belong to these fields, and the marker is written {type(marker).__name__}()."
        )
    cls = get_origin(given.annotation) or given.annotation
    is_struct = issubclass(cls, msgspec.Struct)
    closed = is_struct and cls.__struct_config__.forbid_unknown_fields
    if closed and marker.source not in _CLOSABLE:
        raise SignatureError(
            f"{place}: forbid_unknown_fields of {cls.__qualname__} cannot hold for a "
            f"{marker.source}, of which every client sends more than is declared."
        )
    if is_struct and cls.__struct_config__.tag is not None:
        raise SignatureError(
            f"{place}: {cls.__qualname__} has a tag, which tells apart bodies and not parameters."
        )
    fields = _struct_fields(given.annotation) if is_struct else _dataclass_fields(cls)
    found = tuple(_field(one, marker, place) for one in fields)
    if not found:
        raise SignatureError(f"{place}: {cls.__qualname__} has no fields to gather.")
    return Group(cls=cls, closed=closed, refuses=hasattr(cls, "__post_init__"), fields=found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Declared:
    name: str
    #: Name on the wire, where the class gives the field another.
    alias: str | None
    annotation: Any
    #: ``REQUIRED`` where there is none; ``None`` for one that is made anew each time.
    default: Any


def _struct_fields(annotation: Any) -> Iterator[_Declared]:
    for field in msgspec.structs.fields(annotation):
        default = REQUIRED if field.default is NODEFAULT else field.default
        if field.default_factory is not NODEFAULT:
            default = None
        alias = field.encode_name if field.encode_name != field.name else None
        yield _Declared(name=field.name, alias=alias, annotation=field.type, default=default)


def _dataclass_fields(cls: Any) -> Iterator[_Declared]:
    hints = typing.get_type_hints(cls, include_extras=True)
    for field in dataclasses.fields(cls):
        if not field.init:
            continue
        default = REQUIRED if field.default is dataclasses.MISSING else field.default
        if field.default_factory is not dataclasses.MISSING:
            default = None
        yield _Declared(name=field.name, alias=None, annotation=hints[field.name], default=default)


def _field(declared: _Declared, marker: ScalarMarker, place: str) -> Field:
    annotation, may_be_unset = _without_unset(declared.annotation)
    if may_be_unset and declared.default is not UNSET:
        raise SignatureError(
            f"{place}: its field `{declared.name}` may be UNSET, which needs the default UNSET."
        )
    default = None if declared.default is UNSET else declared.default
    field_marker: Marker = type(marker)(declared.alias)
    annotation, markers = split_markers(annotation)
    if marker.source == "form" and markers and isinstance(markers[0], File):
        field_marker = dataclasses.replace(markers[0], alias=markers[0].alias or declared.alias)
    elif marker.source == "form" and not markers and files.is_upload(annotation):
        field_marker = File(declared.alias)
    elif markers:
        annotation = declared.annotation
    return Field(
        given=Input(
            name=declared.name,
            annotation=annotation,
            marker=field_marker,
            default=default,
            keyword_only=True,
            is_request=False,
        ),
        omittable=declared.default is not REQUIRED,
    )


def _without_unset(annotation: Any) -> tuple[Any, bool]:
    """Return an annotation without ``UnsetType``, and whether it was there."""
    origin = get_origin(annotation)
    if origin is not Union and origin is not types.UnionType:
        return annotation, False
    members = tuple(member for member in get_args(annotation) if member is not UnsetType)
    if len(members) == len(get_args(annotation)):
        return annotation, False
    return Union[members], True  # noqa: UP007 (the members are known only here)
