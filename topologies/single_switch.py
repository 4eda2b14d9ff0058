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

from lab.errors import TopologyError
from lab.topology import Host, Switch, Topology
from topologies.parts import behind, fan, nics, stations


def build(slaves: int = 4, peers: int = 2) -> Topology:
    """A host with `slaves` cables to one switch, and `peers` stations (two at least) behind it.

    Raises TopologyError.
    """
    if peers < 2:
        raise TopologyError(f"single_switch: {peers} stations; it takes two")
    ports = tuple(f"p{i}" for i in range(1, slaves + peers + 1))
    host, others = Host("host1", nics(slaves)), stations(peers)
    to_peers = behind("sw1", ports[slaves:], others)
    return Topology(
        name="single_switch",
        summary=f"{slaves} cables to one switch",
        picture=__doc__ or "",
        hosts=(host, *others),
        switches=(Switch("sw1", ports),),
        cables=(*fan(host, "sw1", ports[:slaves]), *to_peers),
        roles={
            "host": "host1",
            "peer": "station1",
            "peer_b": "station2",
            "switch_a": "sw1",
            "peer_link": to_peers[0].name,
        },
    )
