"""Issuers with key pairs: another implementation than ours, PyJWT on OpenSSL, signs for them."""

from __future__ import annotations

from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

_RSA = rsa.generate_private_key(65537, 2048)
#: The issuer's key for each algorithm.
PRIVATE: dict[str, PrivateKey] = {
    **{f"{padding}{bits}": _RSA for padding in ("RS", "PS") for bits in (256, 384, 512)},
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "ES384": ec.generate_private_key(ec.SECP384R1()),
    "ES512": ec.generate_private_key(ec.SECP521R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}
#: Keys of strangers.
OTHERS: dict[str, PrivateKey] = {
    "RS256": rsa.generate_private_key(65537, 2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
}


def _public_pem(key: PrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def _private_pem(key: PrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


#: What a server is set up with, for each algorithm; and two keys that it must refuse.
PUBLIC = {
    **{algorithm: _public_pem(key) for algorithm, key in PRIVATE.items()},
    "weak": _public_pem(rsa.generate_private_key(65537, 1024)),  # noqa: S505 (it is to be refused)
    "private": _private_pem(_RSA),
}


def encode(claims: dict[str, Any], algorithm: str, key: PrivateKey | None = None) -> str:
    """Return a token that the issuer signed, or whoever has the key."""
    return jwt.encode(claims, key or PRIVATE[algorithm], algorithm)
