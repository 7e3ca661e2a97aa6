"""Controllers and viewsets: instances, actions, hooks, names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from django.urls import NoReverseMatch

from django_bolt import (
    BoltViewSet,
    Controller,
    Request,
    Response,
    Router,
    action,
    discovery,
    exceptions,
)
from django_bolt.auth import BasePermission
from django_bolt.discovery import reverse
from tests.http.cases import Case, table
from tests.http.conftest import Serve

router = api = Router("/api")


class Counting(Controller):
    """No state passes from one request to the next."""

    count = 0

    def get(self, request: Request) -> Any:
        self.count += 1
        return [self.count, self.request is request, self.kwargs, self.action, list(self.args)]

    async def post(self, request: Request) -> Any:
        self.count += 1
        return [self.count, self.request is request, self.kwargs, self.action, list(self.args)]


class Initialized(Controller):
    def __init__(self) -> None:
        self.made = ["made"]

    def get(self) -> Any:
        self.made.append("used")
        return self.made


class Coins(BoltViewSet):
    lookup_field = "number"

    def list(self) -> Any:
        return self.action

    async def create(self, request: Request) -> Any:
        return Response({"action": self.action, "data": request.data}, status=201)

    def retrieve(self, number: int) -> Any:
        return [self.action, number, self.kwargs]

    async def update(self, request: Request, number: int) -> Any:
        return [self.action, number]

    def partial_update(self, request: Request, number: int) -> Any:
        return [self.action, number]

    async def destroy(self, number: int) -> None:
        return None

    @action(detail=True, methods=["get", "post"], url_path="melt/{degrees}")
    def melt(self, number: int, degrees: int) -> Any:
        return [self.action, number, degrees]

    @action(detail=False, url_name="newest-one")
    async def newest(self) -> Any:
        return self.action

    @newest.mapping.delete
    def forget(self) -> Any:
        return self.action


class Hooked(Controller):
    """Leaves its steps in a header."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.steps = ["initial"]
        if "refuse" in request.query_params:
            raise exceptions.NotFound("refused")

    def get(self, request: Request) -> Any:
        self.steps.append("get")
        if "fail" in request.query_params:
            raise LookupError("known")
        if "fault" in request.query_params:
            raise ValueError("unknown")
        return Response({"ok": True})

    async def post(self, request: Request) -> Any:
        self.steps.append("post")
        if "fail" in request.query_params:
            raise LookupError("known")
        return Response({"ok": True})

    def handle_exception(self, exc: Exception) -> Any:
        self.steps.append("handle")
        if isinstance(exc, LookupError):
            return Response({"handled": str(exc)}, status=409)
        return super().handle_exception(exc)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response["X-Steps"] = ",".join([*self.steps, "finalize"])
        return response


class HookedLater(Controller):
    async def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.ready = kwargs

    def get(self, name: str) -> Any:
        return self.ready

    async def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Any:
        return {"final": response}


class Refuse(BasePermission):
    message = "No."

    def has_permission(self, request: Request, view: Any) -> bool:
        return view.action == "list"


class ByAction(BoltViewSet):
    def get_permissions(self) -> Any:
        return [] if self.action == "retrieve" else [Refuse()]

    def list(self) -> str:
        return "in"

    def create(self) -> str:
        return "in"

    async def retrieve(self, pk: str) -> str:
        return "in"


class Denying(Controller):
    permission_classes = [Refuse]

    def get(self) -> str:
        return "in"

    def permission_denied(self, request: Request, message: Any = None, code: Any = None) -> Any:
        raise exceptions.NotFound(f"hidden: {message}")


class Base(Controller):
    def get(self) -> str:
        return self.word()

    def word(self) -> str:
        return "base"


class Derived(Base):
    def word(self) -> str:
        return f"derived, {super().word()}"


class ReadOnlyCoins(Coins):
    http_method_names = ["get", "head"]


router.register("counting/{name}", Counting)
router.register("initialized", Initialized)
router.register("coins", Coins, basename="coin")
router.register("read-only", ReadOnlyCoins, basename="ro")
router.register("hooked", Hooked)
router.register("hooked-later/{name}", HookedLater)
router.register("by-action", ByAction)
router.register("denying", Denying)
router.register("derived", Derived)


@table(
    [
        Case("GET", "/api/counting/a", body=[1, True, {"name": "a"}, None, []]),
        Case("GET", "/api/counting/b", body=[1, True, {"name": "b"}, None, []]),
        Case("POST", "/api/counting/c", body=[1, True, {"name": "c"}, None, []]),
        Case("POST", "/api/counting/d", body=[1, True, {"name": "d"}, None, []]),
        Case("GET", "/api/initialized", body=["made", "used"]),
        Case("GET", "/api/initialized/", body=["made", "used"], name="initialized again"),
        Case("GET", "/api/derived", body="derived, base"),
    ]
)
def test_every_request_has_an_instance_of_its_own(client: httpx.Client, case: Case) -> None:
    case.check(client)


@table(
    [
        Case("GET", "/api/coins", body="list"),
        Case("POST", "/api/coins", json=[1], status=201, body={"action": "create", "data": [1]}),
        Case("GET", "/api/coins/7", body=["retrieve", 7, {"number": 7}]),
        Case("PUT", "/api/coins/7", body=["update", 7]),
        Case("PATCH", "/api/coins/7", body=["partial_update", 7]),
        Case("DELETE", "/api/coins/7", status=204, text=""),
        Case("GET", "/api/coins/x", status=400),
        Case("GET", "/api/coins/7/melt/1064", body=["melt", 7, 1064]),
        Case("POST", "/api/coins/7/melt/1064", body=["melt", 7, 1064]),
        # The collection's own paths stand before an object's.
        Case("GET", "/api/coins/newest", body="newest"),
        Case("DELETE", "/api/coins/newest", body="forget"),
        Case("PUT", "/api/coins/newest", status=405),
        Case("DELETE", "/api/coins", status=405),
        Case("GET", "/api/read-only", body="list"),
        Case("POST", "/api/read-only", status=405, reply_headers={"allow": "GET, HEAD, OPTIONS"}),
        Case("DELETE", "/api/read-only/7", status=405),
    ]
)
def test_actions(client: httpx.Client, case: Case) -> None:
    case.check(client)


def steps(*names: str) -> dict[str, str | None]:
    return {"x-steps": ",".join(names)}


@table(
    [
        Case(
            "GET",
            "/api/hooked",
            body={"ok": True},
            reply_headers=steps("initial", "get", "finalize"),
        ),
        Case(
            "POST",
            "/api/hooked",
            body={"ok": True},
            reply_headers=steps("initial", "post", "finalize"),
        ),
        Case(
            "GET",
            "/api/hooked?fail",
            status=409,
            body={"handled": "known"},
            reply_headers=steps("initial", "get", "handle", "finalize"),
        ),
        Case(
            "POST",
            "/api/hooked?fail",
            status=409,
            body={"handled": "known"},
            reply_headers=steps("initial", "post", "handle", "finalize"),
        ),
        Case(
            "GET",
            "/api/hooked?refuse",
            status=404,
            body={"detail": "refused"},
            reply_headers=steps("initial", "handle", "finalize"),
        ),
        Case(
            "GET",
            "/api/hooked?fault",
            status=500,
            body={"detail": "Internal server error."},
            reply_headers={"x-steps": None},
        ),
        Case("GET", "/api/hooked-later/a", body={"final": {"name": "a"}}),
        Case("GET", "/api/by-action", body="in"),
        Case("POST", "/api/by-action", status=403, body={"detail": "No."}),
        Case("GET", "/api/by-action/1", body="in"),
        Case("GET", "/api/denying", status=404, body={"detail": "hidden: No."}),
    ]
)
def test_hooks(client: httpx.Client, case: Case) -> None:
    case.check(client)


class TestReverse:
    """The names of REST framework's routers."""

    @pytest.fixture(autouse=True)
    def project(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.setattr(discovery, "_routers", lambda: iter([router]))
        discovery.reset()
        yield
        discovery.reset()

    @pytest.mark.parametrize(
        ("name", "values", "path"),
        [
            ("coin-list", {}, "/api/coins"),
            ("coin-detail", {"kwargs": {"number": 7}}, "/api/coins/7"),
            ("coin-detail", {"args": ["a b"]}, "/api/coins/a%20b"),
            ("coin-melt", {"args": [7, 9]}, "/api/coins/7/melt/9"),
            ("coin-newest-one", {}, "/api/coins/newest"),
            ("initialized", {}, "/api/initialized"),
            ("by-action-detail", {"args": [1]}, "/api/by-action/1"),
        ],
    )
    def test_names(self, serve: Serve, name: str, values: dict[str, Any], path: str) -> None:
        assert reverse(name, **values) == path
        assert serve(router).options(path).status_code != 404

    def test_an_unknown_name_is_suggested(self) -> None:
        with pytest.raises(NoReverseMatch, match="coin-list"):
            reverse("coin-lst")
