"""Violations of a database's constraints that the client's data caused.

Each database says in words of its own what was violated: SQLite names the columns, PostgreSQL the
key (and gives its SQLSTATE), MySQL and MariaDB the index or the column (and give an error number).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import IntegrityError
from django.db.models import Field, Model
from django.db.models.options import Options
from django.utils.text import capfirst
from django.utils.translation import gettext

from django_bolt.exceptions import ErrorDetail, ValidationError

_ROOT = "non_field_errors"

_SQLITE_UNIQUE = re.compile(r"UNIQUE constraint failed: (?P<columns>.+)")
_SQLITE_INDEX = re.compile(r"index '(?P<name>[^']+)'")
_SQLITE_FOREIGN = "FOREIGN KEY constraint failed"
_POSTGRES_UNIQUE, _POSTGRES_FOREIGN = "23505", "23503"
_POSTGRES_KEY = re.compile(r"Key \((?P<columns>[^)]*)\)=")
_POSTGRES_TABLE = re.compile(r'on table "(?P<table>[^"]+)"')
_POSTGRES_STILL_REFERENCED = "still referenced"
_MYSQL_UNIQUE, _MYSQL_FOREIGN, _MYSQL_REFERENCED = 1062, 1452, 1451
_MYSQL_KEY = re.compile(r"for key '(?:(?P<table>[^'.]+)\.)?(?P<name>[^']+)'")
_MYSQL_COLUMN = re.compile(
    r"`(?P<table>[^`]+)`, CONSTRAINT .* FOREIGN KEY \(`(?P<columns>[^)]+)`\)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """What was violated: a unique constraint or a foreign key, of which table and columns."""

    unique: bool
    table: str | None = None
    columns: tuple[str, ...] = ()
    #: Name of the constraint or index, where the database says nothing else.
    constraint: str | None = None


def as_validation_error(error: IntegrityError) -> ValidationError | None:
    """Return the 400 of a unique or foreign-key violation, on the field where it can be told.

    ``None`` is any other violation: a ``NOT NULL`` or ``CHECK`` that fails is a fault of the
    program, which should have validated before.
    """
    violation = read(error)
    if violation is None:
        return None
    model = _model(violation.table)
    fields = _fields(model, violation)
    if not violation.unique:
        return _missing_reference(fields)
    if model is not None and len(fields) == 1:
        text = gettext("{model} with this {field} already exists.").format(
            model=capfirst(_options(model).verbose_name), field=fields[0].verbose_name
        )
        return ValidationError({fields[0].name: [ErrorDetail(text, "unique")]})
    if fields:
        text = gettext("The fields {fields} must make a unique set.").format(
            fields=", ".join(field.name for field in fields)
        )
    else:
        text = gettext("Such an object already exists.")
    return ValidationError({_ROOT: [ErrorDetail(text, "unique")]})


def read(error: IntegrityError) -> Violation | None:
    """Return what a database's error says, or ``None`` where it is no such violation."""
    cause = error.__cause__ or error
    state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    if state is not None:
        return _read_postgres(cause, str(state))
    number = error.args[0] if error.args else None
    if isinstance(number, int):
        return _read_mysql(number, str(error.args[-1]))
    return _read_sqlite(str(error))


def _read_sqlite(text: str) -> Violation | None:
    if text.startswith(_SQLITE_FOREIGN):
        return Violation(unique=False)
    match = _SQLITE_UNIQUE.match(text)
    if match is None:
        return None
    index = _SQLITE_INDEX.match(match["columns"])
    if index is not None:
        return Violation(unique=True, constraint=index["name"])
    pairs = [column.strip().rpartition(".") for column in match["columns"].split(",")]
    return Violation(unique=True, table=pairs[0][0], columns=tuple(name for _, _, name in pairs))


def _read_postgres(cause: BaseException, state: str) -> Violation | None:
    if state not in (_POSTGRES_UNIQUE, _POSTGRES_FOREIGN):
        return None
    diagnosis = getattr(cause, "diag", None)
    text = str(cause)
    detail = str(getattr(diagnosis, "message_detail", None) or text)
    table = getattr(diagnosis, "table_name", None)
    if table is None and (match := _POSTGRES_TABLE.search(text)):
        table = match["table"]
    key = _POSTGRES_KEY.search(detail)
    columns = tuple(part.strip(' "') for part in key["columns"].split(",")) if key else ()
    if _POSTGRES_STILL_REFERENCED in detail:
        columns = ()  # those of the other table
    return Violation(
        unique=state == _POSTGRES_UNIQUE,
        table=table,
        columns=columns,
        constraint=getattr(diagnosis, "constraint_name", None),
    )


def _read_mysql(number: int, text: str) -> Violation | None:
    if number == _MYSQL_UNIQUE:
        match = _MYSQL_KEY.search(text)
        if match is None:
            return Violation(unique=True)
        return Violation(unique=True, table=match["table"], constraint=match["name"])
    if number == _MYSQL_FOREIGN:
        match = _MYSQL_COLUMN.search(text)
        if match is None:
            return Violation(unique=False)
        columns = tuple(re.split(r"`, *`", match["columns"]))
        return Violation(unique=False, table=match["table"], columns=columns)
    return Violation(unique=False) if number == _MYSQL_REFERENCED else None


def _missing_reference(fields: Sequence[Field[Any, Any]]) -> ValidationError:
    if len(fields) == 1:
        text = gettext("Invalid pk - object does not exist.")
        return ValidationError({fields[0].name: [ErrorDetail(text, "does_not_exist")]})
    text = gettext("An object that this one refers to does not exist, or one refers to this one.")
    return ValidationError({_ROOT: [ErrorDetail(text, "foreign_key")]})


def _options(model: type[Model]) -> Options[Any]:
    return model._meta  # noqa: SLF001 (documented, for all its underscore)


def _model(table: str | None) -> type[Model] | None:
    models = apps.get_models(include_auto_created=True)
    return next((model for model in models if _options(model).db_table == table), None)


def _fields(model: type[Model] | None, violation: Violation) -> list[Field[Any, Any]]:
    """Return the fields that were violated; none where one of them is not the model's own."""
    if model is None:
        return []
    if violation.columns:
        by_column = {field.column: field for field in _options(model).local_concrete_fields}
        found = [by_column.get(column) for column in violation.columns]
        return [field for field in found if field is not None] if all(found) else []
    for constraint in _options(model).constraints:
        if constraint.name == violation.constraint:
            return _named(model, getattr(constraint, "fields", ()))
    for field in _options(model).local_concrete_fields:
        index = "PRIMARY" if field.primary_key else field.column
        if field.unique and violation.constraint == index:
            return [field]
    return []


def _named(model: type[Model], names: Iterable[str]) -> list[Field[Any, Any]]:
    try:
        found = [_options(model).get_field(name) for name in names]
    except FieldDoesNotExist:
        return []
    return [field for field in found if isinstance(field, Field)]
