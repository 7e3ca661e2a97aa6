"""Who is asking, and may they: authentication classes, permissions and tokens."""

from django_bolt.auth.authentication import BaseAuthentication
from django_bolt.auth.backends import APIKeyAuthentication, JWTAuthentication
from django_bolt.auth.guards import (
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
    ReadOnly,
)
from django_bolt.auth.tokens import (
    create_jwt_for_user,
    extract_user_id_from_context,
    get_current_user,
)

__all__ = [
    "APIKeyAuthentication",
    "AllowAny",
    "BaseAuthentication",
    "BasePermission",
    "HasAllPermissions",
    "HasAnyPermission",
    "HasPermission",
    "HasScope",
    "IsAdminUser",
    "IsAuthenticated",
    "IsAuthenticatedOrReadOnly",
    "IsStaff",
    "JWTAuthentication",
    "ReadOnly",
    "create_jwt_for_user",
    "extract_user_id_from_context",
    "get_current_user",
]
