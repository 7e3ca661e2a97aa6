"""Where the directory's controllers answer."""

from __future__ import annotations

from django_bolt import Router
from django_bolt.token_views.routing import token_router
from sample_site.flights.controllers import (
    AirportViewSet,
    CountryViewSet,
    LoginController,
    Me,
    Ping,
    ReportViewSet,
)
from sample_site.flights.tokens import TOKENS

router = Router(prefix="/api")
router.register("airports", AirportViewSet, basename="airport")
router.register("countries", CountryViewSet, basename="country")
router.register("reports", ReportViewSet, basename="report")
router.register("ping", Ping)
router.register("login", LoginController, basename="login")
router.include("", token_router(TOKENS))
router.register("me", Me)
