"""What the driver sends by itself is tagged with the VLANs that it knows (HOWTO section 7)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from lab import frames
from lab.cases import Bonding, Capture, Port, Testbed, behaviour, eventually, needs, never
from lab.faults import CablePull
from testcases.arp_monitor import asks, is_answer
from testcases.bounds import SLACK, seconds
from testcases.modes import ADAPTIVE, MODES
from testcases.neighbours import DEAL_S, is_learning
from testcases.section_07_vlan.station import Station, host_ip, station_ip, vlan_over
from testcases.slaves import link_goes
from testcases.wire import Match, Wire

FIRST_TWO = ("eth0", "eth1")
INTERVAL = 200
"""Of the ARP monitor, in ms."""
ROUND_S = 2.5
"""Learning frames of each VLAN: the driver sends once a second, and may take VLANs in turn."""


def tags(wire: Wire, match: Match) -> set[int | None]:
    """The VLANs of what left by the first two slaves since the mark; None: without a tag."""
    return {frames.vlan(seen.data) for nic in FIRST_TWO for seen in wire.left_by(nic, match)}


@behaviour("7.tag.learning-packets")
@pytest.mark.parametrize("mode", ADAPTIVE)
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_learning_frames_are_tagged(mode: str, bed: Testbed, bonded: Bonding, wire: Wire) -> None:
    """Steps: VLANs 10 and 20 over the bond; pull the cable of the active slave, and plug it again; wait for
    some seconds (the catalogue's minute would show the same again).

    Verify: after the pull the other slave sends learning frames with tag 10 and with tag 20; so does each
    slave after the plug.
    """
    bond = bonded(mode, miimon=100)
    for vlan in (10, 20):
        bond.add_vlan(vlan)

    def taught(nic: str) -> Callable[[], bool]:
        return lambda: {frames.vlan(s.data) for s in wire.left_by(nic, is_learning)} >= {10, 20}

    with CablePull(bed, bed.slave_cable(0)):
        link_goes(bond, "eth0", "down")
        wire.mark()
        eventually(taught("eth1"), ROUND_S, what="eth1 teaches both VLANs")
    link_goes(bond, "eth0", "up")
    wire.mark()
    for nic in FIRST_TWO:
        eventually(taught(nic), ROUND_S, what=f"{nic} teaches both VLANs")


@behaviour("7.learn.vlan-ids")
@pytest.mark.parametrize("mode", ADAPTIVE)
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_learning_frames_follow_the_vlans(mode: str, bonded: Bonding, wire: Wire) -> None:
    """Steps: make VLAN 10, then 20; remove 10.

    Verify: learning frames have no tag at first, then tag 10, then both, and no tag 10 after its removal.
    """
    bond = bonded(mode, miimon=100)
    wire.mark()
    eventually(lambda: tags(wire, is_learning) == {None}, ROUND_S, what="learning frames leave")
    bond.add_vlan(10)
    wire.mark()
    eventually(lambda: 10 in tags(wire, is_learning), ROUND_S, what="learning frames are tagged 10")
    bond.add_vlan(20)
    wire.mark()
    eventually(lambda: {10, 20} <= tags(wire, is_learning), ROUND_S, what="learning frames of both VLANs")
    bond.remove_vlan(10)
    wire.mark()
    never(lambda: 10 in tags(wire, is_learning), ROUND_S)
    assert 20 in tags(wire, is_learning)


@behaviour("7.learn.vlan-ids", "7.tag.arp-monitor")
@pytest.mark.parametrize("mode", MODES)
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_probes_follow_the_vlans(mode: str, bed: Testbed, bonded: Bonding, wire: Wire) -> None:
    """Steps: the ARP monitor asks for a station in VLAN 10 and one in VLAN 20; give the host an address on
    VLAN 10 only, then on 20, too; remove 10.

    Verify: probes for the first leave with tag 10, and from the host's address there; the answers, with tag
    10, keep the slaves up; then there are probes of both VLANs, and none of VLAN 10 after its removal.
    """
    targets = f"{station_ip(10)},{station_ip(20)}"
    bond = bonded(mode, trunk=False, arp_interval=INTERVAL, arp_ip_target=targets, ready=False)
    bond.host.run(["ip", "address", "flush", "dev", bond.name])
    ours = asks(station_ip(10)), asks(station_ip(20))
    within = seconds(5 * INTERVAL + SLACK)
    with Station(bed, 10, 20):
        vlan_over(bond, 10)
        wire.mark()
        eventually(lambda: 10 in tags(wire, ours[0]), within, what="probes in VLAN 10")
        wire.mark()
        never(lambda: tags(wire, ours[0]) - {10} or 10 in tags(wire, ours[1]), seconds(3 * INTERVAL))
        asked_by = {
            p.sender_ip for nic in FIRST_TWO for s in wire.left_by(nic, ours[0]) if (p := frames.arp(s.data))
        }
        assert asked_by == {host_ip(10)}
        assert {frames.vlan(s.data) for nic in FIRST_TWO for s in wire.reached(nic, is_answer)} == {10}
        eventually(lambda: bond.status().mii_status == "up", within, what="the answers are heard")
        never(lambda: bond.status().mii_status != "up", seconds(5 * INTERVAL))
        vlan_over(bond, 20)
        wire.mark()
        eventually(
            lambda: 20 in tags(wire, ours[1]) and 10 in tags(wire, ours[0]), within, what="probes in both"
        )
        bond.remove_vlan(10)
        wire.mark()
        eventually(lambda: 20 in tags(wire, ours[1]), within, what="probes in VLAN 20 go on")
        never(lambda: 10 in tags(wire, ours[0]) | tags(wire, ours[1]), seconds(3 * INTERVAL))


@behaviour("7.tag.alb-arp")
@needs(slaves=3, meeting=True, switch=True, once=True)
def test_updates_of_balance_alb_are_tagged(
    bed: Testbed, bonded: Bonding, wire: Wire, capture: Capture
) -> None:
    """Steps: balance-alb with two slaves, the host's address on VLAN 10 only; stations there ask for it;
    enslave a third NIC.

    Verify: every answer, and every update after the third slave has come, is tagged 10; one at least tells a
    station the new slave's address, in a frame to that station.
    """
    bond = bonded("balance-alb", miimon=100)
    bond.host.run(["ip", "address", "flush", "dev", bond.name])
    vlan_over(bond, 10)
    peer = bed.host("peer")
    port = Port(peer.name, peer.nics[0])
    wire.mark()
    stations = {f"02:00:00:00:07:{last:02x}": host_ip(10, last) for last in range(100, 106)}

    def told(since_s: float) -> dict[str, list[frames.Arp]]:
        """By hardware address: what each station has heard by ARP of the host."""
        capture.settle()
        heard = capture.frames(port, False, since_s, lambda f: frames.is_arp_reply(f, host_ip(10)))
        assert {frames.vlan(seen.data) for seen in heard} <= {10}
        packets = [(frames.dst_mac(s.data), p) for s in heard if (p := frames.arp(s.data))]
        return {mac: [packet for to, packet in packets if to == mac] for mac in stations}

    def heard_by(mac: str) -> list[frames.Arp]:
        return told(wire.since_s)[mac]

    for mac, address in stations.items():
        with Station(bed, 10, mac=mac, address=address) as station:
            station.asks(10)
            eventually(partial(heard_by, mac), 2.0, what=f"{address} gets its answer")
    since_s = wire.mark()
    bond.enslave("eth2")
    moved = bond.host.mac("eth2")

    def moved_stations() -> list[str]:
        return [mac for mac, packets in told(since_s).items() if any(p.sender_mac == moved for p in packets)]

    eventually(moved_stations, DEAL_S, what="a station is told the new slave")
    assert all(p.target_mac == mac for mac in moved_stations() for p in told(since_s)[mac])
