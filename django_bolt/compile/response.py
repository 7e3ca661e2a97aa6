"""A handler's declared result: how it is enforced and encoded."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Union, get_args, get_origin

from django.db.models import Model, QuerySet
from django.http import HttpResponseBase
from msgspec import UNSET

from django_bolt._core import Shape
from django_bolt.compile import schema
from django_bolt.compile.converters import compile_converter
from django_bolt.compile.scalars import strip
from django_bolt.dispatch.encoding import encode
from django_bolt.exceptions import ConfigurationError
from django_bolt.responses import BaseResponse, Response

#: Annotations that promise nothing about the fields that leave.
_UNDECLARED = (UNSET, Any, object, dict, typing.NoReturn, typing.Never)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What becomes of a handler's result; see ``dispatch.handler.Handler``."""

    convert: Callable[[Any], Any] | None
    shape: Shape | None
    convert_response: Callable[[Any], Any] | None
    encode: Callable[[Any], bytes]
    none_is_empty: bool


def compile_result(annotation: Any, handler: str) -> Result:
    """Compile a return annotation, or the ``response_model`` that stands for it.

    Raises :class:`~django_bolt.exceptions.ConfigurationError`, which names ``handler``, for a type
    that no JSON can have.
    """
    declared = _without_responses(annotation)
    if any(declared is undeclared for undeclared in _UNDECLARED):
        return Result(
            convert=None, shape=None, convert_response=None, encode=encode, none_is_empty=False
        )
    if declared is None:
        declared = types.NoneType
    _refuse_models(declared, handler)
    try:
        info = schema.type_info(declared)
    except schema.UnknownTypeError as error:
        raise ConfigurationError(f"The declared result of {handler}: {error}.") from error
    node = compile_converter(info)
    return Result(
        convert=node.convert,
        shape=node.shape,
        # ``Airport | Response`` says that a response may hold something else.
        convert_response=node.convert if _holds_all(annotation, declared) else None,
        encode=encode,
        none_is_empty=declared is types.NoneType,
    )


def _holds_all(annotation: Any, declared: Any) -> bool:
    """Tell whether the annotation names no response beside the declared type."""
    return declared is annotation or declared is types.NoneType


def _without_responses(annotation: Any) -> Any:
    """Return the annotation without responses: they carry their own head and body.

    What is left of ``Airport | Response`` is ``Airport``; of ``Response``, nothing.
    """
    bare, _ = strip(annotation)
    if _is_response(bare):
        return UNSET
    if get_origin(bare) not in (Union, types.UnionType):
        return annotation
    members = get_args(bare)
    left = tuple(member for member in members if not _is_response(strip(member)[0]))
    if len(left) == len(members):
        return annotation
    return Union[left] if left else UNSET  # noqa: UP007 (the members are known only here)


def renders_itself(annotation: Any) -> bool:
    """Tell whether every result of an annotation has a media type of its own.

    ``Response`` alone does not: its data are rendered as a plain result is.
    """
    bare, _ = strip(annotation)
    members = get_args(bare) if get_origin(bare) in (Union, types.UnionType) else (bare,)
    kinds = [strip(member)[0] for member in members]
    return all(_is_response(kind) and kind not in (BaseResponse, Response) for kind in kinds)


def _is_response(annotation: Any) -> bool:
    kind = get_origin(annotation) or annotation
    return isinstance(kind, type) and issubclass(kind, BaseResponse | HttpResponseBase)


def _refuse_models(annotation: Any, handler: str) -> None:
    bare = get_origin(annotation) or annotation
    if not isinstance(bare, type):
        return
    if issubclass(bare, Model | QuerySet):
        raise ConfigurationError(
            f"The declared result of {handler} is {bare.__qualname__}, whose fields would all "
            "leave: declare a msgspec.Struct with those that may, and return the object itself."
        )
