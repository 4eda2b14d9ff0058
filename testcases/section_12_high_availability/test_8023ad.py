"""What 802.3ad makes of several links to one peer or switch (HOWTO sections 12.1.1 and 12.3)."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from lab import frames
from lab.cases import PEER_IP, Bonding, Capture, StreamMaker, Testbed, behaviour, eventually, needs
from lab.faults import CablePull
from testcases.bounds import LACP_JOIN, detection, seconds
from testcases.bursts import carried, nic_by_xor, nic_of_peer, numbered, peers_like
from testcases.lacp_partner import used_by
from testcases.section_12_high_availability import test_single_switch as single_switch
from testcases.section_12_high_availability import test_throughput as throughput
from testcases.section_12_high_availability import test_updelay as updelay
from testcases.slaves import link_goes
from testcases.strangers import strangers
from testcases.wire import Wire

RATES = (2.0, 4.0, 50.0, 50.0)
"""Mbit/s of four cables. With 4.5 offered to each, frames queue for 60, 35, 0 and 0 ms."""


@behaviour("12.1.1.802.3ad.xor-of-macs")
@needs(slaves=4, switch=False, once=True)
@pytest.mark.parametrize("slaves", [2, 3, 4])
def test_the_port_is_the_xor_of_the_addresses(bonded: Bonding, wire: Wire, slaves: int) -> None:
    """Steps: send one frame to each of 16 peers, whose addresses differ from the bond's in the last byte.

    Verify: the slave's number, in the order of enslaving, is (source XOR destination) modulo their count.
    """
    bond = bonded("802.3ad", slaves=slaves, miimon=100)
    peers = peers_like(bond.host.mac(bond.name))
    found = nic_of_peer(carried(wire, bond, numbered(bond, peers, len(peers))))
    assert found == nic_by_xor(bond, peers, slaves)


@behaviour("12.1.1.802.3ad.in-order")
@needs(slaves=4, switch=False, once=True)
def test_frames_of_a_conversation_stay_in_order(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: eight conversations over four links, on which frames queue for different times. (They are of
    numbered frames, which show what TCP would see.)

    Verify: each conversation has one link, all links are used, no frame overtakes another of its
    conversation; the slowest link has lost some, so its queue was full.
    """
    bonded("802.3ad", slaves=4, miimon=100)
    for number, rate in enumerate(RATES):
        bed.slave_cable(number).limit(rate)
    wire.mark()
    with ExitStack() as running:
        streams = [
            running.enter_context(stream("out", dst_mac=mac, rate_pps=200, size=1400))
            for mac in strangers(bonded, 8)
        ]
        streams[0].run(1)
        reports = [each.report() for each in streams]
    links = [set(used_by(each, wire)) for each in streams]
    assert [len(link) for link in links] == [1] * 8
    assert set.union(*links) == {"eth0", "eth1", "eth2", "eth3"}
    assert [report.reordered for report in reports] == [0] * 8
    assert any(report.lost for report, link in zip(reports, links, strict=True) if link == {"eth0"})


@behaviour("12.1.1.802.3ad.requires-mii")
@needs(slaves=2, switch=False, once=True)
def test_the_mode_has_the_mii_monitor_and_no_other(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: ask for the ARP monitor and not for the MII monitor; traffic for five intervals; pull a cable.

    Verify: miimon is 100 and arp_interval 0, and the log warns; no ARP probe leaves; the loss of the link is
    noticed as miimon says.
    """
    bond = bonded("802.3ad", arp_interval=200, arp_ip_target=PEER_IP)
    view = bond.status()
    assert (view.miimon_ms, view.arp_interval_ms, view.arp_targets) == (100, 0, ())
    assert "miimon" in bond.log()
    wire.mark()
    with stream("out") as out:
        out.run(1)
    assert out.report().lost == 0
    assert wire.shares(frames.is_arp_request) == {}
    with CablePull(bed, bed.slave_cable(0)):
        link_goes(bond, "eth0", "down")


@behaviour("12.1.1.rr.only-mode-that-stripes")
@needs(slaves=4, switch=False)
def test_a_connection_has_one_link(bed: Testbed, bonded: Bonding, wire: Wire) -> None:
    """Steps, verify: as in other modes that do not stripe; between two hosts."""
    throughput.test_in_other_modes_a_connection_has_one_link("802.3ad", bed, bonded, wire)


@behaviour("12.1.1.ab.lb-mode-same-availability")
@needs(slaves=single_switch.SLAVES, meeting=True, traits=("lacp",))
def test_it_is_as_available_as_active_backup_and_gives_more(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, capture: Capture
) -> None:
    """Steps, verify: as in other modes that balance; with a partner that speaks LACP."""
    single_switch.test_balancing_is_as_available_and_gives_more("802.3ad", bed, bonded, stream, capture)


@behaviour("12.3.updelay.ignored-when-all-down")
@needs(slaves=2, switch=False)
def test_with_all_links_down_the_first_one_up_is_used(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: with updelay=30000 pull all cables; plug one in.

    Verify: its slave is up at the next poll, and carries as soon as LACP has settled.
    """
    bond = bonded("802.3ad", miimon=100, lacp_rate="fast")
    bond.set("updelay", str(updelay.FOREVER))
    with stream("out") as out, CablePull(bed, bed.slave_cable(0)) as eth0, CablePull(bed, bed.slave_cable(1)):
        for nic in ("eth0", "eth1"):
            link_goes(bond, nic, "down")
        wire.mark()
        eth0.heal()
        link_goes(bond, "eth0", "up")
        eventually(lambda: wire.left_by("eth0"), within=seconds(detection() + LACP_JOIN))
        out.wait_flowing()
