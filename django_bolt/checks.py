"""Django system checks: what ``manage.py check`` and ``runbolt`` find before anything is served.

=========  ==========================================================================
bolt.E001  The setting ``BOLT`` has an unknown key or an impossible value.
bolt.E002  A route cannot be served as it is declared.
bolt.E003  The server does not accept the plan.
bolt.E004  A database asks for ``ATOMIC_REQUESTS``, which has no effect on these routes.
bolt.W001  Tokens are signed with a key that is shorter than their algorithm asks for.
bolt.W002  No route was found.
bolt.W003  Keys that verify tokens are fetched without encryption.
bolt.W004  ``FILE_UPLOAD_HANDLERS`` is set, which has no effect on these routes.
bolt.W005  ``FILE_ROOTS`` names what is not a directory.
bolt.W010  A class of the author's asks the database when it is made.
=========  ==========================================================================

An ``ImportError`` in a module of routes is no finding: it is raised, so that it is shown in full.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import global_settings, settings
from django.core import checks
from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connections

from django_bolt import discovery
from django_bolt.auth.backends import ALGORITHMS
from django_bolt.auth.key_sets import KeyAddress
from django_bolt.compile import application, plan
from django_bolt.exceptions import SettingsError
from django_bolt.settings import bolt_settings, django_settings

TAG = "bolt"


@checks.register(TAG)
def check_application(**_: Any) -> list[CheckMessage]:
    """Build the application as the server would, and report what keeps it from being served."""
    try:
        bolt_settings()
    except SettingsError as error:
        return [checks.Error(str(error), id="bolt.E001")]
    try:
        routes = discovery.discover()
        compiled = application.build(routes)
    except ImproperlyConfigured as error:
        return [checks.Error(str(error), id="bolt.E002")]
    except DatabaseError as error:
        # A class of the author's that asks the database when it is made must not keep ``migrate``
        # from making the table that it asks.
        return [
            checks.Warning(
                f"The application could not be built without its database: {error}",
                hint="Ask the database when a request is served, not when a class is made.",
                id="bolt.W010",
            )
        ]
    if not routes:
        return [
            checks.Warning(
                "The project has no routes to serve.",
                hint="Define `router` in a bolt_routes.py, or `api` in an api.py, of an installed "
                "app or of the package of ROOT_URLCONF.",
                id="bolt.W002",
            )
        ]
    return [*_refusals(compiled), *_weak_keys(compiled), *_open_addresses(compiled)]


@checks.register(TAG)
def check_file_roots(**_: Any) -> list[CheckMessage]:
    """Report directories that files are to be sent from and that do not exist."""
    try:
        roots = bolt_settings().file_roots or ()
    except SettingsError:
        return []  # check_application tells
    return [
        checks.Warning(
            f"BOLT['FILE_ROOTS'] names {root!r}, which is not a directory: no file is below it.",
            id="bolt.W005",
        )
        for root in roots
        if not Path(root).is_dir()
    ]


@checks.register(TAG)
def check_transactions(**_: Any) -> list[CheckMessage]:
    """Report ``ATOMIC_REQUESTS``: whoever relies on it would lose data without a word."""
    return [
        checks.Error(
            f"DATABASES[{alias!r}] has ATOMIC_REQUESTS, which has no effect on the routes of "
            "django_bolt.",
            hint="Write transaction.atomic() in the handlers that need it, and turn it off.",
            id="bolt.E004",
        )
        for alias, database in connections.settings.items()
        if database.get("ATOMIC_REQUESTS")
    ]


@checks.register(TAG)
def check_upload_handlers(**_: Any) -> list[CheckMessage]:
    """Report ``FILE_UPLOAD_HANDLERS``: uploads are received in Rust."""
    if settings.FILE_UPLOAD_HANDLERS == global_settings.FILE_UPLOAD_HANDLERS:
        return []
    return [
        checks.Warning(
            "FILE_UPLOAD_HANDLERS has no effect on the routes of django_bolt.",
            hint="Uploads are received in Rust: FILE_UPLOAD_MAX_MEMORY_SIZE and "
            "FILE_UPLOAD_TEMP_DIR hold there.",
            id="bolt.W004",
        )
    ]


def _refusals(compiled: application.Application) -> Iterator[CheckMessage]:
    """Have Rust read the plan, as the server will."""
    from django_bolt import _core  # at import, it would keep Django itself from starting

    try:
        application.open_application(compiled)
    except _core.PlanError as error:
        yield checks.Error(str(error), id="bolt.E003")
    except ImproperlyConfigured as error:
        yield checks.Error(str(error), id="bolt.E002")


def _weak_keys(compiled: application.Application) -> Iterator[CheckMessage]:
    """Find keys shorter than their hash, below which it is weaker than it claims (RFC 7518)."""
    django_key = django_settings().secret_key
    for authenticator in compiled.plan.authenticators:
        if not isinstance(authenticator, plan.JWT) or authenticator.algorithms[0] not in ALGORITHMS:
            continue
        # Those of secrets are all for HS; a key set may have others as well.
        shared = [name for name in authenticator.algorithms if name in ALGORITHMS]
        needed = max(int(name[2:]) // 8 for name in shared)
        for secret in authenticator.secrets:
            key = compiled.secrets[secret]
            if len(key) >= needed:
                continue
            name = "SECRET_KEY" if key == django_key else f"The secret {secret!r}"
            yield checks.Warning(
                f"{name} has {len(key)} bytes, and signs tokens with "
                f"{', '.join(authenticator.algorithms)}, which asks for {needed}.",
                hint="Short keys can be guessed from a single token. Take one from "
                '`python -c "import secrets; print(secrets.token_urlsafe(48))"`.',
                id="bolt.W001",
            )


def _open_addresses(compiled: application.Application) -> Iterator[CheckMessage]:
    """Find addresses of keys that somebody on the way could change."""
    for source in compiled.key_sources.values():
        if not isinstance(source, KeyAddress) or source.is_encrypted or source.is_local:
            continue
        yield checks.Warning(
            f"The keys of {source.name} are fetched without encryption.",
            hint="Whoever is on the way can put his own keys there, and sign tokens: use https.",
            id="bolt.W003",
        )
