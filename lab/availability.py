"""Whether this machine can build a topology at all: some need programs that not every distribution has."""

from __future__ import annotations

from lab.hosts.uml import image
from lab.topology import Topology


def unavailable(topology: Topology) -> str | None:
    """Why the topology cannot be built here, in words; None when it can."""
    return image.missing() if any(host.kind == "uml" for host in topology.hosts) else None
