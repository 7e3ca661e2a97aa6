"""Viewsets: controllers whose methods are actions on a collection and its objects."""

# ruff: noqa: N805 - the first argument of a metaclass's methods is a class

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django_bolt import vocabulary
from django_bolt.controllers import Controller, ControllerMeta, HandlerFunction
from django_bolt.decorators import HTTP_METHODS, action_of, is_function
from django_bolt.spelling import misspelt

#: The standard actions: method to action, for the collection and for one object.
COLLECTION_ACTIONS: Mapping[str, str] = {"get": "list", "post": "create"}
OBJECT_ACTIONS: Mapping[str, str] = {
    "get": "retrieve",
    "put": "update",
    "patch": "partial_update",
    "delete": "destroy",
}
STANDARD_ACTIONS = (*COLLECTION_ACTIONS.values(), *OBJECT_ACTIONS.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraAction:
    """One ``@action`` of a viewset: its path and who answers which method there."""

    name: str
    detail: bool
    url_path: str
    url_name: str
    #: Lower-case method to handler name.
    methods: Mapping[str, str]


class ViewSetMeta(ControllerMeta):
    """Reads a viewset's class body: its handlers are actions."""

    @property
    def known_attributes(cls) -> frozenset[str]:
        """Names of the class attributes that a viewset reads."""
        return vocabulary.ATTRIBUTES | vocabulary.VIEWSET_ATTRIBUTES

    def is_handler_name(cls, name: str) -> bool:
        """Whether a method of this name answers requests."""
        return name in STANDARD_ACTIONS

    def get_extra_actions(cls) -> list[ExtraAction]:
        """Return the ``@action``s of the class and its bases, in the order of their names."""
        actions = []
        for name, function in inspect.getmembers_static(cls):
            spec = action_of(function)
            if spec is not None:
                actions.append(
                    ExtraAction(
                        name=name,
                        detail=spec.detail,
                        url_path=spec.url_path,
                        url_name=spec.url_name,
                        methods=spec.mapping.methods,
                    )
                )
        return actions

    def _check(cls, owner: type, name: str, value: object) -> None:
        spec = action_of(value)
        if spec is None and name in HTTP_METHODS and is_function(value):
            raise cls._refusal(owner, _explain_method(name))
        overridden = next(
            (base for base in cls.__mro__[1:] if action_of(vars(base).get(name)) is not None), None
        )
        if spec is not None:
            cls._check_action(owner, name, value)
        elif overridden is not None and value is not None and vars(cls).get(name) is value:
            raise cls._refusal(
                owner,
                f"{name!r} overrides an @action of {overridden.__qualname__} without being one, "
                "and so would take its URL away. Decorate it with @action too, or set it to None.",
            )
        elif overridden is None or value is not None:
            super()._check(owner, name, value)

    def _check_action(cls, owner: type, name: str, function: Any) -> None:
        if name in STANDARD_ACTIONS:
            raise cls._refusal(
                owner, f"{name!r} is a standard action already; @endpoint takes its options."
            )
        if name in vocabulary.HOOKS or hasattr(Controller, name):
            raise cls._refusal(owner, f"{name!r} belongs to the framework; name the @action else.")
        if function.__name__ != name:
            raise cls._refusal(
                owner, f"the @action {function.__name__!r} stands under another name, {name!r}."
            )
        for method, mapped in function.mapping.methods.items():
            if not is_function(inspect.getattr_static(cls, mapped, None)):
                raise cls._refusal(
                    owner, f"{name}.mapping.{method}: the class has no method {mapped!r}."
                )

    def _check_method(cls, owner: type, name: str, value: object) -> None:
        meant = misspelt(name, STANDARD_ACTIONS)
        if meant is not None and _takes_request(value):
            raise cls._refusal(owner, f"{name!r} is no action. Did you mean {meant!r}?")
        super()._check_method(owner, name, value)

    def _handlers(cls) -> dict[str, HandlerFunction]:
        names = list(STANDARD_ACTIONS)
        for extra in cls.get_extra_actions():
            names.extend(extra.methods.values())
        found = {name: getattr(cls, name, None) for name in names}
        return {name: function for name, function in found.items() if function is not None}


def _takes_request(function: object) -> bool:
    code = getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None
    return code is not None and code.co_varnames[1:2] == ("request",)


def _explain_method(name: str) -> str:
    actions = [actions[name] for actions in (COLLECTION_ACTIONS, OBJECT_ACTIONS) if name in actions]
    standard = f"write {' or '.join(repr(action) for action in actions)}, or " if actions else ""
    return (
        f"a viewset answers with actions, so {name!r} would never be called: {standard}"
        f'an @action(detail=..., methods=["{name}"]), or derive from Controller.'
    )


class BoltViewSet(Controller, metaclass=ViewSetMeta):
    """Base of classes that answer for a collection.

    ``list create retrieve update partial_update destroy`` and methods with ``@action`` are its
    handlers. ``lookup_field`` (or ``lookup_url_kwarg``, if set) names the path parameter of an
    object's URL.
    """

    lookup_field: str = "pk"
    lookup_url_kwarg: str | None = None
