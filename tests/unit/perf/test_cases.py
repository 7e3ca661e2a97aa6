"""Reading ``cases.toml``, and filling what it leaves open."""

from __future__ import annotations

from pathlib import Path

import pytest

from perf.bench import cases, places
from perf.bench.cases import Case, Catalogue, Expectation, Relation, Request
from perf.bench.data import fill
from perf.bench.errors import BenchError

HELLO = """
[[case]]
name = "hello"
title = "Hello"
request = { path = "/hello" }
expect = { status = 200 }
"""


def catalogue(directory: Path, text: str) -> Catalogue:
    path = directory / "cases.toml"
    path.write_text(text)
    return cases.read(path)


def test_a_case_is_read(tmp_path: Path) -> None:
    text = """
    [goals]
    idle_pss_mib = 55

    [[case]]
    name = "items"
    title = "Items"
    goal = 9.5

    [case.request]
    method = "POST"
    path = "/items"
    headers = { Content-Type = "application/json" }
    body = "{}"

    [case.expect]
    status = [200, 201]
    json = { total = 1 }
    """
    found = catalogue(tmp_path, text)
    assert found.goals.idle_pss_mib == 55
    assert found.case == [
        Case(
            name="items",
            title="Items",
            request=Request("/items", "POST", {"Content-Type": "application/json"}, "{}"),
            expect=Expectation([200, 201], json={"total": 1}),
            goal=9.5,
        )
    ]


def test_the_cases_of_the_project() -> None:
    found = cases.read(places.CASES)
    assert len(found.case) == 22
    assert found.title("hello") == "JSON hello, async"
    assert found.title("of another time") == "of another time"
    assert found.case[3].goal == Relation("hello-request", 1.05)
    refusals = [case.name for case in found.case if case.expect.is_refusal]
    assert refusals == ["refused"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HELLO + "speed = 3\n", "unknown field `speed`"),
        (HELLO.replace("200", '"200"'), r"Expected `int \| array`"),
        (HELLO.replace("200", "[200, 401]"), "hello: success and refusal"),
        (
            HELLO.replace('"/hello"', '"/", body = "", body_file = ""'),
            "hello: a body and a body_file",
        ),
        (HELLO + HELLO, "'hello' stands there twice"),
        (HELLO + 'goal = { case = "helo", times = 2 }\n', "did you mean 'hello'"),
        ("[[case]", "cases.toml: "),
    ],
)
def test_refused_files(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BenchError, match=message):
        catalogue(tmp_path, text)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], ["hello", "params", "body"]),
        (["body", "hello"], ["hello", "body"]),
    ],
)
def test_chosen_cases_keep_their_order(names: list[str], expected: list[str]) -> None:
    known = [
        Case(name, name, Request("/"), Expectation(200)) for name in ("hello", "params", "body")
    ]
    assert [case.name for case in cases.chosen(known, names)] == expected


def test_a_case_that_is_not_known() -> None:
    known = [Case("hello", "Hello", Request("/"), Expectation(200))]
    with pytest.raises(BenchError, match="no case is called 'helo': did you mean 'hello'"):
        cases.chosen(known, ["helo"])
    with pytest.raises(BenchError, match="there are hello"):
        cases.chosen(known, ["xyz"])


VALUES = {"token": "abc", "count": 3, "row": {"id": 17}}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("plain", "plain"),
        ("${token}", "abc"),
        ("Bearer ${token}", "Bearer abc"),
        ("${count}", 3),
        ("${count} of ${count}", "3 of 3"),
        ({"a": ["${row}", 1, None]}, {"a": [{"id": 17}, 1, None]}),
    ],
)
def test_placeholders(template: object, expected: object) -> None:
    assert fill(template, VALUES) == expected


def test_a_placeholder_that_is_not_known() -> None:
    with pytest.raises(BenchError, match="did you mean 'token'"):
        fill("${tokn}", VALUES)


def test_cases_are_filled() -> None:
    case = Case(
        "me",
        "Me",
        Request("/me", headers={"Authorization": "Bearer ${token}"}),
        Expectation(200, json={"row": "${row}"}),
    )
    (filled,) = cases.filled([case], VALUES)
    assert filled.request.headers == {"Authorization": "Bearer abc"}
    assert filled.expect == Expectation(200, json={"row": {"id": 17}})


def test_the_body_of_a_request(tmp_path: Path) -> None:
    (tmp_path / "items.json").write_bytes(b"[1]")
    assert Request("/").content(tmp_path) is None
    assert Request("/", body="ä").content(tmp_path) == "ä".encode()
    assert Request("/", body_file="items.json").content(tmp_path) == b"[1]"
