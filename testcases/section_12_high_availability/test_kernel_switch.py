"""A switch that is a kernel of its own: its bridge, and its bonding driver's LACP (HOWTO section 12.1.1)."""

from __future__ import annotations

from lab.cases import Bonding, StreamMaker, Testbed, behaviour, eventually, needs
from lab.far_side import GROUP
from lab.faults import CablePull
from testcases.bounds import LACP_JOIN, detection, seconds
from testcases.outages import trouble_after

PORTS = ("p1", "p2", "p3", "p4")


@behaviour("12.1.1.802.3ad.interoperates")
@needs(slaves=4, meeting=True, traits=("kernel-switch",))
def test_a_kernel_aggregates_as_a_switch_does(bed: Testbed, bonded: Bonding, stream: StreamMaker) -> None:
    """Steps: four cables to the switch, LACP at the fast rate; pull one under traffic, and plug it in again.

    Verify: the switch aggregates all four ports towards the bond's system; traffic goes on after the
    detection time; the port is out meanwhile, and within 5 s in again.
    """
    bond = bonded("802.3ad", slaves=4, miimon=100, lacp_rate="fast")
    switch = bed.switch("switch_a")
    assert switch.members(GROUP) == PORTS
    assert {port.partner_system for port in switch.lacp_ports(GROUP)} == {bond.host.mac(bond.name)}
    with stream("out") as out, stream("in") as back:
        out.wait_flowing()
        back.wait_flowing()
        with CablePull(bed, bed.slave_cable(1)) as fault:
            eventually(lambda: switch.members(GROUP), seconds(detection()), until=("p1", "p3", "p4").__eq__)
            out.run(seconds(detection()))
            out.wait_flowing()
            back.wait_flowing()
            reports = out.report(), back.report()
    assert all(trouble_after(report, fault.at) <= detection() for report in reports), reports
    eventually(lambda: switch.members(GROUP), seconds(LACP_JOIN), until=PORTS.__eq__, what="all are in again")
