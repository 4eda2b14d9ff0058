"""Which modes a topology can be tried with: those for which the model says what must be reachable."""

from __future__ import annotations

from lab.chaos.model import reached
from lab.errors import TopologyError
from lab.far_side import GROUPED_MODES
from lab.procfile import MODES
from lab.topology import Port, Topology


def misfit(topology: Topology, mode: str, slaves: int) -> str | None:
    """Why the topology cannot show that a bond of this mode holds, in words; None when it can."""
    if mode not in MODES.values():
        return f"no mode {mode!r}; there are {', '.join(MODES.values())}"
    ends = {topology.far_end(nic).node for nic in topology.slaves[:slaves]}
    if mode in GROUPED_MODES and len(ends) > 1:
        return f"{mode} wants all its cables in one node, they end on {' and '.join(sorted(ends))}"
    peer = topology.host("peer")
    if peer.name in ends:
        return None
    way_in = topology.cable_at(Port(peer.name, peer.nics[0])).name
    if any(peer.name in reached(topology, end, {way_in}) for end in ends):
        return f"{peer.name} has its address on {peer.nics[0]}, and other ways lead to it, too"
    return None


def fitting(topology: Topology, slaves: int) -> tuple[str, ...]:
    """The modes that can be tried. Raises TopologyError when there is none."""
    modes = tuple(mode for mode in MODES.values() if misfit(topology, mode, slaves) is None)
    if not modes:
        raise TopologyError(f"{topology.name}: {misfit(topology, 'active-backup', slaves)}")
    return modes
