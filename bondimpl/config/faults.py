"""Where something stands in a configuration, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bondimpl.errors import BondError

Files = Mapping[str, str]
"""Texts of configuration files by path, as it is shown to the user; what counts is the last part of it."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a file says: `key` and `value`, on a line (from 1)."""

    file: str
    line: int
    key: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why something cannot be: `file:line: key: reason`."""

    file: str
    line: int
    key: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.key}: {self.reason}"


class ConfigError(BondError):
    """A configuration that cannot be; one fault on each line of the text."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


@dataclass(slots=True)
class Faults:
    """The faults found so far: a reader goes on after one, so that the user hears of all at once."""

    found: list[Fault] = field(default_factory=list)

    def add(self, item: Item, reason: str) -> None:
        """Note what is wrong with an item."""
        key = (item.key.split() or ["line"])[0]
        fault = Fault(item.file, item.line, key, " ".join(reason.split()))
        if fault not in self.found:
            self.found.append(fault)

    def check(self) -> None:
        """Raises ConfigError when there is any."""
        if self.found:
            raise ConfigError(*sorted(self.found, key=lambda fault: (fault.file, fault.line)))


def base(path: str) -> str:
    """The last part of a path."""
    return path.rsplit("/", 1)[-1]
