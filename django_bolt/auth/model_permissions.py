"""Permissions of Django's models, with Django REST framework's names and meaning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import Model
from django.http import Http404

from django_bolt.auth.guards import SAFE_METHODS, BasePermission
from django_bolt.exceptions import MethodNotAllowed

_CHANGING: Mapping[str, list[str]] = {
    "GET": [],
    "OPTIONS": [],
    "HEAD": [],
    "POST": ["%(app_label)s.add_%(model_name)s"],
    "PUT": ["%(app_label)s.change_%(model_name)s"],
    "PATCH": ["%(app_label)s.change_%(model_name)s"],
    "DELETE": ["%(app_label)s.delete_%(model_name)s"],
}


class DjangoModelPermissions(BasePermission):
    """Users who have the model's permission for the method: ``add``, ``change`` or ``delete``.

    ``model`` is the model; without it, that of the view's ``queryset`` or ``get_queryset()``. A
    view that has none of these is refused when the server starts. ``perms_map`` says which
    permissions a method asks for. Raises ``MethodNotAllowed`` (405) for a method that it does not
    know.
    """

    perms_map: ClassVar[Mapping[str, list[str]]] = _CHANGING
    #: Whether anonymous callers are refused whatever the map says.
    authenticated_users_only: ClassVar[bool] = True

    def __init__(self, model: type[Model] | None = None) -> None:
        given: object = model
        if given is not None and not (isinstance(given, type) and issubclass(given, Model)):
            raise TypeError(f"{type(self).__name__} takes a model, not {model!r}.")
        self._model = model

    def __repr__(self) -> str:
        name = "" if self._model is None else self._model.__name__
        return f"{type(self).__name__}({name})"

    def check_controller(self, controller: type | None) -> None:
        """Refuse a view that does not say which model is meant; raises ``TypeError``."""
        if self._model is None and not _says_model(controller):
            name = type(self).__name__
            raise TypeError(
                f"{name} does not know the model: list {name}(Model), or give the class a queryset."
            )

    def get_required_permissions(self, method: str, model_cls: type[Model]) -> list[str]:
        """Return the permissions, as ``app.codename``, that ``method`` asks for."""
        if method not in self.perms_map:
            raise MethodNotAllowed(method)
        options = model_cls._meta  # noqa: SLF001 (Model._meta is public)
        names = {"app_label": options.app_label, "model_name": options.model_name}
        return [permission % names for permission in self.perms_map[method]]

    def has_permission(self, request: Any, view: Any) -> bool:
        """Return whether the user has every permission that the method asks for."""
        user = request.user
        if not user or (self.authenticated_users_only and not user.is_authenticated):
            return False
        wanted = self.get_required_permissions(request.method, self.model_of(view))
        return bool(user.has_perms(wanted))

    def model_of(self, view: Any) -> type[Model]:
        """Return the model that is meant. Raises ``TypeError`` where nothing says so."""
        if self._model is not None:
            return self._model
        self.check_controller(None if view is None else type(view))
        find = getattr(view, "get_queryset", None)
        queryset = view.queryset if find is None else find()
        model: type[Model] = queryset.model
        return model


class DjangoModelPermissionsOrAnonReadOnly(DjangoModelPermissions):
    """The same, and anonymous callers read."""

    authenticated_users_only = False


class DjangoObjectPermissions(DjangoModelPermissions):
    """The same for objects too, asked of an authentication backend that knows permissions of them.

    Where the user may not even read the object, it is not there: 404.
    """

    def get_required_object_permissions(self, method: str, model_cls: type[Model]) -> list[str]:
        """Return the permissions for an object; by default those for the model."""
        return self.get_required_permissions(method, model_cls)

    def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:
        """Return whether the user has every permission for ``obj``. Raises ``Http404``."""
        model, user = self.model_of(view), request.user
        if user.has_perms(self.get_required_object_permissions(request.method, model), obj):
            return True
        if request.method in SAFE_METHODS:
            raise Http404
        if not user.has_perms(self.get_required_object_permissions("GET", model), obj):
            raise Http404
        return False


def _says_model(controller: type | None) -> bool:
    if controller is None:
        return False
    return callable(getattr(controller, "get_queryset", None)) or (
        getattr(controller, "queryset", None) is not None
    )
