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

from lab.topology import Topology
from topologies.parts import Row, cable, station


def build() -> Topology:
    """Host on two switches, an ISL between them, one outside station behind each."""
    row = Row("ab", ("outside_a:eth0", "outside_b:eth0"))
    isl = cable("switchA:port2", "switchB:port2")
    return Topology(
        name="two_switch_isl",
        summary="one cable to each of two linked switches",
        picture=__doc__ or "",
        hosts=(row.tested, station("outside_a"), station("outside_b")),
        switches=row.switches,
        cables=(*row.legs, isl, *row.uplinks),
        roles={**row.roles, "peer": "outside_a", "peer_b": "outside_b", "isl": isl.name},
    )
