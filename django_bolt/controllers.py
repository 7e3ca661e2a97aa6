"""Controllers: classes whose methods answer requests.

A class is read once, when it is created (:class:`ControllerMeta`), and everything in it that would
have no effect is refused then.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from types import FunctionType, MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from asgiref.sync import async_to_sync, iscoroutinefunction, sync_to_async

from django_bolt import vocabulary
from django_bolt.auth.expressions import instance_of
from django_bolt.decorators import (
    HTTP_METHODS,
    action_of,
    check_policy,
    check_tags,
    describe,
    is_function,
)
from django_bolt.dispatch import failures
from django_bolt.dispatch.admission import reason, refuse
from django_bolt.dispatch.permissions import Permissions, Verdict
from django_bolt.exceptions import ConfigurationError, NotAuthenticated, PermissionDenied
from django_bolt.responses import Response
from django_bolt.settings import bolt_settings
from django_bolt.spelling import suggestion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django_bolt.request import Request

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
            cls._check(owner, attribute, value)
        cls._check_policies()
        cls.__bolt__ = Introspection(
            handlers=MappingProxyType(cls._handlers()),
            hooks=frozenset(hook for hook in vocabulary.HOOKS if cls._overrides(hook)),
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
        if action_of(value) is not None:
            raise cls._refusal(owner, f"@action {name!r}: actions belong to a BoltViewSet.")
        if fault := vocabulary.method_fault(name):
            raise cls._refusal(owner, fault)

    def _check_policies(cls) -> None:
        for name in ("authentication_classes", "permission_classes"):
            owner = next((base for base in cls.__mro__ if name in vars(base)), None)
            if owner is not None and owner is not Controller:
                check_policy(name, vars(owner)[name], describe(cls))
        check_tags(getattr(cls, "tags", ()), describe(cls))
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

    def is_handler_name(cls, name: str) -> bool:
        """Whether a method of this name answers requests."""
        return name in HTTP_METHODS

    def _handlers(cls) -> dict[str, HandlerFunction]:
        found = {name: getattr(cls, name, None) for name in HTTP_METHODS}
        return {name: function for name, function in found.items() if function is not None}

    def _overrides(cls, hook: str) -> bool:
        return getattr(cls, hook) is not getattr(Controller, hook)

    def _refusal(cls, owner: type, message: str) -> ConfigurationError:
        mixed_in = "" if owner is cls else f" (from {describe(owner)})"
        return ConfigurationError(f"{describe(cls)}{mixed_in}: {message}")


#: Hooks that are called from synchronous code, and what to write in place of ``async def``.
_SYNC_HOOKS = {
    "check_object_permissions": "nothing would await it. Write acheck_object_permissions.",
    "get_permissions": "it only lists permissions. A permission's has_permission may be async def.",
    "permission_denied": "it only raises.",
}


def _is_foreign(owner: type) -> bool:
    """Whether a base is the language's own, and so says nothing about controllers."""
    return owner.__module__ in {"builtins", "typing", "abc", "collections.abc"}


class Controller(metaclass=ControllerMeta):
    """Base of classes whose methods ``get``, ``post``, ... answer requests.

    Every request gets an instance of its own. Class attributes: ``authentication_classes``,
    ``permission_classes`` (where a class has none, those of the router, then of the settings),
    ``http_method_names`` and ``tags``. The hooks below may be overridden, with Django REST
    framework's meaning.
    """

    #: Filled in by the server before anything is called.
    request: Request

    authentication_classes: Sequence[Any] | None = None
    permission_classes: Sequence[Any] | None = None
    http_method_names: Sequence[str] = HTTP_METHODS
    tags: Sequence[str] = ()

    #: Name of the viewset's action that answers; ``None`` in a plain controller.
    action: str | None = None
    format_kwarg: ClassVar[None] = None
    #: Path values are passed by name, so that there are never any by position.
    args: ClassVar[tuple[()]] = ()

    @cached_property
    def kwargs(self) -> dict[str, Any]:
        """The path's values by name."""
        values: dict[str, Any] = self.request.path_values
        return values

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Run before the handler; an exception raised here ends the request.

        Permissions were decided before. Does nothing unless overridden.
        """

    def get_permissions(self) -> list[Any]:
        """Return the permissions that are asked, as instances; all of them must hold."""
        classes = self.permission_classes
        if classes is None:
            classes = bolt_settings().default_permission_classes
        return [instance_of(item) if isinstance(item, type) else item for item in classes]

    def check_permissions(self, request: Request) -> None:
        """Refuse the request unless its permissions hold.

        Called before the body is read. Raises ``NotAuthenticated`` or ``PermissionDenied``.
        """
        self._conclude(request, self._permissions().evaluate_sync(request, self))

    def check_object_permissions(self, request: Request, obj: object) -> None:
        """Refuse the request unless its permissions hold for ``obj``; called by handlers.

        For ``def`` handlers; raises ``TypeError`` where a permission is ``async def``.
        """
        if self._overrides_only("acheck_object_permissions", "check_object_permissions"):
            async_to_sync(self.acheck_object_permissions)(request, obj)
        else:
            self._conclude(request, self._permissions().evaluate_object(request, self, obj))

    async def acheck_object_permissions(self, request: Request, obj: object) -> None:
        """Do what :meth:`check_object_permissions` does, from ``async def`` handlers."""
        if self._overrides_only("check_object_permissions", "acheck_object_permissions"):
            await sync_to_async(self.check_object_permissions)(request, obj)
            return
        if "get_permissions" in type(self).__bolt__.hooks:
            permissions = await sync_to_async(self._permissions)()
        else:
            permissions = self._permissions()
        verdict = await permissions.aevaluate_object(request, self, obj)
        if "permission_denied" in type(self).__bolt__.hooks:
            await sync_to_async(self._conclude)(request, verdict)
        else:
            self._conclude(request, verdict)

    def permission_denied(
        self, request: Request, message: Any = None, code: str | None = None
    ) -> NoReturn:
        """Raise ``NotAuthenticated`` where nobody is authenticated, else ``PermissionDenied``.

        ``message`` and ``code`` are those of the permission that refused. Where there is no
        authentication class, no credentials would help, and it is always the latter.
        """
        if request.identity is None and self._authenticates():
            raise NotAuthenticated
        raise PermissionDenied(message, code)

    def handle_exception(self, exc: Exception) -> Any:
        """Return the reply to an exception that a handler or :meth:`initial` raised.

        What is nobody's fault but the server's is raised again, and becomes a 500 that is logged.
        """
        known = failures.as_api_exception(exc)
        if known is None:
            raise exc
        if known.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            failures.announce(exc, self.request, known.status_code)
        return Response(failures.body_of(known), known.status_code, dict(known.headers))

    def finalize_response(
        self,
        request: Request,  # noqa: ARG002
        response: Any,
        *args: Any,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> Any:
        """Return what is sent in the place of ``response``."""
        return response

    def _permissions(self) -> Permissions:
        return Permissions(self.get_permissions(), authenticates=self._authenticates())

    def _authenticates(self) -> bool:
        classes = self.authentication_classes
        if classes is None:
            classes = bolt_settings().default_authentication_classes
        return bool(classes)

    def _conclude(self, request: Request, verdict: Verdict) -> None:
        if verdict:
            return
        message, code = reason(verdict)
        self.permission_denied(request, message=message, code=code)
        # An overridden hook that returns has not granted anything.
        refuse(request, verdict, authenticates=self._authenticates())

    def _overrides_only(self, hook: str, twin: str) -> bool:
        hooks = type(self).__bolt__.hooks
        return hook in hooks and twin not in hooks
