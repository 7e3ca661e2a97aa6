"""Controllers: classes whose methods answer requests."""

from __future__ import annotations

import asyncio
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from asgiref.sync import async_to_sync, sync_to_async

from django_bolt.auth.expressions import instance_of
from django_bolt.decorators import HTTP_METHODS
from django_bolt.dispatch import failures
from django_bolt.dispatch.admission import reason, refuse
from django_bolt.dispatch.object_check import ObjectCheck
from django_bolt.dispatch.permissions import Permissions, Verdict
from django_bolt.exceptions import NotAuthenticated, PermissionDenied
from django_bolt.introspection import ControllerMeta
from django_bolt.responses import Response
from django_bolt.settings import bolt_settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from django_bolt.params import Depends
    from django_bolt.request import Request

__all__ = ["Controller", "ControllerMeta"]


class _FromSettings:
    """What holds where a class says nothing: ``None`` on the class, the settings' on instances."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type) -> Any:
        return None if instance is None else getattr(bolt_settings(), self._name)


def _from_settings(name: str) -> Any:
    return _FromSettings(name)


class Controller(metaclass=ControllerMeta):
    """Base of classes whose methods ``get``, ``post``, ... answer requests.

    Every request gets an instance of its own. Class attributes: ``authentication_classes``,
    ``permission_classes``, ``renderer_classes`` (where a class has none, those of the router, then
    of the settings), ``http_method_names``, ``etag``, ``tags`` and ``dependencies`` (added to the
    router's). The hooks below may be overridden, with Django REST framework's meaning.
    """

    #: Filled in by the server before anything is called.
    request: Request

    authentication_classes: Sequence[Any] | None = _from_settings("default_authentication_classes")
    permission_classes: Sequence[Any] | None = _from_settings("default_permission_classes")
    renderer_classes: Sequence[Any] | None = _from_settings("default_renderer_classes")
    parser_classes: Sequence[Any] | None = _from_settings("default_parser_classes")
    http_method_names: Sequence[str] = HTTP_METHODS
    tags: Sequence[str] = ()
    #: Whether replies to GET get an ``ETag`` of their bytes; ``None`` leaves it to the settings.
    etag: bool | None = None
    dependencies: Sequence[Depends] = ()

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
        permissions = self._permissions()
        if permissions.asynchronous and _may_wait():
            verdict = async_to_sync(permissions.evaluate)(request, self)
        else:
            verdict = permissions.evaluate_sync(request, self)
        self._conclude(request, verdict)

    def check_object_permissions(self, request: Request, obj: object) -> None:
        """Refuse the request unless its permissions hold for ``obj``; called by handlers.

        For ``def`` handlers. In ``async def`` it raises ``TypeError`` where a permission is
        ``async def``: there, await :meth:`acheck_object_permissions`.
        """
        if self._overrides_only("acheck_object_permissions", "check_object_permissions"):
            async_to_sync(self.acheck_object_permissions)(request, obj)
            return
        permissions = self._permissions()
        if permissions.asynchronous and _may_wait():
            verdict = async_to_sync(permissions.aevaluate_object)(request, self, obj)
        else:
            verdict = permissions.evaluate_object(request, self, obj)
        self._conclude(request, verdict)

    def acheck_object_permissions(self, request: Request, obj: object) -> Awaitable[None]:
        """Do what :meth:`check_object_permissions` does, awaited in ``async def`` handlers.

        A check that is not awaited would let everybody in: the request fails. Raises ``TypeError``
        in ``def``, where nothing can be awaited.
        """
        if _may_wait():
            raise TypeError(
                "acheck_object_permissions() is awaited in async def; in def, call "
                "check_object_permissions()."
            )
        return ObjectCheck(self._acheck_object_permissions(request, obj), request)

    async def _acheck_object_permissions(self, request: Request, obj: object) -> None:
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


def _may_wait() -> bool:
    """Whether this thread runs no event loop, which waiting would block."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return True
    return False
