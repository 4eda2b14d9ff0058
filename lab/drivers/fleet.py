"""The bonding driver of each host of a testbed."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from lab.drivers.base import BondDriver, BondHandle, Created, Era
from lab.drivers.kernel import KernelDriver
from lab.drivers.userspace import UserspaceDriver
from lab.hosts.base import Host
from lab.topology import Topology
from lab.undo import UndoStack


class Bed(Protocol):
    """What is used of a testbed."""

    undo: UndoStack

    @property
    def topology(self) -> Topology: ...

    @property
    def run_dir(self) -> Path: ...

    def host(self, role: str) -> Host: ...


class Fleet:
    """A guest has its own kernel's driver, any other host bondimpl with the behaviour of `era`.

    `created` is told the host and the options of each bond that is made.
    """

    def __init__(self, bed: Bed, era: Era = "howto", created: Created | None = None) -> None:
        self.userspace = UserspaceDriver(bed.run_dir, bed.undo, era, created=created)
        self.kernel = KernelDriver(created)
        self._guests = {host.name for host in bed.topology.hosts if host.kind == "uml"}
        self.under_test: BondDriver = self.of(bed.host("host"))

    def of(self, host: Host) -> BondDriver:
        """The driver of that host."""
        return self.kernel if host.name in self._guests else self.userspace

    @property
    def bonds(self) -> tuple[BondHandle, ...]:
        """The bonds that are there, on all hosts."""
        return (*self.userspace.bonds, *self.kernel.bonds)
