"""Two switches joined by an inter-switch link (HOWTO section 12.2, the drawing with switch A and B).

             |                                     |
             | port3 (uplink_a)                    | port3 (uplink_b)
       +-----+----+                          +-----+----+
       |          | port2     ISL      port2 |          |
       | switchA  +--------------------------+ switchB  |
       |          |                          |          |
       +-----+----+                          +-----+----+
             | port1                               | port1
             |             +-------+               |
             +-------------+ host1 +---------------+
                      eth0 +-------+ eth1

port3 of A leads to `outside_a` (peer), port3 of B to `outside_b` (peer_b).
"""

from __future__ import annotations

from lab.topology import Host, Switch, Topology
from topologies.parts import cable, nics, station

PORTS = ("port1", "port2", "port3")


def build() -> Topology:
    """Host on two switches, an ISL between them, one outside station behind each."""
    isl = cable("switchA:port2", "switchB:port2")
    uplink_a = cable("switchA:port3", "outside_a:eth0")
    uplink_b = cable("switchB:port3", "outside_b:eth0")
    return Topology(
        name="two_switch_isl",
        summary="one cable to each of two linked switches",
        picture=__doc__ or "",
        hosts=(Host("host1", nics(2)), station("outside_a"), station("outside_b")),
        switches=(Switch("switchA", PORTS), Switch("switchB", PORTS)),
        cables=(
            cable("host1:eth0", "switchA:port1"),
            cable("host1:eth1", "switchB:port1"),
            isl,
            uplink_a,
            uplink_b,
        ),
        roles={
            "host": "host1",
            "peer": "outside_a",
            "peer_b": "outside_b",
            "switch_a": "switchA",
            "switch_b": "switchB",
            "isl": isl.name,
            "uplink_a": uplink_a.name,
            "uplink_b": uplink_b.name,
            "peer_link": uplink_a.name,
        },
    )
