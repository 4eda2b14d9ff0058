"""Parts of the chassis that the cases of this section ask for."""

from __future__ import annotations

from lab import frames
from lab.cases import Capture, Port, Testbed
from lab.hosts.base import Host
from testcases.bursts import is_of_burst


def blades(bed: Testbed) -> tuple[Host, ...]:
    """The blades of the chassis, the one under test first."""
    roles = [role for role in ("host", "neighbour") if role in bed.topology.roles]
    return tuple(bed.host(role) for role in roles)


def first_hop(bed: Testbed, host: Host, nic: str) -> str:
    """The node at which the cable of the NIC ends."""
    return bed.topology.far_end(Port(host.name, nic)).node


def delivered(bed: Testbed, capture: Capture, since_s: float) -> set[str]:
    """The addresses to which frames of bursts have reached the station outside (the one called peer)."""
    station = bed.host("peer")
    capture.settle()
    heard = capture.frames(Port(station.name, station.nics[0]), False, since_s, is_of_burst)
    return {frames.dst_mac(seen.data) for seen in heard}
