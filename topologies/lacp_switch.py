"""Switches that speak LACP (HOWTO section 6: a switch with support for IEEE 802.3ad).

variants ovs, bridge and kernel: one Open vSwitch, one bridge on whose ports bondimpl speaks LACP, or a
kernel of its own (a User-Mode Linux guest) with its bridge and its bonding driver

+----------+  eth0 -- p1  +----------+
|          |  eth1 -- p2  |          |  p5 -- eth0  +---------+
|  host1   |  eth2 -- p3  |   sw1    | ------------ | station1|  peer
|          |  eth3 -- p4  |          |              +---------+
+----------+              |          |  p6 -- eth0  +---------+
  host                    |          | ------------ | station2|  peer_b
                          +----------+              +---------+
                            switch_a

variant two_ovs: two Open vSwitches, so two partners: only one of them can be in use

                             switch_a
                           +----------+
+----------+  eth0 -- p1   |          |  p4 -- eth0  +---------+
|          |  eth2 -- p2   |   sw1    | ------------ | station1|  peer
|          | ------------- |          |              +---------+
|          |               +----+-----+
|  host1   |                    | p3
|          |                    | isl
|          |                    | p3
|          |               +----+-----+
|          |  eth1 -- p1   |          |  p4 -- eth0  +---------+
|          |  eth3 -- p2   |   sw2    | ------------ | station2|  peer_b
+----------+ ------------- |          |              +---------+
  host                     +----------+
                             switch_b
"""

from __future__ import annotations

from dataclasses import replace

from lab.topology import Host, Switch, SwitchKind, Topology
from topologies import single_switch
from topologies.parts import cable, nics, station

LACP = frozenset({"lacp"})


def one_switch(kind: SwitchKind) -> Topology:
    """As `single_switch`, with a switch that speaks LACP."""
    plain = single_switch.build()
    return replace(
        plain,
        name=f"lacp_switch:{kind}",
        summary=f"4 cables to one switch with LACP ({kind})",
        picture=__doc__ or "",
        switches=tuple(replace(switch, kind=kind) for switch in plain.switches),
        traits=LACP,
        only_for=LACP,
    )


def kernel() -> Topology:
    """The same with a kernel as the switch, for cases that ask for just that: its LACP is kernel_peer's."""
    special = frozenset({"kernel-switch"})
    return replace(
        one_switch("uml"),
        name="lacp_switch:kernel",
        summary="4 cables to one switch with LACP (a kernel of its own)",
        traits=LACP | special,
        only_for=special,
    )


def two_switches(kind: SwitchKind) -> Topology:
    """Two cables to each of two such switches, NICs in turn; an ISL between them, a station behind each."""
    ports = ("p1", "p2", "p3", "p4")
    isl = cable("sw1:p3", "sw2:p3")
    to_peer = cable("sw1:p4", "station1:eth0")
    to_peer_b = cable("sw2:p4", "station2:eth0")
    return Topology(
        name=f"lacp_switch:two_{kind}",
        summary=f"2 cables to each of two switches with LACP ({kind})",
        picture=__doc__ or "",
        hosts=(Host("host1", nics(4)), station("station1"), station("station2")),
        switches=(Switch("sw1", ports, kind), Switch("sw2", ports, kind)),
        cables=(
            cable("host1:eth0", "sw1:p1"),
            cable("host1:eth1", "sw2:p1"),
            cable("host1:eth2", "sw1:p2"),
            cable("host1:eth3", "sw2:p2"),
            isl,
            to_peer,
            to_peer_b,
        ),
        roles={
            "host": "host1",
            "peer": "station1",
            "peer_b": "station2",
            "switch_a": "sw1",
            "switch_b": "sw2",
            "isl": isl.name,
            "uplink_a": to_peer.name,
            "uplink_b": to_peer_b.name,
            "peer_link": to_peer.name,
        },
        traits=LACP,
        only_for=LACP,
    )
