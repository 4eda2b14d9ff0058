"""Whether this machine can build a topology at all: some need programs that not every distribution has."""

from __future__ import annotations

from lab.drivers import team
from lab.hosts.uml import image
from lab.topology import Topology


def unavailable(topology: Topology) -> str | None:
    """Why the topology cannot be built here, in words; None when it can."""
    kinds = {host.kind for host in topology.hosts} | {switch.kind for switch in topology.switches}
    if "uml" in kinds and (why := image.missing()):
        return why
    return team.missing() if any(host.bonding == "team" for host in topology.hosts) else None
