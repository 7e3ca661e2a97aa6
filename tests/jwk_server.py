"""An issuer's address: keys over HTTP, as a test has them at the moment."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Issuer:
    """Publishes :attr:`keys` at :attr:`url`, and counts who asks."""

    def __init__(self) -> None:
        self.keys: list[dict[str, Any]] = []
        self.status = 200
        #: Sent in the place of the keys.
        self.body: bytes | None = None
        self.location: str | None = None
        self.asked = 0
        self.url = ""

    def reply(self) -> bytes:
        self.asked += 1
        return self.body if self.body is not None else json.dumps({"keys": self.keys}).encode()


@contextmanager
def issuer() -> Iterator[Issuer]:
    """Serve an issuer's keys on a free port of 127.0.0.1."""
    published = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = published.reply()
            self.send_response(published.status)
            if published.location:
                self.send_header("Location", published.location)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    published.url = f"http://127.0.0.1:{server.server_port}/keys.json"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield published
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
