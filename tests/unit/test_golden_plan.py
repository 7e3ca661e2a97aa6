"""The plan as a document: the same bytes as ever, which Rust reads, and reads strictly."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest

from django_bolt import _core
from django_bolt.compile import application, plan
from tests.golden.regenerate import GOLDEN, compiled, document

SECRETS = ("the golden plan names this", "golden-key", "silver-key")


def test_the_plan_is_the_golden_one() -> None:
    assert document().decode() == GOLDEN.read_text(), "see tests/golden/regenerate.py"


def test_it_holds_no_secret() -> None:
    assert not [secret for secret in SECRETS if secret in GOLDEN.read_text()]


def test_it_uses_every_part_of_the_schema() -> None:
    text = GOLDEN.read_text()
    kinds = [kind.__struct_config__.tag for kind in get_args(plan.Guard)]
    kinds += [kind.__struct_config__.tag for kind in get_args(plan.Authenticator)]
    kinds += get_args(plan.Scalar.__annotations__["type"]) or _literals(plan.Scalar, "type")
    for owner, field in ((plan.Parameter, "source"), (plan.Route, "mode")):
        kinds += _literals(owner, field)
    missing = [kind for kind in kinds if f'"{kind}"' not in text]
    missing += [name for name in plan.Constraints.__struct_fields__ if f'"{name}"' not in text]
    missing += [
        origin for origin in _literals(plan.Argument, "origin") if f'"from": "{origin}"' not in text
    ]
    assert missing == []


def _literals(owner: Any, field: str) -> list[str]:
    import msgspec

    (found,) = [item for item in msgspec.structs.fields(owner) if item.name == field]
    return list(get_args(found.type))


def accept(text: bytes | str, **changes: Any) -> _core.App:
    built = compiled()
    data = text.encode() if isinstance(text, str) else text
    given = {"handlers": built.handlers, "secrets": built.secrets, **changes}
    return _core.App(data, given["handlers"], given["secrets"], application.hooks())


def test_rust_reads_it() -> None:
    assert isinstance(accept(GOLDEN.read_bytes()), _core.App)


def route(method: str, path: str) -> int:
    routes = json.loads(GOLDEN.read_text())["routes"]
    (found,) = [
        index
        for index, item in enumerate(routes)
        if (item["method"], item["path"]) == (method, path)
    ]
    return found


LIST = route("GET", "/mint/coins")
CREATE = route("POST", "/mint/coins")
SCALARS = route("GET", "/mint/functions/scalars")
GUARDS = route("GET", "/mint/functions/guards")
MISSING = object()

#: Where something is changed, to what, and where Rust says that it is wrong.
TAMPERED = [
    (["version"], 2, "version"),
    (["version"], "1", "version"),
    (["colour"], "gold", "colour"),
    (["service"], MISSING, ""),
    (["service", "debug"], "no", "service.debug"),
    (["service", "debug"], MISSING, "service"),
    (["service", "error_format"], "xml", "service.error_format"),
    (["service", "max_body_size"], -1, "service.max_body_size"),
    (["authenticators", 0, "type"], "session", "authenticators[0]"),
    (["authenticators", 0, "algorithms", 0], "none", "authenticators[0].algorithms[0]"),
    (["authenticators", 0, "algorithms", 0], "RS256", "authenticators[0].algorithms[1]"),
    (["authenticators", 0, "algorithms"], [], "authenticators[0].algorithms"),
    (["authenticators", 0, "secrets"], ["nobody's"], "authenticators[0].secrets[0]"),
    (["authenticators", 0, "leeway"], -1, "authenticators[0]"),
    (["authenticators", 1, "header"], "X Mint", "authenticators[1].header"),
    (["authenticators", 1, "keys"], [], "authenticators[1].keys"),
    (["authenticators", 1, "keys", 0, "secret"], "no", "authenticators[1].keys[0].secret"),
    (["routes", LIST, "colour"], "gold", f"routes[{LIST}].colour"),
    (["routes", LIST, "method"], "FETCH", f"routes[{LIST}].method"),
    (["routes", LIST, "path"], "mint", f"routes[{LIST}].path"),
    (["routes", LIST, "path"], "/mint/{a}{b}", f"routes[{LIST}].path"),
    (["routes", LIST, "mode"], "threaded", f"routes[{LIST}].mode"),
    (["routes", LIST, "status"], "ok", f"routes[{LIST}].status"),
    (["routes", LIST, "authentication"], [9], f"routes[{LIST}].authentication[0]"),
    (["routes", LIST, "authentication"], [0, 0], f"routes[{LIST}].authentication[1]"),
    (["routes", LIST, "parameters", 0, "source"], "body", f"routes[{LIST}].parameters[0].source"),
    (
        ["routes", LIST, "parameters", 0, "scalar", "type"],
        "complex",
        f"routes[{LIST}].parameters[0].scalar",
    ),
    (
        ["routes", LIST, "parameters", 0, "constraints", "pattern"],
        "(",
        f"routes[{LIST}].parameters[0].constraints.pattern",
    ),
    (
        ["routes", LIST, "parameters", 0, "source"],
        "path",
        f"routes[{LIST}].parameters[0].alias",
    ),
    (["routes", LIST, "arguments", 0, "index"], 7, f"routes[{LIST}].arguments[0]"),
    (["routes", LIST, "arguments", 0, "from"], "form", f"routes[{LIST}].arguments[0].from"),
    (["routes", CREATE, "path"], "/mint/coins/{pk}/melt/{degrees}", ""),
    (["routes", CREATE, "body", "media_types", 0], "json", f"routes[{CREATE}].body"),
    (["routes", SCALARS, "parameters", 0, "constraints", "ge"], 1, f"routes[{SCALARS}].parameters"),
    (["routes", GUARDS, "guard", "of", 0, "type"], "maybe", f"routes[{GUARDS}].guard"),
    (["routes", GUARDS, "guard", "of", 0, "colour"], 1, f"routes[{GUARDS}].guard"),
]


@pytest.mark.parametrize(("place", "value", "named"), TAMPERED)
def test_rust_names_what_it_does_not_accept(place: list[Any], value: Any, named: str) -> None:
    changed = json.loads(GOLDEN.read_text())
    inner = changed
    for step in place[:-1]:
        inner = inner[step]
    if value is MISSING:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    with pytest.raises(_core.PlanError) as caught:
        accept(json.dumps(changed))
    assert (f"at {named}" if named else "plan") in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"version": 1}'])
def test_rust_refuses_what_is_no_plan(text: str) -> None:
    with pytest.raises(_core.PlanError):
        accept(text)


def test_rust_refuses_another_number_of_handlers() -> None:
    with pytest.raises(_core.PlanError):
        accept(GOLDEN.read_bytes(), handlers=compiled().handlers[1:])


def test_rust_refuses_a_plan_whose_secrets_are_missing() -> None:
    with pytest.raises(_core.PlanError) as caught:
        accept(GOLDEN.read_bytes(), secrets={})
    assert "authenticators[0].secret" in str(caught.value)
