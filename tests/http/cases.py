"""One request and what must come back, whoever carries it there."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Final

import httpx
import pytest
from msgspec import UNSET

JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Case:
    """A request and its reply.

    What is not said about the reply is not looked at. ``body`` is compared with the reply's JSON,
    ``text`` with its text; of ``reply_headers``, ``None`` means that the header must be absent.
    """

    method: str
    #: Path and query, encoded as it goes over the wire.
    path: str
    _: KW_ONLY
    headers: Mapping[str, str] = field(default_factory=dict)
    #: Sent as JSON.
    json: Any = UNSET
    #: Sent as it is.
    content: bytes | None = None
    status: int = 200
    body: Any = UNSET
    text: str | None = None
    reply_headers: Mapping[str, str | None] = field(default_factory=dict)
    #: For the test's name, where method and path do not tell it apart.
    name: str = ""

    def __str__(self) -> str:
        return self.name or f"{self.method} {self.path[:60]}"

    def send(self, client: httpx.Client) -> httpx.Response:
        """Return the reply, whatever it is."""
        headers, content = dict(self.headers), self.content
        if self.json is not UNSET:
            # httpx would take None for no body.
            headers.setdefault("content-type", JSON)
            content = json.dumps(self.json).encode()
        return client.request(self.method, self.path, headers=headers, content=content)

    def check(self, client: httpx.Client) -> httpx.Response:
        """Return the reply, which is the expected one."""
        reply = self.send(client)
        assert reply.status_code == self.status, reply.text
        if self.body is not UNSET:
            media_type = reply.headers.get("content-type")
            assert media_type in (JSON, "application/problem+json"), media_type
            assert reply.json() == self.body
            # In Python, 1, 1.0 and true are equal.
            assert _canonical(reply.json()) == _canonical(self.body)
        if self.text is not None:
            assert reply.text == self.text
        for name, value in self.reply_headers.items():
            assert reply.headers.get(name) == value, name
        return reply


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def eventually(read: Callable[[], Any], expected: Any, patience: float = 10.0) -> None:
    """Wait until ``read()`` is what is expected: for what follows a reply. Seconds."""
    until = time.monotonic() + patience
    while (found := read()) != expected and time.monotonic() < until:
        time.sleep(0.005)
    assert found == expected


def table(cases: Iterable[Case]) -> Callable[[Any], Any]:
    """Run the test function once for each case, which it takes as ``case``."""
    return pytest.mark.parametrize("case", list(cases), ids=str)
