"""One switch between the host and its peers (HOWTO section 12.1).

+----------+  eth0 -- p1  +----------+
|          |  eth1 -- p2  |          |  p5 -- eth0  +---------+
|  host1   |  eth2 -- p3  |   sw1    | ------------ | station1|  peer
|          |  eth3 -- p4  |          |              +---------+
+----------+              |          |  p6 -- eth0  +---------+
  host                    |          | ------------ | station2|  peer_b
                          +----------+              +---------+
                            switch_a
"""

from __future__ import annotations

from lab.topology import Host, Switch, Topology
from topologies.parts import cable, nics, station


def build(slaves: int = 4) -> Topology:
    """A host with `slaves` cables to one switch, and two stations behind it."""
    ports = tuple(f"p{i}" for i in range(1, slaves + 3))
    to_switch = [cable(f"host1:{nic}", f"sw1:{port}") for nic, port in zip(nics(slaves), ports, strict=False)]
    to_peer = cable(f"sw1:{ports[-2]}", "station1:eth0")
    to_peer_b = cable(f"sw1:{ports[-1]}", "station2:eth0")
    return Topology(
        name="single_switch",
        summary=f"{slaves} cables to one switch",
        picture=__doc__ or "",
        hosts=(Host("host1", nics(slaves)), station("station1"), station("station2")),
        switches=(Switch("sw1", ports),),
        cables=(*to_switch, to_peer, to_peer_b),
        roles={
            "host": "host1",
            "peer": "station1",
            "peer_b": "station2",
            "switch_a": "sw1",
            "peer_link": to_peer.name,
        },
    )
