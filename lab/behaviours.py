"""The catalogue of the HOWTO's checkable statements: `testcases/behaviours.yaml`, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from lab.entries import read_entries
from lab.errors import LabError

CATALOGUE = Path(__file__).parent.parent / "testcases" / "behaviours.yaml"

Mode = Literal[
    "balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb"
]
MODES: tuple[Mode, ...] = (
    "balance-rr",
    "active-backup",
    "balance-xor",
    "broadcast",
    "802.3ad",
    "balance-tlb",
    "balance-alb",
)
Kind = Literal[
    "datapath", "failover", "monitor", "config", "status", "lacp", "mac", "vlan", "advice", "history"
]


class UnknownBehaviour(LabError):
    """No entry of the catalogue has that id."""


class CatalogueError(LabError):
    """The catalogue file is not what it should be."""


def _all_modes(value: object) -> object:
    return MODES if value == "all" else value


def _oracle(value: str) -> str:
    if not value.startswith(("same", "differs:", "n/a")):
        raise ValueError("must begin with 'same', 'differs:' or 'n/a'")
    return value


def mode_asked_for(options: Mapping[str, str]) -> str:
    """The mode in a driver's options, which have it as a word, as a number, or not at all."""
    word = options.get("mode", MODES[0])
    return MODES[int(word)] if word.isdecimal() else word


class Behaviour(BaseModel):
    """One checkable statement; the fields are explained at the head of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    section: str
    says: str
    given: str
    when: str
    then: str
    within: str
    modes: Annotated[tuple[Mode, ...], BeforeValidator(_all_modes)]
    topology: str
    kind: Kind
    impairment: str
    oracle: Annotated[str, AfterValidator(_oracle)]
    basis: Literal["stated", "example", "implied"]
    also: tuple[str, ...] = ()


class Catalogue:
    """The behaviours by id, in the order of the file."""

    def __init__(self, entries: tuple[Behaviour, ...]) -> None:
        self.by_id: Mapping[str, Behaviour] = MappingProxyType({entry.id: entry for entry in entries})
        if len(self.by_id) != len(entries):
            ids = [entry.id for entry in entries]
            twice = sorted({i for i in ids if ids.count(i) > 1})
            raise CatalogueError(f"behaviours listed twice: {', '.join(twice)}")

    def __len__(self) -> int:
        return len(self.by_id)

    def __getitem__(self, id: str) -> Behaviour:
        """The behaviour of that id. Raises UnknownBehaviour, naming an id that is nearly the same."""
        if id in self.by_id:
            return self.by_id[id]
        near = get_close_matches(id, self.by_id, n=1, cutoff=0.8)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        where = f"{CATALOGUE.parent.name}/{CATALOGUE.name}"
        raise UnknownBehaviour(f"no behaviour {id!r} in the catalogue, {where}{hint}")


@cache
def load(path: Path = CATALOGUE) -> Catalogue:
    """The catalogue in that file. Raises CatalogueError naming the entry and what is wrong with it."""
    return Catalogue(read_entries(path, Behaviour, "the catalogue of behaviours", CatalogueError))
