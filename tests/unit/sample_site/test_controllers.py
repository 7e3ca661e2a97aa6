"""What the sample site's endpoints refuse."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from django_bolt.testing import TestClient

BEYOND = "99999999999999999999"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/api/airports?offset={BEYOND}", 400),
        (f"/api/airports?limit={BEYOND}", 400),
        (f"/api/airports?offset={2**31 - 1}", 200),
        (f"/api/reports?offset={BEYOND}", 400),
        (f"/api/reports?offset={2**31 - 1}", 200),
    ],
)
def test_numbers_beyond_the_databases(db: None, path: str, status: int) -> None:
    with TestClient() as client:
        assert client.get(path).status_code == status


def test_logging_in_and_out(db: None, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    User.objects.create_user("ada", password="difference engine")
    with TestClient() as client:
        login = {"username": "ada", "password": "difference engine"}
        pair = client.post("/api/login", json=login).json()
        headers = {"authorization": f"Bearer {pair['access_token']}"}
        assert client.get("/api/me", headers=headers).json()["username"] == "ada"
        refresh = {"refresh_token": pair["refresh_token"]}
        pair = client.post("/api/token/refresh", json=refresh).json()
        refresh = {"refresh_token": pair["refresh_token"]}
        assert client.post("/api/token/logout", json=refresh).status_code == 204
        assert client.get("/api/me", headers=headers).status_code == 401
        assert client.get("/api/airports", headers=headers).status_code == 401
        assert client.get("/api/airports").status_code == 200
