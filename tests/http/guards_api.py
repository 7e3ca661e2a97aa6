"""What the tests of authentication and permissions serve."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from msgspec import Struct

from django_bolt import BoltAPI, Controller, Request, Response
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
    get_current_user,
)

SECRET = "a secret that is long enough for any of the algorithms"
ADD, CHANGE = "flights.add_airport", "flights.change_airport"
KEYS = {"key-of-nobody": [], "key-of-an-editor": [CHANGE]}

JWT = JWTAuthentication(secret=SECRET)
API_KEY = APIKeyAuthentication(api_keys=KEYS)
BOTH = [JWT, API_KEY]

api = BoltAPI()


class Flagged(BasePermission):
    """Asks the query string, which Rust does not know."""

    message = "Raise the flag."
    code = "no_flag"

    def has_permission(self, request: Request, view: Any) -> bool:
        return "flag" in request.query_params


class FlaggedLater(Flagged):
    async def has_permission(self, request: Request, view: Any) -> bool:
        return "flag" in request.query_params


class KnownToDjango(BasePermission):
    """Asks the database, from a thread that may."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return User.objects.filter(username=request.user.get_username()).exists()


class Broken(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        raise LookupError("the vault's code is 1234")


GUARDS: dict[str, list[Any]] = {
    "none": [],
    "allow-any": [AllowAny],
    "authenticated": [IsAuthenticated()],
    "staff": [IsStaff],
    "admin": [IsAdminUser],
    "read-only": [ReadOnly],
    "authenticated-or-read-only": [IsAuthenticatedOrReadOnly],
    "change": [HasPermission(CHANGE)],
    "both": [HasAllPermissions(ADD, CHANGE)],
    "either": [HasAnyPermission(ADD, CHANGE)],
    "scope": [HasScope("airports:write")],
    "staff-or-change": [IsStaff | HasPermission(CHANGE)],
    "staff-and-change": [IsStaff & HasPermission(CHANGE)],
    "listed": [IsStaff, HasPermission(CHANGE)],
    "not-staff": [~IsStaff],
    "member": [IsAuthenticated & ~(IsStaff | IsAdminUser)],
    "flag": [Flagged],
    "flag-later": [FlaggedLater],
    "flag-or-staff": [Flagged | IsStaff],
    "staff-or-flag": [IsStaff | FlaggedLater],
    "staff-and-flag": [IsStaff, FlaggedLater()],
    "not-flag": [~Flagged],
    "known": [KnownToDjango],
    "broken": [Broken],
    "broken-and-staff": [Broken & IsStaff],
}


class Nothing(Struct):
    required: int


def serve(name: str, guards: list[Any]) -> None:
    @api.get(f"/{name}", auth=BOTH, guards=guards)
    async def read() -> str:
        return "in"

    @api.post(f"/{name}", auth=BOTH, guards=guards)
    def write(body: Nothing) -> str:
        return "in"

    @api.get(f"/open/{name}", auth=[], guards=guards)
    async def without_authentication() -> str:
        return "in"


for guard_name, guard_list in GUARDS.items():
    serve(guard_name, guard_list)


@api.get("/who", auth=BOTH)
async def who(request: Request) -> Any:
    return request.get("auth")


@api.get("/claims", auth=BOTH)
async def claims(request: Request) -> Any:
    return request.auth


@api.get("/user", auth=BOTH)
async def user(request: Request) -> str:
    return (await request.auser()).get_username()


@api.get("/user/current", auth=BOTH)
async def current_user(request: Request) -> str | None:
    found = await get_current_user(request)
    return found.get_username() if found else None


@api.get("/user/sync", auth=BOTH)
def user_in_a_thread(request: Request) -> str:
    return request.user.get_username()


@api.get("/strict", auth=[JWTAuthentication(SECRET, ["HS384"], "here", "us", leeway=30)])
async def strict(request: Request) -> Any:
    return request.auth["sub"]


@api.get("/default-secret", auth=[JWTAuthentication])
async def default_secret(request: Request) -> Any:
    return request.auth["sub"]


@api.get("/keys", auth=[APIKeyAuthentication(["abc"], header="X-Other")], guards=[IsAuthenticated])
async def other_header() -> str:
    return "in"


class Owned(BasePermission):
    message = "Not yours."

    def has_object_permission(self, request: Request, view: Any, obj: dict[str, str]) -> bool:
        return obj["owner"] == request.identity.user_id


class OwnedLater(BasePermission):
    async def has_object_permission(self, request: Request, view: Any, obj: Any) -> bool:
        return obj["owner"] == request.identity.user_id


class Things(Controller):
    """``a`` belongs to user 1."""

    authentication_classes = BOTH
    permission_classes = [IsAuthenticated & (IsStaff | Owned)]

    def get(self, request: Request, pk: str) -> Any:
        thing = {"pk": pk, "owner": "1"}
        self.check_object_permissions(request, thing)
        return thing

    async def post(self, request: Request, pk: str) -> Any:
        thing = {"pk": pk, "owner": "1"}
        await self.acheck_object_permissions(request, thing)
        return Response(thing, status=201)


class LaterThings(Controller):
    authentication_classes = BOTH
    permission_classes = [IsStaff | OwnedLater]

    async def get(self, request: Request) -> str:
        await self.acheck_object_permissions(request, {"owner": "1"})
        return "in"

    def post(self, request: Request) -> str:
        self.check_object_permissions(request, {"owner": "1"})
        return "in"

    async def put(self, request: Request) -> str:
        # A coroutine cannot wait so for an asynchronous permission: a fault, never a yes.
        self.check_object_permissions(request, {"owner": "1"})
        return "in"


api.register("things/{pk}", Things)
api.register("later", LaterThings)
