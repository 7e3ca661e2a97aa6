"""Puts an application together: routes are discovered, compiled, and handed to Rust."""

from __future__ import annotations

from collections.abc import Sequence

from django_bolt import _core, discovery
from django_bolt.compile import application, plan
from django_bolt.dispatch import executors
from django_bolt.routing import Route, check_duplicates, described_once


def assemble(routes: Sequence[Route] | None = None) -> _core.App:
    """Return the application of these routes, by default of all that are discovered.

    ``ImproperlyConfigured`` names the handler that cannot be served; ``_core.PlanError`` the place
    in the plan that Rust does not accept.
    """
    if routes is None:
        routes = discovery.discover()
    else:
        routes = described_once(routes)
        check_duplicates(routes)
    compiled = application.build(routes)
    executors.install()
    return _core.App(
        plan.encode(compiled.plan), compiled.handlers, compiled.secrets, application.hooks()
    )
