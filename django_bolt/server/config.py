"""How a server is started: addresses, numbers of processes and threads, times."""

from __future__ import annotations

import math
from dataclasses import dataclass
from ipaddress import IPv6Address

HIGHEST_PORT = 65_535


class ServerConfigError(ValueError):
    """A value with which no server can be started; the message says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """Checked when it is made; ``ServerConfigError`` names the value that cannot be used."""

    #: Address or name to listen on. Nothing but an explicit value reaches beyond this machine.
    host: str = "127.0.0.1"
    #: ``0`` lets the system choose a free one.
    port: int = 8000
    #: Processes under one parent; one process runs without a parent.
    processes: int = 1
    #: Serving threads in each process, each with a listening socket and an event loop.
    workers: int = 1
    #: Seconds that an idle connection stays open. Longer than the 60 seconds of common load
    #: balancers: the side that closes first must be the one that opens the next connection.
    keep_alive: float = 75.0
    #: Seconds in which a client has to send a request.
    request_timeout: float = 30.0
    #: Seconds that requests in flight get to finish when the server is told to stop.
    shutdown_timeout: float = 30.0

    def __post_init__(self) -> None:
        if not self.host or self.host.strip() != self.host:
            raise ServerConfigError(
                f"host {self.host!r} is not an address or a name (try 127.0.0.1)."
            )
        _check_range("port", self.port, 0, HIGHEST_PORT)
        _check_range("processes", self.processes, 1, None)
        _check_range("workers", self.workers, 1, None)
        for name in ("keep_alive", "request_timeout", "shutdown_timeout"):
            seconds = getattr(self, name)
            if not math.isfinite(seconds) or seconds <= 0:
                raise ServerConfigError(f"{name} is a number of seconds above 0, not {seconds!r}.")

    @property
    def url(self) -> str:
        """The address for people."""
        host = f"[{self.host}]" if _is_ipv6(self.host) else self.host
        return f"http://{host}:{self.port}/"


def _check_range(name: str, value: int, lowest: int, highest: int | None) -> None:
    if value < lowest or (highest is not None and value > highest):
        bounds = f"at least {lowest}" if highest is None else f"between {lowest} and {highest}"
        raise ServerConfigError(f"{name} is {bounds}, not {value}.")


def _is_ipv6(host: str) -> bool:
    try:
        IPv6Address(host)
    except ValueError:
        return False
    return True
