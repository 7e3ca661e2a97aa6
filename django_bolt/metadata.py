"""The answer to OPTIONS of a controller's path, as Django REST framework's SimpleMetadata."""

from __future__ import annotations

import inspect
import re
from typing import Any

from django_bolt.controllers import Controller, HandlerFunction

_ENDINGS = ("Controller", "ViewSet", "View")


def verbose_name(cls: type[Controller]) -> str:
    """Return the class's name in words, without ``Controller``, ``ViewSet`` or ``View``."""
    return " ".join(words(cls)) or cls.__name__


def words(cls: type[Controller]) -> list[str]:
    """Return the words of a class's name; acronyms stay whole."""
    name = cls.__name__
    for ending in _ENDINGS:
        if name.endswith(ending) and name != ending:
            name = name.removesuffix(ending)
            break
    return re.findall(r"[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z]+[0-9]*|[0-9]+", name)


def handler(cls: type[Controller], suffix: str = "") -> HandlerFunction:
    """Return the method that answers OPTIONS for a class.

    ``suffix`` follows the class's name (``Airport List``). What is said does not depend on the
    request, so that it is put together here.
    """
    name = f"{verbose_name(cls)} {suffix}".strip()
    # inspect.getdoc would fall back to the framework's own text about Controller.
    description = inspect.cleandoc(cls.__doc__ or "")

    def options(self: Controller) -> dict[str, Any]:  # noqa: ARG001
        """Describe the endpoint."""
        return {
            "name": name,
            "description": description,
            "renders": ["application/json"],
            "parses": ["application/json"],
        }

    return options
