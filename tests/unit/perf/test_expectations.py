"""What is a right answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from perf.bench.cases import Expectation
from perf.bench.expectations import Answer, events, faults, mismatches, path_of


@pytest.mark.parametrize(
    ("expected", "found", "places"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 1, "b": 2}, []),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}, "d": 3}, []),
        ({"a": 1}, {"b": 1}, ["$.a is missing"]),
        ({"a": 1}, {"a": "1"}, ["$.a is '1', expected 1"]),
        ({"a": 1}, [1], ["$ is [1], expected {'a': 1}"]),
        ({"a": 37.5}, {"a": 37.5}, []),
        (3, 3.0, []),
        (True, 1, ["$ is 1, expected True"]),
        (0, False, ["$ is False, expected 0"]),
        (None, None, []),
        (None, 0, ["$ is 0, expected None"]),
        ([1, 2], [1, 2], []),
        ([1, 2], [2, 1], ["$[0] is 2, expected 1", "$[1] is 1, expected 2"]),
        ([1, 2], [1, 2, 3], ["$ has 3 items, expected 2"]),
        ([1, 2], [1], ["$ has 1 items, expected 2"]),
        ([], {}, ["$ is {}, expected []"]),
        ([{"id": 1}], [{"id": 1, "name": "x"}], []),
        ([{"id": 1}], [{"id": 2}], ["$[0].id is 2, expected 1"]),
    ],
)
def test_json(expected: Any, found: Any, places: list[str]) -> None:
    assert list(mismatches(expected, found)) == places


def answer(status: int = 200, body: bytes = b"", **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


@pytest.mark.parametrize(
    ("expected", "given"),
    [
        (Expectation(200), answer(body=b"whatever")),
        (Expectation([302, 307]), answer(307)),
        (Expectation(200, type="text/plain"), answer(content_type="text/plain; charset=utf-8")),
        (Expectation(200, json={"a": 1}), answer(body=b' {"a": 1, "b": 2}')),
        (Expectation(200, json=None), answer(body=b"null")),
        (Expectation(200, text="Hi"), answer(body=b"Hi")),
        (Expectation(302, location="/hello"), answer(302, location="/hello")),
        (Expectation(302, location="/hello"), answer(302, location="http://127.0.0.1:9/hello")),
        (Expectation(200, events=["0", "1"]), answer(body=b"data: 0\n\ndata:1\r\n\r\n")),
        (Expectation(200, file="file.bin"), answer(body=b"\0\1")),
    ],
)
def test_right(tmp_path: Path, expected: Expectation, given: Answer) -> None:
    (tmp_path / "file.bin").write_bytes(b"\0\1")
    assert faults(expected, given, tmp_path) == []


@pytest.mark.parametrize(
    ("expected", "given", "fault"),
    [
        (Expectation(200), answer(500, b"oops"), "status 500, expected 200: b'oops'"),
        (Expectation([302, 307]), answer(200), "status 200, expected 302 or 307: b''"),
        (Expectation(200, type="text/plain"), answer(), "type '', expected 'text/plain'"),
        (Expectation(200, json=1), answer(body=b"<p>"), "body b'<p>' is no JSON"),
        (Expectation(200, json={"a": 1}), answer(body=b"{}"), "$.a is missing"),
        (Expectation(200, text="Hi"), answer(body=b"Hi\n"), "body b'Hi\\n', expected 'Hi'"),
        (
            Expectation(302, location="/hello"),
            answer(302, location="/hello/"),
            "location '/hello/', expected '/hello'",
        ),
        (Expectation(200, events=["0"]), answer(body=b""), "events [], expected ['0']"),
        (
            Expectation(200, file="file.bin"),
            answer(body=b"\0"),
            "1 bytes that are not those of file.bin",
        ),
    ],
)
def test_wrong(tmp_path: Path, expected: Expectation, given: Answer, fault: str) -> None:
    (tmp_path / "file.bin").write_bytes(b"\0\1")
    assert faults(expected, given, tmp_path) == [fault]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", []),
        (b"data: 0\n\n", ["0"]),
        (b"event: tick\nid: 4\ndata: 0\n\n: a comment\n\n", ["0"]),
        (b"data: a\ndata: b\n\n", ["a\nb"]),
    ],
)
def test_events(body: bytes, expected: list[str]) -> None:
    assert events(body) == expected


@pytest.mark.parametrize(
    ("location", "expected"),
    [("/hello", "/hello"), ("http://host:1/a?b=c", "/a?b=c"), ("", "")],
)
def test_path_of_a_location(location: str, expected: str) -> None:
    assert path_of(location) == expected
