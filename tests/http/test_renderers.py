"""Renderers: the client chooses what a result becomes, and gets it under its true name."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import uuid
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Annotated, Any, Final

import httpx
import msgspec
import pytest
import yaml
from django.http import HttpResponse
from django.test import override_settings

from django_bolt import BoltAPI, BoltViewSet, Controller, Request, Response, Router, action
from django_bolt.auth import BasePermission, IsAuthenticated, JWTAuthentication
from django_bolt.compile.application import build
from django_bolt.decorators import endpoint
from django_bolt.exceptions import ConfigurationError, NotFound, SettingsError
from django_bolt.params import Query
from django_bolt.renderers import BaseRenderer, JSONRenderer, MessagePackRenderer, YAMLRenderer
from django_bolt.responses import HTML, JSON, PlainText, Redirect
from tests.http.cases import Case, table
from tests.http.conftest import Serve

TYPES: Final = {
    "json": "application/json",
    "msgpack": "application/msgpack",
    "yaml": "application/yaml",
}
DECODE: Final = {
    "application/json": msgspec.json.decode,
    "application/msgpack": msgspec.msgpack.decode,
    "application/yaml": yaml.safe_load,
}
ALL = [JSONRenderer, MessagePackRenderer, YAMLRenderer]
NOT_ACCEPTABLE = {"detail": "Could not satisfy the request Accept header."}


class CSVRenderer(BaseRenderer):
    """Rows as Django REST framework's users write it."""

    media_type = "text/csv"
    format = "csv"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> str:
        response = renderer_context["response"]
        if response.status_code >= 400:
            return f"error,{data['detail']}\n"
        view, request = renderer_context["view"], renderer_context["request"]
        response["X-Seen"] = f"{type(view).__name__} {request.path} {renderer_context['kwargs']}"
        return "".join(",".join(map(str, row.values())) + "\n" for row in data)


class Counting(BaseRenderer):
    """Leaves something on itself, which the next request must not see."""

    media_type = "text/x-count"
    format = "count"
    charset = None

    def __init__(self) -> None:
        self.count = 0

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        self.count += 1
        return f"{self.count} {accepted_media_type}".encode() if data is not None else b""


class Broken(BaseRenderer):
    media_type = "text/x-broken"
    format = "broken"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> Any:
        return 3


class JPEGRenderer(BaseRenderer):
    media_type = "image/jpeg"
    format = "jpg"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> Any:
        return data


class Vendor(JSONRenderer):
    media_type = "application/vnd.mint+json"
    format = "mint"


class Coin(msgspec.Struct):
    name: str
    value: Decimal
    struck: dt.date


COIN = Coin("Thaler", Decimal("1.50"), dt.date(1520, 1, 9))
COIN_DATA = {"name": "Thaler", "value": "1.50", "struck": "1520-01-09"}

api = BoltAPI(renderer_classes=ALL)


@api.get("/coin")
async def coin() -> Coin:
    return COIN


@api.get("/coin/thread")
def coin_in_a_thread() -> Coin:
    return COIN


@api.get("/coin/later")
async def coin_later(request: Request) -> Coin:
    await asyncio.sleep(0)
    return COIN


@api.get("/anything")
async def anything() -> Any:
    return {"id": uuid.UUID(int=1), "flags": {"x"}, "none": None, "text": "é: [1]", "deep": [COIN]}


@api.get("/null")
async def null() -> Any:
    return None


@api.delete("/nothing")
async def nothing() -> None: ...


@api.get("/response")
async def response() -> Coin | Response:
    return Response({"a": 1}, status=202, headers={"X-Mint": "Joachimsthal", "Vary": "Cookie"})


@api.get("/response/{kind}")
async def other_responses(kind: str) -> Any:
    return {
        "empty": Response,
        "typed": lambda: Response("a;b", content_type="text/x-own"),
        "json": lambda: JSON({"a": 1}),
        "text": lambda: PlainText("a"),
        "html": lambda: HTML("<p>"),
        "redirect": lambda: Redirect("/coin"),
        "django": lambda: HttpResponse("a", content_type="text/x-django"),
        "bytes": lambda: b"\0\1",
        "no-content": lambda: Response({"a": 1}, status=204),
    }[kind]()


@api.get("/fails/{how}")
async def fails(how: str, limit: int = 1) -> Any:
    if how == "missing":
        raise NotFound
    raise ValueError("a fault")


@api.get("/accepted")
async def accepted(request: Request) -> Any:
    return [type(request.accepted_renderer).__name__, request.accepted_media_type]


@api.get("/secret", auth=[JWTAuthentication(secret="x" * 32)], guards=[IsAuthenticated])
async def secret() -> Any:
    return 1


class Seen(BasePermission):
    def has_permission(self, request: Any, view: Any) -> bool:
        return bool(request.accepted_renderer.format == "yaml")


@api.get("/asked", guards=[Seen])
async def asked() -> Any:
    return 1


@api.get("/csv", renderer_classes=[CSVRenderer, JSONRenderer])
async def rows() -> Any:
    return [{"a": 1, "b": dt.date(2000, 1, 2)}, {"a": Decimal("1.0"), "b": None}]


@api.get("/csv/missing", renderer_classes=[CSVRenderer])
async def no_rows() -> Any:
    raise NotFound


@api.get("/count", renderer_classes=[Counting])
async def count() -> Any:
    return []


@api.get("/broken", renderer_classes=[JSONRenderer, Broken])
def broken() -> Any:
    return 1


@api.get("/picture", renderer_classes=[JPEGRenderer])
async def picture() -> bytes:
    return b"\xff\xd8"


@api.get("/vendor", renderer_classes=[Vendor])
async def vendor() -> Any:
    return COIN


plain = Router()
api.include("/plain", plain)


class Minted(Controller):
    """Coins of a mint."""

    renderer_classes = (MessagePackRenderer, CSVRenderer)

    def get(self, request: Request, year: int) -> Any:
        return [{"year": year, "format": request.accepted_renderer.format}]

    @endpoint(renderer_classes=[YAMLRenderer])
    async def post(self, request: Request, year: int) -> Any:
        return year


plain.register("minted/{year}", Minted)


class Coins(BoltViewSet):
    renderer_classes = [JSONRenderer, MessagePackRenderer]

    def list(self, request: Request) -> Any:
        return [1]

    @action(detail=False, renderer_classes=[YAMLRenderer])
    def yaml(self, request: Request) -> Any:
        return [kind.__name__ for kind in self.renderer_classes or ()]


plain.register("coins", Coins)


def content(reply: httpx.Response) -> Any:
    return DECODE[reply.headers["content-type"]](reply.content)


@pytest.mark.parametrize("path", ["/coin", "/coin/thread", "/coin/later"])
@pytest.mark.parametrize("name", TYPES)
def test_a_result_in_each_format(client: httpx.Client, path: str, name: str) -> None:
    asked = [
        {"headers": {"Accept": TYPES[name]}},
        {"params": {"format": name}, "headers": {"Accept": "text/html"}},
        {"headers": {"Accept": f"text/html, */*;q=0.1, {TYPES[name]};q=0.3"}},
    ]
    for how in asked:
        reply = client.get(path, **how)  # type: ignore[arg-type]
        assert reply.status_code == 200
        assert reply.headers["content-type"] == TYPES[name]
        assert reply.headers["vary"] == "Accept"
        found = content(reply)
        # YAML has dates of its own, and text that looks like one is quoted.
        assert found == COIN_DATA


@pytest.mark.parametrize("name", TYPES)
def test_undeclared_results(client: httpx.Client, name: str) -> None:
    assert content(client.get("/anything", params={"format": name})) == {
        "id": str(uuid.UUID(int=1)),
        "flags": ["x"],
        "none": None,
        "text": "é: [1]",
        "deep": [COIN_DATA],
    }
    assert content(client.get("/null", params={"format": name})) is None


@pytest.mark.parametrize("name", TYPES)
def test_responses_keep_their_head(client: httpx.Client, name: str) -> None:
    reply = client.get("/response", headers={"Accept": TYPES[name]})
    assert (reply.status_code, content(reply)) == (202, {"a": 1})
    assert (reply.headers["x-mint"], reply.headers["vary"]) == ("Joachimsthal", "Cookie, Accept")


@table(
    [
        Case("GET", "/coin", body=COIN_DATA, reply_headers={"vary": "Accept"}),
        Case("GET", "/coin?format=", body=COIN_DATA),
        Case("GET", "/coin?format=xml", status=404, body={"detail": "Not found."}),
        Case(
            "GET",
            "/coin",
            headers={"Accept": "text/html"},
            status=406,
            body=NOT_ACCEPTABLE,
            reply_headers={"vary": "Accept"},
            name="nothing that the client accepts",
        ),
        Case(
            "GET",
            "/coin",
            headers={"Accept": "text/html, application/problem+json"},
            status=406,
            reply_headers={"content-type": "application/problem+json"},
            name="a problem for those who ask for it",
        ),
        Case(
            "GET",
            "/coin",
            headers={"Accept": "application/json; indent=2"},
            text='{\n  "name": "Thaler",\n  "value": "1.50",\n  "struck": "1520-01-09"\n}',
            reply_headers={"content-type": "application/json"},
            name="indented",
        ),
        Case(
            "GET",
            "/null",
            headers={"Accept": f"application/json; indent={'9' * 5000}"},
            text="null",
            name="indented without end",
        ),
        # Responses that say what they are.
        Case(
            "GET",
            "/response/typed?format=msgpack",
            text="a;b",
            reply_headers={"content-type": "text/x-own", "vary": "Accept"},
        ),
        Case("GET", "/response/json?format=msgpack", body={"a": 1}),
        Case("GET", "/response/text?format=msgpack", text="a"),
        Case("GET", "/response/html?format=msgpack", text="<p>"),
        Case("GET", "/response/redirect?format=msgpack", status=302),
        Case(
            "GET",
            "/response/django?format=yaml",
            text="a",
            reply_headers={"content-type": "text/x-django"},
        ),
        Case(
            "GET",
            "/response/bytes?format=yaml",
            text="\0\1",
            reply_headers={"content-type": "application/octet-stream"},
        ),
        Case(
            "GET",
            "/response/empty?format=yaml",
            text="",
            reply_headers={"content-type": None},
        ),
        Case("GET", "/response/no-content?format=yaml", status=204, text=""),
        Case("DELETE", "/nothing?format=yaml", status=204, text=""),
        # Nobody declared renderers: JSON, whatever is asked for.
        Case(
            "GET",
            "/vendor",
            text='{"name":"Thaler","value":"1.50","struck":"1520-01-09"}',
            reply_headers={"content-type": "application/vnd.mint+json", "vary": None},
        ),
        Case("GET", "/picture", reply_headers={"content-type": "image/jpeg"}),
        Case("GET", "/count", text="1 text/x-count", reply_headers={"vary": None}),
        Case(
            "GET",
            "/count",
            headers={"Accept": 'text/x-count; of="a b"'},
            text='1 text/x-count; of="a b"',
            reply_headers={"content-type": "text/x-count"},
            name="each request has its own renderer",
        ),
        Case(
            "GET",
            "/csv?format=csv",
            text="1,2000-01-02\n1.0,None\n",
            reply_headers={
                "content-type": "text/csv; charset=utf-8",
                "x-seen": "NoneType /csv {}",
                "vary": "Accept",
            },
        ),
        Case(
            "GET",
            "/csv/missing",
            status=404,
            text="error,Not found.\n",
            reply_headers={"content-type": "text/csv; charset=utf-8"},
        ),
        Case(
            "GET",
            "/plain/minted/1520?format=csv",
            text="1520,csv\n",
            reply_headers={"x-seen": "Minted /plain/minted/1520 {'year': 1520}"},
        ),
    ]
)
def test_replies(client: httpx.Client, case: Case) -> None:
    case.check(client)


def test_the_nearest_declaration_holds(client: httpx.Client) -> None:
    cases = [
        ("GET", "/plain/minted/1", "application/msgpack", [{"year": 1, "format": "msgpack"}]),
        ("POST", "/plain/minted/1", "application/yaml", 1),
        ("GET", "/plain/coins", "application/json", [1]),
        ("GET", "/plain/coins/yaml", "application/yaml", ["YAMLRenderer"]),
    ]
    for method, path, content_type, expected in cases:
        reply = client.request(method, path)
        assert (reply.headers["content-type"], content(reply)) == (content_type, expected)


def test_what_a_class_renders_is_described(client: httpx.Client) -> None:
    reply = client.options("/plain/minted/1")
    assert content(reply)["renders"] == ["application/msgpack", "text/csv"]
    reply = client.options("/plain/coins", headers={"Accept": "application/msgpack"})
    assert content(reply)["renders"] == ["application/json", "application/msgpack"]


@pytest.mark.parametrize("name", TYPES)
def test_errors_in_each_format(client: httpx.Client, name: str) -> None:
    accept = {"Accept": TYPES[name]}
    cases = [
        ("/fails/missing", 404, {"detail": "Not found."}),
        ("/fails/missing?limit=x", 400, {"limit": ["A valid integer is required."]}),
        ("/fails/server", 500, {"detail": "Internal server error."}),
        ("/secret", 401, {"detail": "Authentication credentials were not provided."}),
    ]
    for path, status, expected in cases:
        reply = client.get(path, headers=accept)
        assert (reply.status_code, content(reply)) == (status, expected)
        assert reply.headers["content-type"] == TYPES[name]
        assert reply.headers["vary"] == "Accept"
        assert int(reply.headers["content-length"]) == len(reply.content)


def test_problems_are_for_those_who_name_them(client: httpx.Client) -> None:
    accept = {"Accept": "application/msgpack, application/problem+json"}
    assert client.get("/coin", headers=accept).headers["content-type"] == TYPES["msgpack"]
    reply = client.get("/fails/missing", headers=accept)
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["status"] == 404


def test_who_may_not_come_in_is_not_told_what_is_rendered(client: httpx.Client) -> None:
    reply = client.get("/secret", headers={"Accept": "text/html"})
    assert reply.status_code == 401
    assert reply.headers["content-type"] == "application/json"


def test_heads_are_those_of_the_format(client: httpx.Client) -> None:
    reply = client.head("/coin", headers={"Accept": TYPES["msgpack"]})
    body = msgspec.msgpack.encode(COIN)
    assert reply.headers["content-type"] == TYPES["msgpack"]
    assert (int(reply.headers["content-length"]), reply.content) == (len(body), b"")


def test_the_request_knows_what_was_agreed_on(client: httpx.Client) -> None:
    cases = [
        ({"Accept": "application/json;indent=0"}, ["JSONRenderer", "application/json; indent=0"]),
        ({"Accept": "application/yaml"}, ["YAMLRenderer", "application/yaml"]),
    ]
    for headers, expected in cases:
        assert content(client.get("/accepted", headers=headers)) == expected
    assert content(client.get("/asked?format=yaml")) == 1
    assert client.get("/asked?format=json").status_code == 403


def test_a_renderer_that_fails_is_a_fault(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "django.request"):
        reply = client.get("/broken", headers={"Accept": "text/x-broken"})
    # It cannot render the error either, and that is told in JSON.
    assert (reply.status_code, reply.json()) == (500, {"detail": "Internal server error."})
    assert reply.headers["content-type"] == "application/json"
    assert "Broken.render() returned int, not bytes or str." in caplog.text
    assert client.get("/broken").json() == 1


def test_without_a_declaration_the_client_is_not_asked(serve: Serve) -> None:
    bare = BoltAPI()

    @bare.get("/x")
    async def x(request: Request, format: str = "") -> Any:  # noqa: A002
        return [format, type(request.accepted_renderer).__name__, request.accepted_media_type]

    client = serve(bare)
    reply = client.get("/x?format=yaml", headers={"Accept": "text/html"})
    assert reply.json() == ["yaml", "JSONRenderer", "application/json"]
    assert "vary" not in reply.headers


class Page(msgspec.Struct, forbid_unknown_fields=True):
    number: int = 1


@override_settings(
    BOLT={"DEFAULT_RENDERER_CLASSES": ["django_bolt.renderers.YAMLRenderer", JSONRenderer]}
)
def test_the_settings_hold_where_nobody_declares(serve: Serve) -> None:
    bare = BoltAPI()

    @bare.get("/x")
    async def x(page: Annotated[Page, Query()]) -> int:
        return page.number

    client = serve(bare)
    assert client.get("/x").headers["content-type"] == TYPES["yaml"]
    # A group that takes no other names takes this one all the same.
    assert client.get("/x?format=json&number=2").json() == 2
    assert client.get("/x?format=json&other=2").status_code == 400


@pytest.mark.parametrize(
    ("setting", "query", "expected"),
    [("as", "as=yaml", "yaml"), ("as", "format=yaml", "json"), (None, "format=yaml", "json")],
)
def test_the_name_of_the_override(
    serve: Serve, setting: str | None, query: str, expected: str
) -> None:
    with override_settings(BOLT={"URL_FORMAT_OVERRIDE": setting}):
        reply = serve(api).get(f"/null?{query}")
    assert reply.headers["content-type"] == TYPES[expected]


class Wild(BaseRenderer):
    media_type = "image/*"


class Nameless(BaseRenderer):
    media_type = "a/b"
    format = ""


@override_settings(BOLT={"DEFAULT_RENDERER_CLASSES": [JSONRenderer]})
def test_what_has_a_type_of_its_own_is_not_negotiated(serve: Serve) -> None:
    bare = BoltAPI()

    @bare.get("/page")
    async def page() -> HTML | Redirect:
        return HTML("<p>")

    @bare.get("/lines")
    async def lines() -> AsyncIterator[int]:
        yield 1

    client = serve(bare)
    for path, accept in (("/page", "text/html"), ("/lines", "application/x-ndjson")):
        reply = client.get(path, headers={"Accept": accept})
        assert (reply.status_code, reply.headers["content-type"].split(";")[0]) == (200, accept)


class Slow(JSONRenderer):
    async def render(self, *_: Any) -> bytes:  # type: ignore[override]
        return b""


class Demanding(JSONRenderer):
    def __init__(self, depth: int) -> None:
        self.depth = depth


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        ([], "renderer_classes is empty"),
        ([3], "3 is not a renderer"),
        ([Response], "Response'> is not a renderer"),
        (
            [BaseRenderer],
            "BaseRenderer.media_type must be a media type without wildcards, not None",
        ),
        ([Wild], "not 'image/\\*'"),
        ([Nameless], "Nameless.format must be a name, not ''"),
        ([Slow], "Slow.render is async"),
        ([Demanding], "Demanding needs arguments: list an instance"),
        ([JSONRenderer, Demanding(1)], "Demanding would never be chosen"),
    ],
)
def test_what_cannot_render_is_refused(listed: list[Any], message: str) -> None:
    bare = BoltAPI()
    bare.get("/x", renderer_classes=listed)(coin)
    with pytest.raises(ConfigurationError, match=message):
        build(bare.routes())


def test_a_parameter_of_the_same_name_is_refused() -> None:
    async def handler(format: str) -> Any: ...  # noqa: A002

    bare = BoltAPI()
    bare.get("/x", renderer_classes=ALL)(handler)
    with pytest.raises(ConfigurationError, match="'format' chooses the renderer here"):
        build(bare.routes())
    with override_settings(BOLT={"URL_FORMAT_OVERRIDE": None}):
        build(bare.routes())
    with (
        override_settings(BOLT={"URL_FORMAT_OVERRIDE": ""}),
        pytest.raises(SettingsError, match="must be a name, or None"),
    ):
        build(bare.routes())


def test_yaml_without_its_library_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django_bolt.renderers.yaml", None)
    bare = BoltAPI()
    bare.get("/x", renderer_classes=[YAMLRenderer])(coin)
    with pytest.raises(Exception, match=r"install the extra, django-bolt\[yaml\]"):
        build(bare.routes())


def test_options_that_would_have_no_effect_are_refused() -> None:
    with pytest.raises(Exception, match="'ensure_ascii' of Django REST framework's JSONRenderer"):
        type("Ascii", (JSONRenderer,), {"ensure_ascii": True})
