"""Permission expressions finished in Python: truth, order, objects, refusals."""

from __future__ import annotations

import asyncio
import re
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_bolt.auth import (
    BasePermission,
    HasPermission,
    IsAuthenticated,
    IsAuthenticatedOrReadOnly,
    IsStaff,
    ReadOnly,
)
from django_bolt.auth.expressions import And, Not, Or, conjunction, guard_of
from django_bolt.compile.policy import leaves as guard_leaves
from django_bolt.dispatch.admission import admit
from django_bolt.dispatch.permissions import Permissions
from django_bolt.exceptions import NotAuthenticated, PermissionDenied
from tests.unit.fakes import FakeIdentity, FakeRequest, FakeUser


class Answers(BasePermission):
    """Answers as it is told, and notes that it was asked."""

    def __init__(self, request_answer, object_answer=None, log=None, name=None):
        self.request_answer = request_answer
        self.object_answer = object_answer
        self.log = log if log is not None else []
        self.name = name

    def has_permission(self, request, view):
        self.log.append(self.name)
        return self.request_answer


class AnswersForObjects(Answers):
    def has_object_permission(self, request, view, obj):
        return self.object_answer


class AsyncAnswers(Answers):
    async def has_permission(self, request, view):
        await asyncio.sleep(0)
        self.log.append(self.name)
        return self.request_answer


class AsyncAnswersForObjects(AsyncAnswers):
    async def has_object_permission(self, request, view, obj):
        await asyncio.sleep(0)
        return self.object_answer


REQUEST = FakeRequest()


def run_async(coroutine):
    return asyncio.run(coroutine)


# The law: whatever Rust knew already, the outcome is that of plain boolean logic.

leaf = st.builds(
    lambda asks_objects, *values: (asks_objects, *values),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
trees = st.recursive(
    leaf.map(lambda values: ("leaf", *values)),
    lambda branches: st.one_of(
        branches.map(lambda branch: ("not", branch)),
        st.tuples(st.sampled_from(["and", "or"]), branches, branches),
    ),
    max_leaves=12,
)


def build(tree, log, *, asynchronous):
    """Return the expression of ``tree``; leaves note their place in ``log``."""
    places = iter(range(10**6))

    def branch(tree):
        if tree[0] == "leaf":
            asks_objects, of_request, of_object, _ = tree[1:]
            kinds = {
                (False, False): Answers,
                (True, False): AnswersForObjects,
                (False, True): AsyncAnswers,
                (True, True): AsyncAnswersForObjects,
            }
            kind = kinds[asks_objects, asynchronous]
            return kind(of_request, of_object, log, next(places))
        if tree[0] == "not":
            return Not(branch(tree[1]))
        return {"and": And, "or": Or}[tree[0]](branch(tree[1]), branch(tree[2]))

    return branch(tree)


def plain(tree, value):
    """Return the tree's truth with Python's own operators."""
    if tree[0] == "leaf":
        return value(tree)
    if tree[0] == "not":
        return not plain(tree[1], value)
    if tree[0] == "and":
        return plain(tree[1], value) and plain(tree[2], value)
    return plain(tree[1], value) or plain(tree[2], value)


def leaf_values(tree):
    if tree[0] == "leaf":
        return [tree]
    return [value for branch in tree[1:] for value in leaf_values(branch)]


def of_request(leaf):
    return leaf[2]


def of_object(leaf):
    return leaf[2] and (leaf[3] if leaf[1] else True)


@given(trees=st.lists(trees, max_size=3), ask_rust=st.booleans())
def test_partial_knowledge_changes_nothing(trees, ask_rust):
    flat = [value for tree in trees for value in leaf_values(tree)]
    known = [value[2] if value[4] else None for value in flat] if ask_rust else None
    expected = all(plain(tree, of_request) for tree in trees)
    for asynchronous in (False, True):
        log: list[int] = []
        expressions = [build(tree, log, asynchronous=asynchronous) for tree in trees]
        permissions = Permissions(expressions)
        if not asynchronous:
            assert bool(permissions.evaluate_sync(REQUEST, None, known)) is expected
            # Who was known, and who was asked already, is not asked.
            assert len(log) <= (len(flat) if known is None else known.count(None))
        log.clear()
        verdict = run_async(permissions.evaluate(REQUEST, None, known))
        assert bool(verdict) is expected
        assert len(log) <= (len(flat) if known is None else known.count(None))


@given(trees=st.lists(trees, max_size=3))
def test_objects_pair_both_tests_of_a_leaf(trees):
    expected = all(plain(tree, of_object) for tree in trees)
    synchronous = Permissions([build(tree, [], asynchronous=False) for tree in trees])
    asynchronous = Permissions([build(tree, [], asynchronous=True) for tree in trees])
    assert bool(synchronous.evaluate_object(REQUEST, None, "it")) is expected
    assert bool(run_async(synchronous.aevaluate_object(REQUEST, None, "it"))) is expected
    assert bool(run_async(asynchronous.aevaluate_object(REQUEST, None, "it"))) is expected


@given(tree=trees)
def test_leaves_have_the_order_of_the_guard(tree):
    class_of_place: list[type] = []

    def branch(tree):
        if tree[0] == "leaf":
            kind = type(f"P{len(class_of_place)}", (BasePermission,), {})
            class_of_place.append(kind)
            return kind
        if tree[0] == "not":
            return Not(branch(tree[1]))
        return {"and": And, "or": Or}[tree[0]](branch(tree[1]), branch(tree[2]))

    expression = branch(tree)
    names = [guard.name.rpartition(".")[2] for guard in guard_leaves(guard_of(expression))]
    assert names == [kind.__name__ for kind in class_of_place]
    assert Permissions([expression])._width == len(names)


# Tables of cases.


def _asked(expressions, leaves=None):
    log = []
    listed = [
        expression(log) if callable(expression) and not isinstance(expression, type) else expression
        for expression in expressions
    ]
    Permissions(listed).evaluate_sync(REQUEST, None, leaves)
    return log


def answers(value, name):
    return lambda log: Answers(value, log=log, name=name)


@pytest.mark.parametrize(
    ("expressions", "leaves", "asked"),
    [
        ([answers(False, "a"), answers(True, "b")], None, ["a"]),
        ([answers(True, "a"), answers(True, "b")], None, ["a", "b"]),
        ([answers(True, "a"), answers(True, "b")], [None, False], []),
        ([answers(True, "a"), answers(True, "b")], [True, None], ["b"]),
        ([answers(True, "a"), answers(True, "b")], [True, True], []),
    ],
)
def test_nobody_is_asked_whose_answer_cannot_matter(expressions, leaves, asked):
    assert _asked(expressions, leaves) == asked


def test_or_stops_at_the_first_that_holds():
    log = []
    first, second = Answers(True, log=log, name=1), Answers(True, log=log, name=2)
    assert Permissions([first | second]).evaluate_sync(REQUEST, None)
    assert log == [1]


def test_no_permissions_let_everybody_in():
    assert Permissions([]).evaluate_sync(REQUEST, None)
    assert Permissions([]).evaluate_object(REQUEST, None, "it")


def test_a_permission_of_two_leaves():
    permissions = Permissions([IsAuthenticatedOrReadOnly, Answers(True)])
    assert permissions.evaluate_sync(REQUEST, None, [False, True, None])
    assert not permissions.evaluate_sync(REQUEST, None, [False, False, None])


def test_another_number_of_leaves_is_a_fault():
    with pytest.raises(ValueError, match="2 values for 1 permissions"):
        Permissions([IsStaff]).evaluate_sync(REQUEST, None, [True, True])


@pytest.mark.parametrize("item", [str, "IsStaff", None, HasPermission])
def test_what_is_no_permission_is_refused(item):
    with pytest.raises(TypeError):
        Permissions([item])


class Remembers(BasePermission):
    """Keeps state on itself, as permissions of REST framework may."""

    def has_permission(self, request, view):
        first_time = not hasattr(self, "seen")
        self.seen = True
        return first_time


def test_a_listed_class_is_new_for_every_decision():
    permissions = Permissions([Remembers])
    assert permissions.evaluate_sync(REQUEST, None)
    assert permissions.evaluate_sync(REQUEST, None)


class Yields(BasePermission):
    def has_permission(self, request, view):
        yield True


class AsyncYields(BasePermission):
    async def has_permission(self, request, view):
        yield True


class ForgotAwait(BasePermission):
    async def _really(self):
        return False

    async def has_permission(self, request, view):
        return self._really()


class HandsOn(BasePermission):
    async def _really(self):
        return False

    def has_permission(self, request, view):
        return self._really()


@pytest.mark.parametrize("permission", [AsyncAnswers(True), HandsOn(), AsyncAnswers(False)])
def test_an_asynchronous_permission_in_synchronous_code_is_an_error(permission):
    with pytest.raises(TypeError, match=re.escape("await acheck_object_permissions()")):
        Permissions([permission]).evaluate_sync(REQUEST, None)
    with pytest.raises(TypeError, match="is asynchronous"):
        Permissions([permission]).evaluate_object(REQUEST, None, "it")


@pytest.mark.parametrize("permission", [HandsOn, ForgotAwait])
def test_a_coroutine_is_always_awaited(permission):
    assert not run_async(Permissions([permission]).evaluate(REQUEST, None))
    assert not run_async(Permissions([permission]).aevaluate_object(REQUEST, None, "it"))


@pytest.mark.parametrize("permission", [Yields, AsyncYields])
def test_what_yields_is_an_error(permission):
    with pytest.raises(TypeError):
        run_async(Permissions([permission]).evaluate(REQUEST, None))
    with pytest.raises(TypeError):
        Permissions([permission]).evaluate_sync(REQUEST, None)


@pytest.mark.parametrize(
    ("answer", "granted"), [(None, False), (0, False), ("", False), (1, True), ([0], True)]
)
def test_answers_are_taken_for_their_truth(answer, granted):
    permissions = Permissions([Answers(answer)])
    assert permissions.evaluate_sync(REQUEST, None).granted is granted
    assert run_async(permissions.evaluate(REQUEST, None)).granted is granted


class Where(BasePermission):
    threads: list[int]

    def __init__(self):
        self.threads = []

    def has_permission(self, request, view):
        self.threads.append(threading.get_ident())
        return True


def test_synchronous_permissions_leave_the_event_loop():
    permission = Where()
    loop_thread = []

    async def main():
        loop_thread.append(threading.get_ident())
        return await Permissions([permission]).evaluate(REQUEST, None)

    assert run_async(main())
    assert permission.threads != loop_thread


@pytest.mark.parametrize(
    ("user", "granted"), [(FakeUser(is_staff=True), True), (FakeUser(is_staff=False), False)]
)
def test_an_unknown_fact_is_decided_by_the_user(user, granted):
    request = FakeRequest(identity=FakeIdentity(), loaded=user)
    permissions = Permissions([IsAuthenticated, IsStaff])
    assert permissions.evaluate_sync(request, None, [True, None]).granted is granted
    assert run_async(permissions.evaluate(request, None, [True, None])).granted is granted


class Broken(BasePermission):
    def has_permission(self, request, view):
        raise LookupError("broken")


def test_exceptions_pass():
    with pytest.raises(LookupError, match="broken"):
        Permissions([Broken]).evaluate_sync(REQUEST, None)
    with pytest.raises(LookupError, match="broken"):
        run_async(Permissions([Broken]).evaluate(REQUEST, None))


# Refusals.


class Worded(BasePermission):
    message = "Members only."
    code = "members"

    def has_permission(self, request, view):
        return False


class OtherWords(Worded):
    message = "Not on Sundays."
    code = None


SOMEBODY = FakeRequest(identity=FakeIdentity(), method="POST")


@pytest.mark.parametrize(
    ("expressions", "detail", "code"),
    [
        ([Worded], "Members only.", "members"),
        ([IsAuthenticated, Worded], "Members only.", "members"),
        ([OtherWords, Worded], "Not on Sundays.", "permission_denied"),
        ([Worded & OtherWords], "Members only.", "members"),
        ([ReadOnly], None, "permission_denied"),
        ([Worded | OtherWords], None, "permission_denied"),
        ([~IsAuthenticated], None, "permission_denied"),
    ],
)
def test_refusal_has_the_words_of_who_refused(expressions, detail, code):
    with pytest.raises(PermissionDenied) as caught:
        run_async(admit(SOMEBODY, Permissions(expressions), None, None))
    assert caught.value.detail == (detail or PermissionDenied.default_detail)
    assert caught.value.get_codes() == code


@pytest.mark.parametrize(
    ("identity", "authenticates", "error"),
    [
        (None, True, NotAuthenticated),
        (None, False, PermissionDenied),
        (FakeIdentity(), True, PermissionDenied),
        (FakeIdentity(user_id=None), True, PermissionDenied),
    ],
)
def test_who_is_told_to_authenticate(identity, authenticates, error):
    permissions = Permissions([Worded], authenticates=authenticates)
    with pytest.raises(error):
        run_async(admit(FakeRequest(identity=identity), permissions, [None], None))


def test_who_is_admitted_passes():
    assert run_async(admit(SOMEBODY, Permissions([IsAuthenticated]), [True], None)) is None


def test_the_list_is_one_conjunction():
    assert conjunction([IsStaff, Worded]) == And(IsStaff, Worded)
