"""Makes what a benchmark needs: keys, tokens, a database, a file and a body.

``python perf/fixtures.py [DIRECTORY]`` fills the directory given, that of ``BENCH_DATA``, or
``target/perf/data``. What is there stays, and tokens older than a day are made anew, so that it may
run before every benchmark. Everything but keys and tokens is the same on every machine.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

DEFAULT = Path(__file__).resolve().parent.parent / "target" / "perf" / "data"

DAY = 24 * 60 * 60
#: Seconds for which a token is valid: longer than anybody keeps a server of a benchmark running.
TOKEN_LIFE = 7 * DAY
USER = "42"

AIRPORTS = 1000
COUNTRIES = ("IS", "DK", "NO", "SE", "FI", "EE", "LV", "LT", "PL", "DE", "NL", "BE", "FR", "ES")
FILE_SIZE = 100_000
UPLOAD_SIZE = 1_000_000
#: Between the parts of the upload; cases.toml has it in a header.
BOUNDARY = "----bolt-bench-7MA4YWxkTrZu0gW"
BULK_SIZE = 10_000
TAGS = ("new", "sale", "blue", "heavy", "spare", "used")

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def fill(directory: Path) -> None:
    """Make what is missing in the directory, and tokens that are too old."""
    directory.mkdir(parents=True, exist_ok=True)
    _make(directory / "hs256.key", _secret)
    _make_key_pair(directory, "rs256", lambda: rsa.generate_private_key(65537, 2048))
    _make_key_pair(directory, "es256", lambda: ec.generate_private_key(ec.SECP256R1()))
    _make_tokens(directory)
    _make_database(directory / "airports.sqlite3")
    _make(directory / "file-100k.bin", lambda: _bytes(FILE_SIZE))
    _make(directory / "upload-1m.multipart", _upload)
    _make(directory / "items-10k.json", _items)


def _make(path: Path, content: Callable[[], bytes]) -> None:
    if not path.exists():
        _write(path, content())


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: one that exists is believed to be complete."""
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_bytes(content)
    unfinished.replace(path)


def _secret() -> bytes:
    return secrets.token_hex(32).encode()


def _make_key_pair(directory: Path, name: str, generate: Callable[[], PrivateKey]) -> None:
    private, public = directory / f"{name}.pem", directory / f"{name}.pub.pem"
    if private.exists() and public.exists():
        return
    key = generate()
    _write(
        private,
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
    _write(
        public,
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
    )


def _make_tokens(directory: Path) -> None:
    path = directory / "tokens.json"
    keys = {
        "hs256": directory / "hs256.key",
        "rs256": directory / "rs256.pem",
        "es256": directory / "es256.pem",
    }
    newest_key = max(key.stat().st_mtime for key in keys.values())
    if path.exists() and path.stat().st_mtime > max(newest_key, time.time() - DAY):
        return
    now = int(time.time())
    claims = {"sub": USER, "iat": now, "exp": now + TOKEN_LIFE}
    tokens = {
        name: jwt.encode(claims, key.read_text(), algorithm=name.upper())
        for name, key in keys.items()
    }
    _write(path, json.dumps(tokens, indent=1).encode())


def _make_database(path: Path) -> None:
    if path.exists():
        return
    unfinished = path.with_name(path.name + ".part")
    unfinished.unlink(missing_ok=True)
    with closing(sqlite3.connect(unfinished)) as database:
        # The mode stays with the file; readers take no lock that another one waits for.
        database.execute("PRAGMA journal_mode = WAL")
        database.execute(
            "CREATE TABLE airport (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT NOT NULL,"
            " country TEXT NOT NULL, elevation INTEGER NOT NULL)"
        )
        database.executemany(
            "INSERT INTO airport VALUES (?, ?, ?, ?, ?)", map(_airport, range(1, AIRPORTS + 1))
        )
        database.commit()
    unfinished.replace(path)


def _airport(number: int) -> tuple[int, str, str, str, int]:
    country = COUNTRIES[number % len(COUNTRIES)]
    return (
        number,
        f"Airport {number}",
        f"City {number % 100}",
        country,
        (number * 7) % 3000,
    )


def _bytes(size: int) -> bytes:
    # 251 is prime, so that no power of two repeats the pattern at its borders.
    return bytes(position % 251 for position in range(size))


def _upload() -> bytes:
    """Return a form with a text and a file (RFC 7578)."""
    lines = [
        f"--{BOUNDARY}",
        'Content-Disposition: form-data; name="note"',
        "",
        "Seen from the tower",
        f"--{BOUNDARY}",
        'Content-Disposition: form-data; name="photo"; filename="photo.bin"',
        "Content-Type: application/octet-stream",
        "",
        "",
    ]
    end = f"\r\n--{BOUNDARY}--\r\n"
    return "\r\n".join(lines).encode() + _bytes(UPLOAD_SIZE) + end.encode()


def _items() -> bytes:
    """Return a list of as many items as its size lets in."""
    items: list[str] = []
    size = len("[]")
    while True:
        item = _item(len(items) + 1)
        size += len(item) + len(",")
        if size > BULK_SIZE:
            return f"[{','.join(items)}]".encode()
        items.append(item)


def _item(number: int) -> str:
    item = {
        "name": f"Widget number {number:03} of the catalogue",
        "price": number * 1.25,
        "quantity": number % 9 + 1,
        "tags": [TAGS[number % len(TAGS)], TAGS[(number + 1) % len(TAGS)]],
    }
    return json.dumps(item, separators=(",", ":"))


def main(arguments: list[str]) -> None:
    """Fill the directory that is named as the only argument, or the usual one."""
    fill(Path(arguments[0]) if arguments else Path(os.environ.get("BENCH_DATA", DEFAULT)))


if __name__ == "__main__":
    main(sys.argv[1:])
