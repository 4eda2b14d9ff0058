"""802.3ad with whoever speaks LACP: a switch, Open vSwitch, the kernel's driver (HOWTO section 12.1.1)."""

from __future__ import annotations

import time
from contextlib import ExitStack
from functools import partial
from itertools import pairwise

import pytest

from lab import frames
from lab.cases import Bonding, Lacp, Seen, StreamMaker, Testbed, behaviour, eventually, needs, never
from lab.faults import CablePull
from lab.lacp import NO_SYSTEM, LacpState
from lab.switches.base import LacpMode
from testcases.bounds import LACP_JOIN, LACP_TICK, SLACK, seconds
from testcases.lacp_partner import conversations, partner
from testcases.lacpdus import Lacpdu, carrying, heard, told
from testcases.slaves import link_goes
from testcases.wire import Wire

FOUR = ("eth0", "eth1", "eth2", "eth3")
TWO = FOUR[:2]


@behaviour("12.1.1.802.3ad.interoperates")
@needs(slaves=4, meeting=True, traits=("lacp",))
def test_all_ports_aggregate(bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire) -> None:
    """Steps: four cables to one partner, LACP at the fast rate; pull all, plug them in again; traffic.

    Verify: within 5 s both ends tell on each link that frames pass, the host not before its partner is in
    sync; one system, one key, and the other end knows both; conversations use all four links, and nothing
    is lost.
    """
    bond = bonded("802.3ad", slaves=4, miimon=100, lacp_rate="fast", **partner())
    with ExitStack() as pulled:
        for number in range(4):
            pulled.enter_context(CablePull(bed, bed.slave_cable(number)))
        for nic in FOUR:
            link_goes(bond, nic, "down")
        wire.mark()
    eventually(carrying(wire, FOUR), within=seconds(LACP_JOIN), what="both ends let frames pass")
    for nic in FOUR:
        in_sync = [pdu for pdu in heard(wire, nic) if LacpState.SYNCHRONIZATION in pdu.actor.state]
        assert in_sync[0].at_s < next(pdu.at_s for pdu in told(wire, nic) if pdu.carries)
    ours, theirs = ([pdus(wire, nic)[-1] for nic in FOUR] for pdus in (told, heard))
    for mine, yours in ((ours, theirs), (theirs, ours)):
        assert len({(pdu.actor.system, pdu.actor.key) for pdu in mine}) == 1
        assert len({pdu.actor.port for pdu in mine}) == 4
        ends = [(pdu.actor.system, pdu.actor.key, pdu.actor.port) for pdu in mine]
        assert [(pdu.partner.system, pdu.partner.key, pdu.partner.port) for pdu in yours] == ends
    with conversations(bonded, stream, wire) as out, stream("in") as back:
        back.run(0.5)
    assert set(out) == set(FOUR)
    assert [each.report().lost for each in (*out.values(), back)] == [0] * 5


@behaviour("12.1.1.802.3ad.interoperates")
@needs(slaves=2, meeting=True, traits=("kernel",))
def test_lacpdus_are_the_kernels(bonded: Bonding, wire: Wire) -> None:
    """Steps: aggregate with the kernel's driver; take the last LACPDU of each end of each link.

    Verify: octet for octet the same, but for the addresses, systems and port numbers of the two ends.
    """
    bonded("802.3ad", miimon=100, lacp_rate="fast", **partner())
    wire.mark()
    eventually(carrying(wire, TWO), within=seconds(LACP_JOIN), what="a LACPDU of each end of each link")

    def impersonal(seen: Seen) -> bytes:
        frame = bytearray(seen.data)
        frame[6:12] = bytes(6)
        for end in (18, 38):
            frame[end + 2 : end + 8] = bytes(6)  # system
            frame[end + 12 : end + 14] = bytes(2)  # port
        return bytes(frame)

    for nic in TWO:
        ours = impersonal(wire.left_by(nic, frames.is_lacpdu)[-1])
        theirs = impersonal(wire.reached(nic, frames.is_lacpdu)[-1])
        assert ours == theirs


@pytest.mark.parametrize(("ours", "theirs"), [("active", "passive"), ("passive", "active")])
@needs(slaves=2, meeting=True, traits=("lacp",))
def test_one_active_end_is_enough(
    ours: LacpMode, theirs: LacpMode, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: only one end starts to speak LACP by itself; traffic both ways.

    Verify: the LACPDUs of that end alone say that it is active; both links are used; nothing is lost.
    """
    active = "on" if ours == "active" else "off"
    bonded("802.3ad", miimon=100, lacp_rate="fast", lacp_active=active, **partner(theirs))
    with conversations(bonded, stream, wire) as out, stream("in") as back:
        back.run(0.5)
    assert [each.report().lost for each in (*out.values(), back)] == [0] * 3
    for nic in TWO:
        for pdus in (told, heard):  # one a second
            eventually(partial(pdus, wire, nic), within=seconds(1000 + LACP_TICK + SLACK))
        assert {LacpState.ACTIVITY in pdu.actor.state for pdu in told(wire, nic)} == {ours == "active"}
        assert {LacpState.ACTIVITY in pdu.actor.state for pdu in heard(wire, nic)} == {theirs == "active"}


@pytest.mark.parametrize(("ours", "theirs"), [("fast", "slow"), ("slow", "fast")])
@needs(slaves=2, meeting=True, traits=("lacp",))
def test_each_end_sends_at_the_rate_the_other_asks_for(
    ours: str, theirs: str, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: the ends ask for different rates; four seconds of traffic.

    Verify: they aggregate; the end whose partner asks for fast LACPDUs sends one a second on each link, the
    other next to none.
    """
    bonded("802.3ad", miimon=100, lacp_rate=ours, **partner(fast=theirs == "fast"))
    with conversations(bonded, stream, wire) as out:
        wire.mark()
        out["eth0"].run(4)
        for nic in TWO:
            counts = {ours: len(heard(wire, nic)), theirs: len(told(wire, nic))}
            assert 3 <= counts["fast"] <= 5, counts
            assert counts["slow"] <= 1, counts
    assert [each.report().lost for each in out.values()] == [0, 0]


@needs(slaves=2, meeting=True, traits=("lacp",))
def test_two_passive_ends_do_not_stay_together(bonded: Bonding, wire: Wire) -> None:
    """Steps: both ends wait for the other to speak LACP; wait until one of them gives the other up.

    Verify: that comes about although no cable fails: neither says that it is active, and the bond sends a
    LACPDU when its state changes, not every second. (What it sends then may bring them together for a while.)
    """
    bond = bonded(
        "802.3ad", miimon=100, lacp_rate="fast", lacp_active="off", ready=False, **partner("passive")
    )
    wire.mark()
    for each in filter(None, (bonded.peer_bond, bond)):
        each.set_up(False)  # as `bonded` does for bonds that are to be ready
        each.set_up(True)

    def both_ways(nic: str) -> list[Lacpdu]:
        return [pdu for pdus in (told, heard) for pdu in pdus(wire, nic) if pdu.partner.system != NO_SYSTEM]

    def given_up() -> bool:
        return any(LacpState.EXPIRED in pdu.actor.state for pdu in both_ways("eth0"))

    eventually(given_up, within=seconds(2 * LACP_JOIN), what="one end gives the other up")
    for nic in TWO:
        assert not any(LacpState.ACTIVITY in pdu.actor.state for pdu in both_ways(nic))
        times_s = [*(pdu.at_s for pdu in told(wire, nic)), time.monotonic()]
        assert max(later_s - at_s for at_s, later_s in pairwise(times_s)) > 2
    assert {slave.mii_status for slave in bond.status().slaves} == {"up"}


@needs(slaves=3, meeting=True, switch=True, traits=("lacp",))
def test_a_port_of_another_key_is_kept_out(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: two cables aggregate; a third one joins, whose switch port is in another group, of another key.

    Verify: the switch's LACPDUs there name the same system and another key; the bond never says that it is in
    sync, and uses the link neither way; nothing is lost, nothing comes twice.
    """
    bond = bonded("802.3ad", miimon=100, lacp_rate="fast", **partner())
    switch = bed.switch("switch_a")
    port = bed.topology.far_end(bed.topology.slaves[2]).name
    switch.group("po2", [port], lacp=Lacp(fast=True))
    with conversations(bonded, stream, wire) as out, stream("in", dst_mac=frames.BROADCAST) as back:
        wire.mark()
        bond.enslave("eth2")
        eventually(lambda: told(wire, "eth2") and heard(wire, "eth2"), within=seconds(LACP_JOIN))
        never(lambda: "eth2" in wire.shares(), during=4.0, what="frames leave by it", every=0.1)
        ours, theirs, member = told(wire, "eth2"), heard(wire, "eth2")[-1], heard(wire, "eth0")[-1]
    assert theirs.actor.system == member.actor.system == ours[-1].partner.system
    assert theirs.actor.key == ours[-1].partner.key != member.actor.key
    assert not any(LacpState.SYNCHRONIZATION in pdu.actor.state or pdu.carries for pdu in ours)
    assert bond.status().slave("eth2").mii_status == "up"
    for report in (*(each.report() for each in out.values()), back.report()):
        assert (report.lost, report.duplicates) == (0, 0)
