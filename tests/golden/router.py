"""A small router that uses every part of the plan once."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from decimal import Decimal
from typing import Annotated, Any, Literal

from msgspec import Struct

from django_bolt import BoltAPI, BoltViewSet, Controller, Request, Router, action, endpoint, inline
from django_bolt.auth import (
    AllowAny,
    APIKeyAuthentication,
    BasePermission,
    HasAllPermissions,
    HasAnyPermission,
    HasPermission,
    HasScope,
    IsAdminUser,
    IsAuthenticated,
    IsAuthenticatedOrReadOnly,
    IsStaff,
    JWTAuthentication,
    ReadOnly,
)
from django_bolt.params import Cookie, File, Form, Header, Path, Query

TOKENS = JWTAuthentication(
    secret="the golden plan names this and does not hold it",
    algorithms=["HS256", "HS512"],
    audience=["golden", "silver"],
    issuer="mint",
    leeway=10,
)
KEYS = APIKeyAuthentication(
    api_keys={"golden-key": ["mint.strike"], "silver-key": []}, header="X-Mint-Key"
)


class Purse(Struct, forbid_unknown_fields=True):
    weight: int | Decimal
    seal: str = ""

    def __post_init__(self) -> None:
        if not self.weight:
            raise ValueError("An empty purse.")


class Metal(enum.Enum):
    GOLD = "au"
    SILVER = "ag"


class Coin(Struct):
    value: int
    metal: Metal = Metal.GOLD


class InTheVault(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        return False


class Coins(BoltViewSet):
    authentication_classes = (TOKENS, KEYS)
    permission_classes = (IsStaff | HasPermission("mint.strike") | ReadOnly,)

    async def list(
        self, page: Annotated[int, Query(ge=1, lt=1000)] = 1, *, purse: Annotated[Purse, Query()]
    ) -> list[Coin]:
        return []

    def create(self, request: Request, coin: Coin) -> Coin:
        return coin

    async def destroy(self, pk: uuid.UUID) -> None:
        return None

    @action(
        detail=True,
        methods=["post"],
        url_path="melt/{degrees}",
        permission_classes=[IsAdminUser & ~InTheVault],
        max_body_size=100,
    )
    def melt(self, pk: uuid.UUID, degrees: Annotated[float, Path(gt=0, le=3000.5)]) -> None:
        return None


class Smelted(Controller):
    @endpoint(max_files=2, content_types=["image/*"])
    async def post(
        self,
        alloy: Annotated[str, Form(max_length=9)],
        photo: Annotated[bytes, File(max_size=10, content_types=["image/png"])],
    ) -> None:
        return None


class Hooked(Controller):
    authentication_classes = (KEYS,)

    def get_permissions(self) -> list[Any]:
        return [AllowAny()]

    def get(self, request: Request, *, token: Annotated[str, Header("X-Token")]) -> str:
        return token


functions = BoltAPI("/functions")


@functions.get("/scalars")
async def scalars(
    text: Annotated[str, Query(min_length=1, max_length=9, pattern="^[a-z]+$")],
    whole: int,
    real: float,
    flag: bool,
    key: uuid.UUID,
    day: dt.date,
    moment: dt.datetime,
    time: dt.time,
    wait: dt.timedelta,
    price: Decimal,
    metal: Metal,
    user_agent: Annotated[str, Header(default="none")],
    side: Literal["heads", "tails"] = "heads",
    tags: Annotated[list[str], Query("tag", max_length=3)] = [],  # noqa: B006 (never mutated)
    session: Annotated[str | None, Cookie("sessionid")] = None,
) -> None:
    return None


@functions.get(
    "/guards",
    auth=[TOKENS],
    guards=[
        AllowAny,
        IsAuthenticated | ~IsAuthenticatedOrReadOnly(),
        HasAllPermissions("a.b", "c.d") & HasAnyPermission("a.b", "c.d"),
        HasScope("read", "write"),
    ],
    name="guards",
)
async def guards(request: Request) -> dict:
    return {}


@functions.put("/files/{folder}/{*rest}", status_code=202)
def files(folder: str, **kwargs: str) -> dict:
    return kwargs


@functions.head("/inline")
@inline
def short() -> None:
    return None


@functions.post("/optional")
async def optional(coin: Coin | None = None) -> str:
    return ""


router = Router("/mint")
router.register("coins", Coins, basename="coin")
router.register("hooked/{number}", Hooked, basename="hooked")
router.register("smelted", Smelted, basename="smelted")
router.include(functions)
