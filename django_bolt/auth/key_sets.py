"""Where sets of keys come from: a document, a file, or an address (RFC 7517)."""

from __future__ import annotations

import os
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol
from urllib.error import URLError
from urllib.parse import urlsplit

import msgspec

if TYPE_CHECKING:
    from django_bolt._core import KeySet

#: Seconds between two looks at a file.
_FILE_INTERVAL = 30.0
#: The largest set that is read. Those of providers have a few kilobytes.
_MAX_BYTES = 1024 * 1024
_ACCEPT = "application/jwk-set+json, application/json"


class KeySource(Protocol):
    """Where the keys of one class come from. Equal sources are the same place."""

    @property
    def name(self) -> str:
        """The place, for people; never a secret."""

    @property
    def interval(self) -> float | None:
        """Seconds after which the keys are read again; ``None`` where they never change."""

    def open(self) -> KeySet:
        """Return a set with the keys, or an empty one where they are fetched later.

        Raises ``ValueError`` and ``OSError`` where they cannot be had.
        """

    def read(self) -> bytes:
        """Return the document, which may take seconds. Raises ``ValueError`` and ``OSError``."""


@dataclass(frozen=True, slots=True)
class KeyDocument:
    """Keys that are given as they are, as JSON."""

    algorithms: tuple[str, ...]
    document: bytes = field(repr=False)
    name: str = "jwks"
    interval: None = None

    def open(self) -> KeySet:
        """Return the set."""
        key_set = _empty(self.algorithms)
        key_set.replace(self.document)
        return key_set

    def read(self) -> bytes:
        """Return the document."""
        return self.document


@dataclass(frozen=True, slots=True)
class KeyFile:
    """Keys in a file, which is looked at again every half a minute."""

    algorithms: tuple[str, ...]
    path: str
    interval: float = _FILE_INTERVAL

    @property
    def name(self) -> str:
        """Its path."""
        return f"jwks {self.path}"

    def open(self) -> KeySet:
        """Return the set, as the file is now."""
        key_set = _empty(self.algorithms)
        key_set.replace(self.read())
        return key_set

    def read(self) -> bytes:
        """Return the file's content."""
        with Path(self.path).open("rb") as file:
            return _limited(file.read(_MAX_BYTES + 1))


@dataclass(frozen=True, slots=True)
class KeyAddress:
    """Keys that an issuer publishes at an HTTP address."""

    algorithms: tuple[str, ...]
    url: str
    interval: float
    #: Seconds for the whole of one attempt.
    timeout: float = 5.0

    @property
    def name(self) -> str:
        """Its address, without what might be a password."""
        parts = urlsplit(self.url)
        host = parts.netloc.rpartition("@")[2]
        return f"jwks_url {parts.scheme}://{host}{parts.path}"

    @property
    def is_encrypted(self) -> bool:
        """Whether nobody on the way can change the keys."""
        return urlsplit(self.url).scheme == "https"

    @property
    def is_local(self) -> bool:
        """Whether the way leads nowhere else."""
        return urlsplit(self.url).hostname in {"localhost", "127.0.0.1", "::1"}

    def open(self) -> KeySet:
        """Return an empty set: fetching is not for whoever builds an application."""
        return _empty(self.algorithms)

    def read(self) -> bytes:
        """Fetch the document. Raises ``OSError`` or ``ValueError`` for whatever comes instead."""
        deadline = time.monotonic() + self.timeout
        opener = urllib.request.build_opener(_SafeRedirects)
        request = urllib.request.Request(self.url, headers={"Accept": _ACCEPT})  # noqa: S310 - http(s), see below
        try:
            with opener.open(request, timeout=self.timeout) as response:
                return _read_until(response, deadline)
        except URLError as error:
            raise OSError(str(error.reason)) from error
        except HTTPException as error:
            raise OSError(f"The reply cannot be read: {error!r}") from error


def key_source(
    jwks: object, jwks_url: object, jwks_refresh: object, algorithms: tuple[str, ...]
) -> KeySource | None:
    """Return the source that the arguments of ``JWTAuthentication`` mean, ``None`` for none.

    Raises ``TypeError`` and ``ValueError`` for arguments that cannot be meant.
    """
    if jwks is None and jwks_url is None:
        return None
    if jwks is not None and jwks_url is not None:
        raise TypeError("There are jwks and jwks_url: the keys come from one of them.")
    if jwks_url is not None:
        return _address(jwks_url, jwks_refresh, algorithms)
    return _local(jwks, algorithms)


def _local(jwks: object, algorithms: tuple[str, ...]) -> KeySource:
    if isinstance(jwks, str) and jwks.startswith(("http://", "https://")):
        raise ValueError("jwks is an address: it belongs in jwks_url.")
    if isinstance(jwks, str) and jwks.lstrip().startswith("{"):
        return _document(jwks.encode(), algorithms)
    if isinstance(jwks, str | os.PathLike):
        return KeyFile(algorithms, os.fspath(jwks))
    if isinstance(jwks, Mapping):
        return _document(msgspec.json.encode(dict(jwks)), algorithms)
    raise TypeError(f"jwks must be a dict, JSON text or a path, not {type(jwks).__name__}.")


def _document(document: bytes, algorithms: tuple[str, ...]) -> KeySource:
    source = KeyDocument(algorithms, document)
    try:
        source.open()
    except ValueError as error:
        raise ValueError(f"jwks: {error}") from error
    return source


def _address(url: object, refresh: object, algorithms: tuple[str, ...]) -> KeySource:
    if not isinstance(url, str):
        raise TypeError(f"jwks_url must be str, not {type(url).__name__}.")
    parts = urlsplit(url)
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        raise ValueError(f"jwks_url must be an address of https or http, not {url!r}.")
    if any(algorithm.startswith("HS") for algorithm in algorithms):
        raise ValueError(
            "jwks_url publishes keys, and HS algorithms have a secret: everybody could sign tokens."
        )
    if isinstance(refresh, bool) or not isinstance(refresh, int | float):
        raise TypeError(f"jwks_refresh must be a number of seconds, not {refresh!r}.")
    if not 1 <= refresh <= 24 * 3600:
        raise ValueError(f"jwks_refresh must be from 1 second to one day, not {refresh!r}.")
    return KeyAddress(algorithms, url, float(refresh))


def _empty(algorithms: tuple[str, ...]) -> KeySet:
    from django_bolt import _core  # at import, it would keep Django itself from starting

    return _core.KeySet(algorithms)


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows no redirection from an encrypted address to one that is not."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Return the request that follows."""
        if req.full_url.startswith("https://") and not newurl.startswith("https://"):
            raise URLError("The address leads to one that is not encrypted.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _read_until(response: IO[bytes], deadline: float) -> bytes:
    """Read a reply that may arrive byte by byte."""
    read = bytearray()
    while len(read) <= _MAX_BYTES:
        part = response.read1(64 * 1024)  # type: ignore[attr-defined]
        if not part:
            break
        read += part
        if time.monotonic() > deadline:
            raise TimeoutError("The reply takes too long.")
    return _limited(bytes(read))


def _limited(document: bytes) -> bytes:
    if len(document) > _MAX_BYTES:
        raise ValueError(f"The document is larger than {_MAX_BYTES} bytes.")
    return document
