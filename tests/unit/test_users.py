"""The user of an identity, loaded from the database."""

from __future__ import annotations

import asyncio
import uuid
from unittest import mock

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import connection, models

from django_bolt.auth import users
from django_bolt.exceptions import AuthenticationFailed
from tests.unit.fakes import FakeIdentity

User = get_user_model()


def load_async(identity):
    return asyncio.run(users.aload_user(identity))


@pytest.fixture
def ada(db):
    return User.objects.create_user("ada", is_staff=True)


def test_user_is_found_by_primary_key(ada):
    found = users.load_user(FakeIdentity(user_id=str(ada.pk)))
    assert found == ada
    assert found.is_staff


@pytest.mark.django_db(transaction=True)
def test_user_is_found_asynchronously():
    ada = User.objects.create_user("ada")
    assert load_async(FakeIdentity(user_id=str(ada.pk))) == ada


@pytest.mark.parametrize("load", [users.load_user, load_async])
@pytest.mark.parametrize("identity", [None, FakeIdentity(user_id=None, scheme="api_key")])
def test_nobody_is_anonymous_and_costs_no_query(load, identity):
    found = load(identity)
    assert isinstance(found, AnonymousUser)


@pytest.mark.parametrize(
    "user_id", ["0", "999999", "", "ada", "1.5", "1e3", "-1", "9" * 40, "9" * 5000, "\x00", "None"]
)
def test_a_key_that_names_nobody_is_401(ada, user_id):
    with pytest.raises(AuthenticationFailed) as caught:
        users.load_user(FakeIdentity(user_id=user_id))
    assert caught.value.status_code == 401
    assert caught.value.get_codes() == "user_not_found"
    assert user_id not in str(caught.value.detail) or not user_id.strip()


def test_a_deleted_user_is_401(ada):
    identity = FakeIdentity(user_id=str(ada.pk))
    ada.delete()
    with pytest.raises(AuthenticationFailed):
        users.load_user(identity)


def test_an_inactive_user_is_401(ada):
    User.objects.filter(pk=ada.pk).update(is_active=False)
    with pytest.raises(AuthenticationFailed) as caught:
        users.load_user(FakeIdentity(user_id=str(ada.pk)))
    assert caught.value.get_codes() == "user_inactive"


class Pilot(AbstractBaseUser):
    """A user model with another primary key, and without flags and permissions."""

    licence = models.UUIDField(primary_key=True, default=uuid.uuid4)
    USERNAME_FIELD = "licence"

    class Meta:
        app_label = "pilots"


@pytest.fixture
def pilot(db):
    # SQLite alters tables only where constraints are not being checked, so not inside the test's
    # transaction; plain SQL does what the schema editor would.
    with connection.cursor() as cursor:
        columns = ", ".join(f'"{field.column}"' for field in Pilot._meta.local_fields)
        cursor.execute(f'CREATE TABLE "{Pilot._meta.db_table}" ({columns})')
    with mock.patch.object(users, "get_user_model", return_value=Pilot):
        yield Pilot.objects.create()


def test_a_custom_user_model(pilot):
    assert users.load_user(FakeIdentity(user_id=str(pilot.pk))) == pilot


@pytest.mark.parametrize("user_id", ["7", "not-a-uuid", str(uuid.UUID(int=0))])
def test_a_custom_user_model_has_its_own_keys(pilot, user_id):
    with pytest.raises(AuthenticationFailed):
        users.load_user(FakeIdentity(user_id=user_id))
