"""Trunk groups of a switch that are not there, or not as they should be."""

from __future__ import annotations

import time
from dataclasses import dataclass

from lab.errors import LabBroken, LabError
from lab.faults.base import Fault
from lab.switches.base import GroupPolicy, Lacp, Switch
from lab.testbed import Testbed


@dataclass(frozen=True, slots=True)
class PortGroup:
    """A trunk group as one makes it: see `Switch.group`."""

    name: str
    ports: tuple[str, ...]
    policy: GroupPolicy = "xor-mac"
    lacp: Lacp | None = None

    def make(self, switch: Switch) -> None:
        """Make it there. Raises LabError."""
        switch.group(self.name, self.ports, self.policy, self.lacp)


class NoPortGroup(Fault):
    """The ports of a group are plain ports for the time; with LACP, the switch speaks it there no more."""

    def __init__(self, bed: Testbed, switch: Switch, group: PortGroup) -> None:
        super().__init__(bed, f"switch {switch.name}: no group {group.name}")
        self.switch, self.group = switch, group
        self._gone = False

    def _begin(self) -> float:
        self.switch.members(self.group.name)  # raises when it is not there in the first place
        self.switch.ungroup(self.group.name)
        self._gone = True
        _check_gone(self.switch, self.group.name)
        return time.monotonic()

    def _end(self) -> None:
        if self._gone:
            self._gone = False
            self.group.make(self.switch)


class LacpOff(NoPortGroup):
    """The switch's ports do no LACP: plain ports, or with `static` a group of the same ports without it."""

    def __init__(self, bed: Testbed, switch: Switch, group: PortGroup, *, static: bool = False) -> None:
        super().__init__(bed, switch, group)
        if group.lacp is None:
            raise LabError(f"LacpOff: {group.name} is a static group")
        self.text = f"switch {switch.name}: no LACP on {', '.join(group.ports)}"
        self._static = PortGroup(group.name, group.ports, group.policy) if static else None
        self._instead = False

    def _begin(self) -> float:
        super()._begin()
        if self._static:
            self._static.make(self.switch)
            self._instead = True
        return time.monotonic()

    def _end(self) -> None:
        if self._instead:
            self._instead = False
            self.switch.ungroup(self.group.name)
        super()._end()


class Grouped(Fault):
    """Plain ports of the switch are a trunk group for the time."""

    def __init__(self, bed: Testbed, switch: Switch, group: PortGroup) -> None:
        super().__init__(bed, f"switch {switch.name}: {', '.join(group.ports)} are a group, {group.policy}")
        self.switch, self.group = switch, group
        self._made = False

    def _begin(self) -> float:
        self.group.make(self.switch)
        self._made = True
        if not self.switch.members(self.group.name):
            raise LabBroken(f"{self.text}: none takes part")
        return time.monotonic()

    def _end(self) -> None:
        if self._made:
            self._made = False
            self.switch.ungroup(self.group.name)


class XorDistribution(Grouped):
    """Plain ports are a group that spreads by a hash of the addresses: a flow keeps to one member."""

    def __init__(self, bed: Testbed, switch: Switch, name: str, ports: tuple[str, ...]) -> None:
        super().__init__(bed, switch, PortGroup(name, ports, "xor-mac"))


def _check_gone(switch: Switch, name: str) -> None:
    try:
        switch.members(name)
    except LabError:
        return
    raise LabBroken(f"switch {switch.name}: the group {name} is still there")
