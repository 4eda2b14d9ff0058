"""The bonding driver of each host of a testbed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from lab.drivers import native
from lab.drivers.base import BondDriver, BondHandle, Created, Era
from lab.drivers.kernel import KernelDriver
from lab.drivers.ovs import OvsDriver
from lab.drivers.team import TeamDriver
from lab.drivers.userspace import UserspaceDriver
from lab.hosts.base import Host
from lab.topology import Bonding, HostKind, Topology
from lab.undo import UndoStack

OWN: Mapping[HostKind, Bonding] = {"namespace": "userspace", "uml": "kernel"}
"""The driver of a host of which nothing else is said."""


class Bed(Protocol):
    """What is used of a testbed."""

    undo: UndoStack

    @property
    def topology(self) -> Topology: ...

    @property
    def run_dir(self) -> Path: ...

    def host(self, role: str) -> Host: ...


class Fleet:
    """Each host has the driver that the topology says: in general bondimpl, with the behaviour of `era`.

    `created` is told the host and the options of each bond that is made.
    """

    def __init__(self, bed: Bed, era: Era = "howto", created: Created | None = None) -> None:
        self.userspace = UserspaceDriver(bed.run_dir, bed.undo, era, created=created)
        self.kernel = KernelDriver(created)
        self._drivers: Mapping[Bonding, BondDriver] = {
            "userspace": self.userspace,
            "kernel": self.kernel,
            "ovs": OvsDriver(bed.run_dir, bed.undo, created),
            "team": TeamDriver(created),
        }
        self._bonding = {host.name: host.bonding or OWN[host.kind] for host in bed.topology.hosts}
        self.under_test: BondDriver = self.of(bed.host("host"))
        if any(h.kind == "namespace" and self._bonding[h.name] == "kernel" for h in bed.topology.hosts):
            native.keep_to_ourselves(self.kernel, bed.undo)

    def of(self, host: Host) -> BondDriver:
        """The driver of that host."""
        return self._drivers[self._bonding[host.name]]

    @property
    def bonds(self) -> tuple[BondHandle, ...]:
        """The bonds that are there, on all hosts."""
        return tuple(bond for driver in self._drivers.values() for bond in driver.bonds)
