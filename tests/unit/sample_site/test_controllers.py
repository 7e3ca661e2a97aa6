"""What the sample site's endpoints refuse."""

from __future__ import annotations

import pytest

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
