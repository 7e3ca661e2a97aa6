"""Viewsets: controllers whose methods are actions on a collection and its objects."""

# ruff: noqa: N805 - the first argument of a metaclass's methods is a class

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django_bolt import vocabulary
from django_bolt.controllers import Controller
from django_bolt.decorators import HTTP_METHODS, action_of, is_function
from django_bolt.introspection import ControllerMeta, HandlerFunction, no_handler, takes_request
from django_bolt.vocabulary import COLLECTION_ACTIONS, OBJECT_ACTIONS, STANDARD_ACTIONS


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

    @property
    def handler_names(cls) -> tuple[str, ...]:
        """Names of the methods that answer requests: the standard actions."""
        return STANDARD_ACTIONS

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
        mapped = (extra.methods.values() for extra in cls.get_extra_actions())
        if not any(name in handlers for handlers in mapped):
            super()._check_method(owner, name, value)

    def _handler_fault(cls, name: str, function: object) -> str | None:
        meant = vocabulary.intended_action(name, takes_request=takes_request(function))
        return no_handler(name, meant) if meant else None

    def _handlers(cls) -> dict[str, HandlerFunction]:
        names = list(STANDARD_ACTIONS)
        for extra in cls.get_extra_actions():
            names.extend(extra.methods.values())
        found = {name: getattr(cls, name, None) for name in names}
        return {name: function for name, function in found.items() if function is not None}


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
