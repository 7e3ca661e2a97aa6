"""Routers: paths, names, inherited policies, duplicates."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from django_bolt import url_templates
from django_bolt.api import BoltAPI
from django_bolt.controllers import Controller
from django_bolt.decorators import action, endpoint, inline
from django_bolt.routing import Route, Router, check_duplicates
from django_bolt.viewsets import BoltViewSet


class Ping(Controller):
    """Say pong."""

    async def get(self, request: Any) -> None: ...


class AirportViewSet(BoltViewSet):
    """The world's airports."""

    def list(self, request: Any) -> None: ...

    def create(self, request: Any) -> None: ...

    def retrieve(self, request: Any, pk: str) -> None: ...

    def partial_update(self, request: Any, pk: str) -> None: ...

    @action(detail=True, methods=["get"])
    async def nearest_ones(self, request: Any, pk: str) -> None: ...

    @nearest_ones.mapping.delete
    def forget_nearest(self, request: Any, pk: str) -> None: ...

    @action(detail=False, url_path="of/{country}", url_name="national")
    def by_country(self, request: Any, country: str) -> None: ...


def table(router: Router) -> list[tuple[str, str, str | None, str | None]]:
    return [(route.method, route.path, route.name, route.action) for route in router.routes()]


def test_a_viewset_has_drfs_urls_and_names() -> None:
    router = Router("/api")
    router.register("airports", AirportViewSet, basename="airport")
    assert table(router) == [
        ("GET", "/api/airports", "airport-list", "list"),
        ("POST", "/api/airports", "airport-list", "create"),
        ("OPTIONS", "/api/airports", "airport-list", "metadata"),
        ("GET", "/api/airports/{pk}", "airport-detail", "retrieve"),
        ("PATCH", "/api/airports/{pk}", "airport-detail", "partial_update"),
        ("OPTIONS", "/api/airports/{pk}", "airport-detail", "metadata"),
        ("GET", "/api/airports/of/{country}", "airport-national", "by_country"),
        ("OPTIONS", "/api/airports/of/{country}", "airport-national", "metadata"),
        ("GET", "/api/airports/{pk}/nearest_ones", "airport-nearest-ones", "nearest_ones"),
        ("DELETE", "/api/airports/{pk}/nearest_ones", "airport-nearest-ones", "forget_nearest"),
        ("OPTIONS", "/api/airports/{pk}/nearest_ones", "airport-nearest-ones", "metadata"),
    ]
    check_duplicates(router.routes())
    assert {route.controller for route in router.routes()} == {AirportViewSet}
    assert router.routes()[0].function is AirportViewSet.list
    assert router.routes()[0].origin.endswith("test_routing.AirportViewSet.list")


@pytest.mark.parametrize(
    ("lookup", "path"),
    [
        ({}, "/airports/{pk}"),
        ({"lookup_field": "code"}, "/airports/{code}"),
        ({"lookup_field": "code", "lookup_url_kwarg": "icao"}, "/airports/{icao}"),
    ],
)
def test_lookup(lookup: dict[str, str], path: str) -> None:
    cls = type(BoltViewSet)("V", (BoltViewSet,), {"retrieve": AirportViewSet.retrieve, **lookup})
    router = Router()
    router.register("airports", cls)
    assert router.routes()[0].path == path


@pytest.mark.parametrize(
    ("name", "basename"),
    [
        ("Ping", "ping"),
        ("AirportViewSet", "airport"),
        ("AirportReportController", "airport-report"),
        ("LoginView", "login"),
        ("APIKeyViewSet", "api-key"),
        ("View", "view"),
        ("V2Ping", "v2-ping"),
    ],
)
def test_default_basename(name: str, basename: str) -> None:
    router = Router()
    router.register("x", type(Controller)(name, (Controller,), {"get": Ping.get}))
    assert router.routes()[0].name == basename


@pytest.mark.parametrize(
    ("outer", "prefix", "path"),
    [
        ("", "", "/"),
        ("", "ping", "/ping"),
        ("/", "/ping/", "/ping"),
        ("api", "ping", "/api/ping"),
        ("/api/v1/", "ping", "/api/v1/ping"),
        ("/api", "", "/api"),
        ("/users/{user_id}", "posts/{pk}", "/users/{user_id}/posts/{pk}"),
        ("", "files/{*rest}", "/files/{*rest}"),
        ("", "a-b_c.d~e!$&'()*+,;=:@", "/a-b_c.d~e!$&'()*+,;=:@"),
    ],
)
def test_paths(outer: str, prefix: str, path: str) -> None:
    router = Router(outer)
    router.register(prefix, Ping)
    assert {route.path for route in router.routes()} == {path}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("<int:pk>", "parameters are written {name}"),
        ("<pk>", "parameters are written {name}"),
        ("(?P<pk>[0-9]+)", "parameters are written {name}"),
        ("^things", "parameters are written {name}"),
        ("things$", "parameters are written {name}"),
        ("{pk:int}", r"write \{pk\}: the type is the annotation"),
        ("{rest:path}", r"write \{\*rest\}"),
        ("{}", "does not hold a Python name"),
        ("{*}", "does not hold a Python name"),
        ("{1st}", "does not hold a Python name"),
        ("{class}", "does not hold a Python name"),
        ("{a-b}", "does not hold a Python name"),
        ("{pk", "takes a whole segment"),
        ("pk}", "takes a whole segment"),
        ("{{pk}}", "takes a whole segment"),
        ("{a}{b}", "takes a whole segment"),
        ("{name}.json", "takes a whole segment"),
        ("{pk}/{pk}", "stands in it twice"),
        ("{*rest}/end", "nothing may follow"),
        ("search?q=x", "not part of a path"),
        ("page#top", "not part of a path"),
        ("a b", "only when escaped"),
        ("flüge", "only when escaped"),
        ("100%", "only when escaped"),
        ("a%20b", "only when escaped"),
        ("a\\b", "only when escaped"),
        ("a/../b", "resolve"),
        (".", "resolve"),
        ("a//b", "empty segment"),
    ],
)
def test_path_that_cannot_be_matched_is_refused(path: str, expected: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=expected):
        Router().register(path, Ping)
    with pytest.raises(ImproperlyConfigured, match=f"empty segments|{expected}"):
        BoltAPI().get(path)


def test_a_prefix_can_make_a_path_impossible() -> None:
    router = Router("/things/{pk}")
    router.register("parts", AirportViewSet)
    with pytest.raises(ImproperlyConfigured, match=r"AirportViewSet\.retrieve.*twice"):
        router.routes()


class Guarded(Controller):
    authentication_classes = (int,)
    permission_classes = (int,)
    tags = ("class",)

    def get(self, request: Any) -> None: ...

    @endpoint(permission_classes=[str], status_code=201, max_body_size=10, tags=["own", "class"])
    def post(self, request: Any) -> None: ...


class GuardedViewSet(BoltViewSet):
    permission_classes = (int,)

    @action(detail=False, permission_classes=[], authentication_classes=[float])
    def opened(self, request: Any) -> None: ...

    @opened.mapping.post
    def write(self, request: Any) -> None: ...

    @opened.mapping.delete
    @endpoint(permission_classes=[bytes], status_code=204)
    def remove(self, request: Any) -> None: ...


def policies(router: Router) -> dict[str, tuple[Any, Any]]:
    return {
        route.method: (route.authentication_classes, route.permission_classes)
        for route in router.routes()
    }


def test_the_nearest_policy_wins() -> None:
    inner = Router(permission_classes=[bytes])
    inner.register("guarded", Guarded)
    plain = Router()
    plain.register("ping", Ping)
    outer = Router("/api", authentication_classes=[float], permission_classes=[], tags=["api"])
    outer.include("inner", inner)
    outer.include(plain)
    found = {(r.path, r.method): r for r in outer.routes()}
    get, post = found["/api/inner/guarded", "GET"], found["/api/inner/guarded", "POST"]
    options = found["/api/inner/guarded", "OPTIONS"]
    assert (get.authentication_classes, get.permission_classes) == ((int,), (int,))
    assert (post.authentication_classes, post.permission_classes) == ((int,), (str,))
    assert (options.permission_classes, options.inline) == ((int,), True)
    assert (get.tags, post.tags) == (("api", "class"), ("api", "class", "own"))
    assert (get.status_code, post.status_code, post.max_body_size) == (200, 201, 10)
    # A child without its own inherits, an empty list included; the settings are not asked.
    ping = found["/api/ping", "GET"]
    assert (ping.authentication_classes, ping.permission_classes) == ((float,), ())


def test_a_child_router_is_nearer_than_its_parent() -> None:
    inner = Router(permission_classes=[bytes])
    inner.register("ping", Ping)
    middle = Router(permission_classes=[int], authentication_classes=[int])
    middle.include(inner)
    outer = Router(permission_classes=[str], authentication_classes=[str])
    outer.include(middle)
    assert policies(outer)["GET"] == ((int,), (bytes,))


def test_without_any_policy_the_settings_decide() -> None:
    router = Router()
    router.register("ping", Ping)
    assert policies(router)["GET"] == (None, None)


def test_mapped_methods_have_the_actions_policies() -> None:
    router = Router()
    router.register("x", GuardedViewSet)
    assert policies(router) == {
        "GET": ((float,), ()),
        "POST": ((float,), ()),
        "DELETE": ((float,), (bytes,)),
        "OPTIONS": (None, (int,)),
    }


def test_attributes_carry_action_and_policies() -> None:
    router = Router(authentication_classes=[int])
    router.register("x", GuardedViewSet)
    assert router.routes()[0].attributes == {
        "action": "opened", "authentication_classes": (float,), "permission_classes": (),
        "renderer_classes": None, "parser_classes": None,
    }  # fmt: skip
    api = BoltAPI()
    api.get("/x")(lambda: None)
    assert api.routes()[0].attributes == {}


class Both(Controller):
    @inline
    def get(self, request: Any) -> None: ...

    def post(self, request: Any) -> None: ...

    async def put(self, request: Any) -> None: ...

    @endpoint(inline=False)
    def patch(self, request: Any) -> None: ...


@pytest.mark.parametrize(
    ("outer", "inner", "expected"),
    [
        (None, None, {"GET": True, "POST": False, "PUT": False, "PATCH": False}),
        (True, None, {"GET": True, "POST": True, "PUT": False, "PATCH": False}),
        (True, False, {"GET": True, "POST": False, "PUT": False, "PATCH": False}),
    ],
)
def test_inline(outer: bool | None, inner: bool | None, expected: dict[str, bool]) -> None:
    child, parent = Router(inline=inner), Router(inline=outer)
    child.register("x", Both)
    parent.include(child)
    found = {route.method: route.inline for route in parent.routes() if route.method != "OPTIONS"}
    assert found == expected


def test_inline_async_handler_is_refused() -> None:
    class Hasty(Controller):
        @endpoint(inline=True)
        async def get(self, request: Any) -> None: ...

    router = Router()
    router.register("x", Hasty)
    with pytest.raises(ImproperlyConfigured, match=r"Hasty\.get: inline is for def"):
        router.routes()


@pytest.mark.parametrize(
    ("outer", "inner", "expected"),
    [(None, None, False), (True, None, True), (True, False, False), (False, True, True)],
)
def test_trailing_slash(outer: bool | None, inner: bool | None, expected: bool) -> None:
    child, parent = Router(trailing_slash=inner), Router(trailing_slash=outer)
    child.register("x", Ping)
    parent.include(child)
    assert {(route.path, route.trailing_slash) for route in parent.routes()} == {("/x", expected)}


@pytest.mark.parametrize(
    ("methods", "expected"),
    [
        (["get", "options"], {"GET", "OPTIONS"}),
        (["get"], {"GET"}),
        (["post", "options", "head"], {"POST", "OPTIONS"}),
    ],
)
def test_http_method_names(methods: list[str], expected: set[str]) -> None:
    cls = type(Controller)("X", (Guarded,), {"http_method_names": methods})
    viewset = type(BoltViewSet)("X", (AirportViewSet,), {"http_method_names": methods})
    for each in (cls, viewset):
        router = Router()
        router.register("x", each)
        assert {route.method for route in router.routes()} == expected


def test_a_removed_mapping_is_not_served() -> None:
    cls = type(BoltViewSet)("X", (AirportViewSet,), {"forget_nearest": None})
    router = Router()
    router.register("x", cls)
    assert "DELETE" not in {route.method for route in router.routes()}


class NeedsArguments(Ping):
    def __init__(self, service: object, *, log: object, level: int = 0) -> None: ...


class Empty(Controller):
    """Without handlers."""


class EmptyPath(BoltViewSet):
    @action(detail=False, url_path="/")
    def x(self, request: Any) -> None: ...


@pytest.mark.parametrize(
    ("cls", "expected"),
    [
        (Ping(), "Register the class, not an instance"),
        (lambda request: None, "BoltAPI's decorators"),
        (dict, "Derive it from Controller"),
        ("flights.Ping", "takes a controller's class"),
        (Empty, "has no methods such as get"),
        (BoltViewSet, "has no actions"),
        (type(Controller)("X", (Ping,), {"http_method_names": ["put"]}), r"\['put'\]"),
        (NeedsArguments, "give service, log a default"),
        (EmptyPath, "empty url_path"),
    ],
)
def test_class_that_cannot_be_registered(cls: Any, expected: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=expected):
        Router().register("x", cls)


@pytest.mark.parametrize("basename", ["", 3])
def test_basename_must_be_a_name(basename: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match="basename must be a name"):
        Router().register("x", Ping, basename)


def test_basename_is_taken_once_in_a_router() -> None:
    router = Router()
    router.register("a", Ping)
    with pytest.raises(ImproperlyConfigured, match=r"basename 'ping' of .* is already that of"):
        router.register("b", Both, basename="ping")
    router.register("b", Ping, basename="other")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"prefix": 3}, "prefix must be a str"),
        ({"prefix": "a//b"}, "empty segment"),
        ({"permission_classes": int}, "must be a list"),
        ({"authentication_classes": "x"}, "must be a list"),
        ({"trailing_slash": "/"}, "trailing_slash must be a bool"),
        ({"inline": 1}, "inline must be a bool"),
        ({"tags": "x"}, "tags must be a list"),
    ],
)
def test_options_of_a_router(options: dict[str, Any], expected: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=expected):
        Router(**options)


@pytest.mark.parametrize("unknown", ["middleware", "throttle_classes", "auth"])
def test_unknown_options_of_a_router(unknown: str) -> None:
    with pytest.raises(TypeError, match=unknown):
        Router(**{unknown: []})  # type: ignore[arg-type]


def test_the_same_router_under_two_prefixes() -> None:
    shared = Router()
    shared.register("ping", Ping)
    router = Router("/api")
    router.include("v1", shared)
    router.include("v2", shared)
    check_duplicates(router.routes())
    assert {route.path for route in router.routes()} == {"/api/v1/ping", "/api/v2/ping"}


def test_prefixes_nest_in_order() -> None:
    a, b, c = Router("a"), Router("b"), Router("c")
    c.register("ping", Ping)
    b.include("in-b", c)
    a.include("in-a", b)
    assert a.routes()[0].path == "/a/in-a/b/in-b/c/ping"
    assert list(a.descendants()) == [b, c]


def test_cycles_are_refused() -> None:
    a, b, c = Router("a"), Router("b"), Router("c")
    a.include(b)
    b.include(c)
    for inner, outer in ((a, a), (a, b), (a, c)):
        with pytest.raises(ImproperlyConfigured, match="would include itself"):
            outer.include(inner)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((Ping,), r"register\(prefix, cls\)"),
        (("x", Ping), r"register\(prefix, cls\)"),
        (("x",), "takes a Router"),
        ((3, Router()), "prefix must be a str"),
    ],
)
def test_include_takes_routers(arguments: tuple[Any, ...], expected: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=expected):
        Router().include(*arguments)


def route(method: str, path: str, origin: str) -> Route:
    return Route(method=method, path=path, function=print, origin=origin)


@pytest.mark.parametrize(
    ("first", "second", "duplicate"),
    [
        (("GET", "/a"), ("GET", "/a"), True),
        (("GET", "/a"), ("POST", "/a"), False),
        (("GET", "/{a}"), ("GET", "/{b}"), True),
        (("GET", "/{a}/x/{b}"), ("GET", "/{b}/x/{a}"), True),
        (("GET", "/{a}"), ("GET", "/a"), False),
        (("GET", "/{*a}"), ("GET", "/{*b}"), True),
        (("GET", "/{*a}"), ("GET", "/{a}"), False),
        (("GET", "/A"), ("GET", "/a"), False),
    ],
)
def test_duplicates(first: tuple[str, str], second: tuple[str, str], duplicate: bool) -> None:
    routes = [route(*first, "one.handler"), route(*second, "other.handler")]
    if not duplicate:
        check_duplicates(routes)
        return
    with pytest.raises(ImproperlyConfigured, match=r"by one\.handler and by other\.handler"):
        check_duplicates(routes)


VALUES = st.text(min_size=1).filter(lambda text: "/" not in text and text not in {".", ".."})


@given(st.lists(VALUES, min_size=1, max_size=3), VALUES)
def test_a_filled_template_gives_its_values_back(values: list[str], last: str) -> None:
    names = [f"p{index}" for index in range(len(values))]
    template = "".join(f"/x/{{{name}}}" for name in names) + "/{*rest}"
    filled = url_templates.fill(template, {**dict(zip(names, values, strict=True)), "rest": last})
    segments = filled.split("/")
    assert [unquote(segment) for segment in segments[2::2]][: len(values)] == values
    assert unquote(segments[-1]) == last
    assert filled.isascii()


@given(st.lists(st.text("abc/", max_size=6), max_size=4))
def test_joining_is_associative_and_stable(parts: list[str]) -> None:
    whole = url_templates.join(*parts)
    assert whole.startswith("/")
    assert whole == "/" or not whole.endswith("/")
    assert url_templates.join(whole) == whole
    for cut in range(len(parts) + 1):
        assert url_templates.join(url_templates.join(*parts[:cut]), *parts[cut:]) == whole
