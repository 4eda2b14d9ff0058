"""A peer whose bond is the kernel's own: its host is a User-Mode Linux guest (HOWTO sections 6 and 12.1).

+----------+  eth0 -------- eth0  +----------------+
|          |  eth1 -------- eth1  |  host2         |
|  host1   |  eth2 -------- eth2  |  a kernel with |
|          |  eth3 -------- eth3  |  the driver    |
+----------+                      +----------------+
  host                              peer (bonded too)
"""

from __future__ import annotations

from dataclasses import replace

from lab.topology import Topology
from topologies import host_to_host

TRAITS = frozenset({"lacp", "kernel"})


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
