"""Tokens, for the frameworks that leave them to their users: with PyJWT, keys read once."""

from __future__ import annotations

import os
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_public_key

DATA = Path(os.environ["BENCH_DATA"])

KEYS = {
    "HS256": (DATA / "hs256.key").read_bytes(),
    "RS256": load_pem_public_key((DATA / "rs256.pub.pem").read_bytes()),
    "ES256": load_pem_public_key((DATA / "es256.pub.pem").read_bytes()),
}


def user_of(token: str, algorithm: str) -> str | None:
    """Return the subject of a valid token that has not expired; of any other none."""
    try:
        return jwt.decode(token, KEYS[algorithm], algorithms=[algorithm])["sub"]
    except jwt.InvalidTokenError:
        return None
