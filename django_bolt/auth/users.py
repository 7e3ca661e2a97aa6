"""The user of an identity."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from django_bolt.exceptions import AuthenticationFailed

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

    from django_bolt.auth.identity import Identity

#: What ``request.user`` is.
User: TypeAlias = "AbstractBaseUser | AnonymousUser"


def load_user(identity: Identity | None) -> User:
    """Return the user whom verified credentials name, from the database.

    The primary key is looked up in the configured user model. Nobody, and credentials that name
    no user (an API key), are Django's ``AnonymousUser``. Raises ``AuthenticationFailed`` (401)
    for a user who is inactive, deleted, or cannot exist.
    """
    if identity is None or identity.user_id is None:
        # Models cannot be imported before the apps are loaded.
        from django.contrib.auth.models import AnonymousUser

        return AnonymousUser()
    return load_user_by_id(identity.user_id)


def load_user_by_id(user_id: str) -> AbstractBaseUser:
    """Return the active user with a primary key, as text.

    Raises ``AuthenticationFailed`` (401) for a user who is inactive, deleted, or cannot exist.
    """
    user = _find(user_id)
    if user is None:
        raise AuthenticationFailed(gettext_lazy("User not found."), code="user_not_found")
    if not user.is_active:
        raise AuthenticationFailed(gettext_lazy("User is inactive."), code="user_inactive")
    return user


async def aload_user(identity: Identity | None) -> User:
    """Return what :func:`load_user` does, without blocking the event loop."""
    if identity is None or identity.user_id is None:
        return load_user(identity)
    return await sync_to_async(load_user)(identity)


def _find(user_id: str) -> AbstractBaseUser | None:
    model = get_user_model()
    try:
        key = model._meta.pk.to_python(user_id)  # noqa: SLF001 (Model._meta is public)
        return model._default_manager.filter(pk=key).first()  # noqa: SLF001
    except (ValidationError, ValueError, OverflowError):
        # No key of this model has that text: a letter in a number, NUL in a PostgreSQL string.
        return None
