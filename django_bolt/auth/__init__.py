"""Who is asking, and may they: authentication classes, permissions and tokens."""

from django_bolt.auth.authentication import BaseAuthentication
from django_bolt.auth.backends import APIKeyAuthentication, JWTAuthentication
from django_bolt.auth.basic import BasicAuthentication
from django_bolt.auth.claims import Token
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
from django_bolt.auth.issuing import TokenIssuer, TokenPair, create_token_pair
from django_bolt.auth.model_permissions import (
    DjangoModelPermissions,
    DjangoModelPermissionsOrAnonReadOnly,
    DjangoObjectPermissions,
)
from django_bolt.auth.revocation import (
    DjangoCacheRevocation,
    DjangoORMRevocation,
    InMemoryRevocation,
    Revocation,
)
from django_bolt.auth.session import SessionAuthentication
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
    "BasicAuthentication",
    "DjangoCacheRevocation",
    "DjangoModelPermissions",
    "DjangoModelPermissionsOrAnonReadOnly",
    "DjangoORMRevocation",
    "DjangoObjectPermissions",
    "HasAllPermissions",
    "HasAnyPermission",
    "HasPermission",
    "HasScope",
    "InMemoryRevocation",
    "IsAdminUser",
    "IsAuthenticated",
    "IsAuthenticatedOrReadOnly",
    "IsStaff",
    "JWTAuthentication",
    "ReadOnly",
    "Revocation",
    "SessionAuthentication",
    "Token",
    "TokenIssuer",
    "TokenPair",
    "create_jwt_for_user",
    "create_token_pair",
    "extract_user_id_from_context",
    "get_current_user",
]
