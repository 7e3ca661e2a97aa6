"""Listening sockets."""

from __future__ import annotations

import errno
import socket
from typing import Any

#: Connections that the kernel holds until a worker accepts them.
BACKLOG = 2048


class AddressUnavailableError(Exception):
    """The server cannot listen on its address; the message says why."""


def reserve(host: str, port: int) -> socket.socket:
    """Return a socket that holds the address without listening on it.

    It finds out before anything is started whether the address can be had, settles which port
    ``0`` means, and keeps the port while workers come and go: :func:`listen` shares it.
    ``AddressUnavailableError`` is raised for an unknown host and for a port that is in use or
    forbidden.
    """
    family, address = _resolve(host, port)
    # Sockets that share a port would also share it with a server that was started before: the
    # kernel would give each a part of the requests. One that does not share asks first.
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _bind(probe, address)
    return _shared(family, address)


def listen(reserved: socket.socket) -> socket.socket:
    """Return one more listening socket on a reserved address; the kernel spreads connections."""
    listener = _shared(reserved.family, reserved.getsockname())
    listener.listen(BACKLOG)
    listener.setblocking(False)
    return listener


def _shared(family: int, address: Any) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        _bind(listener, address)
    except OSError:
        listener.close()
        raise
    return listener


def _resolve(host: str, port: int) -> tuple[int, Any]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise AddressUnavailableError(
            f"Cannot listen on {host!r}: no address has that name ({error.strerror})."
        ) from error
    # A name such as localhost often has both; most clients and examples mean 127.0.0.1.
    family, _, _, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    return family, address


_REASONS = {
    errno.EADDRINUSE: "the port is in use; stop the server that has it or choose another --port",
    errno.EACCES: "this user may not listen on that port; choose one above 1023",
    errno.EADDRNOTAVAIL: "the address does not belong to this machine",
}


def _bind(listener: socket.socket, address: Any) -> None:
    try:
        listener.bind(address)
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, error.strerror)
        raise AddressUnavailableError(
            f"Cannot listen on {address[0]} port {address[1]}: {reason}."
        ) from error
