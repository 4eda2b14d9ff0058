"""Two hosts back to back: the peer host is the 'switch' (HOWTO sections 6 and 12.1).

+----------+  eth0 -------- eth0  +----------+
|          |  eth1 -------- eth1  |          |
|  host1   |  eth2 -------- eth2  |  host2   |
|          |  eth3 -------- eth3  |          |
+----------+                      +----------+
  host                              peer (bonded too)
"""

from __future__ import annotations

from lab.topology import Host, Topology
from topologies.parts import cable, nics


def build(slaves: int = 4) -> Topology:
    """Two hosts with `slaves` cables between them."""
    return Topology(
        name="host_to_host",
        summary=f"two hosts, {slaves} cables back to back",
        picture=__doc__ or "",
        hosts=(Host("host1", nics(slaves)), Host("host2", nics(slaves))),
        switches=(),
        cables=tuple(cable(f"host1:{nic}", f"host2:{nic}") for nic in nics(slaves)),
        roles={"host": "host1", "peer": "host2"},
    )
