"""What a switch must be told for 802.3ad (HOWTO section 6)."""

from __future__ import annotations

from lab import frames
from lab.bonding import GROUP
from lab.cases import Bonding, Lacp, StreamMaker, Testbed, behaviour, eventually, needs, never
from lab.lacp import NO_SYSTEM
from testcases.bounds import LACP_JOIN, seconds
from testcases.bursts import carried, numbered
from testcases.lacpdus import carrying, heard, told
from testcases.section_06_switch.mac_table import port_of_slave
from testcases.strangers import strangers
from testcases.wire import Wire

TWO, THREE = ("eth0", "eth1"), ("eth0", "eth1", "eth2")
LEFT_OUT = "eth3"
PEERS = 64


@behaviour("6.802.3ad.ports-in-aggregation")
@needs(slaves=4, meeting=True, switch=True, traits=("lacp",))
def test_a_port_outside_the_aggregation_is_not_used(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: four slaves; three of the switch's ports are in an LACP group, the fourth is a plain port.

    Verify: within 5 s three carry; the fourth hears no LACPDU, is in no aggregator with them, and nothing but
    LACPDUs leaves by it; broadcasts that the switch sends by it, too, come up once.
    """
    ports = [port_of_slave(bed, number) for number in range(3)]
    bed.switch("switch_a").group(GROUP, ports, lacp=Lacp(fast=True))
    bond = bonded("802.3ad", slaves=4, trunk=False, miimon=100, lacp_rate="fast")
    eventually(carrying(wire, THREE), within=seconds(LACP_JOIN), what="three links carry")
    begun_s = wire.mark()
    with stream("in", dst_mac=frames.BROADCAST) as back:
        never(lambda: any(pdu.carries for pdu in told(wire, LEFT_OUT)), during=seconds(LACP_JOIN), every=0.2)
        report = back.report()
    assert (report.lost, report.duplicates) == (0, 0)
    assert len(wire.reached(LEFT_OUT)) > 0
    assert set(carried(wire, bond, numbered(bond, strangers(bonded, PEERS), PEERS))) == set(THREE)
    wire.since_s = begun_s
    assert wire.left_by(LEFT_OUT, lambda frame: not frames.is_lacpdu(frame)) == ()
    assert heard(wire, LEFT_OUT) == ()
    numbers = {nic: bond.status().slave(nic).aggregator_id for nic in (*THREE, LEFT_OUT)}
    assert len({numbers[nic] for nic in THREE}) == 1
    assert numbers[LEFT_OUT] != numbers["eth0"]


@behaviour("6.802.3ad.static-group-is-not-lacp")
@needs(slaves=2, meeting=True, switch=True)
def test_a_static_group_is_no_partner(bed: Testbed, bonded: Bonding, wire: Wire) -> None:
    """Steps: the switch's ports are a static group; watch for the time it takes to aggregate. (Not 100 s.)

    Verify: no LACPDU comes in, those that leave name no partner; each port is alone in its aggregator, and
    frames to 64 peers leave by one slave.
    """
    bed.switch("switch_a").group(GROUP, [port_of_slave(bed, number) for number in (0, 1)])
    bond = bonded("802.3ad", trunk=False, miimon=100, lacp_rate="fast")
    never(lambda: any(heard(wire, nic) for nic in TWO), during=seconds(LACP_JOIN), every=0.2)
    for nic in TWO:
        assert {pdu.partner.system for pdu in told(wire, nic)} == {NO_SYSTEM}
    status = bond.status()
    assert status.slave("eth0").aggregator_id != status.slave("eth1").aggregator_id
    assert status.ad is not None
    if status.ad.aggregator:
        assert (status.ad.aggregator.ports, status.ad.aggregator.has_partner) == (1, False)
    assert len(carried(wire, bond, numbered(bond, strangers(bonded, PEERS), PEERS))) == 1


@behaviour("6.802.3ad.cisco-two-steps")
@needs(slaves=2, meeting=True, switch=True, traits=("lacp",))
def test_a_group_is_made_first_and_then_told_to_speak_lacp(bed: Testbed, bonded: Bonding, wire: Wire) -> None:
    """Steps: put the switch's ports in one static group; then have that group speak LACP.

    Verify: after the first step the switch sends no LACPDU, and each slave is alone; after the second both
    ends of each link tell that they collect and distribute, within 5 s.
    """
    switch, ports = bed.switch("switch_a"), [port_of_slave(bed, number) for number in (0, 1)]
    switch.group(GROUP, ports)
    bond = bonded("802.3ad", trunk=False, miimon=100, lacp_rate="fast")
    for up in (False, True):  # an opening ends the time for which the driver holds aggregation back
        bond.set_up(up)
    never(lambda: any(heard(wire, nic) for nic in TWO), during=2.0, every=0.2)
    numbers = [bond.status().slave(nic).aggregator_id for nic in TWO]
    assert numbers[0] != numbers[1]
    switch.ungroup(GROUP)
    switch.group(GROUP, ports, lacp=Lacp(fast=True))
    eventually(carrying(wire, TWO), within=seconds(LACP_JOIN), what="both links carry")
    status = bond.status()
    assert status.slave("eth0").aggregator_id == status.slave("eth1").aggregator_id
