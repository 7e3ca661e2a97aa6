"""The cases with tokens that a private key has signed."""

from __future__ import annotations

from django.conf import settings

from django_bolt import BoltAPI, Request
from django_bolt.auth import IsAuthenticated, JWTAuthentication

api = BoltAPI(guards=[IsAuthenticated()])


def bearer(algorithm: str) -> JWTAuthentication:
    """Return what lets in callers with a token of one algorithm."""
    key = settings.DATA / f"{algorithm.lower()}.pub.pem"
    return JWTAuthentication(secret=key.read_text(), algorithms=[algorithm])


@api.get("/me/rs256", auth=[bearer("RS256")])
async def me_rs256(request: Request) -> dict[str, str]:
    return {"user": request.identity.user_id}


@api.get("/me/es256", auth=[bearer("ES256")])
async def me_es256(request: Request) -> dict[str, str]:
    return {"user": request.identity.user_id}
