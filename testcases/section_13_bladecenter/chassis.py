"""Parts of the chassis that the cases of this section ask for."""

from __future__ import annotations

import json

from lab.cases import Port, Testbed
from lab.hosts.base import Host


def blades(bed: Testbed) -> tuple[Host, ...]:
    """The blades of the chassis, the one under test first."""
    roles = [role for role in ("host", "neighbour") if role in bed.topology.roles]
    return tuple(bed.host(role) for role in roles)


def has_link(host: Host, nic: str) -> bool:
    """Whether the NIC has a carrier."""
    return "LOWER_UP" in json.loads(host.run(["ip", "-j", "link", "show", "dev", nic]).stdout)[0]["flags"]


def first_hop(bed: Testbed, host: Host, nic: str) -> str:
    """The node at which the cable of the NIC ends."""
    return bed.topology.far_end(Port(host.name, nic)).node
