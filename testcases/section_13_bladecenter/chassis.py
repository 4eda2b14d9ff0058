"""Parts of the chassis that the cases of this section ask for."""

from __future__ import annotations

from lab.cases import Port, Testbed
from lab.hosts.base import Host


def blades(bed: Testbed) -> tuple[Host, ...]:
    """The blades of the chassis, the one under test first."""
    roles = [role for role in ("host", "neighbour") if role in bed.topology.roles]
    return tuple(bed.host(role) for role in roles)


def first_hop(bed: Testbed, host: Host, nic: str) -> str:
    """The node at which the cable of the NIC ends."""
    return bed.topology.far_end(Port(host.name, nic)).node
