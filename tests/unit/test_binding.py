"""Signatures and what they are bound to."""

import datetime as dt
import enum
import functools
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal, NewType, Optional, TypedDict

import msgspec
import pytest
from django.db import models
from msgspec import UNSET

from django_bolt.compile import binding, plan, signature
from django_bolt.dispatch.handler import REQUIRED
from django_bolt.exceptions import SignatureError
from django_bolt.params import Body, Cookie, Header, Path, Query

Positive = Annotated[int, msgspec.Meta(gt=0)]
AirportCode = NewType("AirportCode", str)


class Colour(enum.Enum):
    RED = "red"
    BLUE = 2


class Size(models.TextChoices):
    SMALL = "S", "Small"
    LARGE = "L", "Large"


class Flags(enum.Flag):
    A = 1


class Twins(enum.Enum):
    A = 1
    B = "1"


class Floats(enum.Enum):
    A = 1.5


class Item(msgspec.Struct):
    name: str


class Nesting(msgspec.Struct):
    item: Item


class Closed(msgspec.Struct, forbid_unknown_fields=True):
    name: str


class Empty(msgspec.Struct):
    pass


class Unset(msgspec.Struct):
    name: str | msgspec.UnsetType


class Other(msgspec.Struct, tag=True):
    name: str


class Another(msgspec.Struct, tag=True):
    name: str


@dataclass
class Point:
    x: int


class Options(TypedDict):
    depth: int


class Plain:
    pass


def bind(function: Callable[..., Any], path: str = "/", *, is_method: bool = False) -> Any:
    declared = signature.read(function, path, is_method=is_method, name="app.handler")
    return binding.bind(declared, is_method=is_method)


def with_annotation(annotation: Any, **default: Any) -> Callable[..., Any]:
    """Return a handler of one parameter, ``x``."""

    def handler(x: Any) -> None: ...

    handler.__annotations__ = {"x": annotation}
    if default:
        handler.__defaults__ = (default["default"],)
    return handler


@pytest.mark.parametrize(
    ("annotation", "kind", "collection"),
    [
        (str, "str", None),
        (int, "int", None),
        (float, "float", None),
        (bool, "bool", None),
        (uuid.UUID, "uuid", None),
        (dt.date, "date", None),
        (dt.datetime, "datetime", None),
        (dt.time, "time", None),
        (dt.timedelta, "timedelta", None),
        (Decimal, "decimal", None),
        (AirportCode, "str", None),
        (Positive, "int", None),
        (list[int], "int", list),
        (set[str], "str", set),
        (frozenset[str], "str", frozenset),
        (tuple[int, ...], "int", tuple),
        (list[Positive], "int", list),
        (Annotated[int, "anything else"], "int", None),
        ("int", "int", None),
        (Annotated[list[str], Header()], "str", list),
    ],
)
def test_scalars(annotation: Any, kind: str, collection: Any) -> None:
    bound = bind(with_annotation(annotation))
    assert bound.body is None
    assert bound.parameters[0].scalar == plan.Scalar(type=kind)
    assert bound.parameters[0].many == (collection is not None)
    assert bound.parameters[0].required
    assert bound.defaults == (REQUIRED,)
    assert bound.collections == (collection,)


@pytest.mark.parametrize(
    ("annotation", "values", "members"),
    [
        (Colour, ["red", "2"], (Colour.RED, Colour.BLUE)),
        (Size, ["S", "L"], (Size.SMALL, Size.LARGE)),
        (Literal["a", 1], ["a", "1"], ("a", 1)),
        (list[Colour], ["red", "2"], (Colour.RED, Colour.BLUE)),
    ],
)
def test_closed_lists(annotation: Any, values: list[str], members: Any) -> None:
    bound = bind(with_annotation(annotation))
    assert bound.parameters[0].scalar == plan.Scalar(type="choice", values=values)
    assert bound.choices == (members,)


@pytest.mark.parametrize(
    "annotation",
    [
        int | None,
        Optional[int],  # noqa: UP045
        Annotated[int | None, Query()],
        list[int] | None,
        Literal["a", None],
    ],
)
def test_what_may_be_none_may_be_absent(annotation: Any) -> None:
    bound = bind(with_annotation(annotation))
    assert not bound.parameters[0].required
    assert bound.defaults == (None,)


@pytest.mark.parametrize(
    ("annotation", "source", "alias"),
    [
        (str, "query", "x"),
        (Annotated[str, Query("q")], "query", "q"),
        (Annotated[str, Query], "query", "x"),
        (Annotated[str, Header()], "header", "x"),
        (Annotated[str, Header("X-Api-Key")], "header", "x-api-key"),
        (Annotated[str, Cookie("session")], "cookie", "session"),
    ],
)
def test_sources(annotation: Any, source: str, alias: str) -> None:
    parameter = bind(with_annotation(annotation)).parameters[0]
    assert (parameter.source, parameter.alias) == (source, alias)


def test_path_parameters() -> None:
    def handler(
        user_id: int, slug, rest: Annotated[str, Path("tail")], pk: Any, page: int = 1
    ) -> None: ...

    bound = bind(handler, "/{user_id}/{slug}/{pk}/{*tail}")
    assert [(p.name, p.alias, p.source, p.scalar.type) for p in bound.parameters] == [
        ("user_id", "user_id", "path", "int"),
        ("slug", "slug", "path", "str"),
        ("rest", "tail", "path", "str"),
        ("pk", "pk", "path", "str"),
        ("page", "page", "query", "int"),
    ]


def test_a_default_of_a_path_parameter_is_for_python_only() -> None:
    class Things:
        def retrieve(self, request, pk=None): ...

    bound = bind(Things.retrieve, "/{pk}", is_method=True)
    assert bound.parameters[0].required
    assert bound.defaults == (REQUIRED,)


def test_header_names_have_hyphens() -> None:
    def handler(user_agent: Annotated[str, Header()]) -> None: ...

    assert bind(handler).parameters[0].alias == "user-agent"


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (Annotated[int, Query(ge=1, lt=5)], plan.Constraints(ge=1, lt=5)),
        (Annotated[str, Query(pattern="^a")], plan.Constraints(pattern="^a")),
        (Annotated[list[str], Query(max_length=2)], plan.Constraints(max_length=2)),
        (Positive, plan.Constraints(gt=0)),
        (Annotated[Positive, Query(le=9)], plan.Constraints(gt=0, le=9)),
        (list[Positive], plan.Constraints(gt=0)),
    ],
)
def test_constraints(annotation: Any, expected: plan.Constraints) -> None:
    assert bind(with_annotation(annotation)).parameters[0].constraints == expected


@pytest.mark.parametrize(
    ("annotation", "body"),
    [
        (Item, b'{"name": "a"}'),
        (list[Item], b'[{"name": "a"}]'),
        (Point, b'{"x": 1}'),
        (Options, b'{"depth": 1}'),
        (dict, b'{"a": 1}'),
        (dict[str, int], b'{"a": 1}'),
        (list[dict], b"[{}]"),
        (Item | None, b"null"),
        (Other | Another, b'{"type": "Other", "name": "a"}'),
        (Annotated[int, Body()], b"1"),
        (Annotated[list[int], Body()], b"[1]"),
        (Annotated[Any, Body()], b"1"),
        (Annotated[Annotated[list[int], msgspec.Meta(min_length=1)], Body()], b"[1]"),
    ],
)
def test_bodies(annotation: Any, body: bytes) -> None:
    bound = bind(with_annotation(annotation))
    assert bound.parameters == ()
    assert bound.body.name == "x"
    assert bound.body.media_types == ["application/json"]
    assert bound.decode(body) == msgspec.json.decode(body, type=bound.body_type)
    assert bound.faults.of_body(body) is None


@pytest.mark.parametrize(
    ("function", "required", "default"),
    [
        (with_annotation(Item), True, REQUIRED),
        (with_annotation(Item, default=None), False, None),
        (with_annotation(Item | None), False, None),
        (with_annotation(Annotated[Item, Body(default=None)]), False, None),
    ],
)
def test_defaults_of_bodies(function: Any, required: bool, default: Any) -> None:
    bound = bind(function)
    assert (bound.body.required, bound.body_default) == (required, default)


def test_arguments_stand_in_the_order_of_the_call() -> None:
    def handler(a: int, /, request, body: Item, *, key: str = "", **rest: Any) -> None: ...

    assert list(bind(handler, "/{other}").arguments) == [
        plan.Argument(origin="parameter", index=0),
        plan.Argument(origin="request"),
        plan.Argument(origin="body"),
        plan.Argument(origin="parameter", index=1, keyword="key"),
        plan.Argument(origin="path_values"),
    ]


def test_a_method_takes_self_and_ignores_args() -> None:
    class Things:
        def get(self, request, *args, **kwargs): ...

        def post(self, *, request): ...

    arguments = [plan.Argument(origin="request"), plan.Argument(origin="path_values")]
    assert list(bind(Things.get, "/{pk}", is_method=True).arguments) == arguments
    arguments = [plan.Argument(origin="request", keyword="request")]
    assert list(bind(Things.post, "/{pk}", is_method=True).arguments) == arguments


def test_decorated_functions_keep_their_signature() -> None:
    def handler(a: int) -> str: ...

    @functools.wraps(handler)
    def decorated(*args: Any, **kwargs: Any) -> Any: ...

    declared = signature.read(decorated, "/", is_method=False)
    assert [given.name for given in declared.inputs] == ["a"]
    assert declared.returns is str


@pytest.mark.parametrize(
    ("function", "returns", "is_async"),
    [
        (with_annotation(int), UNSET, False),
        (lambda: None, UNSET, False),
    ],
)
def test_what_is_returned(function: Any, returns: Any, is_async: bool) -> None:
    declared = signature.read(function, "/", is_method=False)
    assert (declared.returns, declared.is_async) == (returns, is_async)


def test_a_coroutine_function_is_seen() -> None:
    async def handler() -> None: ...

    declared = signature.read(handler, "/", is_method=False)
    assert declared.is_async
    assert declared.returns is type(None)
    assert declared.handler.endswith("handler")


def two_bodies(a: Item, b: Item): ...
def unannotated(page): ...
def unknown_name(x: "Nowhere"): ...  # noqa: F821
def takes_args(*args): ...
def wrong_request(request: Item): ...
def marker_default(x: str = Query("q")): ...  # type: ignore[assignment]
def two_markers(x: Annotated[str, Query(), Header()]): ...
def two_defaults(x: Annotated[str, Query(default="a")] = "b"): ...
def same_source(a: Annotated[str, Query("q")], b: Annotated[str, Query("q")]): ...
def unannotated_body(x: Annotated[Any, Body()], y: Annotated[Any, Body()]): ...


@pytest.mark.parametrize(
    ("function", "path", "message"),
    [
        (two_bodies, "/", "`b` of app.handler.*`a` already"),
        (unannotated, "/", "`page` of app.handler is neither annotated nor in the path"),
        (unknown_name, "/", "app.handler cannot be resolved.*Nowhere"),
        (takes_args, "/", r"\*args"),
        (wrong_request, "/", "always the request"),
        (marker_default, "/", "marker as its default"),
        (two_markers, "/", "two markers"),
        (two_defaults, "/", "two defaults"),
        (same_source, "/", "`a` reads query 'q' already"),
        (unannotated_body, "/", "only one"),
        (with_annotation(int), "/{pk}", "takes no `pk`"),
        (with_annotation(Annotated[int, Query()]), "/{x}", "takes no `x`"),
        (
            with_annotation(Annotated[str, Path()]),
            "/{pk}",
            r"\{x\} is not in the path, which has pk",
        ),
        (with_annotation(Annotated[str, Path()]), "/", "no parameters"),
        (with_annotation(list[str]), "/{x}", "one value"),
        (with_annotation(Annotated[list[str], Cookie()]), "/", "one value"),
        (with_annotation(Item), "/{x}", "a path parameter is a scalar"),
        (with_annotation(Annotated[Nesting, Query()]), "/", "a query parameter is a scalar"),
        (with_annotation(Annotated[Item, Query("x")]), "/", "belong to these fields"),
        (with_annotation(Annotated[Item, Query()], default=Item("a")), "/", "belong to these"),
        (with_annotation(Annotated[Closed, Header()]), "/", "cannot hold for a header"),
        (with_annotation(Annotated[Other, Query()]), "/", "has a tag"),
        (with_annotation(Annotated[Empty, Query()]), "/", "no fields"),
        (with_annotation(Annotated[Unset, Query()]), "/", "needs the default UNSET"),
        (with_annotation(Annotated[Item | None, Query()]), "/", "a query parameter is a scalar"),
        (with_annotation(int | list[int]), "/", "either a list or a single value"),
        (with_annotation(Colour | Literal["x"]), "/", "at most one closed list"),
        (
            with_annotation(
                Annotated[int, msgspec.Meta(ge=1)] | Annotated[float, msgspec.Meta(ge=2)]
            ),
            "/",
            "two alternatives of a union have `ge`",
        ),
        (with_annotation(Plain), "/", "Plain has no meaning in JSON"),
        (with_annotation(Any), "/", "neither a scalar nor an object"),
        (with_annotation(Annotated[Any, Query()]), "/", "a query parameter is a scalar"),
        (with_annotation(Annotated[int, Query()] | None), "/", "around the whole"),
        (with_annotation(list[Annotated[int, Query()]]), "/", "around the whole"),
        (with_annotation(bytes), "/", "neither a scalar nor an object"),
        (with_annotation(list), "/", "neither a scalar nor an object"),
        (with_annotation(Sequence[Plain]), "/", "Plain has no meaning"),
        (with_annotation(Item | Point), "/", "not supported"),
        (with_annotation(tuple[int, str]), "/", "tuple"),
        (with_annotation(list[list[int]]), "/", "lists of lists"),
        (with_annotation(list[int | None]), "/", "None in a list"),
        (
            with_annotation(list[Annotated[str, msgspec.Meta(min_length=1)]]),
            "/",
            "length inside a list",
        ),
        (with_annotation(Flags), "/", "Flag"),
        (with_annotation(Twins), "/", "read the same"),
        (with_annotation(Floats), "/", "neither a str nor an int"),
        (with_annotation(Literal[True]), "/", "neither a str nor an int"),
        (with_annotation(Annotated[bool, Query(ge=1)]), "/", "`ge` means nothing for a bool"),
        (with_annotation(Annotated[int, Query(pattern="a")]), "/", "`pattern` means nothing"),
        (with_annotation(Annotated[int, Query(max_length=1)]), "/", "`max_length` means nothing"),
        (with_annotation(Annotated[int, msgspec.Meta(multiple_of=2)]), "/", "`multiple_of`"),
        (with_annotation(Annotated[Positive, Query(le=-1)]), "/", "no number"),
        (
            with_annotation(
                Annotated[Annotated[str, msgspec.Meta(min_length=3)], Query(max_length=1)]
            ),
            "/",
            "over `max_length`",
        ),
        (with_annotation(Colour, default="red"), "/", "none of its values"),
        (with_annotation(list[int], default=1), "/", "not a list"),
        (with_annotation(set[dict]), "/", "hash"),
    ],
)
def test_refusals_name_handler_and_parameter(function: Any, path: str, message: str) -> None:
    with pytest.raises(SignatureError, match=message) as caught:
        bind(function, path)
    assert "app.handler" in str(caught.value)


def test_a_method_needs_self() -> None:
    with pytest.raises(SignatureError, match="takes no `self`"):
        bind(lambda: None, is_method=True)
