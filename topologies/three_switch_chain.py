"""Three switches in a chain of inter-switch links (HOWTO section 12.2: the drawing extended to a third).

         | port3 (uplink_a)        | port3 (uplink_b)        | port3 (uplink_c)
   +-----+----+              +-----+----+              +-----+----+
   |          | port2  port2 |          | port4  port2 |          |
   | switchA  +--------------+ switchB  +--------------+ switchC  |
   |          |    isl_ab    |          |    isl_bc    |          |
   +-----+----+              +-----+----+              +-----+----+
         | port1                   | port1                   | port1
         |                     +---+---+ eth1                |
         +---------------------+ host1 +---------------------+
                          eth0 +-------+ eth2

port3 of A, B and C lead to `outside_a` (peer), `outside_b` (peer_b) and `outside_c` (peer_c).
"""

from __future__ import annotations

from lab.topology import Topology
from topologies.parts import Row, cable, station

TRAITS = frozenset({"three-switches"})


def build() -> Topology:
    """Host on three switches, ISLs from each to the next, one outside station behind each."""
    outside = {
        f"peer{suffix}": f"outside_{letter}" for letter, suffix in zip("abc", ("", "_b", "_c"), strict=True)
    }
    row = Row("abc", [f"{name}:eth0" for name in outside.values()], ("port1", "port2", "port3", "port4"))
    links = {
        "isl_ab": cable("switchA:port2", "switchB:port2"),
        "isl_bc": cable("switchB:port4", "switchC:port2"),
    }
    return Topology(
        name="three_switch_chain",
        summary="one cable to each of three switches in a chain",
        picture=__doc__ or "",
        hosts=(row.tested, *map(station, outside.values())),
        switches=row.switches,
        cables=(*row.legs, *links.values(), *row.uplinks),
        roles={**row.roles, **outside, **{role: link.name for role, link in links.items()}},
        traits=TRAITS,
        only_for=TRAITS,
    )
