"""Slaves of unequal speed or duplex."""

from __future__ import annotations

import time

from lab.delay_line.nic import Duplex, SpeedNic
from lab.faults.base import Fault
from lab.testbed import Testbed
from lab.topology import Port


class SpeedMismatch(Fault):
    """A NIC says `mbit` Mbit/s and `duplex`; healed, what it said before.

    `nic` is made before the bond is: `SpeedNic(bed, port)`. It carries as much as before: that is
    `Bandwidth`'s.
    """

    def __init__(self, bed: Testbed, nic: SpeedNic, mbit: int, duplex: Duplex = "full") -> None:
        super().__init__(bed, f"{nic.nic} is {mbit} Mbit/s, {duplex} duplex")
        self.nic = nic
        self.mbit, self.duplex = mbit, duplex
        self._before: tuple[int, Duplex] | None = None

    def _begin(self) -> float:
        self._before = self.nic.says()
        self.nic.set(self.mbit, self.duplex)
        return time.monotonic()

    def _end(self) -> None:
        if self._before:
            self.nic.set(*self._before)


def speed_nics(bed: Testbed, count: int) -> tuple[SpeedNic, ...]:
    """TAPs in the place of the first `count` NICs of the host under test. Raises LabError, LabBroken."""
    slaves: tuple[Port, ...] = bed.topology.slaves[:count]
    return tuple(SpeedNic(bed, port) for port in slaves)
