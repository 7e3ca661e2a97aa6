"""Path templates: ``/users/{user_id}``, ``/files/{*rest}``."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from urllib.parse import quote

from django.core.exceptions import ImproperlyConfigured

_PARAMETER = re.compile(r"\{(\*?)([^{}]*)\}")
#: What may stand in a path as it is (RFC 3986's ``pchar`` without escapes).
_STATIC = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=:@]*")
#: The same, for quoting values: everything else is escaped.
_SAFE = "-._~!$&'()*+,;=:@"


def join(*parts: str) -> str:
    """Join prefixes and a path with single slashes between them.

    The result starts with a slash and, other than ``/`` itself, ends without one.
    """
    return "/" + "/".join(stripped for part in parts if (stripped := part.strip("/")))


def parameters(template: str) -> list[str]:
    """Return the names of a template's parameters, in their order."""
    return [match[2] for match in _PARAMETER.finditer(template)]


def shape(template: str) -> str:
    """Return the template without its parameters' names: equal shapes match the same paths."""
    return _PARAMETER.sub(lambda match: "{" + match[1] + "}", template)


def check(template: str, owner: str) -> None:
    """Refuse a full template that cannot be matched; ``owner`` is whose path it is.

    Raises ``ImproperlyConfigured``.
    """
    seen: set[str] = set()
    segments = template[1:].split("/")
    for position, segment in enumerate(segments):
        name = _check_segment(segment, template, owner)
        if name is None:
            continue
        if name in seen:
            raise _refusal(owner, template, f"the parameter {name!r} stands in it twice.")
        seen.add(name)
        if segment.startswith("{*") and position < len(segments) - 1:
            raise _refusal(owner, template, f"{segment} takes the rest, so nothing may follow it.")
    if template != "/" and "" in segments:
        raise _refusal(owner, template, "it has an empty segment.")


def _check_segment(segment: str, template: str, owner: str) -> str | None:
    """Check one segment; return the name of its parameter, if it has one."""
    match = _PARAMETER.fullmatch(segment)
    if match is None:
        _check_static(segment, template, owner)
        return None
    star, name = match.groups()
    if ":" in name:
        plain, _, converter = name.partition(":")
        meant = f"{{*{plain}}}" if converter == "path" else f"{{{plain}}}"
        raise _refusal(
            owner,
            template,
            f"write {meant}: the type is the annotation of the handler's parameter.",
        )
    if not name.isidentifier() or keyword.iskeyword(name):
        shown = "{" + star + name + "}"
        raise _refusal(owner, template, f"{shown} does not hold a Python name.")
    return name


def _check_static(segment: str, template: str, owner: str) -> None:
    if segment in {".", ".."}:
        raise _refusal(owner, template, f"a client would resolve {segment!r} away.")
    if re.search(r"<(?:\w+:)?\w+>|\(\?P?<|^\^|\$$", segment):
        raise _refusal(owner, template, "parameters are written {name}, and {*name} for the rest.")
    if "{" in segment or "}" in segment:
        raise _refusal(owner, template, f"a parameter takes a whole segment; {segment!r} does not.")
    if "?" in segment or "#" in segment:
        raise _refusal(owner, template, "a query string or fragment is not part of a path.")
    if "%" in segment or not _STATIC.fullmatch(segment):
        raise _refusal(
            owner, template, f"{segment!r} has characters that a URL holds only when escaped."
        )


def _refusal(owner: str, template: str, reason: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{owner}: path {template!r}: {reason}")


def fill(template: str, values: Mapping[str, object]) -> str:
    """Return the path of a template with these values, percent-encoded.

    Raises ``ValueError`` for a value that would not be matched again: ``None``, an empty one, a
    slash in a one-segment parameter, a segment that clients resolve away.
    """

    def replace(match: re.Match[str]) -> str:
        star, name = match.groups()
        value = values[name]
        text = "" if value is None else str(value)
        if not text:
            raise ValueError(f"{name} is empty")
        segments = text.split("/") if star else [text]
        if "/" in text and not star:
            raise ValueError(f"{name} has a slash in it: {text!r}")
        if any(segment in {".", ".."} for segment in segments) or (star and "" in segments[:-1]):
            raise ValueError(f"{name} has a segment that is lost on the way: {text!r}")
        return "/".join(quote(segment, safe=_SAFE) for segment in segments)

    return _PARAMETER.sub(replace, template)
