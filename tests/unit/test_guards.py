"""Permission classes: their guards, their answers in Python, and their operators."""

from __future__ import annotations

import re

import pytest

from django_bolt.auth import (
    AllowAny,
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
from django_bolt.auth.expressions import And, Not, Or, conjunction, guard_of, is_permission
from django_bolt.compile import plan
from tests.unit.fakes import FakeIdentity, FakeRequest, FakeUser, NobodyLoadedError


class Custom(BasePermission):
    """Only Python can decide."""


PYTHON = plan.PythonPermission(name=f"{__name__}.Custom")
STAFF, READ = plan.IsStaff(), plan.IsReadOnly()


@pytest.mark.parametrize(
    ("permission", "guard"),
    [
        (AllowAny, plan.AllowAny()),
        (IsAuthenticated, plan.IsAuthenticated()),
        (IsStaff(), plan.IsStaff()),
        (IsAdminUser, plan.IsSuperuser()),
        (ReadOnly, plan.IsReadOnly()),
        (IsAuthenticatedOrReadOnly, plan.Any(of=[plan.IsAuthenticated(), plan.IsReadOnly()])),
        (HasPermission("a.b"), plan.HasPermissions(permissions=["a.b"])),
        (HasAllPermissions("a.b", "c.d", "a.b"), plan.HasPermissions(permissions=["a.b", "c.d"])),
        (HasAnyPermission("a.b", "c.d"), plan.HasAnyPermission(permissions=["a.b", "c.d"])),
        (HasScope("read", "write"), plan.HasScopes(scopes=["read", "write"])),
        (Custom, PYTHON),
        (Custom(), PYTHON),
        (IsStaff | ReadOnly, plan.Any(of=[STAFF, READ])),
        (IsStaff() | ReadOnly, plan.Any(of=[STAFF, READ])),
        (IsStaff | ReadOnly(), plan.Any(of=[STAFF, READ])),
        (IsStaff & ReadOnly & Custom, plan.All(of=[STAFF, READ, PYTHON])),
        (IsStaff & (ReadOnly | Custom), plan.All(of=[STAFF, plan.Any(of=[READ, PYTHON])])),
        (IsStaff | ReadOnly & Custom, plan.Any(of=[STAFF, plan.All(of=[READ, PYTHON])])),
        (~IsStaff, plan.Not(of=STAFF)),
        (~(IsStaff | ~ReadOnly()), plan.Not(of=plan.Any(of=[STAFF, plan.Not(of=READ)]))),
    ],
)
def test_guard(permission, guard):
    assert guard_of(permission) == guard


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ([], None),
        ([IsStaff], IsStaff),
        ([IsStaff | ReadOnly], Or(IsStaff, ReadOnly)),
        ([IsStaff, ReadOnly], And(IsStaff, ReadOnly)),
        ((IsStaff | Custom, ReadOnly), And(Or(IsStaff, Custom), ReadOnly)),
    ],
)
def test_a_list_means_all_of_it(listed, expected):
    assert conjunction(listed) == expected


ANYBODY = FakeIdentity()
KEY = FakeIdentity(user_id=None, scheme="api_key", permissions=frozenset({"a.b"}))
STAFF_TOKEN = FakeIdentity(is_staff=True, is_superuser=False)
ROOT_TOKEN = FakeIdentity(is_staff=False, is_superuser=True)
LISTED = FakeIdentity(is_superuser=False, permissions=frozenset({"a.b"}))
SCOPED = FakeIdentity(scopes=frozenset({"read"}))


@pytest.mark.parametrize(
    ("permission", "identity", "method", "known"),
    [
        (AllowAny(), None, "POST", True),
        (IsAuthenticated(), None, "GET", False),
        (IsAuthenticated(), ANYBODY, "GET", True),
        (IsAuthenticated(), KEY, "GET", True),
        *[(ReadOnly(), None, method, True) for method in ("GET", "HEAD", "OPTIONS")],
        *[(ReadOnly(), ROOT_TOKEN, method, False) for method in ("POST", "DELETE", "QUERY", "get")],
        (IsAuthenticatedOrReadOnly(), None, "GET", True),
        (IsAuthenticatedOrReadOnly(), None, "PUT", False),
        (IsAuthenticatedOrReadOnly(), KEY, "PUT", True),
        (IsStaff(), None, "GET", False),
        (IsStaff(), ANYBODY, "GET", None),
        (IsStaff(), KEY, "GET", False),
        (IsStaff(), STAFF_TOKEN, "GET", True),
        (IsStaff(), ROOT_TOKEN, "GET", False),
        (IsAdminUser(), ANYBODY, "GET", None),
        (IsAdminUser(), STAFF_TOKEN, "GET", False),
        (IsAdminUser(), ROOT_TOKEN, "GET", True),
        (HasPermission("a.b"), None, "GET", False),
        (HasPermission("a.b"), ANYBODY, "GET", None),
        (HasPermission("a.b"), STAFF_TOKEN, "GET", None),
        (HasPermission("a.b"), ROOT_TOKEN, "GET", True),
        (HasPermission("a.b"), LISTED, "GET", True),
        (HasPermission("a.c"), LISTED, "GET", False),
        (HasPermission("a.c"), FakeIdentity(permissions=frozenset({"a.b"})), "GET", None),
        (HasPermission("a.b"), KEY, "GET", True),
        (HasPermission("a.c"), KEY, "GET", False),
        (HasAllPermissions("a.b", "a.c"), LISTED, "GET", False),
        (HasAllPermissions("a.b", "a.c"), ROOT_TOKEN, "GET", True),
        (HasAnyPermission("a.b", "a.c"), LISTED, "GET", True),
        (HasAnyPermission("a.c", "a.d"), LISTED, "GET", False),
        (HasAnyPermission("a.c"), ANYBODY, "GET", None),
        (HasScope("read"), None, "GET", False),
        (HasScope("read"), ANYBODY, "GET", False),
        (HasScope("read"), SCOPED, "GET", True),
        (HasScope("read", "write"), SCOPED, "GET", False),
        (HasScope("read"), ROOT_TOKEN, "GET", False),
    ],
)
def test_answer_from_the_credentials(permission, identity, method, known):
    request = FakeRequest(identity=identity, method=method)
    if known is None:
        with pytest.raises(NobodyLoadedError):
            permission.has_permission(request, None)
    else:
        assert permission.has_permission(request, None) is known
    assert permission.known(request) is known


@pytest.mark.parametrize(
    ("permission", "user", "granted"),
    [
        (IsStaff(), FakeUser(is_staff=True), True),
        (IsStaff(), FakeUser(is_superuser=True), False),
        (IsAdminUser(), FakeUser(is_superuser=True), True),
        (IsAdminUser(), FakeUser(is_staff=True), False),
        (HasPermission("a.b"), FakeUser(held=frozenset({"a.b"})), True),
        (HasPermission("a.b"), FakeUser(), False),
        (HasAllPermissions("a.b", "a.c"), FakeUser(held=frozenset({"a.b"})), False),
        (HasAllPermissions("a.b", "a.c"), FakeUser(held=frozenset({"a.b", "a.c"})), True),
        (HasAnyPermission("a.b", "a.c"), FakeUser(held=frozenset({"a.c"})), True),
        (HasAnyPermission("a.b", "a.c"), FakeUser(), False),
        # A user model need have neither flags nor permissions.
        *[(permission, object(), False) for permission in (IsStaff(), IsAdminUser())],
        (HasPermission("a.b"), object(), False),
    ],
)
def test_answer_from_the_user(permission, user, granted):
    request = FakeRequest(identity=FakeIdentity(), loaded=user)
    assert permission.has_permission(request, None) is granted


class _Reworded(IsStaff):
    message = "Staff only."


class _Recoded(IsStaff):
    code = "staff_only"


class _Stricter(IsStaff):
    def has_permission(self, request, view):
        return False


class _Mixin:
    def has_permission(self, request, view):
        return False


class _Mixed(_Mixin, IsStaff):
    pass


class _OwnReadOnly(IsAuthenticatedOrReadOnly):
    def has_object_permission(self, request, view, obj):
        return False


@pytest.mark.parametrize("permission", [_Reworded, _Recoded, _Stricter, _Mixed, _OwnReadOnly])
def test_a_subclass_that_differs_is_left_to_python(permission):
    assert isinstance(guard_of(permission), plan.PythonPermission)
    assert permission().parts().__class__ is permission


def test_an_instance_with_its_own_message_is_left_to_python():
    permission = IsStaff()
    permission.message = "Staff only."
    assert isinstance(permission.plan(), plan.PythonPermission)


class _Owner(IsStaff):
    def has_object_permission(self, request, view, obj):
        return False


class _Editors(HasPermission):
    def __init__(self):
        super().__init__("news.edit")


def test_a_subclass_that_does_not_differ_is_decided_in_rust():
    assert guard_of(_Owner) == plan.IsStaff()
    assert guard_of(_Editors) == plan.HasPermissions(permissions=["news.edit"])


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (HasAllPermissions, TypeError, "missing 1 required"),
        (HasScope, TypeError, "missing 1 required"),
        (lambda: HasPermission(["a.b"]), TypeError, "takes names as str"),
        (lambda: HasAnyPermission({"a.b"}), TypeError, "takes names as str"),
        (lambda: HasPermission(""), ValueError, "is not a name"),
        (lambda: HasPermission("a.b c.d"), ValueError, "is not a name"),
        (lambda: HasScope("read write"), ValueError, "is not a name"),
        (lambda: HasPermission("a.b", "c.d"), TypeError, "positional"),
        (lambda: IsStaff | HasPermission, TypeError, "list an instance, HasPermission(...)"),
        (lambda: HasScope & IsStaff, TypeError, "list an instance, HasScope(...)"),
        (lambda: ~HasScope, TypeError, "list an instance, HasScope(...)"),
        (lambda: conjunction([HasPermission]), TypeError, "list an instance, HasPermission(...)"),
        (lambda: conjunction([str]), TypeError, "is not a permission"),
        (lambda: conjunction([IsStaff, None]), TypeError, "is not a permission"),
        (lambda: conjunction([[IsStaff]]), TypeError, "is not a permission"),
        (lambda: conjunction(["IsStaff"]), TypeError, "is not a permission"),
        (lambda: conjunction([JWTAuthentication()]), TypeError, "is not a permission"),
        (lambda: conjunction([IsStaff | str]), TypeError, "is not a permission"),
        (lambda: IsStaff & str, TypeError, "unsupported operand"),
        (lambda: IsStaff() | str, TypeError, "unsupported operand"),
        (lambda: IsStaff() & True, TypeError, "unsupported operand"),
        (lambda: (IsStaff | ReadOnly) & "x", TypeError, "unsupported operand"),
    ],
)
def test_refused(make, error, message):
    with pytest.raises(error, match=re.escape(message)):
        make()


def test_an_annotation_keeps_its_meaning():
    assert isinstance(None, IsStaff | None)
    assert isinstance(IsStaff(), IsStaff | None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(IsStaff, True), (IsStaff(), True), (~IsStaff, True), (str, False), (None, False)],
)
def test_is_permission(value, expected):
    assert is_permission(value) is expected


def test_every_item_of_a_list_may_be_called():
    """``get_permissions`` is usually written so, with expressions among the classes."""
    listed = [permission() for permission in [IsStaff, IsStaff | ReadOnly]]
    assert isinstance(listed[0], IsStaff)
    assert listed[1] == Or(IsStaff, ReadOnly)


def test_repr_reads_as_it_was_written():
    expression = (IsStaff | HasPermission("a.b")) & ~ReadOnly()
    assert repr(expression) == "((IsStaff | HasPermission('a.b')) & ~ReadOnly())"


def test_expressions_compare_by_what_they_say():
    assert (IsStaff | ReadOnly) == Or(IsStaff, ReadOnly)
    assert (IsStaff | ReadOnly) != And(IsStaff, ReadOnly)
    assert (IsStaff | ReadOnly) != "IsStaff | ReadOnly"
    assert len({~IsStaff, Not(IsStaff)}) == 1
