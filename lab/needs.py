"""What a case needs of a topology, and whether one has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lab.topology import Topology


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a case needs; the default needs nothing.

    slaves: NICs of the host under test, at least. meeting: True when the cables of the first `slaves` NICs
    must end on one node, False when on different ones. switch: True when they must end on switches, False
    when on the peer host. roles: words of `Topology.roles`. traits, without: what the topology must be and
    must not be (`Topology.traits`). once: the case shows the same on every topology, so the first one of
    those selected will do.
    """

    slaves: int = 0
    meeting: bool | None = None
    switch: bool | None = None
    roles: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    once: bool = False

    def __post_init__(self) -> None:
        for name in ("roles", "traits", "without"):
            if isinstance(getattr(self, name), str):
                raise TypeError(f"needs: {name} takes a tuple of words, not the text {getattr(self, name)!r}")

    def missing(self, topology: Topology) -> str | None:
        """Why the topology cannot show the case, in words; None when it can."""
        if len(topology.slaves) < self.slaves:
            return f"needs {self.slaves} slaves, the host has {len(topology.slaves)}"
        slaves = topology.slaves[: self.slaves or None]
        ends = {topology.far_end(port).node for port in slaves}
        if self.meeting is True and len(ends) > 1:
            return f"needs slaves that meet on one node, they end on {_and(ends)}"
        if self.meeting is False and len(ends) == 1:
            return f"needs slaves on different nodes, they all end on {_and(ends)}"
        on_switches = ends <= {switch.name for switch in topology.switches}
        if self.switch is True and not on_switches:
            return f"needs slaves on switches, they end on {_and(ends)}"
        if self.switch is False and ends != {topology.role("peer")}:
            return f"needs slaves cabled straight to the peer, they end on {_and(ends)}"
        if absent := [role for role in self.roles if role not in topology.roles]:
            return f"needs {_and(absent)}, which nothing here plays"
        if absent := [trait for trait in self.traits if trait not in topology.traits]:
            return f"needs a topology that is {_and(absent)}"
        if present := [trait for trait in self.without if trait in topology.traits]:
            return f"needs a topology that is not {_and(present)}"
        return None


def why_not(needs: Sequence[Needs], topology: Topology) -> str | None:
    """Why the topology cannot show a case with all these needs, or is not meant for it; None when it can."""
    for need in needs:
        if reason := need.missing(topology):
            return reason
    if not meant_for(needs, topology):
        return f"is only for cases that need {' or '.join(sorted(topology.only_for))}"
    return None


def meant_for(needs: Sequence[Needs], topology: Topology) -> bool:
    """Whether the topology is for cases with these needs: a special one is only for those that name it."""
    asked = {trait for need in needs for trait in need.traits}
    return not topology.only_for or bool(topology.only_for & asked)


def _and(words: set[str] | list[str]) -> str:
    return " and ".join(sorted(words))
