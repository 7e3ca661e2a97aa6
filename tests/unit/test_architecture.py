"""The floors of the design: imports point down, and the stages in Rust do not know each other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "django_bolt"
CORE = ROOT / "rust" / "core" / "src"
BRIDGE = ROOT / "rust" / "bridge" / "src"

#: From the top of the house to the ground. A package's name stands for all that is in it; the
#: longest name that fits counts.
FLOORS = [
    ["testing", "management"],
    ["server", "checks", "apps"],
    ["discovery"],
    ["compile", "api", "token_views.routing"],
    ["routing", "registration", "routes", "metadata"],
    ["viewsets", "token_views"],
    ["controllers", "introspection", "dispatch", "orm"],
    ["request", "renderers", "parsers", "auth"],
    ["exceptions", "responses", "file_responses", "streaming"],
    [
        "background",
        "validation",
        "settings",
        "params",
        "decorators",
        "conditional",
        "vocabulary",
        "url_templates",
        "cookies",
        "uploads",
        "encodable",
    ],
    # The schema of what crosses to Rust, and Rust itself: data and functions that know nobody.
    ["compile.plan", "_core", "spelling", "status"],
]

#: What may import its neighbour.
ARROWS = {
    ("apps", "checks"),
    ("routing", "registration"),
    ("routing", "routes"),
    ("registration", "routes"),
    ("registration", "metadata"),
    ("routes", "metadata"),
    # A controller's own check_permissions and handle_exception are the request's machinery.
    ("controllers", "dispatch"),
    ("controllers", "introspection"),
    ("request", "auth"),
    ("request", "renderers"),
    ("request", "parsers"),
    ("file_responses", "responses"),
    ("streaming", "responses"),
    ("conditional", "decorators"),
    # A handler's options hold its dependencies, which are written as parameters' are.
    ("decorators", "params"),
}


@dataclass(frozen=True)
class Import:
    importer: str
    imported: str
    line: int
    for_types: bool

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported}"


def modules() -> dict[str, Path]:
    """Every module, named from inside the package; the package itself is ``""``."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(part for part in parts if part != "__init__")] = path
    return found


MODULES = modules()


def imports_of(name: str) -> Iterator[Import]:
    """Yield what a module imports of its own package, inside functions too."""
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    types_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        for target in imported_names(node):
            yield Import(name, target, node.lineno, id(node) in types_only)  # type: ignore[attr-defined]


def imported_names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        full = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are absolute"
        full = [f"{node.module}.{alias.name}" for alias in node.names]
    else:
        return []
    inside = [name.removeprefix("django_bolt.") for name in full if name.startswith("django_bolt.")]
    return [module_of(name) for name in inside]


def module_of(name: str) -> str:
    """Return the module in which a dotted name stands."""
    if name in MODULES or name == "_core":
        return name
    parent = name.rpartition(".")[0]
    return module_of(parent) if parent else ""


def residence(module: str) -> tuple[int, str] | None:
    """Return a module's floor, counted from the top, and the name under which it lives there."""
    names = [
        (len(name), floor, name)
        for floor, names in enumerate(FLOORS)
        for name in names
        if module == name or module.startswith(f"{name}.")
    ]
    return max(names)[1:] if names else None


@pytest.mark.parametrize("module", sorted(MODULES))
def test_every_module_has_a_floor(module: str) -> None:
    assert module == "" or residence(module), f"{module} stands on no floor of design.md"


@pytest.mark.parametrize("module", sorted(set(MODULES) - {""}))
def test_imports_point_down(module: str) -> None:
    wrong = [str(one) for one in imports_of(module) if not one.for_types and not points_down(one)]
    assert not wrong


def points_down(one: Import) -> bool:
    importer, imported = residence(one.importer), residence(one.imported)
    if importer is None or imported is None:
        return False
    return (
        importer[0] < imported[0]
        or importer[1] == imported[1]
        or (importer[1], imported[1]) in ARROWS
    )


def test_the_package_itself_imports_nothing() -> None:
    """Its names are looked up when somebody asks for them; no module inside asks."""
    assert [str(one) for one in imports_of("") if not one.for_types] == []


@pytest.mark.parametrize("module", sorted(name for name in MODULES if name.startswith("dispatch")))
def test_what_runs_on_a_request_does_not_know_what_runs_at_start(module: str) -> None:
    wrong = [str(one) for one in imports_of(module) if one.imported.startswith("compile")]
    assert not wrong


@pytest.mark.parametrize("arrow", sorted(ARROWS))
def test_arrows_join_neighbours(arrow: tuple[str, str]) -> None:
    assert any(set(arrow) <= set(floor) for floor in FLOORS)


#: What passes from one stage to the next, and so may be known to both.
BETWEEN_STAGES = ("auth::identity",)
STAGES = ("extract", "auth", "guards")


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_does_not_know_another(stage: str) -> None:
    files = [CORE / f"{stage}.rs", *(CORE / stage).rglob("*.rs")]
    present = [path for path in files if path.exists()]
    assert present
    others = "|".join(other for other in STAGES if other != stage)
    wrong = [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path in present
        for found in re.finditer(
            rf"\b(?:crate::|crate::{{[^}}]*\b)((?:{others})\b[\w:]*)", code_of(path)
        )
        if not found[1].startswith(BETWEEN_STAGES)
    ]
    assert not wrong


def test_only_one_file_of_the_bridge_is_unsafe() -> None:
    unsafe = [
        path.relative_to(ROOT).as_posix()
        for path in sorted((ROOT / "rust").rglob("*.rs"))
        if re.search(r"\bunsafe\b", code_of(path))
    ]
    assert unsafe == [(BRIDGE / "python.rs").relative_to(ROOT).as_posix()]


@pytest.mark.parametrize(
    ("library", "attribute"),
    [(CORE / "lib.rs", "#![forbid(unsafe_code)]"), (BRIDGE / "lib.rs", "#![deny(unsafe_code)]")],
)
def test_the_compiler_holds_it_too(library: Path, attribute: str) -> None:
    head = takewhile(lambda line: line.startswith(("//!", "#!")), library.read_text().splitlines())
    assert attribute in head


def code_of(path: Path) -> str:
    """Return a Rust file without its line comments."""
    return re.sub(r"//.*", "", path.read_text(encoding="utf-8"))
