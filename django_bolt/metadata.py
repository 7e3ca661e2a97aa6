"""The answer to OPTIONS of a controller's path, as Django REST framework's SimpleMetadata."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass

from django_bolt.controllers import Controller
from django_bolt.introspection import HandlerFunction
from django_bolt.responses import JSON_TYPE, Response

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


@dataclass(frozen=True, slots=True)
class Description:
    """What OPTIONS of a controller's path says."""

    controller: type[Controller]
    #: What follows the class's name: ``Airport List``.
    suffix: str
    #: In lower case; those that the path has besides OPTIONS.
    methods: frozenset[str]

    def handler(self) -> HandlerFunction:
        """Return the method that answers OPTIONS.

        A class may say its ``name`` and ``description`` itself; otherwise they are its name in
        words, followed by the suffix, and its docstring. None of it depends on the request.
        """
        cls = self.controller
        document = {
            "name": _text(cls, "name") or f"{verbose_name(cls)} {self.suffix}".strip(),
            # inspect.getdoc would fall back to the framework's own text about Controller.
            "description": _text(cls, "description") or inspect.cleandoc(cls.__doc__ or ""),
        }
        allow = self._allow()

        def options(self: Controller) -> Response:
            """Describe the endpoint."""
            renderers = getattr(self, "renderer_classes", None) or ()
            parsers = getattr(self, "parser_classes", None) or ()
            described = {
                **document,
                "renders": [renderer.media_type for renderer in renderers] or [JSON_TYPE],
                "parses": [parser.media_type for parser in parsers] or [JSON_TYPE],
            }
            return Response(described, headers={"Allow": allow})

        return options

    def _allow(self) -> str:
        allowed = {"OPTIONS", *(method.upper() for method in self.methods)}
        if "GET" in allowed:
            allowed.add("HEAD")
        return ", ".join(sorted(allowed))


def _text(cls: type[Controller], attribute: str) -> str | None:
    value = getattr(cls, attribute, None)
    return value if isinstance(value, str) else None
