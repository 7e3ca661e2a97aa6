"""Groups with permissions, and two users with passwords that everybody knows: demo data only."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission

#: Permissions (``app.codename``) of each group.
GROUPS = {
    "Visitors": ["flights.add_report"],
    "Moderators": ["flights.view_report", "flights.change_report", "flights.delete_report"],
    "Editors": [
        "flights.view_airport",
        "flights.add_airport",
        "flights.change_airport",
        "flights.delete_airport",
    ],
}
#: Name (and password), whether staff, groups.
USERS = [
    ("demo", False, ["Visitors"]),
    ("staff", True, ["Visitors", "Moderators", "Editors"]),
]


def create_groups() -> dict[str, Group]:
    """Create the groups that are missing, with their permissions; return them by name.

    ``Permission.DoesNotExist`` is raised where the migrations have not been run.
    """
    groups = {}
    for name, permissions in GROUPS.items():
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.add(*map(_permission, permissions))
        groups[name] = group
    return groups


def create_users(groups: dict[str, Group]) -> list[str]:
    """Create the demo users that are missing; return the names of those.

    A user who is there already is left alone: somebody may have changed the password.
    """
    model = get_user_model()
    created = []
    for name, is_staff, memberships in USERS:
        if model.objects.filter(**{model.USERNAME_FIELD: name}).exists():
            continue
        user = model.objects.create_user(name, password=name, is_staff=is_staff)
        user.groups.add(*(groups[membership] for membership in memberships))
        created.append(name)
    return created


def _permission(label: str) -> Permission:
    app, codename = label.split(".")
    return Permission.objects.get(content_type__app_label=app, codename=codename)
