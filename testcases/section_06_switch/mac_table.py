"""Where a switch believes an address to be."""

from __future__ import annotations

from collections.abc import Callable

from lab.cases import Testbed


def ports_of(bed: Testbed, switch: str, mac: str) -> Callable[[], set[str]]:
    """A sampler of the MAC table of a switch (role or name): the ports at which it saw the address so far."""
    seen: set[str] = set()

    def sample() -> set[str]:
        seen.update(row.port for row in bed.switch(switch).mac_table() if row.mac == mac)
        return seen

    return sample


def port_of_slave(bed: Testbed, number: int) -> str:
    """The switch port at which the cable of NIC `number` (from 0) of the host under test ends."""
    return bed.topology.far_end(bed.topology.slaves[number]).name
