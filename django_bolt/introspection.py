"""Reads a controller's class body, once, when the class is created.

Everything in it that would have no effect is refused then: nothing that is set is ignored.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import FunctionType, MappingProxyType
from typing import Any

from asgiref.sync import iscoroutinefunction

from django_bolt import vocabulary
from django_bolt.auth.backends import Authentication
from django_bolt.auth.expressions import Expression, is_permission
from django_bolt.decorators import (
    HTTP_METHODS,
    action_of,
    check_policy,
    check_tags,
    describe,
    is_function,
    options_of,
)
from django_bolt.exceptions import ConfigurationError
from django_bolt.params import check_dependencies
from django_bolt.spelling import slip, suggestion

HandlerFunction = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Introspection:
    """What a controller's class turned out to be; ``Controller.__bolt__``."""

    #: Name of the handler (a method such as ``get``; an action of a viewset) to its function.
    handlers: Mapping[str, HandlerFunction]
    #: Names of the hooks that the class, or one of its bases, overrides.
    hooks: frozenset[str]
    #: Whether the class has an ``__init__``, to be called for every request.
    initializes: bool

    @property
    def hooked(self) -> bool:
        """Whether the handlers run through the life cycle in Python."""
        return not self.hooks.isdisjoint(vocabulary.LIFECYCLE_HOOKS)


class ControllerMeta(type):
    """Reads a controller's class body, and refuses what it does not know."""

    __bolt__: Introspection

    def __init__(
        cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **_: Any
    ) -> None:
        super().__init__(name, bases, namespace)
        if not any(isinstance(base, ControllerMeta) for base in bases):
            cls.__bolt__ = Introspection(
                handlers=MappingProxyType({}), hooks=frozenset(), initializes=False
            )
            return
        for owner, attribute, value in cls._own_attributes():
            cls._check_reach(owner, attribute)
            cls._check(owner, attribute, value)
        cls._check_policies()
        hooks = frozenset(hook for hook in vocabulary.HOOKS if cls._overrides(hook))
        cls._check_access(hooks)
        cls.__bolt__ = Introspection(
            handlers=MappingProxyType(cls._handlers()),
            hooks=hooks,
            initializes=cls.__init__ is not object.__init__,  # type: ignore[misc]
        )

    @property
    def known_attributes(cls) -> frozenset[str]:
        """Names of the class attributes that this kind of controller reads."""
        return vocabulary.ATTRIBUTES

    def _own_attributes(cls) -> Iterator[tuple[type, str, Any]]:
        """Yield what the class and its mixins define; controllers among the bases are checked."""
        for owner in cls.__mro__:
            if owner is not cls and (isinstance(owner, ControllerMeta) or _is_foreign(owner)):
                continue
            for attribute, value in vars(owner).items():
                if not attribute.startswith("_"):
                    yield owner, attribute, value

    def _check_reach(cls, owner: type, name: str) -> None:
        """Refuse what a mixin sets in vain, because the framework's own class comes before it."""
        winner = next(base for base in cls.__mro__ if name in vars(base))
        if winner is owner or not _is_the_frameworks(winner):
            return
        ahead = next(base for base in cls.__bases__ if issubclass(base, winner))
        mixin = owner.__qualname__
        raise ConfigurationError(
            f"{describe(cls)}: {mixin}.{name} has no effect behind {ahead.__qualname__}, which "
            f"has {name} too: list {mixin} first."
        )

    def _check(cls, owner: type, name: str, value: object) -> None:
        """Refuse one attribute of the class body that would have no effect."""
        if name in vocabulary.HOOKS:
            cls._check_hook(owner, name, value)
        elif cls.is_handler_name(name):
            cls._check_handler(owner, name, value)
        elif isinstance(value, FunctionType | staticmethod | classmethod) or inspect.isroutine(
            value
        ):
            cls._check_method(owner, name, value)
        elif fault := vocabulary.attribute_fault(
            name, cls.known_attributes, computed=hasattr(type(value), "__get__")
        ):
            raise cls._refusal(owner, fault)

    def _check_hook(cls, owner: type, name: str, value: object) -> None:
        if not is_function(value):
            raise cls._refusal(owner, f"the hook {name!r} must be a method, not {value!r}.")
        if iscoroutinefunction(value) and name in _SYNC_HOOKS:
            raise cls._refusal(owner, f"{name!r} cannot be async def: {_SYNC_HOOKS[name]}")
        if not iscoroutinefunction(value) and name == "acheck_object_permissions":
            raise cls._refusal(owner, f"{name!r} must be async def.")

    def _check_handler(cls, owner: type, name: str, value: object) -> None:
        if value is None:
            if not any(name in vars(base) for base in cls.__mro__[1:]):
                raise cls._refusal(owner, f"{name!r} is None, and there is nothing to remove.")
        elif not is_function(value):
            raise cls._refusal(
                owner, f"the handler {name!r} must be a function of (self, ...), not {value!r}."
            )

    def _check_method(cls, owner: type, name: str, value: object) -> None:
        """Refuse a method that looks like one which the framework calls."""
        if action_of(value) is not None:
            raise cls._refusal(owner, f"@action {name!r}: actions belong to a BoltViewSet.")
        if options_of(value) is not None:
            raise cls._refusal(
                owner,
                f"{name!r} answers no requests, so its @endpoint or @inline has no effect."
                + suggestion(name, cls.handler_names),
            )
        if fault := cls._handler_fault(name, value) or vocabulary.method_fault(name):
            raise cls._refusal(owner, fault)

    def _handler_fault(cls, name: str, function: object) -> str | None:
        """Say which handler a method was meant to be, or return ``None`` for one of its own."""
        meant = slip(name, HTTP_METHODS)
        if meant is not None:
            return no_handler(name, meant)
        intended = vocabulary.intended_action(name, takes_request=takes_request(function))
        if intended is None:
            return None
        return (
            f"{name!r} would answer no requests: {intended!r} is an action of viewsets. Derive "
            f"from BoltViewSet, or call a method of your own '_{name}'."
        )

    def _check_policies(cls) -> None:
        for name in ("authentication_classes", "permission_classes"):
            owner = next((base for base in cls.__mro__ if name in vars(base)), None)
            if owner is not None and not _is_the_frameworks(owner):
                check_policy(name, vars(owner)[name], describe(cls))
        check_tags(getattr(cls, "tags", ()), describe(cls))
        check_dependencies(getattr(cls, "dependencies", ()), describe(cls))
        cls._check_method_names()

    def _check_method_names(cls) -> None:
        methods = getattr(cls, "http_method_names", HTTP_METHODS)
        if not isinstance(methods, list | tuple | set | frozenset):
            raise cls._refusal(cls, f"http_method_names must be a list, not {methods!r}.")
        for method in methods:
            if method not in HTTP_METHODS:
                raise cls._refusal(
                    cls,
                    f"http_method_names holds {method!r}, which is no method in lower case."
                    + suggestion(str(method).lower(), HTTP_METHODS),
                )

    def _check_access(cls, hooks: frozenset[str]) -> None:
        """Refuse what looks like access control under a name that nothing reads.

        Code of the author's may read it from the view: an overridden hook or a permission.
        """
        asked = list(cls._asked())
        if hooks & vocabulary.ACCESS_HOOKS or any(map(_is_the_authors, asked)):
            return
        for owner, name, value in cls._own_attributes():
            if name in cls.known_attributes or is_function(value):
                continue
            if name in vocabulary.READ_BY_PERMISSIONS:
                raise cls._refusal(owner, vocabulary.unread(name))
            held = _policy_held(name, value, asked)
            if held is not None:
                raise cls._refusal(
                    owner,
                    f"{name!r} holds classes of access control, and nothing reads it. Did you "
                    f"mean {held!r}? A name of your own begins with an underscore.",
                )

    def _asked(cls) -> Iterator[object]:
        """Yield every permission and authentication class that the class or a method lists."""
        yield from _items(getattr(cls, "permission_classes", None) or ())
        yield from _items(getattr(cls, "authentication_classes", None) or ())
        for base in cls.__mro__:
            for function in vars(base).values():
                options = options_of(function) if is_function(function) else None
                if options is not None:
                    yield from _items(options.permission_classes or ())
                    yield from _items(options.authentication_classes or ())

    @property
    def handler_names(cls) -> tuple[str, ...]:
        """Names of the methods that answer requests."""
        return HTTP_METHODS

    def is_handler_name(cls, name: str) -> bool:
        """Whether a method of this name answers requests."""
        return name in cls.handler_names

    def _handlers(cls) -> dict[str, HandlerFunction]:
        found = {name: getattr(cls, name, None) for name in cls.handler_names}
        return {name: function for name, function in found.items() if function is not None}

    def _overrides(cls, hook: str) -> bool:
        # The last controller of all is the framework's own base.
        base = [base for base in cls.__mro__ if isinstance(base, ControllerMeta)][-1]
        return getattr(cls, hook) is not getattr(base, hook)

    def _refusal(cls, owner: type, message: str) -> ConfigurationError:
        mixed_in = "" if owner is cls else f" (from {describe(owner)})"
        return ConfigurationError(f"{describe(cls)}{mixed_in}: {message}")


#: Hooks that are called from synchronous code, and what to write in place of ``async def``.
_SYNC_HOOKS = {
    "check_object_permissions": "nothing would await it. Write acheck_object_permissions.",
    "get_permissions": "it only lists permissions. A permission's has_permission may be async def.",
    "permission_denied": "it only raises.",
}


def takes_request(function: object) -> bool:
    """Whether a method has the signature of a REST framework handler, ``(self, request, ...)``."""
    code = getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None
    return code is not None and code.co_varnames[1:2] == ("request",)


def no_handler(name: str, meant: str) -> str:
    """Say that a method misses the name of the handler that was meant."""
    return (
        f"{name!r} would answer no requests. Did you mean {meant!r}? "
        f"A method of your own may be called '_{name}'."
    )


def _is_foreign(owner: type) -> bool:
    """Whether a base is the language's own, and so says nothing about controllers."""
    return owner.__module__ in {"builtins", "typing", "abc", "collections.abc"}


def _is_the_frameworks(owner: type) -> bool:
    return owner.__module__.partition(".")[0] == __name__.partition(".")[0]


def _is_the_authors(policy: object) -> bool:
    """Whether a permission is code of the author's, which may read the view's attributes."""
    kind = policy if isinstance(policy, type) else type(policy)
    return is_permission(policy) and not _is_the_frameworks(kind)


def _policy_held(name: str, value: object, asked: Iterable[object]) -> str | None:
    """Return the attribute to which a value belongs: one that holds policies nobody asks.

    A class that is defined or imported in the body is only a name; and a list may be there to be
    used in the body, by ``@action`` or by a list that contains it.
    """
    if isinstance(value, type) and value.__name__ == name:
        return None
    ids = {id(item) for item in asked}
    unread = [item for item in _items(value) if id(item) not in ids]
    if any(is_permission(item) for item in unread):
        return "permission_classes"
    if any(_authenticates(item) for item in unread):
        return "authentication_classes"
    return None


def _authenticates(item: object) -> bool:
    kind = item if isinstance(item, type) else type(item)
    return issubclass(kind, Authentication)


def _items(value: object) -> Iterator[object]:
    """Yield what a value holds, down to single permissions and whatever else there is."""
    inner: Iterable[object]
    if isinstance(value, Expression):
        inner = value.of
    elif isinstance(value, Mapping):
        inner = value.values()
    elif isinstance(value, list | tuple | set | frozenset):
        inner = value
    else:
        yield value
        return
    for item in inner:
        yield from _items(item)
