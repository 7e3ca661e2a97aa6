"""Violated constraints, as each database words them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import IntegrityError, transaction

from django_bolt.dispatch.integrity import Violation, as_validation_error, read


class DriverError(Exception):
    """A driver's exception, with the attributes of psycopg's."""

    def __init__(self, text: str, sqlstate: str, **diagnosis: Any) -> None:
        super().__init__(text)
        self.sqlstate = sqlstate
        self.diag = SimpleNamespace(
            **{"message_detail": None, "table_name": None, "constraint_name": None, **diagnosis}
        )


def caused(cause: Exception) -> IntegrityError:
    error = IntegrityError(str(cause))
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "violation"),
    [
        (
            IntegrityError("UNIQUE constraint failed: auth_group.name"),
            Violation(unique=True, table="auth_group", columns=("name",)),
        ),
        (
            IntegrityError("UNIQUE constraint failed: t.a, t.b"),
            Violation(unique=True, table="t", columns=("a", "b")),
        ),
        (
            IntegrityError("UNIQUE constraint failed: index 'lower_name'"),
            Violation(unique=True, constraint="lower_name"),
        ),
        (IntegrityError("FOREIGN KEY constraint failed"), Violation(unique=False)),
        (IntegrityError("NOT NULL constraint failed: t.a"), None),
        (IntegrityError("CHECK constraint failed: t"), None),
        (
            caused(
                DriverError(
                    "duplicate key",
                    "23505",
                    message_detail='Key (name, "Other")=(a, b) already exists.',
                    table_name="t",
                    constraint_name="c",
                )
            ),
            Violation(unique=True, table="t", columns=("name", "Other"), constraint="c"),
        ),
        (
            caused(
                DriverError(
                    'insert or update on table "t" violates\n'
                    'DETAIL:  Key (a_id)=(9) is not present in table "u".',
                    "23503",
                )
            ),
            Violation(unique=False, table="t", columns=("a_id",)),
        ),
        (
            caused(
                DriverError(
                    "x",
                    "23503",
                    table_name="t",
                    message_detail='Key (id)=(9) is still referenced from table "u".',
                )
            ),
            Violation(unique=False, table="t"),
        ),
        (caused(DriverError("null value", "23502")), None),
        (
            IntegrityError(1062, "Duplicate entry 'a' for key 'auth_group.name'"),
            Violation(unique=True, table="auth_group", constraint="name"),
        ),
        (
            IntegrityError(1062, "Duplicate entry 'a' for key 'name'"),
            Violation(unique=True, constraint="name"),
        ),
        (
            IntegrityError(
                1452,
                "Cannot add or update a child row: a foreign key constraint fails (`db`.`t`, "
                "CONSTRAINT `c` FOREIGN KEY (`a_id`) REFERENCES `u` (`id`))",
            ),
            Violation(unique=False, table="t", columns=("a_id",)),
        ),
        (IntegrityError(1451, "Cannot delete or update a parent row"), Violation(unique=False)),
        (IntegrityError(1048, "Column 'a' cannot be null"), None),
    ],
)
def test_what_databases_say(error: IntegrityError, violation: Violation | None) -> None:
    assert read(error) == violation


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (
            IntegrityError("UNIQUE constraint failed: auth_group.name"),
            {"name": ["Group with this name already exists."]},
        ),
        (
            IntegrityError(1062, "Duplicate entry 'a' for key 'auth_user.username'"),
            {"username": ["User with this username already exists."]},
        ),
        (
            IntegrityError(
                "UNIQUE constraint failed: "
                "auth_permission.content_type_id, auth_permission.codename"
            ),
            {"non_field_errors": ["The fields content_type, codename must make a unique set."]},
        ),
        (
            IntegrityError("UNIQUE constraint failed: elsewhere.name"),
            {"non_field_errors": ["Such an object already exists."]},
        ),
        (
            caused(
                DriverError(
                    "x",
                    "23503",
                    table_name="auth_permission",
                    message_detail="Key (content_type_id)=(9) is not present in table x.",
                )
            ),
            {"content_type": ["Invalid pk - object does not exist."]},
        ),
        (
            IntegrityError("FOREIGN KEY constraint failed"),
            {
                "non_field_errors": [
                    "An object that this one refers to does not exist, or one refers to this one."
                ]
            },
        ),
    ],
)
def test_the_reply_names_the_field(error: IntegrityError, detail: Any) -> None:
    found = as_validation_error(error)
    assert found is not None
    assert found.detail == detail


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Group.objects.create(name="a"), "name"),
        (lambda: User.objects.create(username="a"), "username"),
    ],
)
def test_the_database_in_use(make: Any, field: str) -> None:
    make()
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        make()
    found = as_validation_error(caught.value)
    assert found is not None
    assert list(found.detail) == [field]


@pytest.mark.django_db
def test_a_null_is_the_servers_fault() -> None:
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        Permission.objects.create(name="a", codename="a")
    assert as_validation_error(caught.value) is None
