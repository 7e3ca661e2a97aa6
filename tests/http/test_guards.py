"""Permissions: decided in Rust from what the credentials say, finished in Python."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import Permission, User

from django_bolt import _core
from tests.http.cases import Case
from tests.http.guards_api import ADD, CHANGE, SECRET, api

__all__ = ["api"]

UNAUTHENTICATED = {"detail": "Authentication credentials were not provided."}
FORBIDDEN = {"detail": "You do not have permission to perform this action."}
FLAG = {"detail": "Raise the flag."}
CHALLENGED = {"www-authenticate": 'Bearer realm="api"'}


def bearer(**claims: Any) -> dict[str, str]:
    token = encode({"exp": int(time.time()) + 600, **claims})
    return {"authorization": f"Bearer {token}"}


def encode(claims: dict[str, Any], algorithm: str = "HS256", secret: str = SECRET) -> str:
    import msgspec

    return _core.encode_jwt(msgspec.json.encode(claims), algorithm, secret.encode())


#: Nothing of these needs the user: every fact is in the credentials.
CALLERS: dict[str, dict[str, str]] = {
    "anonymous": {},
    "member": bearer(sub="1", is_staff=False, is_superuser=False, permissions=[]),
    "editor": bearer(sub="1", is_staff=False, is_superuser=False, permissions=[CHANGE]),
    "staff": bearer(sub="1", is_staff=True, is_superuser=False, permissions=[]),
    "chief": bearer(sub="1", is_staff=True, is_superuser=False, permissions=[ADD, CHANGE]),
    "superuser": bearer(sub="1", is_staff=False, is_superuser=True, permissions=[]),
    "scoped": bearer(
        sub="1", is_staff=False, is_superuser=False, permissions=[], scope="x airports:write"
    ),
    "key": {"x-api-key": "key-of-nobody"},
    "editor's key": {"x-api-key": "key-of-an-editor"},
}
EVERYBODY = frozenset(CALLERS)
KNOWN = EVERYBODY - {"anonymous"}
USERS = KNOWN - {"key", "editor's key"}
STAFF = frozenset({"staff", "chief"})
CHANGERS = frozenset({"editor", "chief", "superuser", "editor's key"})

#: Who may read and write, by the permissions in ``guards_api.GUARDS``.
MAY: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "none": (EVERYBODY, EVERYBODY),
    "allow-any": (EVERYBODY, EVERYBODY),
    "authenticated": (KNOWN, KNOWN),
    "staff": (STAFF, STAFF),
    "admin": (frozenset({"superuser"}), frozenset({"superuser"})),
    "read-only": (EVERYBODY, frozenset()),
    "authenticated-or-read-only": (EVERYBODY, KNOWN),
    "change": (CHANGERS, CHANGERS),
    "both": (frozenset({"chief", "superuser"}),) * 2,
    "either": (CHANGERS, CHANGERS),
    "scope": (frozenset({"scoped"}),) * 2,
    "staff-or-change": (STAFF | CHANGERS,) * 2,
    "staff-and-change": (frozenset({"chief"}),) * 2,
    "listed": (frozenset({"chief"}),) * 2,
    "not-staff": (EVERYBODY - STAFF,) * 2,
    "member": (KNOWN - STAFF - {"superuser"},) * 2,
}


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("guard", MAY)
def test_what_rust_decides(client: httpx.Client, guard: str, caller: str) -> None:
    for method, allowed in zip(("GET", "POST"), MAY[guard], strict=True):
        sent = {"json": {"required": 1}} if method == "POST" else {}
        case = Case(
            method, f"/{guard}", headers=CALLERS[caller], **sent, **outcome(caller, allowed)
        )
        case.check(client)


def outcome(caller: str, allowed: frozenset[str]) -> dict[str, Any]:
    if caller in allowed:
        return {"body": "in"}
    if caller == "anonymous":
        return {"status": 401, "body": UNAUTHENTICATED, "reply_headers": CHALLENGED}
    return {"status": 403, "body": FORBIDDEN, "reply_headers": {"www-authenticate": None}}


IN: dict[str, Any] = {"body": "in"}
REFUSED: dict[str, Any] = {"status": 403, "body": FORBIDDEN}
NO_FLAG: dict[str, Any] = {"status": 403, "body": FLAG}
WHO: dict[str, Any] = {"status": 401, "body": UNAUTHENTICATED, "reply_headers": CHALLENGED}
FINISHED_IN_PYTHON = [
    ("flag", "member", IN, NO_FLAG),
    ("flag", "anonymous", IN, WHO),
    ("flag", "key", IN, NO_FLAG),
    ("flag-later", "member", IN, NO_FLAG),
    ("flag-later", "anonymous", IN, WHO),
    ("flag-or-staff", "staff", IN, IN),
    ("flag-or-staff", "member", IN, REFUSED),
    ("flag-or-staff", "anonymous", IN, WHO),
    ("staff-or-flag", "staff", IN, IN),
    ("staff-or-flag", "member", IN, REFUSED),
    ("staff-and-flag", "staff", IN, NO_FLAG),
    ("staff-and-flag", "member", REFUSED, REFUSED),
    ("staff-and-flag", "anonymous", WHO, WHO),
    ("not-flag", "member", REFUSED, IN),
    ("not-flag", "anonymous", WHO, IN),
    # What Rust knows suffices: nobody asks the permission that fails.
    ("broken-and-staff", "member", REFUSED, REFUSED),
]


@pytest.mark.parametrize(("guard", "caller", "with_flag", "without"), FINISHED_IN_PYTHON)
def test_what_python_finishes(
    client: httpx.Client, guard: str, caller: str, with_flag: Any, without: Any
) -> None:
    Case("GET", f"/{guard}?flag", headers=CALLERS[caller], **with_flag).check(client)
    Case("GET", f"/{guard}", headers=CALLERS[caller], **without).check(client)


@pytest.mark.parametrize("guard", ["broken", "broken-and-staff"])
def test_a_permission_that_raises_lets_nobody_in(client: httpx.Client, guard: str) -> None:
    body = {"detail": "Internal server error."}
    Case("GET", f"/{guard}", headers=CALLERS["staff"], status=500, body=body).check(client)


@pytest.mark.parametrize("guard", ["staff", "flag", "flag-later"])
def test_a_refusal_comes_before_the_body(client: httpx.Client, guard: str) -> None:
    for content in (b"{", b'{"required": "x"}', b""):
        headers = {"content-type": "application/json", **CALLERS["member"]}
        Case("POST", f"/{guard}", headers=headers, content=content, status=403).check(client)
        Case("POST", f"/{guard}", content=content, status=401).check(client)


@pytest.mark.parametrize(
    ("guard", "status"),
    [("authenticated", 403), ("flag", 403), ("staff", 403), ("allow-any", 200), ("not-staff", 200)],
)
def test_without_authentication_classes_no_refusal_is_a_401(
    client: httpx.Client, guard: str, status: int
) -> None:
    # Credentials are not looked at, and so none would help.
    for headers in ({}, CALLERS["staff"], {"authorization": "Bearer nonsense"}):
        reply = Case("GET", f"/open/{guard}", headers=headers, status=status).check(client)
        assert "www-authenticate" not in reply.headers
        if status == 403:
            assert reply.json() == (FLAG if guard == "flag" else FORBIDDEN)


class TestObjects:
    @pytest.mark.parametrize("method", ["GET", "POST"])
    @pytest.mark.parametrize(
        ("caller", "status", "body"),
        [
            ({}, 401, UNAUTHENTICATED),
            (bearer(sub="1", is_staff=False), 200, None),
            (bearer(sub="2", is_staff=True), 200, None),
            (bearer(sub="2", is_staff=False), 403, FORBIDDEN),
            ({"x-api-key": "key-of-nobody"}, 403, FORBIDDEN),
        ],
        ids=["anonymous", "owner", "staff", "stranger", "key"],
    )
    def test_the_whole_expression_is_asked_again(
        self, client: httpx.Client, method: str, caller: dict[str, str], status: int, body: Any
    ) -> None:
        reply = client.request(method, "/things/a", headers=caller)
        created = {("POST", 200): 201}
        assert reply.status_code == created.get((method, status), status), reply.text
        assert reply.json() == ({"pk": "a", "owner": "1"} if body is None else body)

    @pytest.mark.parametrize(("sub", "status"), [("1", 200), ("2", 403)], ids=["owner", "stranger"])
    def test_an_asynchronous_permission(self, client: httpx.Client, sub: str, status: int) -> None:
        for method in ("GET", "POST"):
            headers = bearer(sub=sub, is_staff=False)
            Case(method, "/later", headers=headers, status=status).check(client)

    def test_an_asynchronous_permission_that_nobody_awaits_is_a_fault(
        self, client: httpx.Client
    ) -> None:
        Case("PUT", "/later", headers=bearer(sub="1", is_staff=False), status=500).check(client)


class TestUnknownFacts:
    """A token that does not say what is asked: the user in the database decides."""

    @pytest.fixture
    def users(self, transactional_db: None) -> dict[str, dict[str, str]]:
        made = {
            "nobody": User.objects.create(username="nobody"),
            "staff": User.objects.create(username="staff", is_staff=True),
            "root": User.objects.create(username="root", is_superuser=True),
            "editor": User.objects.create(username="editor"),
        }
        made["editor"].user_permissions.add(Permission.objects.get(codename="change_airport"))
        return {name: bearer(sub=str(user.pk)) for name, user in made.items()}

    @pytest.mark.parametrize(
        ("guard", "allowed"),
        [
            ("staff", {"staff"}),
            ("admin", {"root"}),
            ("change", {"editor", "root"}),
            ("both", {"root"}),
            ("either", {"editor", "root"}),
            ("staff-or-change", {"staff", "editor", "root"}),
            ("not-staff", {"nobody", "root", "editor"}),
            ("scope", set()),
            ("known", {"nobody", "staff", "root", "editor"}),
        ],
    )
    def test_the_user_decides(
        self, users: dict[str, dict[str, str]], db_client: httpx.Client, guard: str, allowed: Any
    ) -> None:
        for name, headers in users.items():
            status = 200 if name in allowed else 403
            Case("GET", f"/{guard}", headers=headers, status=status, name=name).check(db_client)

    def test_a_user_who_is_gone_or_inactive(self, db_client: httpx.Client) -> None:
        gone = bearer(sub="123456")
        Case("GET", "/staff", headers=gone, status=401, body={"detail": "User not found."}).check(
            db_client
        )
        inactive = User.objects.create(username="x", is_active=False, is_staff=True)
        for path in ("/staff", "/user", "/user/sync", "/user/current"):
            Case(
                "GET",
                path,
                headers=bearer(sub=str(inactive.pk)),
                status=401,
                body={"detail": "User is inactive."},
                reply_headers=CHALLENGED,
            ).check(db_client)

    def test_the_user_of_a_request(
        self, users: dict[str, dict[str, str]], db_client: httpx.Client
    ) -> None:
        for path in ("/user", "/user/sync", "/user/current"):
            Case("GET", path, headers=users["editor"], body="editor").check(db_client)
        for headers in ({}, CALLERS["key"]):
            Case("GET", "/user", headers=headers, body="").check(db_client)
            Case("GET", "/user/current", headers=headers, body=None).check(db_client)
