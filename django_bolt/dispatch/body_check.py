"""Compares decoded JSON with a declared type and names everything that does not fit.

The outcome has Django REST framework's shapes: a list of messages for a value; a dict of fields
for an object; for a list, a list of such dicts (``{}`` for a good item) where the items are
objects, a dict of indexes otherwise. ``None`` is no fault.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Annotated, Any, TypeAlias, TypeGuard

import msgspec
from msgspec import inspect

from django_bolt.dispatch import messages

Fault: TypeAlias = "list[str] | list[dict[str, Any]] | dict[str, Any]"

_ROOT = "non_field_errors"
_Object: TypeAlias = inspect.StructType | inspect.DataclassType | inspect.TypedDictType
_List: TypeAlias = (
    inspect.ListType
    | inspect.SetType
    | inspect.FrozenSetType
    | inspect.VarTupleType
    | inspect.CollectionType
)


def check(info: inspect.Type, value: Any) -> Fault | None:
    """Return the faults of a decoded value, or ``None``."""
    if isinstance(info, inspect.Metadata):
        return check(info.type, value)
    if isinstance(info, inspect.AnyType | inspect.RawType):
        return None
    if isinstance(info, inspect.UnionType):
        return _check_union(info, value)
    if value is None and not isinstance(info, inspect.NoneType | inspect.LiteralType):
        return [messages.NULL]
    if is_object(info):
        return _check_object(info, value)
    if isinstance(info, _List):
        return _check_list(info, value)
    if isinstance(info, inspect.DictType):
        return _check_dict(info, value)
    simple = _SIMPLE.get(type(info))
    return simple(info, value) if simple else None


def is_object(info: inspect.Type) -> TypeGuard[_Object]:
    """Whether a type is an object with named fields on the wire."""
    if isinstance(info, inspect.StructType):
        return not info.array_like
    return isinstance(info, inspect.DataclassType | inspect.TypedDictType)


def _check_object(info: _Object, value: Any) -> Fault | None:
    if not isinstance(value, dict):
        return {_ROOT: [messages.not_an_object(value)]}
    faults: dict[str, Any] = {}
    for field in info.fields:
        name = field.encode_name
        found = check(field.type, value[name]) if name in value else _absent(field)
        if found is not None:
            faults[name] = found
    if isinstance(info, inspect.StructType):
        faults.update(_check_names(info, value))
    if not faults:
        return _check_whole(info, value)
    return faults


def _absent(field: inspect.Field) -> Fault | None:
    return [messages.REQUIRED] if field.required else None


def _check_names(info: inspect.StructType, value: dict[str, Any]) -> dict[str, Any]:
    """Return the faults of the tag, and of fields that are not known where that is forbidden."""
    faults: dict[str, Any] = {}
    known = {field.encode_name for field in info.fields}
    if info.tag_field is not None:
        known.add(info.tag_field)
        tag = value.get(info.tag_field, info.tag)
        if type(tag) is not type(info.tag) or tag != info.tag:
            faults[info.tag_field] = [messages.not_a_choice(tag)]
    if info.forbid_unknown_fields:
        faults.update({name: [messages.UNKNOWN_FIELD] for name in value if name not in known})
    return faults


def _check_whole(info: _Object, value: dict[str, Any]) -> Fault | None:
    """Run an object's own ``__post_init__``, which may refuse fields that are right alone."""
    if not hasattr(info.cls, "__post_init__"):
        return None
    try:
        msgspec.convert(value, info.cls, str_keys=True)
    except msgspec.ValidationError as error:
        return {_ROOT: [str(error)]}
    return None


def _check_list(info: _List, value: Any) -> Fault | None:
    if not isinstance(value, list):
        return [messages.not_a_list(value)]
    length = _check_size(info, len(value))
    if length is not None:
        return length
    found = [check(info.item_type, item) for item in value]
    if not any(item is not None for item in found):
        return None
    if _all_objects(found):
        return [item or {} for item in found]
    return {str(index): item for index, item in enumerate(found) if item is not None}


def _all_objects(found: Sequence[Fault | None]) -> TypeGuard[Sequence[dict[str, Any] | None]]:
    return all(item is None or (isinstance(item, dict) and not _indexed(item)) for item in found)


def _indexed(fault: dict[str, Any]) -> bool:
    """Whether a dict of faults belongs to a list inside a list."""
    return all(key.isdecimal() for key in fault)


def _check_size(info: _List | inspect.DictType, size: int) -> list[str] | None:
    if info.min_length is not None and size < info.min_length:
        return [messages.at_least_items(info.min_length)]
    if info.max_length is not None and size > info.max_length:
        return [messages.at_most_items(info.max_length)]
    return None


def _check_dict(info: inspect.DictType, value: Any) -> Fault | None:
    if not isinstance(value, dict):
        return [messages.not_a_dict(value)]
    size = _check_size(info, len(value))
    if size is not None:
        return size
    faults: dict[str, Any] = {}
    for key, item in value.items():
        found = _check_key(info.key_type, key)
        if found is None:
            found = check(info.value_type, item)
        if found is not None:
            faults[key] = found
    return faults or None


def _check_key(info: inspect.Type, key: str) -> Fault | None:
    """Check an object's key, which is text also where the declared type is a number."""
    found = check(info, key)
    if found is None:
        return None
    for number in (int, float):
        try:
            if check(info, number(key)) is None:
                return None
        except ValueError:
            continue
    return found


def _check_union(info: inspect.UnionType, value: Any) -> Fault | None:
    if value is None and not any(isinstance(member, inspect.NoneType) for member in info.types):
        return [messages.NULL]
    members = [member for member in info.types if not isinstance(member, inspect.NoneType)]
    if value is None:
        return None
    structs = [member for member in members if isinstance(member, inspect.StructType)]
    if len(structs) > 1 and isinstance(value, dict):
        return _check_tagged(structs, value)
    found = [check(member, value) for member in members]
    if any(item is None for item in found):
        return None
    return _nearest(members, found, value)


def _check_tagged(structs: list[inspect.StructType], value: dict[str, Any]) -> Fault | None:
    """Check an object against the one alternative that its tag names."""
    field = structs[0].tag_field or "type"
    if field not in value:
        return {field: [messages.REQUIRED]}
    for struct in structs:
        if struct.tag == value[field] and type(struct.tag) is type(value[field]):
            return check(struct, value)
    return {field: [messages.not_a_choice(value[field])]}


def _nearest(
    members: list[inspect.Type], found: Sequence[Fault | None], value: Any
) -> Fault | None:
    """Return the faults against the alternative that was meant, or every alternative's message."""
    for member, fault in zip(members, found, strict=True):
        meant_object = is_object(member) or isinstance(member, inspect.DictType)
        if isinstance(value, dict) and meant_object:
            return fault
        if isinstance(value, list) and isinstance(member, _List):
            return fault
    texts: list[str] = []
    for fault in found:
        listed = fault.get(_ROOT, []) if isinstance(fault, dict) else fault or []
        texts.extend(text for text in listed if isinstance(text, str) and text not in texts)
    return texts or found[0]


def _check_str(info: Any, value: Any) -> list[str] | None:
    if not isinstance(value, str):
        return [messages.NOT_A_STRING]
    faults: list[str] = []
    if info.min_length is not None and len(value) < info.min_length:
        faults.append(messages.at_least_characters(info.min_length))
    if info.max_length is not None and len(value) > info.max_length:
        faults.append(messages.at_most_characters(info.max_length))
    if info.pattern is not None and not re.search(info.pattern, value):
        faults.append(messages.PATTERN)
    return faults or None


def _check_int(info: Any, value: Any) -> list[str] | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return [messages.NOT_AN_INTEGER]
    return _check_bounds(info, value)


def _check_float(info: Any, value: Any) -> list[str] | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return [messages.NOT_A_NUMBER]
    return _check_bounds(info, value)


def _check_bounds(info: Any, value: float) -> list[str] | None:
    faults: list[str] = []
    if info.ge is not None and not value >= info.ge:
        faults.append(messages.at_least(info.ge))
    if info.gt is not None and not value > info.gt:
        faults.append(messages.over(info.gt))
    if info.le is not None and not value <= info.le:
        faults.append(messages.at_most(info.le))
    if info.lt is not None and not value < info.lt:
        faults.append(messages.under(info.lt))
    if info.multiple_of is not None and value % info.multiple_of:
        faults.append(messages.multiple_of(info.multiple_of))
    return faults or None


def _check_choice(info: Any, value: Any) -> list[str] | None:
    if isinstance(info, inspect.LiteralType):
        known = any(type(item) is type(value) and item == value for item in info.values)
        return None if known else [messages.not_a_choice(value)]
    return _converted(info.cls, value, messages.not_a_choice(value))


def _check_tuple(info: Any, value: Any) -> Fault | None:
    if not isinstance(value, list):
        return [messages.not_a_list(value)]
    if len(value) != len(info.item_types):
        size = len(info.item_types)
        few = len(value) < size
        return [messages.at_least_items(size) if few else messages.at_most_items(size)]
    found = [check(item, part) for item, part in zip(info.item_types, value, strict=True)]
    return {str(index): item for index, item in enumerate(found) if item is not None} or None


def _converted(target: Any, value: Any, message: str) -> list[str] | None:
    """Let msgspec judge a value that is written as text."""
    try:
        msgspec.convert(value, target)
    except msgspec.ValidationError:
        return [message]
    return None


def _text(target: Any, message: str) -> Callable[[Any, Any], list[str] | None]:
    return lambda _info, value: _converted(target, value, message)


def _zoned(target: Any, message: str) -> Callable[[Any, Any], list[str] | None]:
    def judge(info: Any, value: Any) -> list[str] | None:
        kind = target if info.tz is None else Annotated[target, msgspec.Meta(tz=info.tz)]
        return _converted(kind, value, message)

    return judge


def _check_none(_info: Any, value: Any) -> list[str] | None:
    return None if value is None else [messages.NOT_THE_VALUE]


def _check_bool(_info: Any, value: Any) -> list[str] | None:
    return None if isinstance(value, bool) else [messages.NOT_A_BOOLEAN]


_SIMPLE: dict[type[inspect.Type], Callable[[Any, Any], Fault | None]] = {
    inspect.NoneType: _check_none,
    inspect.BoolType: _check_bool,
    inspect.IntType: _check_int,
    inspect.FloatType: _check_float,
    inspect.StrType: _check_str,
    inspect.EnumType: _check_choice,
    inspect.LiteralType: _check_choice,
    inspect.TupleType: _check_tuple,
    inspect.UUIDType: _text(uuid.UUID, messages.NOT_A_UUID),
    inspect.DecimalType: _text(Decimal, messages.NOT_A_NUMBER),
    inspect.DateType: _text(dt.date, messages.NOT_A_DATE),
    inspect.DateTimeType: _zoned(dt.datetime, messages.NOT_A_DATETIME),
    inspect.TimeType: _zoned(dt.time, messages.NOT_A_TIME),
    inspect.TimeDeltaType: _text(dt.timedelta, messages.NOT_A_DURATION),
    inspect.BytesType: _text(bytes, messages.NOT_BASE64),
    inspect.ByteArrayType: _text(bytes, messages.NOT_BASE64),
    inspect.MemoryViewType: _text(bytes, messages.NOT_BASE64),
}
