"""Starts the sample site on a free port and asks it over HTTP: ``http``, ``orm`` or ``files``.

The database is a new SQLite file, or the empty one that ``DATABASE_URL`` names.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MANAGE = [sys.executable, str(ROOT / "sample_site" / "manage.py")]
#: Seconds that a reply, and the end of the server, may take.
PATIENCE = 30.0


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    data: Any


@dataclass(frozen=True)
class Site:
    """The server, as a client sees it."""

    port: int

    def ask(
        self,
        method: str,
        path: str,
        *,
        data: Any = None,
        body: bytes = b"",
        token: str = "",
        **further: str,
    ) -> Answer:
        headers = {name.replace("_", "-"): value for name, value in further.items()}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if data is not None:
            body = json.dumps(data).encode()
        if body:
            headers.setdefault("Content-Type", "application/json")
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body or None, headers)
            reply = connection.getresponse()
            text = reply.read()
        finally:
            connection.close()
        is_json = reply.headers.get_content_type() == "application/json"
        return Answer(
            reply.status,
            {name.lower(): value for name, value in reply.headers.items()},
            json.loads(text) if is_json and text else text,
        )

    def expect(self, status: int, method: str, path: str, **request: Any) -> Answer:
        """Ask, show what came, and refuse another status."""
        answer = self.ask(method, path, **request)
        shown = path if len(path) < 60 else path[:60] + "..."
        sys.stdout.write(f"  {method:6} {shown} -> {answer.status}\n")
        require(answer.status == status, f"expected {status}, got {answer}")
        return answer

    def token_of(self, user: str) -> str:
        answer = self.expect(200, "POST", "/api/login", data={"username": user, "password": user})
        token = answer.data["access_token"]
        require(isinstance(token, str), f"no token: {answer}")
        return str(token)


def require(holds: bool, otherwise: str) -> None:
    if not holds:
        sys.exit(f"smoke: {otherwise[:1000]}")


def http(site: Site) -> None:
    """What the README shows, and what must not harm."""
    require(site.expect(200, "GET", "/api/ping").data == {"pong": True}, "no pong")
    require(site.expect(200, "GET", "/api/airports/KEF").data["icao"] == "BIKF", "not Keflavik")
    iceland = site.expect(200, "GET", "/api/airports?country=IS").data
    require(
        len(iceland) > 1 and {airport["country"]["code"] for airport in iceland} == {"IS"},
        f"not Iceland's airports: {iceland}",
    )
    require("detail" in site.expect(404, "GET", "/api/airports/ZZZZ").data, "a 404 without detail")
    require("get" in site.expect(405, "PUT", "/api/airports").headers["allow"].lower(), "no Allow")

    refused = site.expect(401, "DELETE", "/api/airports/KEF")
    require(refused.headers["www-authenticate"].startswith("Bearer"), "no challenge")
    demo, staff = site.token_of("demo"), site.token_of("staff")
    site.expect(403, "DELETE", "/api/airports/KEF", token=demo)
    site.expect(204, "DELETE", "/api/airports/KEF", token=staff)
    site.expect(404, "GET", "/api/airports/KEF")

    pair = site.expect(200, "POST", "/api/login", data={"username": "demo", "password": "demo"})
    first = {"refresh_token": pair.data["refresh_token"]}
    token = site.expect(200, "POST", "/api/token/refresh", data=first).data["access_token"]
    site.expect(200, "GET", "/api/me", token=token)
    site.expect(401, "POST", "/api/token/refresh", data=first)
    site.expect(401, "GET", "/api/me", token=token)

    site.expect(401, "POST", "/api/login", data={"username": "demo", "password": "wrong"})
    unsigned = "eyJhbGciOiJub25lIn0." + staff.split(".")[1] + "."
    site.expect(401, "GET", "/api/me", token=unsigned)
    require("username" in site.expect(400, "POST", "/api/login", data={}).data, "no field named")
    site.expect(400, "POST", "/api/login", body=b"[" * 10_000 + b"]" * 10_000)
    long = site.ask("GET", "/api/airports?search=" + "a" * 1_000_000)
    require(400 <= long.status < 500, f"a query of 1 MB: {long}")
    site.expect(200, "GET", "/api/ping")


def orm(site: Site) -> None:
    """Reads and writes, from ``async def`` and ``def`` handlers, several at once."""
    paths = [
        "/api/airports?limit=100",
        "/api/airports/KEF",
        "/api/airports/KEF/nearest?limit=3",
        "/api/countries/IS",
        "/api/stats/countries?limit=3",
        "/api/stats/distance?origin=KEF&destination=JFK",
        "/api/reports",
    ]
    expected = [site.expect(200, "GET", path).data for path in paths]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda path: site.ask("GET", path).data, paths * 20))
    require(answers == expected * 20, "other answers when asked together")

    demo, staff = site.token_of("demo"), site.token_of("staff")
    airport = {
        "icao": "ZZ99",
        "name": "Smoke",
        "country": "IS",
        "latitude": 64.0,
        "longitude": -21.0,
        "timezone": "Atlantic/Reykjavik",
    }
    site.expect(403, "POST", "/api/airports", data=airport, token=demo)
    site.expect(201, "POST", "/api/airports", data=airport, token=staff)
    require(
        "icao" in site.expect(400, "POST", "/api/airports", data=airport, token=staff).data,
        "the second of the same code is not refused on the field",
    )
    changed = site.expect(
        200, "PATCH", "/api/airports/ZZ99", data={"name": "Smoke Two"}, token=staff
    )
    require(changed.data["name"] == "Smoke Two", f"not changed: {changed}")

    report = {"airport": "ZZ99", "rating": 4, "text": "Quiet.", "visited_on": "2024-05-01"}
    site.expect(401, "POST", "/api/reports", data=report)
    site.expect(400, "POST", "/api/reports", data=report | {"rating": 6}, token=demo)
    with ThreadPoolExecutor(8) as threads:
        written = list(
            threads.map(
                lambda _: site.ask("POST", "/api/reports", data=report, token=demo), range(40)
            )
        )
    require({answer.status for answer in written} == {201}, f"not all written: {written[0]}")
    ratings = site.expect(200, "GET", "/api/stats/ratings/ZZ99").data
    require(ratings == {"airport": "ZZ99", "reports": 40, "average": 4.0}, f"{ratings}")
    first = written[0].data["id"]
    site.expect(401, "DELETE", f"/api/reports/{first}")
    site.expect(204, "DELETE", f"/api/reports/{first}", token=demo)
    site.expect(404, "DELETE", f"/api/reports/{first}", token=demo)
    site.expect(204, "DELETE", "/api/airports/ZZ99", token=staff)


def files(site: Site) -> None:
    """A photo that goes up and comes back, the directory as CSV, and the feed of reports."""
    demo = site.token_of("demo")
    report = {"airport": "KEF", "rating": 5, "text": "Windy.", "visited_on": "2024-05-01"}
    number = site.expect(201, "POST", "/api/reports", data=report, token=demo).data["id"]
    path, photo = f"/api/reports/{number}/photo", os.urandom(300_000)
    site.expect(404, "GET", path)
    site.expect(401, "PUT", path, **_form(photo, "image/png"))
    refused = site.expect(400, "PUT", path, token=demo, **_form(photo, "text/html"))
    require("photo" in refused.data, f"not refused on the field: {refused}")
    sent = site.expect(200, "PUT", path, token=demo, **_form(photo, "image/png")).data
    require(sent["has_photo"] is True, f"no photo: {sent}")
    whole = site.expect(200, "GET", path)
    require(whole.data == photo, "another photo came back")
    part = site.expect(206, "GET", path, Range="bytes=1000-1999")
    require(part.data == photo[1000:2000], "another range came back")
    site.expect(416, "GET", path, Range="bytes=300000-")
    site.expect(304, "GET", path, If_None_Match=whole.headers["etag"])

    lines = site.expect(200, "GET", "/api/airports/csv").data.decode().splitlines()
    require(lines[0].startswith("icao,") and len(lines) > 20_000, f"not everything: {lines[:2]}")
    event = _first_event(site, "/api/reports/feed", number - 1)
    require(f"id: {number}\n" in event and '"airport":"KEF"' in event, f"no event: {event}")
    site.expect(204, "DELETE", path, token=demo)
    site.expect(404, "GET", path)
    site.expect(204, "DELETE", f"/api/reports/{number}", token=demo)


def _form(photo: bytes, media_type: str) -> dict[str, Any]:
    """Return body and header of a form with a file (RFC 7578)."""
    head = (
        "--smoke\r\nContent-Disposition: form-data; "
        f'name="photo"; filename="../a photo.png"\r\nContent-Type: {media_type}\r\n\r\n'
    )
    return {
        "body": head.encode() + photo + b"\r\n--smoke--\r\n",
        "Content_Type": "multipart/form-data; boundary=smoke",
    }


def _first_event(site: Site, path: str, after: int) -> str:
    """Return the first event that a client is sent which has seen the one before, and leave."""
    connection = HTTPConnection("127.0.0.1", site.port, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers={"Last-Event-ID": str(after)})
        reply = connection.getresponse()
        event = ""
        # A blank line ends an event, and nothing at all the stream.
        while (line := reply.readline().decode()).strip():
            event += line
        return event
    finally:
        connection.close()


@contextmanager
def served(folder: str) -> Iterator[Site]:
    """Serve a filled database; the end must be an orderly one."""
    environment = {
        "DATABASE_URL": f"sqlite:///{folder}/smoke.sqlite3",
        "MEDIA_ROOT": f"{folder}/media",
        **os.environ,
    }
    for command in (["migrate", "--verbosity", "0"], ["load_airports", "--demo-users"]):
        subprocess.run([*MANAGE, *command], env=environment, check=True)  # noqa: S603 - our own
    server = subprocess.Popen(  # noqa: S603 - our own
        [*MANAGE, "runbolt", "--port", "0"], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        if server.stdout is None:
            raise AssertionError("a pipe was asked for")
        address = next((line for line in server.stdout if line.startswith("Serving at")), "")
        port = re.search(r":(\d+)/", address)
        if port is None:
            sys.exit("smoke: the server did not start")
        yield Site(int(port[1]))
        server.send_signal(signal.SIGTERM)
        code = server.wait(PATIENCE)
        require(code == 0, f"the server ended with {code}")
    finally:
        if server.poll() is None:
            server.kill()
            server.wait()


def main() -> None:
    checks: dict[str, Callable[[Site], None]] = {"http": http, "orm": orm, "files": files}
    name = sys.argv[1] if len(sys.argv) == 2 else ""
    if name not in checks:
        sys.exit(f"usage: {sys.argv[0]} {'|'.join(checks)}")
    with tempfile.TemporaryDirectory() as folder, served(folder) as site:
        checks[name](site)
    sys.stdout.write(f"smoke: {name} passed\n")


if __name__ == "__main__":
    main()
