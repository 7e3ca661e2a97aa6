"""Permissions of the directory's own."""

from __future__ import annotations

from typing import Any

from django_bolt.auth import BasePermission
from django_bolt.controllers import Controller
from django_bolt.request import Request
from sample_site.flights.models import Report


class IsAuthorOrStaff(BasePermission):
    """Lets a report's author and staff change it, and everybody read it."""

    message = "Only its author and staff may change a report."

    def has_object_permission(self, request: Request, view: Controller, obj: Any) -> bool:
        if request.method in {"GET", "HEAD", "OPTIONS"}:
            return True
        user = request.user
        return bool(user.is_staff) or (isinstance(obj, Report) and obj.author_id == user.pk)
