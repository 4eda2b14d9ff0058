"""A peer with a kernel of its own: its host is a User-Mode Linux guest (HOWTO sections 6 and 12.1).

kernel_peer: the peer's bond is that kernel's
+----------+  eth0 -------- eth0  +----------------+
|          |  eth1 -------- eth1  |  host2         |
|  host1   |  eth2 -------- eth2  |  a kernel with |
|          |  eth3 -------- eth3  |  the driver    |
+----------+                      +----------------+
  host                              peer (bonded too)

kernel_station: its ARP table is; otherwise as single_switch

+----------+  eth0 -- p1  +----------+
|          |  eth1 -- p2  |          |  p5 -- eth0  +----------------+
|  host1   |  eth2 -- p3  |   sw1    | ------------ |    station1    |  peer
|          |  eth3 -- p4  |          |              | with a kernel  |
+----------+              |          |              +----------------+
  host                    |          |  p6 -- eth0  +----------------+
                          |          | ------------ |    station2    |  peer_b
                          +----------+              +----------------+
                            switch_a
"""

from __future__ import annotations

from dataclasses import replace

from lab.topology import Topology
from topologies import host_to_host, single_switch

TRAITS = frozenset({"lacp", "kernel"})
STATION_TRAITS = frozenset({"kernel-arp"})


def build(slaves: int = 4) -> Topology:
    """As `host_to_host`, with the peer in a User-Mode Linux guest."""
    plain = host_to_host.build(slaves)
    host, peer = plain.hosts
    return replace(
        plain,
        name="kernel_peer",
        summary=f"{slaves} cables to a peer with the kernel's bonding driver",
        picture=__doc__ or "",
        hosts=(host, replace(peer, kind="uml")),
        traits=TRAITS,
        only_for=TRAITS,
    )


def station(slaves: int = 4) -> Topology:
    """As `single_switch`, with the first station in a User-Mode Linux guest."""
    plain = single_switch.build(slaves)
    return replace(
        plain,
        name="kernel_station",
        summary=f"{slaves} cables to one switch, behind it a peer with a kernel of its own",
        picture=__doc__ or "",
        hosts=tuple(replace(h, kind="uml") if h.name == plain.roles["peer"] else h for h in plain.hosts),
        traits=STATION_TRAITS,
        only_for=STATION_TRAITS,
    )
