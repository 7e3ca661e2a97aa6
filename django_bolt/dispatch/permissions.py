"""The Python side of a permission expression: what Rust left unknown is decided here."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any, TypeAlias

from asgiref.sync import iscoroutinefunction, sync_to_async

from django_bolt.auth.expressions import Expression, Not, Operand, Or, conjunction, instance_of
from django_bolt.auth.guards import BasePermission, FactPermission
from django_bolt.dispatch.awaitables import is_unawaited

#: What Rust found for each leaf of the guard tree, in pre-order; ``None`` is unknown.
Leaves: TypeAlias = Sequence[bool | None]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a whole expression; true where it grants."""

    granted: bool
    #: The permission that refused, where it was a single one.
    refusing: BasePermission | None = None

    def __bool__(self) -> bool:
        return self.granted


class Permissions:
    """The permissions of a route, as the list that its author wrote.

    ``authenticates`` says whether the route has an authentication class, without which a refusal
    is never a 401. Raises ``TypeError`` for an item that is no permission.
    """

    __slots__ = ("_root", "_width", "authenticates")

    def __init__(self, expressions: Iterable[Operand], *, authenticates: bool = True) -> None:
        places = count()
        whole = conjunction(expressions)
        self._root: _Node = _All(()) if whole is None else _node(whole, places)
        self._width = next(places)
        self.authenticates = authenticates

    @property
    def asynchronous(self) -> bool:
        """Whether one of the permissions has a test that is ``async def``."""
        return any(
            iscoroutinefunction(item.has_permission)
            or iscoroutinefunction(item.has_object_permission)
            for item in _leaf_items(self._root)
        )

    def check_controller(self, controller: type | None) -> None:
        """Have each permission look at the controller; raises ``TypeError``."""
        for item in _leaf_items(self._root):
            instance_of(item).check_controller(controller)

    def evaluate_sync(self, request: Any, view: Any, leaves: Leaves | None = None) -> Verdict:
        """Return whether the request may proceed.

        ``leaves`` are the values that Rust found, which are final; ``None`` where it was not
        asked. Raises ``TypeError`` for a permission whose test is asynchronous.
        """
        return _drive(self._questions(leaves), partial(_test, request=request, view=view))

    async def evaluate(self, request: Any, view: Any, leaves: Leaves | None = None) -> Verdict:
        """Return what :meth:`evaluate_sync` does; tests may be asynchronous.

        Synchronous ones run on the request's thread.
        """
        questions = self._questions(leaves)
        try:
            leaf = next(questions)
            while True:
                leaf = questions.send(await _atest(leaf, request, view))
        except StopIteration as end:
            verdict: Verdict = end.value
            return verdict

    def evaluate_object(self, request: Any, view: Any, obj: Any) -> Verdict:
        """Return whether the request may touch ``obj``: the whole expression is asked again.

        A permission holds where both of its tests do; one without an object test where that of
        the request does. Raises ``TypeError`` for a permission with an asynchronous test.
        """
        return _drive(
            self._questions(None), partial(_test_object, request=request, view=view, obj=obj)
        )

    async def aevaluate_object(self, request: Any, view: Any, obj: Any) -> Verdict:
        """Return what :meth:`evaluate_object` does; tests may be asynchronous."""
        questions = self._questions(None)
        try:
            leaf = next(questions)
            while True:
                leaf = questions.send(await _atest_object(leaf, request, view, obj))
        except StopIteration as end:
            verdict: Verdict = end.value
            return verdict

    def _questions(self, leaves: Leaves | None) -> _Questions:
        if leaves is None:
            leaves = (None,) * self._width
        elif len(leaves) != self._width:
            raise ValueError(f"{len(leaves)} values for {self._width} permissions.")
        return _decide(self._root, leaves)


@dataclass(frozen=True, slots=True)
class _Leaf:
    item: type[BasePermission] | BasePermission
    #: Its place among the leaves of the guard tree.
    place: int


@dataclass(frozen=True, slots=True)
class _All:
    of: tuple[_Node, ...]


@dataclass(frozen=True, slots=True)
class _Any:
    of: tuple[_Node, ...]


@dataclass(frozen=True, slots=True)
class _Not:
    of: _Node


_Node: TypeAlias = _Leaf | _All | _Any | _Not
#: Yields each permission that must be asked, takes its answer, returns the verdict. Thus the
#: synchronous and the asynchronous side share one evaluation.
_Questions: TypeAlias = Generator[BasePermission, bool, Verdict]


def _node(item: Operand, places: Iterator[int]) -> _Node:
    if not isinstance(item, Expression):
        parts = instance_of(item).parts()
        if not isinstance(parts, Expression):
            return _Leaf(item, next(places))
        item = parts
    branches = tuple(_node(branch, places) for branch in item.of)
    if isinstance(item, Not):
        return _Not(branches[0])
    return _Any(branches) if isinstance(item, Or) else _All(branches)


def _leaf_items(node: _Node) -> Iterator[type[BasePermission] | BasePermission]:
    if isinstance(node, _Leaf):
        yield node.item
    else:
        for branch in (node.of,) if isinstance(node, _Not) else node.of:
            yield from _leaf_items(branch)


def _known(node: _Node, leaves: Leaves) -> bool | None:
    """Return the value of ``node`` where the known leaves suffice for it."""
    if isinstance(node, _Leaf):
        return leaves[node.place]
    if isinstance(node, _Not):
        value = _known(node.of, leaves)
        return None if value is None else not value
    values = [_known(branch, leaves) for branch in node.of]
    decisive = isinstance(node, _Any)
    if decisive in values:
        return decisive
    return None if None in values else not decisive


def _decide(node: _Node, leaves: Leaves) -> _Questions:
    # Nobody is asked whose answer cannot matter, even if he stands first.
    known = _known(node, leaves)
    if known is not None:
        return Verdict(known)
    if isinstance(node, _Leaf):
        # A listed class is instantiated for each decision: no state outlives it.
        permission = instance_of(node.item)
        granted = yield permission
        return Verdict(granted, None if granted else permission)
    if isinstance(node, _Not):
        verdict = yield from _decide(node.of, leaves)
        return Verdict(not verdict)
    decisive = isinstance(node, _Any)
    for branch in node.of:
        verdict = yield from _decide(branch, leaves)
        if verdict.granted is decisive:
            return verdict
    # No single branch of an ``or`` is to blame.
    return Verdict(not decisive)


def _drive(questions: _Questions, test: Callable[[BasePermission], bool]) -> Verdict:
    try:
        leaf = next(questions)
        while True:
            leaf = questions.send(test(leaf))
    except StopIteration as end:
        verdict: Verdict = end.value
        return verdict


def _test(permission: BasePermission, request: Any, view: Any) -> bool:
    return _truth(permission.has_permission(request, view), permission)


def _test_object(permission: BasePermission, request: Any, view: Any, obj: Any) -> bool:
    if not _test(permission, request, view):
        return False
    if not permission.tests_objects():
        return True
    return _truth(permission.has_object_permission(request, view, obj), permission)


async def _atest(permission: BasePermission, request: Any, view: Any) -> bool:
    if isinstance(permission, FactPermission) and not permission.differs():
        # What the credentials say needs no thread; the user's row does.
        known = permission.known(request)
        if known is not None:
            return known
    return await _ask(permission, permission.has_permission, request, view)


async def _atest_object(permission: BasePermission, request: Any, view: Any, obj: Any) -> bool:
    if not await _atest(permission, request, view):
        return False
    if not permission.tests_objects():
        return True
    return await _ask(permission, permission.has_object_permission, request, view, obj)


async def _ask(permission: BasePermission, test: Callable[..., Any], *arguments: Any) -> bool:
    if iscoroutinefunction(test):
        answer = await test(*arguments)
    else:
        answer = await sync_to_async(_call)(permission, test, *arguments)
    # An awaitable is true; one that nobody awaited would let everybody in.
    while is_unawaited(answer):
        answer = await answer
    return _truth(answer, permission)


def _call(permission: BasePermission, test: Callable[..., Any], *arguments: Any) -> Any:
    answer = test(*arguments)
    # The truth of a queryset is a query: it belongs to this thread.
    return answer if is_unawaited(answer) else _truth(answer, permission)


def _truth(answer: Any, permission: BasePermission) -> bool:
    """Return the truth of an answer; refuse what is true only because nobody ran it."""
    if answer is True or answer is False:
        return answer
    if is_unawaited(answer):
        if inspect.iscoroutine(answer):
            answer.close()
        raise TypeError(
            f"{type(permission).__qualname__} is asynchronous and was asked from synchronous "
            "code: write the handler as async def and await acheck_object_permissions()."
        )
    if inspect.isgenerator(answer) or inspect.isasyncgen(answer):
        raise TypeError(f"{type(permission).__qualname__} yields: a permission returns a bool.")
    return bool(answer)
