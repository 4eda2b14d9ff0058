"""One switch and a large network with many hosts behind it (HOWTO section 12.1.1, balance-xor).

+----------+  eth0 -- p1  +----------+  p5 -- eth0   +-----------+
|          |  eth1 -- p2  |          | ------------- | station1  |  peer
|  host1   |  eth2 -- p3  |   sw1    |  p6 -- eth0   +-----------+
|          |  eth3 -- p4  |          | ------------- | station2  |  peer_b
+----------+              |          |               +-----------+
  host                    |          |      ...           ...
                          |          |  p68 -- eth0  +-----------+
                          |          | ------------- | station64 |
                          +----------+               +-----------+
                            switch_a
"""

from __future__ import annotations

from dataclasses import replace

from lab.topology import Topology
from topologies import single_switch

PEERS = 64
TRAITS = frozenset({"many-peers"})


def build(slaves: int = 4, peers: int = PEERS) -> Topology:
    """As `single_switch`, with `peers` stations."""
    return replace(
        single_switch.build(slaves, peers),
        name="many_peers",
        summary=f"{slaves} cables to one switch with {peers} stations",
        picture=__doc__ or "",
        traits=TRAITS,
        only_for=TRAITS,
    )
