"""Traffic of VLANs passes a bond, and nothing else is tagged (HOWTO section 7)."""

from __future__ import annotations

import pytest

from lab import frames
from lab.cases import PEER_IP, BondHandle, Bonding, Testbed, behaviour, eventually, needs
from lab.faults import CablePull
from testcases.bounds import LACP_JOIN, detection, seconds
from testcases.modes import ADAPTIVE, MODES
from testcases.section_07_vlan.echo import is_ping, ping
from testcases.section_07_vlan.station import MAC, Station, station_ip, vlan_over
from testcases.slaves import cable_of, link_goes
from testcases.wire import Wire

FIRST_TWO = ("eth0", "eth1")
OTHER_MAC = f"{MAC[:-1]}2"
STARTS_S = 5.0
"""Until a VLAN device that was just made has a neighbour (no bound is given)."""


def pinged(bond: BondHandle, wire: Wire, address: str, count: int = 3) -> set[int | None]:
    """The VLANs in which pings leave (None: none), once there is an answer; all of them are answered."""
    eventually(lambda: ping(bond, address, 1), STARTS_S, what=f"{address} answers")
    wire.mark()
    assert ping(bond, address, count)
    seen = [frame for nic in bond.host.nics for frame in wire.left_by(nic, is_ping)]
    return {frames.vlan(frame.data) for frame in seen}


@behaviour("7.vlan.over-bond", "7.tag.only-vlan-traffic", "7.order.vlan-after-first-slave")
@pytest.mark.parametrize("mode", MODES + ADAPTIVE)
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_vlans_work_over_a_bond(mode: str, bed: Testbed, bonded: Bonding, wire: Wire) -> None:
    """Steps: make VLAN 10 over a bond with one slave; ping; enslave another, and make VLAN 20; ping from the
    bond itself and in both VLANs; pull the cable of the first slave; ping in both.

    Verify: the VLAN has the bond's address. All pings are answered; those of a VLAN leave with its tag, the
    bond's own without one; after the pull all leave by the other slave.
    """
    bond = bonded(mode, miimon=100)
    bond.release("eth1")
    with Station(bed, 10, 20):
        assert bond.host.mac(vlan_over(bond, 10)) == bond.mac()
        assert pinged(bond, wire, station_ip(10)) == {10}
        bond.enslave("eth1")
        link_goes(bond, "eth1", "up")
        vlan_over(bond, 20)
        assert pinged(bond, wire, PEER_IP) == {None}
        for vlan in (10, 20):
            assert pinged(bond, wire, station_ip(vlan)) == {vlan}
        with CablePull(bed, bed.slave_cable(0)):
            link_goes(bond, "eth0", "down")
            for vlan in (10, 20):
                assert pinged(bond, wire, station_ip(vlan)) == {vlan}
                assert list(wire.shares(is_ping)) == ["eth1"]


@behaviour("7.vlan.over-bond", "7.tag.only-vlan-traffic", "7.order.vlan-after-first-slave")
@needs(slaves=2, meeting=True, switch=True, traits=("lacp",), once=True)
def test_vlans_work_over_an_aggregate(bed: Testbed, bonded: Bonding, wire: Wire) -> None:
    """Steps: 802.3ad with VLAN 10 over it; ping from the bond, and in the VLAN; pull the cable of the slave
    by which that leaves; ping again.

    Verify: the VLAN has the bond's address; the pings are answered, those of the VLAN leave with tag 10, the
    others without; after the pull again once the other link carries all.
    """
    bond = bonded("802.3ad", miimon=100, lacp_rate="fast")
    assert bond.host.mac(vlan_over(bond, 10)) == bond.mac()
    with Station(bed, 10):
        assert pinged(bond, wire, PEER_IP) == {None}
        assert pinged(bond, wire, station_ip(10)) == {10}
        (used,) = wire.shares(is_ping)
        with CablePull(bed, cable_of(bed, used)):
            within = seconds(detection() + LACP_JOIN)
            eventually(lambda: ping(bond, station_ip(10), 1), within, what="VLAN 10 works again")
            assert pinged(bond, wire, station_ip(10)) == {10}
            assert used not in wire.shares(is_ping)


@behaviour("7.vlan.over-bond")
@needs(slaves=2, traits=("kernel",))
def test_vlans_work_with_the_kernels_own(bonded: Bonding, wire: Wire) -> None:
    """Steps: VLANs 10 and 20 over the bonds of both ends, of which the peer's is the kernel's; ping.

    Verify: the pings are answered, in both VLANs.
    """
    bond = bonded("active-backup", miimon=100)
    peer = bonded.peer_bond
    assert peer
    for vlan in (10, 20):
        vlan_over(bond, vlan)
        device = peer.add_vlan(vlan)
        peer.host.run(["ip", "address", "add", f"{station_ip(vlan)}/24", "dev", device])
        assert pinged(bond, wire, station_ip(vlan)) == {vlan}


@behaviour("7.offload.unaccelerate")
@pytest.mark.parametrize("mode", MODES)
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_tags_are_where_they_belong_whatever_a_slave_can(
    mode: str, bed: Testbed, bonded: Bonding, wire: Wire
) -> None:
    """Steps: eth0 can insert tags, eth1 cannot; ping in VLAN 10, then in VLAN 20 to an address for which
    balance-xor takes another slave, and over which active-backup has another active one.

    Verify: on the wires of both slaves the tag is right behind the source address, once; no ping is lost.
    """
    bond = bonded(mode, miimon=100)
    for nic, word in (("eth0", "on"), ("eth1", "off")):
        bond.host.run(["ethtool", "-K", nic, "txvlan", word])
    used = set()
    for vlan, nic, mac in ((10, "eth0", MAC), (20, "eth1", OTHER_MAC)):
        if mode == "active-backup":
            bond.set("active_slave", nic)
        vlan_over(bond, vlan)
        with Station(bed, vlan, mac=mac):
            assert pinged(bond, wire, station_ip(vlan), count=4) == {vlan}
        sent = [frame for nic in FIRST_TWO for frame in wire.left_by(nic, is_ping)]
        assert {frame.data[12:18] for frame in sent} == {bytes([0x81, 0, 0, vlan, 0x08, 0])}
        used |= {frame.end.name for frame in sent}
    assert used == set(FIRST_TWO)
