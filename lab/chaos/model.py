"""What must be reachable, whatever the bond chooses: a model of a topology with broken things, without I/O.

A bond with the MII monitor uses slaves that have a carrier, and knows nothing of what is behind the cable.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Literal

from lab.topology import Cable, Port, Topology

Verdict = Literal["reachable", "cut off", "open"]
ONE_HEARS = ("active-backup", "balance-tlb")
"""Modes in which frames for the bond are taken on its active slave only."""

SELF_ADDRESSED = ("balance-tlb", "balance-alb")
"""Modes that tell switches of a failover by frames from an address to itself (ETH_P_LOOPBACK)."""


def works(cable: Cable, broken: Set[str]) -> bool:
    """Whether there is a link: the cable whole, no switched-off switch at an end."""
    return not broken & {cable.name, cable.a.node, cable.b.node}


def verdict(topology: Topology, broken: Set[str], nics: tuple[Port, ...], mode: str) -> Verdict:
    """What must become of traffic between the host under test, bonded in `mode` over `nics`, and its peer.

    "reachable": all links of the bond lead to the peer. "cut off": none does. "open": it depends on which of
    them the bond uses; or two bonds with an active slave each face each other, which need not be the same:
    a flap may have been seen by the monitor of one end only.
    """
    peer = topology.role("peer")
    linked = [nic for nic in nics if works(topology.cable_at(nic), broken)]
    leading = [nic for nic in linked if peer in reached(topology, topology.far_end(nic).node, broken)]
    if not leading:
        return "cut off"
    facing = any(topology.far_end(nic).node == peer for nic in linked)
    if leading != linked or (facing and mode in ONE_HEARS and len(linked) > 1):
        return "open"
    return "reachable"


def switches_follow(topology: Topology, nics: tuple[Port, ...], mode: str) -> bool:
    """Whether frames to the bond find their way after a failover, whatever the host sends by itself.

    A switch that learns an address from a frame to that address has no reason to pass it on: what a bond
    tells in modes SELF_ADDRESSED, the second switch on the way never hears.
    """
    peer = topology.role("peer")
    last = {cable.other_end(peer).node for cable in topology.cables if peer in (cable.a.node, cable.b.node)}
    firsts = {topology.far_end(nic).node for nic in nics}
    return mode not in SELF_ADDRESSED or peer in firsts or firsts <= last


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
