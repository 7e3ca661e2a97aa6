"""JSON Web Tokens without a look at the database."""

from __future__ import annotations

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from tokens import user_of


class TokenUser:
    is_authenticated = True

    def __init__(self, pk: str) -> None:
        self.pk = pk


class JWTAuthentication(BaseAuthentication):
    """A token of one algorithm in ``Authorization: Bearer``."""

    algorithm = "HS256"

    def authenticate(self, request: Request) -> tuple[TokenUser, None] | None:
        scheme, _, token = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        pk = user_of(token.decode("latin-1"), self.algorithm)
        if pk is None:
            raise AuthenticationFailed
        return TokenUser(pk), None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class RS256Authentication(JWTAuthentication):
    algorithm = "RS256"


class ES256Authentication(JWTAuthentication):
    algorithm = "ES256"
