"""What must be reachable, whatever the bond chooses: a model of a topology with broken things, without I/O.

A bond with the MII monitor uses slaves that have a carrier, and knows nothing of what is behind the cable.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Literal

from lab.topology import Cable, Port, Topology

Verdict = Literal["reachable", "cut off", "open"]


def works(cable: Cable, broken: Set[str]) -> bool:
    """Whether there is a link: the cable whole, no switched-off switch at an end."""
    return not broken & {cable.name, cable.a.node, cable.b.node}


def verdict(topology: Topology, broken: Set[str], nics: tuple[Port, ...]) -> Verdict:
    """What must become of traffic between the host under test, bonded over `nics`, and its peer.

    "reachable": all links of the bond lead to the peer. "cut off": none does. "open": it depends on which of
    them the bond uses.
    """
    peer = topology.role("peer")
    linked = [nic for nic in nics if works(topology.cable_at(nic), broken)]
    leading = [nic for nic in linked if peer in reached(topology, topology.far_end(nic).node, broken)]
    if not leading:
        return "cut off"
    return "reachable" if leading == linked else "open"


def reached(topology: Topology, start: str, broken: Set[str]) -> frozenset[str]:
    """The nodes that frames come to from node `start`; switches forward, hosts do not."""
    switches = {switch.name for switch in topology.switches}
    found, todo = {start}, [start]
    while todo:
        node = todo.pop()
        if node not in switches:
            continue
        for cable in topology.cables:
            if node in (cable.a.node, cable.b.node) and works(cable, broken):
                neighbour = cable.other_end(node).node
                if neighbour not in found and neighbour != topology.role("host"):
                    found.add(neighbour)
                    todo.append(neighbour)
    return frozenset(found)
