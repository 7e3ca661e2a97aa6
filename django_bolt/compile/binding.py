"""Where every argument of a handler comes from: the plan's parameters, body and arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, cast

from msgspec import UNSET

from django_bolt.compile import files, groups, plan, scalars, schema
from django_bolt.compile.decoding import decoder
from django_bolt.compile.signature import Input, Signature
from django_bolt.dispatch.faults import Faults
from django_bolt.dispatch.handler import REQUIRED
from django_bolt.exceptions import SignatureError
from django_bolt.params import File, Marker, ScalarMarker, Source

JSON_MEDIA_TYPES = ["application/json"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A signature bound to a request: what goes into the plan, and what stands beside it."""

    parameters: tuple[plan.Parameter, ...]
    groups: tuple[plan.Group, ...]
    #: The class of each group.
    group_classes: tuple[Any, ...]
    body: plan.Body | None
    arguments: tuple[plan.Argument, ...]
    #: These three hold one item for each parameter: see ``dispatch.handler.Handler``.
    defaults: tuple[Any, ...]
    choices: tuple[tuple[Any, ...] | None, ...]
    collections: tuple[type | None, ...]
    decode: Callable[[bytes], Any] | None
    body_default: Any
    faults: Faults | None
    #: The body's annotation; ``UNSET`` where no body is declared.
    body_type: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class _BoundBody:
    body: plan.Body
    annotation: Any
    decode: Callable[[bytes], Any]
    default: Any
    faults: Faults


@dataclass(frozen=True, slots=True, kw_only=True)
class _BoundGroup:
    group: plan.Group
    cls: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class _BoundParameter:
    #: The dependency that reads it; empty for the handler.
    owner: str
    parameter: plan.Parameter
    default: Any
    choices: tuple[Any, ...] | None
    collection: type | None


def bind(signature: Signature, *, is_method: bool) -> Binding:
    """Bind every parameter of a handler.

    Raises :class:`~django_bolt.exceptions.SignatureError`, which names handler and parameter.
    """
    parameters: list[_BoundParameter] = []
    bound_groups: list[_BoundGroup] = []
    body: _BoundBody | None = None
    owner_of_body = ""
    positional: list[plan.Argument] = []
    keywords: list[plan.Argument] = []
    for given in signature.inputs:
        place = f"`{given.name}` of {given.owner or signature.handler}"
        keyword = given.name if given.keyword_only else None
        if given.is_request:
            argument = plan.Argument(origin="request", keyword=keyword)
        elif groups.is_group(given):
            argument = plan.Argument(origin="group", index=len(bound_groups), keyword=keyword)
            bound_groups.append(_bind_group(given, parameters, signature, place))
        else:
            bound = _bind_input(given, signature, place)
            if isinstance(bound, _BoundBody):
                shared = body is not None and owner_of_body != given.owner
                if body is not None and not (shared and body.annotation == bound.annotation):
                    raise SignatureError(
                        f"{place}: the body is `{body.body.name}` already, and there is only one."
                    )
                if body is None:
                    body, owner_of_body = bound, given.owner
                argument = plan.Argument(origin="body", keyword=keyword)
            else:
                argument = plan.Argument(origin="parameter", index=len(parameters), keyword=keyword)
                parameters.append(bound)
        (keywords if given.keyword_only else positional).append(argument)
    if signature.takes_path_values:
        keywords.append(plan.Argument(origin="path_values"))
    _check_form(signature, parameters, body)
    _check_names(signature, parameters, is_method=is_method)
    return _assemble(parameters, bound_groups, body, (*positional, *keywords))


def _assemble(
    parameters: list[_BoundParameter],
    bound_groups: list[_BoundGroup],
    body: _BoundBody | None,
    arguments: tuple[plan.Argument, ...],
) -> Binding:
    return Binding(
        parameters=tuple(bound.parameter for bound in parameters),
        groups=tuple(bound.group for bound in bound_groups),
        group_classes=tuple(bound.cls for bound in bound_groups),
        body=None if body is None else body.body,
        arguments=arguments,
        defaults=tuple(bound.default for bound in parameters),
        choices=tuple(bound.choices for bound in parameters),
        collections=tuple(bound.collection for bound in parameters),
        decode=None if body is None else body.decode,
        body_default=REQUIRED if body is None else body.default,
        faults=None if body is None else body.faults,
        body_type=UNSET if body is None else body.annotation,
    )


def _bind_group(
    given: Input, parameters: list[_BoundParameter], signature: Signature, place: str
) -> _BoundGroup:
    """Bind the fields of a group, which join ``parameters``."""
    group = groups.read(given, place)
    members: list[plan.Member] = []
    for field in group.fields:
        name = field.given.name
        # Its marker says that it is no body.
        bound = cast(
            "_BoundParameter", _bind_input(field.given, signature, f"field `{name}` in {place}")
        )
        members.append(plan.Member(name=name, index=len(parameters), omittable=field.omittable))
        parameters.append(bound)
    return _BoundGroup(
        group=plan.Group(
            name=given.name,
            source=cast("Any", given.marker).source,
            closed=group.closed,
            refuses=group.refuses,
            fields=members,
        ),
        cls=group.cls,
    )


def _bind_input(given: Input, signature: Signature, place: str) -> _BoundParameter | _BoundBody:
    source = _source(given, signature)
    if source == "body":
        return _bind_body(given, place)
    if source == "file":
        return _bind_file(given, place)
    annotation = given.annotation
    if source == "path" and (annotation is UNSET or annotation is Any):
        annotation = str
    try:
        shape = scalars.read(annotation)
        if shape is not None:
            constraints = scalars.merge(shape.constraints, _constraints(given.marker))
            scalars.check_constraints(shape, constraints)
    except scalars.UnsupportedAnnotationError as error:
        raise SignatureError(f"{place}: {error}.") from error
    if shape is not None:
        return _bind_parameter(given, source, shape, constraints, place, signature.path_names)
    if given.marker is None and source == "query":
        return _bind_body(given, place)
    raise SignatureError(
        f"{place}: a {source} parameter is a scalar or a list of scalars, not {_show(annotation)}."
    )


def _source(given: Input, signature: Signature) -> Source:
    if given.marker is not None:
        return given.marker.source
    if files.is_upload(given.annotation):
        return "file"
    return "path" if given.name in signature.path_names else "query"


def _bind_parameter(
    given: Input,
    source: Literal["path", "query", "header", "cookie", "form"],
    shape: scalars.Shape,
    constraints: plan.Constraints,
    place: str,
    path_names: tuple[str, ...],
) -> _BoundParameter:
    if shape.collection is not None and source in ("path", "cookie"):
        raise SignatureError(f"{place}: a {source} parameter holds one value, not a list.")
    alias = _alias(given, source)
    if source == "path" and alias not in path_names:
        raise SignatureError(
            f"{place}: {{{alias}}} is not in the path, which has "
            f"{', '.join(path_names) or 'no parameters'}."
        )
    default = _default(given, place)
    if default is REQUIRED and shape.nullable:
        # Text has no null: the only way to send None is to send nothing.
        default = None
    _check_default(default, shape, place)
    return _BoundParameter(
        owner=given.owner,
        parameter=plan.Parameter(
            name=given.name,
            alias=alias,
            source=source,
            scalar=shape.scalar,
            many=shape.collection is not None,
            required=source == "path" or default is REQUIRED,
            constraints=constraints,
        ),
        default=REQUIRED if source == "path" else default,
        choices=shape.choices,
        collection=shape.collection,
    )


def _bind_file(given: Input, place: str) -> _BoundParameter:
    marker = given.marker if isinstance(given.marker, File) else File()
    try:
        shape = files.read(given.annotation, marker)
    except files.UnsupportedFileError as error:
        raise SignatureError(f"{place}: {error}.") from error
    default = _default(given, place)
    if default is REQUIRED and shape.nullable:
        default = None
    if default is not REQUIRED and default is not None and default != []:
        raise SignatureError(f"{place}: no file has the default {default!r}; there is only None.")
    return _BoundParameter(
        owner=given.owner,
        parameter=plan.Parameter(
            name=given.name,
            alias=marker.alias or given.name,
            source="file",
            scalar=files.scalar(shape, marker),
            many=shape.collection is not None,
            required=default is REQUIRED,
            constraints=files.constraints(marker),
        ),
        default=default,
        choices=None,
        collection=shape.collection,
    )


def _bind_body(given: Input, place: str) -> _BoundBody:
    annotation = given.annotation
    if annotation is UNSET:
        raise SignatureError(f"{place}: a body needs an annotation that says what it holds.")
    try:
        info = schema.type_info(annotation)
    except schema.UnknownTypeError as error:
        raise SignatureError(f"{place}: {error}.") from error
    if given.marker is None and not schema.is_body(info):
        raise SignatureError(
            f"{place}: {_show(annotation)} is neither a scalar nor an object. Write "
            "`Annotated[..., Body()]` where it is the body."
        )
    default = _default(given, place)
    if default is REQUIRED and scalars.without_none(scalars.strip(annotation)[0])[1]:
        default = None
    required = default is REQUIRED
    return _BoundBody(
        body=plan.Body(name=given.name, required=required, media_types=JSON_MEDIA_TYPES),
        annotation=annotation,
        decode=decoder(annotation, info),
        default=default,
        faults=Faults(annotation, name=given.name, required=required),
    )


def _constraints(marker: Marker | None) -> plan.Constraints:
    if not isinstance(marker, ScalarMarker):
        return plan.Constraints()
    return plan.Constraints(
        **{name: getattr(marker, name) for name in plan.Constraints.__struct_fields__}
    )


def _alias(given: Input, source: Source) -> str:
    alias = given.marker.alias if isinstance(given.marker, ScalarMarker) else None
    if source == "header":
        return (alias or given.name.replace("_", "-")).lower()
    return alias or given.name


def _default(given: Input, place: str) -> Any:
    in_marker = getattr(given.marker, "default", UNSET)  # a path's marker has none
    if in_marker is UNSET:
        return given.default
    if given.default is not REQUIRED:
        raise SignatureError(f"{place} has two defaults: keep the one of the signature.")
    return in_marker


def _check_default(default: Any, shape: scalars.Shape, place: str) -> None:
    """Refuse a default that no request could send, such as text for a closed list of others."""
    if default is REQUIRED or default is None:
        return
    if shape.collection is not None and not isinstance(default, list | tuple | set | frozenset):
        raise SignatureError(f"{place}: its default {default!r} is not a list of values.")
    values = [default] if shape.collection is None else list(default)
    for value in values:
        closed = shape.choices is not None and shape.scalar.type == "choice"
        if closed and value not in (shape.choices or ()):
            raise SignatureError(f"{place}: its default {value!r} is none of its values.")


def _check_form(
    signature: Signature, parameters: list[_BoundParameter], body: _BoundBody | None
) -> None:
    """A request has one body: a form's fields, or what is decoded as a whole."""
    for bound in parameters:
        if body is not None and bound.parameter.source in ("form", "file"):
            raise SignatureError(
                f"`{bound.parameter.name}` of {signature.handler} is a form's, and "
                f"`{body.body.name}` is the whole body: a request has one of the two."
            )


def _check_names(
    signature: Signature, parameters: list[_BoundParameter], *, is_method: bool
) -> None:
    """Every name of the path must reach a function; a controller has ``self.kwargs``."""
    seen: dict[tuple[str, str, str], str] = {}
    for bound in parameters:
        parameter = bound.parameter
        # One name of a form is either text or a file.
        source = "form" if parameter.source == "file" else parameter.source
        other = seen.setdefault((bound.owner, source, parameter.alias), parameter.name)
        if other != parameter.name:
            raise SignatureError(
                f"`{parameter.name}` of {bound.owner or signature.handler}: `{other}` reads "
                f"{parameter.source} {parameter.alias!r} already."
            )
    if is_method or signature.takes_path_values:
        return
    taken = {alias for _, source, alias in seen if source == "path"}
    for name in signature.path_names:
        if name not in taken:
            raise SignatureError(
                f"{signature.handler} takes no `{name}`, which is in its path: add the parameter, "
                "or `**kwargs`, which takes every path value."
            )


def _show(annotation: Any) -> str:
    return cast("str", getattr(annotation, "__qualname__", None) or str(annotation))
