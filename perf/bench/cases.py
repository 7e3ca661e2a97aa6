"""The cases of ``perf/cases.toml``: what is asked, and what has to come back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from perf.bench.data import fill
from perf.bench.errors import BenchError, unknown


class Request(Struct, frozen=True, forbid_unknown_fields=True):
    """A request; its body is text, or a file of the data directory."""

    path: str
    method: str = "GET"
    headers: dict[str, str] = {}
    body: str | None = None
    body_file: str | None = None

    def content(self, data: Path) -> bytes | None:
        """Return the body."""
        if self.body_file is not None:
            return (data / self.body_file).read_bytes()
        return None if self.body is None else self.body.encode()


class Expectation(Struct, frozen=True, forbid_unknown_fields=True):
    """What an answer has to be; what is unset may be anything."""

    status: int | list[int]
    type: str | UnsetType = UNSET
    json: Any = UNSET
    text: str | UnsetType = UNSET
    location: str | UnsetType = UNSET
    events: list[str] | UnsetType = UNSET
    file: str | UnsetType = UNSET

    @property
    def statuses(self) -> list[int]:
        """The status codes that are right."""
        return self.status if isinstance(self.status, list) else [self.status]

    @property
    def is_refusal(self) -> bool:
        """Whether wrk counts the right answer as an error: it does so above 399."""
        return self.statuses[0] > 399


class Relation(Struct, frozen=True, forbid_unknown_fields=True):
    """A figure to reach that another case sets."""

    case: str
    times: float


class Case(Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of request, which every server that has it answers alike."""

    name: str
    title: str
    request: Request
    expect: Expectation
    goal: float | Relation | None = None

    def __post_init__(self) -> None:
        """Refuse what could not be told from a fault in wrk's figures."""
        statuses = self.expect.statuses
        if len({status > 399 for status in statuses}) != 1:
            raise ValueError(f"{self.name}: success and refusal cannot both be expected")
        if self.request.body is not None and self.request.body_file is not None:
            raise ValueError(f"{self.name}: a body and a body_file")


class Goals(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be reached apart from cases."""

    idle_pss_mib: float | None = None


class Catalogue(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file; its cases stand in the order of the tables."""

    case: list[Case]
    goals: Goals = Goals()

    @property
    def names(self) -> list[str]:
        """What the cases are called."""
        return [case.name for case in self.case]

    def title(self, name: str) -> str:
        """Return what tables call a case, which may be one that is not there any more."""
        return next((case.title for case in self.case if case.name == name), name)


def read(path: Path) -> Catalogue:
    """Return what stands in a file.

    Raises BenchError for a field that is not known, for a name that stands twice, and for a goal
    that another case sets which is not there.
    """
    try:
        catalogue = msgspec.toml.decode(path.read_bytes(), type=Catalogue)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise BenchError(f"{path.name}: {error}") from error
    names = catalogue.names
    for name in names:
        if names.count(name) > 1:
            raise BenchError(f"{path.name}: {name!r} stands there twice")
    for case in catalogue.case:
        if isinstance(case.goal, Relation) and case.goal.case not in names:
            raise unknown("case", case.goal.case, names)
    return catalogue


def filled(cases: Iterable[Case], values: Mapping[str, Any]) -> list[Case]:
    """Return the cases with their placeholders replaced."""
    return [
        msgspec.structs.replace(
            case,
            request=msgspec.convert(fill(_given(case.request), values), Request),
            expect=msgspec.convert(fill(_given(case.expect), values), Expectation),
        )
        for case in cases
    ]


def _given(struct: Struct) -> dict[str, Any]:
    return {
        name: value for name, value in msgspec.structs.asdict(struct).items() if value is not UNSET
    }


def chosen(cases: Sequence[Case], names: Sequence[str]) -> list[Case]:
    """Return the cases that are named, in the order of the file; all of them where none is.

    Raises BenchError for a name that no case has.
    """
    known = [case.name for case in cases]
    for name in names:
        if name not in known:
            raise unknown("case", name, known)
    return [case for case in cases if not names or case.name in names]
