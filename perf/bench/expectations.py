"""Whether an answer is the one that its case expects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from msgspec import UNSET, Struct

from perf.bench.cases import Expectation


class Answer(Struct, frozen=True):
    """What a server sent; names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


def faults(expected: Expectation, answer: Answer, data: Path) -> list[str]:
    """Return what is wrong with an answer, in words; nothing if it is right."""
    return list(_faults(expected, answer, data))


def _faults(expected: Expectation, answer: Answer, data: Path) -> Iterator[str]:
    if answer.status not in expected.statuses:
        right = " or ".join(str(status) for status in expected.statuses)
        yield f"status {answer.status}, expected {right}: {answer.body[:200]!r}"
        return
    yield from _header_faults(expected, answer.headers)
    yield from _body_faults(expected, answer.body, data)


def _header_faults(expected: Expectation, headers: dict[str, str]) -> Iterator[str]:
    if expected.type is not UNSET:
        found = headers.get("content-type", "").split(";")[0].strip()
        if found != expected.type:
            yield f"type {found!r}, expected {expected.type!r}"
    if expected.location is not UNSET:
        path = path_of(headers.get("location", ""))
        if path != expected.location:
            yield f"location {path!r}, expected {expected.location!r}"


def _body_faults(expected: Expectation, body: bytes, data: Path) -> Iterator[str]:
    if expected.json is not UNSET:
        yield from _json_faults(expected.json, body)
    if expected.text is not UNSET and body != expected.text.encode():
        yield f"body {body[:200]!r}, expected {expected.text!r}"
    if expected.events is not UNSET:
        sent = events(body)
        if sent != expected.events:
            yield f"events {sent}, expected {expected.events}"
    if expected.file is not UNSET and body != (data / expected.file).read_bytes():
        yield f"{len(body)} bytes that are not those of {expected.file}"


def path_of(location: str) -> str:
    """Return the path of a Location header, with which a server may name itself or not."""
    parts = urlsplit(location)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def events(body: bytes) -> list[str]:
    """Return the data of each server-sent event, whatever ends its lines."""
    blocks = body.decode().replace("\r\n", "\n").split("\n\n")
    return [
        "\n".join(line[5:].removeprefix(" ") for line in block.split("\n") if line[:5] == "data:")
        for block in blocks
        if "data:" in block
    ]


def _json_faults(expected: Any, body: bytes) -> Iterator[str]:
    try:
        found = json.loads(body)
    except ValueError:
        yield f"body {body[:200]!r} is no JSON"
        return
    yield from mismatches(expected, found)


def mismatches(expected: Any, found: Any, place: str = "$") -> Iterator[str]:
    """Yield where two JSON values differ: an object may have further keys, a list no further items.

    A number is never a boolean, but 3 is 3.0.
    """
    if isinstance(expected, dict) and isinstance(found, dict):
        for key, value in expected.items():
            if key in found:
                yield from mismatches(value, found[key], f"{place}.{key}")
            else:
                yield f"{place}.{key} is missing"
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            yield f"{place} has {len(found)} items, expected {len(expected)}"
        for number, (one, other) in enumerate(zip(expected, found, strict=False)):
            yield from mismatches(one, other, f"{place}[{number}]")
    elif isinstance(expected, bool) != isinstance(found, bool) or expected != found:
        yield f"{place} is {found!r}, expected {expected!r}"
