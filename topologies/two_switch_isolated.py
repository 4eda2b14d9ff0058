"""Two switches without a link between them: two networks (HOWTO section 12.2.1, broadcast).

       +-------------------+ host2 +-------------------+
       |              eth0 +-------+ eth1              |
       | port3 (uplink_a)                              | port3 (uplink_b)
 +-----+----+ port2                          port2 +---+------+
 | switchA  +-------+ outside_a     outside_b +----+ switchB  |
 +-----+----+                                      +---+------+
       | port1                                         | port1
       |              eth0 +-------+ eth1              |
       +-------------------+ host1 +-------------------+

`host2` (peer) has a NIC in each network; `outside_a` (receiver_a) and `outside_b` (receiver_b) are in
one each.
"""

from __future__ import annotations

from lab.topology import Host, Topology
from topologies.parts import Row, cable, nics, station

TRAITS = frozenset({"isolated"})


def build() -> Topology:
    """Host and peer on two switches that share no link, one station behind each switch."""
    row = Row("ab", ("host2:eth0", "host2:eth1"))
    receivers = {"receiver_a": "outside_a", "receiver_b": "outside_b"}
    return Topology(
        name="two_switch_isolated",
        summary="one cable to each of two switches, two separate networks",
        picture=__doc__ or "",
        hosts=(row.tested, Host("host2", nics(2)), *map(station, receivers.values())),
        switches=row.switches,
        cables=(
            *row.legs,
            *row.uplinks,
            cable("switchA:port2", "outside_a:eth0"),
            cable("switchB:port2", "outside_b:eth0"),
        ),
        roles={**row.roles, "peer": "host2", **receivers},
        traits=TRAITS,
        only_for=TRAITS,
    )
