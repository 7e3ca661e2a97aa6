"""Which modules' routers are found, and the URLs of their routes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from django.urls import NoReverseMatch, set_script_prefix

from django_bolt.discovery import discover, reset, reverse

_projects = count()

PING = """
from django_bolt import BoltAPI, Controller, Router

class Ping(Controller):
    def get(self, request): ...
"""
ROUTER = PING + "\nrouter = Router({prefix!r})\nrouter.register('ping', Ping, {name!r})\n"
API = """
from django_bolt import BoltAPI
api = BoltAPI()
@api.get({path!r}, name={name!r})
def f(): ...
"""

Project = Callable[..., list[str]]


def router(prefix: str = "", name: str | None = None) -> str:
    return ROUTER.format(prefix=prefix, name=name)


def api(path: str = "/hello", name: str | None = None) -> str:
    return API.format(path=path, name=name)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """Write a project; return the paths of its routes. ``{p}`` is its package's name."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    overrides: list[Any] = []

    def build(
        files: dict[str, str], apps: tuple[str, ...] = (), urlconf: str = "{p}.urls"
    ) -> list[str]:
        package = f"project{next(_projects)}"
        for name in files:
            path = tmp_path / name.format(p=package)
            path.parent.mkdir(parents=True, exist_ok=True)
            for folder in path.parents:
                if folder == tmp_path:
                    break
                (folder / "__init__.py").touch()
            path.write_text(dedent(files[name]).replace("{p}", package))
        override = override_settings(
            ROOT_URLCONF=urlconf.format(p=package),
            INSTALLED_APPS=[app.format(p=package) for app in apps],
        )
        override.enable()
        overrides.append(override)
        return sorted({route.path for route in discover()})

    yield build
    for override in reversed(overrides):
        override.disable()
    for name in set(sys.modules) - before:
        if name.startswith(("project", "bolt_routes", "api", "top_urls")):
            del sys.modules[name]
    reset()


URLS = "urlpatterns = []\n"


def test_every_source_is_found(project: Project) -> None:
    assert project(
        {
            "{p}/urls.py": URLS,
            "{p}/bolt_routes.py": router("/root", "a"),
            "{p}/api.py": api("/root-api"),
            "{p}/flights/bolt_routes.py": router("/flights", "b"),
            "{p}/figures/api.py": api("/figures"),
            "{p}/empty/models.py": "",
        },
        apps=("{p}.flights", "{p}.figures", "{p}.empty", "django.contrib.messages"),
    ) == ["/figures", "/flights/ping", "/root-api", "/root/ping"]


def test_a_project_without_routes(project: Project) -> None:
    assert project({"{p}/urls.py": URLS}) == []


def test_the_root_package_may_be_an_app(project: Project) -> None:
    assert project({"{p}/urls.py": URLS, "{p}/api.py": api()}, apps=("{p}",)) == ["/hello"]


def test_a_urlconf_outside_a_package(project: Project) -> None:
    files = {"top_urls.py": URLS, "api.py": api(), "bolt_routes.py": router("/top")}
    assert project(files, urlconf="top_urls") == ["/hello", "/top/ping"]


def test_an_included_router_is_not_mounted_twice(project: Project) -> None:
    files = {
        "{p}/urls.py": URLS,
        "{p}/bolt_routes.py": """
            from django_bolt import Router
            from {p}.flights.bolt_routes import router as flights
            router = Router("/api")
            router.include("v1", flights)
        """,
        "{p}/flights/bolt_routes.py": router("flights"),
    }
    assert project(files, apps=("{p}.flights",)) == ["/api/v1/flights/ping"]


def test_a_router_under_two_names_is_mounted_once(project: Project) -> None:
    files = {
        "{p}/urls.py": URLS,
        "{p}/api.py": api(),
        "{p}/bolt_routes.py": "from {p}.api import api as router",
    }
    assert project(files) == ["/hello"]


@pytest.mark.parametrize(
    ("files", "error", "expected"),
    [
        ({"{p}/bolt_routes.py": "import nonexistent_module"}, ModuleNotFoundError, "nonexistent"),
        ({"{p}/api.py": "from django_bolt import Bolt"}, ImportError, "Bolt"),
        ({"{p}/api.py": "1 / 0"}, ZeroDivisionError, "division"),
        ({"{p}/api.py": "def"}, SyntaxError, "invalid"),
        ({"{p}/bolt_routes.py": ""}, ImproperlyConfigured, "must have a Router named 'router'"),
        ({"{p}/bolt_routes.py": "router = []"}, ImproperlyConfigured, r"'router' is \[\]"),
        (
            {"{p}/bolt_routes.py": router().replace("router", "routes")},
            ImproperlyConfigured,
            "It has 'routes': rename it",
        ),
        (
            {"{p}/api.py": "from django_bolt import BoltAPI\napp = BoltAPI()"},
            ImproperlyConfigured,
            "named 'api'; there is no 'api'. It has 'app': rename it",
        ),
        (
            {"{p}/bolt_routes.py": router("", "a"), "{p}/api.py": api("/ping")},
            ImproperlyConfigured,
            r"GET /ping is declared twice: by .*bolt_routes\.Ping\.get and by .*api\.f",
        ),
    ],
)  # fmt: skip
def test_mistakes(
    project: Project, files: dict[str, str], error: type[Exception], expected: str
) -> None:
    with pytest.raises(error, match=expected):
        project({"{p}/urls.py": URLS, **files})


@pytest.mark.parametrize("source", ["", "api = object()", "def get_messages(): ..."])
def test_an_api_module_of_something_else_is_left_alone(project: Project, source: str) -> None:
    assert project({"{p}/urls.py": URLS, "{p}/api.py": source}) == []


def test_discovery_is_cached_until_the_settings_change(project: Project) -> None:
    assert project({"{p}/urls.py": URLS, "{p}/api.py": api("/one")}) == ["/one"]
    discover().clear()
    assert [route.path for route in discover()] == ["/one"]
    assert project({"{p}/urls.py": URLS, "{p}/api.py": api("/two")}) == ["/two"]


NAMED = """
from django_bolt import BoltAPI, BoltViewSet, Router
from django.urls import path

class AirportViewSet(BoltViewSet):
    def list(self, request): ...
    def retrieve(self, request, pk): ...

airports = Router()
airports.register("airports", AirportViewSet)
router = Router("/api")
router.include("v1", airports)
router.include("v2", airports)
slashed = Router("/slashed", trailing_slash=True)
slashed.register("airports", AirportViewSet, "slashed")
router.include(slashed)
functions = BoltAPI()
@functions.get("/files/{folder}/{*rest}", name="file")
@functions.get("/", name="home")
@functions.get("/users/", name="users")
def function(): ...
router.include(functions)
"""
NAMED_URLS = """
from django.urls import path
urlpatterns = [path("plain/<int:pk>/", print, name="plain"), path("x", print, name="file")]
"""


@pytest.fixture
def named(project: Project) -> None:
    project({"{p}/urls.py": NAMED_URLS, "{p}/bolt_routes.py": NAMED})


@pytest.mark.parametrize(
    ("name", "args", "kwargs", "expected"),
    [
        ("airport-list", None, None, "/api/v2/airports"),
        ("airport-detail", None, {"pk": "KEF"}, "/api/v2/airports/KEF"),
        ("airport-detail", ["KEF"], None, "/api/v2/airports/KEF"),
        ("airport-detail", [7], {}, "/api/v2/airports/7"),
        ("airport-detail", ["á b?#%"], None, "/api/v2/airports/%C3%A1%20b%3F%23%25"),
        ("airport-detail", ["a:b@c,d;e=f&g+h"], None, "/api/v2/airports/a:b@c,d;e=f&g+h"),
        ("slashed-list", None, None, "/api/slashed/airports/"),
        ("slashed-detail", ["KEF"], None, "/api/slashed/airports/KEF/"),
        ("file", ["a", "b/c d/e"], None, "/api/files/a/b/c%20d/e"),
        ("home", None, None, "/api"),
        ("users", None, None, "/api/users/"),
        ("plain", [3], None, "/plain/3/"),
        ("plain", None, {"pk": 3}, "/plain/3/"),
        ("file", None, None, "/x"),
    ],
)
@pytest.mark.usefixtures("named")
def test_reverse(name: str, args: Any, kwargs: Any, expected: str) -> None:
    assert reverse(name, args=args, kwargs=kwargs) == expected


@pytest.mark.parametrize(
    ("name", "args", "kwargs", "expected"),
    [
        ("airport-lst", None, None, "Did you mean 'airport-list'"),
        ("unknown", None, None, "unknown"),
        ("airport-detail", None, None, r"takes \['pk'\], not \[\]"),
        ("airport-detail", ["a", "b"], None, "takes 1 values, not 2"),
        ("airport-detail", None, {"code": "KEF"}, r"takes \['pk'\], not \['code'\]"),
        ("airport-list", None, {"pk": "KEF"}, "takes no values"),
        ("airport-detail", ["a/b"], None, "has a slash in it"),
        ("airport-detail", [""], None, "pk is empty"),
        ("airport-detail", [None], None, "pk is empty"),
        ("airport-detail", [".."], None, "lost on the way"),
        ("file", ["a", "../b"], None, "lost on the way"),
        ("file", ["a", "b//c"], None, "lost on the way"),
        ("file", ["a", "/b"], None, "lost on the way"),
        ("file", ["a", ""], None, "rest is empty"),
    ],
)
@pytest.mark.usefixtures("named")
def test_no_reverse_match(name: str, args: Any, kwargs: Any, expected: str) -> None:
    with pytest.raises(NoReverseMatch, match=expected):
        reverse(name, args=args, kwargs=kwargs)


@pytest.mark.usefixtures("named")
def test_args_and_kwargs_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="not both"):
        reverse("airport-detail", args=["a"], kwargs={"pk": "a"})


@pytest.mark.usefixtures("named")
def test_a_request_makes_it_absolute() -> None:
    request: Any = SimpleNamespace(build_absolute_uri=lambda path: f"https://example.com{path}")
    url = reverse("airport-detail", args=["KEF"], request=request)
    assert url == "https://example.com/api/v2/airports/KEF"


@pytest.mark.usefixtures("named")
def test_the_script_prefix_comes_first() -> None:
    set_script_prefix("/below/")
    try:
        assert reverse("airport-list") == "/below/api/v2/airports"
    finally:
        set_script_prefix("/")
