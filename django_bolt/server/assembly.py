"""Puts an application together: routes are discovered, compiled, and handed to Rust."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django_bolt import _core, discovery
from django_bolt.auth.key_refresh import keep_fresh
from django_bolt.compile import application
from django_bolt.dispatch import executors
from django_bolt.exceptions import ConfigurationError
from django_bolt.routing import Route, check_duplicates, described_once


def check_for_several_processes() -> None:
    """Raise ``ConfigurationError`` where the project's routes cannot be served by more than one."""
    if application.build(discovery.discover()).revoked:
        raise ConfigurationError(
            "InMemoryRevocation is for one process: another one would accept the tokens that were "
            "taken back here. Use DjangoCacheRevocation or DjangoORMRevocation, or --processes 1."
        )


def assemble(
    routes: Sequence[Route] | None = None, overrides: Mapping[Any, Any] | None = None
) -> _core.App:
    """Return the application of these routes, by default of all that are discovered.

    ``overrides`` maps dependencies to what stands in their place, for tests.

    ``ImproperlyConfigured`` names the handler that cannot be served; ``_core.PlanError`` the place
    in the plan that Rust does not accept. Keys that are published elsewhere are fetched by threads
    that start here, so that no process may be forked afterwards; they end with the application.
    """
    if routes is None:
        routes = discovery.discover()
    else:
        routes = described_once(routes)
        check_duplicates(routes)
    compiled = application.build(routes, overrides)
    executors.install()
    app, key_sets = application.open_application(compiled)
    refreshed = [(source, key_sets[name]) for name, source in compiled.key_sources.items()]
    keep_fresh(refreshed, owner=app)
    return app
