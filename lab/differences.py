"""Where a present kernel's driver does other than the HOWTO says: `testcases/known_differences.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from bondimpl.era import Era
from lab import behaviours
from lab.entries import read_entries
from lab.errors import LabError

FILE = behaviours.CATALOGUE.parent / "known_differences.yaml"
_RULES = {field.name for field in fields(Era)}


class DifferencesError(LabError):
    """The file of known differences is not what it should be."""


def _behaviour(id: str) -> str:
    try:
        behaviours.load()[id]
    except behaviours.UnknownBehaviour as error:
        raise ValueError(str(error)) from error
    return id


def _rule(name: str | None) -> str | None:
    if name is not None and name not in _RULES:
        raise ValueError(f"{name!r} is no rule of bondimpl/era.py")
    return name


class Difference(BaseModel):
    """One difference; the fields are explained at the head of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, AfterValidator(_behaviour)]
    howto: Annotated[str, Field(min_length=1)]
    driver: Annotated[str, Field(min_length=1)]
    since: Annotated[str, Field(min_length=1)]
    proof: Annotated[str, Field(min_length=1)]
    rule: Annotated[str | None, AfterValidator(_rule)] = None
    cases: tuple[str, ...] = ("*",)

    def shows_in(self, case: str) -> bool:
        """Whether the case of that name, with its parameters, fails on a driver that differs."""
        return any(fnmatchcase(case, pattern) for pattern in self.cases)


@cache
def load(path: Path = FILE) -> Mapping[str, Difference]:
    """The differences by the id of the behaviour. Raises DifferencesError naming the entry that is wrong."""
    entries = read_entries(path, Difference, "the known differences", DifferencesError)
    by_id = {entry.id: entry for entry in entries}
    if len(by_id) != len(entries):
        ids = [entry.id for entry in entries]
        raise DifferencesError(
            f"{path.name}: listed twice: {', '.join(sorted({i for i in ids if ids.count(i) > 1}))}"
        )
    return MappingProxyType(by_id)
