"""What the link monitors have in common: they look at slaves in turn, and come to verdicts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from bondimpl.slave import Slave


@dataclass(frozen=True, slots=True)
class Verdict:
    """A slave whose link is now definitely up, or definitely down. `line` is what the log says of it."""

    slave: Slave
    up: bool
    line: str | None = None


class Judge(Protocol):
    """Acts on what a monitor finds."""

    def commit(self, verdicts: Iterable[Verdict]) -> None:
        """These links are up or down; choose the active slave anew where that follows."""

    def bypasses_updelay(self) -> bool:
        """Whether the next link to come up is used at once (HOWTO 12.3)."""

    def device_changed(self, slave: Slave) -> None:
        """Look at a slave's carrier and speed anew. Raises MachineError."""

    def poll_speeds(self) -> None:
        """Take note of the slaves' speeds, where the mode wants them at each poll."""


class Monitor(Protocol):
    """A link monitor. At most one runs, and only while the bond is up."""

    def start(self) -> None:
        """Look at all slaves now, and again each period."""

    def stop(self) -> None:
        """Look no more; what was found stays. Harmless when it does not run."""

    def first_look(self, slave: str) -> bool | None:
        """Whether a slave that joins has link; None when nobody can tell."""
