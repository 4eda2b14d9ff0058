"""Availability with more than one switch (HOWTO section 12.2)."""

from __future__ import annotations

import pytest

from lab import frames
from lab.bonding import wait_up
from lab.cases import (
    HOST_IP,
    PEER_B_IP,
    PEER_IP,
    BondHandle,
    Bonding,
    Flow,
    Stream,
    StreamMaker,
    Testbed,
    behaviour,
    eventually,
    needs,
    never,
)
from lab.faults import CablePull, PowerOff
from testcases.bounds import detection, seconds
from testcases.outages import trouble_after
from testcases.section_06_switch.mac_table import port_of_slave, ports_of
from testcases.section_12_high_availability.bulk import transfer
from testcases.strangers import strangers
from testcases.wire import Wire

R = 50.0
"""Mbit/s of each of the host's cables."""
ADDRESSES = {"peer": PEER_IP, "peer_b": PEER_B_IP, "peer_c": "10.0.0.4"}
FAILURES = [("switch_a", "eth0", "peer_b"), ("switch_b", "eth1", "peer")]
"""A switch, the slave that it takes along, and the outside station that is reached without it."""


def between(bond: BondHandle, bed: Testbed, role: str, rate_pps: float = 500.0) -> tuple[Stream, Stream]:
    """Probes from the bond to the outside station in that role, at that rate, and back."""
    station = bed.host(role)
    ours, theirs = (bond.host, bond.name), (station, station.nics[0])
    there = Flow(dst_mac=station.mac(theirs[1]), src_ip=HOST_IP, dst_ip=ADDRESSES[role], rate_pps=rate_pps)
    back = Flow(dst_mac=bond.host.mac(bond.name), src_ip=ADDRESSES[role], dst_ip=HOST_IP)
    return Stream(ours, theirs, there), Stream(theirs, ours, back)


def survive(bond: BondHandle, bed: Testbed, switch: str, station: str) -> None:
    """Traffic both ways with the station goes on, after the detection time, while the switch is off."""
    out, back = between(bond, bed, station)
    with out, back:
        out.wait_flowing()
        back.wait_flowing()
        with PowerOff(bed, bed.switch(switch)) as fault:
            out.run(seconds(detection()))
            out.wait_flowing()
            back.wait_flowing()
            reports = out.report(), back.report()
    assert all(trouble_after(report, fault.at) <= detection() for report in reports), reports


@behaviour("12.2.multi.trade-off")
@pytest.mark.parametrize(("switch", "nic", "station"), FAILURES)
@needs(slaves=2, meeting=False, roles=("isl",))
def test_two_links_give_the_bandwidth_of_one_and_survive_a_switch(
    switch: str, nic: str, station: str, bed: Testbed, bonded: Bonding
) -> None:
    """Steps: two cables of rate R to two switches; a TCP transfer for a second; the switch in use fails.

    Verify: the transfer gets no more than R; traffic both ways goes on after the detection time.
    """
    bond = bonded("active-backup", miimon=100, primary=nic)
    for number in (0, 1):
        bed.slave_cable(number).limit(R)
    got = transfer(bond.host, bed.host(station), ADDRESSES[station], "--time", "1")
    assert 0.3 * R < got.mbit <= R
    survive(bond, bed, switch, station)


@behaviour("12.2.1.modes.only-ab-and-broadcast")
@pytest.mark.parametrize(("switch", "nic", "station"), FAILURES)
@pytest.mark.parametrize("mode", ["active-backup", "broadcast"])
@needs(slaves=2, meeting=False, roles=("isl",))
def test_active_backup_and_broadcast_outlive_a_switch(
    mode: str, switch: str, nic: str, station: str, bed: Testbed, bonded: Bonding
) -> None:
    """Steps: traffic both ways with the outside; one switch fails, in active-backup that of the active slave.

    Verify: the traffic goes on after the detection time.
    """
    bond = bonded(mode, miimon=100)
    if mode == "active-backup":
        bond.set("primary", nic)
    survive(bond, bed, switch, station)


@behaviour("12.2.1.modes.others-misbehave")
@pytest.mark.parametrize("mode", ["balance-rr", "balance-xor"])
@needs(slaves=2, meeting=False, switch=True)
def test_balancing_over_two_switches_misbehaves(
    mode: str, bed: Testbed, bonded: Bonding, stream: StreamMaker
) -> None:
    """Steps: links split over two switches; traffic to two addresses, and broadcasts back, until it shows.
    (802.3ad: test_lacp_failures. In the adaptive modes each slave has an address of its own.)

    Verify: the first switch sees the bond's address now at its own port, now at the one towards the other
    switch; the host hears each broadcast twice.
    """
    bond = bonded(mode, miimon=100)
    seen = ports_of(bed, "switch_a", bond.host.mac(bond.name))
    first, second = (stream("out", dst_mac=mac) for mac in strangers(bonded, 2))
    with first, second, stream("in", dst_mac=frames.BROADCAST) as casts:
        casts.wait_flowing()
        eventually(seen, within=5.0, until=lambda at: len(at) > 1 and port_of_slave(bed, 0) in at)
    assert casts.report().duplicates > 0


@behaviour("12.2.1.ab.preferred-with-isl")
@needs(slaves=2, meeting=False, roles=("isl",))
def test_active_backup_goes_from_switch_to_switch_and_back(bed: Testbed, bonded: Bonding) -> None:
    """Steps: under traffic both ways switch A fails and comes back, then B does.

    Verify: the traffic goes on each time after the detection time, on the other slave; the switch that is
    left learns the bond's address at its own port.
    """
    bond = bonded("active-backup", miimon=100)
    mac = bond.host.mac(bond.name)
    for (switch, _, station), other, slave in zip(FAILURES, ("switch_b", "switch_a"), (1, 0), strict=True):
        survive(bond, bed, switch, station)
        assert bond.status().active == f"eth{slave}"
        assert ports_of(bed, other, mac)() == {port_of_slave(bed, slave)}
        wait_up(bond)


@behaviour("12.2.1.ab.primary-on-preferred-switch")
@needs(slaves=2, meeting=False, switch=True)
def test_the_primary_keeps_to_the_preferred_switch(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: primary=eth0, on switch A; pull its cable under traffic; plug it in again.

    Verify: eth1 carries the traffic while eth0 is down; within the detection time after the cable is back,
    eth0 does, and eth1 is silent from then on.
    """
    bond = bonded("active-backup", miimon=100, primary="eth0")
    with stream("out") as out:
        out.wait_flowing()
        assert set(wire.shares()) == {"eth0"}
        with CablePull(bed, bed.slave_cable(0)):
            eventually(lambda: bond.status().active == "eth1", within=seconds(detection()))
            wire.mark()
            out.wait_flowing()
            assert set(wire.shares()) == {"eth1"}
        eventually(lambda: bond.status().active == "eth0", within=seconds(detection()))
        wire.mark()
        never(lambda: bond.status().active != "eth0", during=0.3)
        out.wait_flowing()
        assert set(wire.shares()) == {"eth0"}


@behaviour("12.2.2.monitor.port3-invisible-to-mii")
@needs(slaves=2, meeting=False, roles=("isl", "uplink_a"))
def test_miimon_does_not_see_the_failure_of_port3(bed: Testbed, bonded: Bonding) -> None:
    """Steps: eth0 active; for 20 polls pull the cable of port3 of switch A.

    Verify: no slave changes state; what is behind that port is cut off; what the ISL leads to is not.
    """
    bond = bonded("active-backup", miimon=100)
    before = bond.status()
    assert before.active == "eth0"
    behind_a, behind_b = (between(bond, bed, role)[0] for role in ("peer", "peer_b"))
    with behind_a, behind_b:
        behind_a.wait_flowing()
        behind_b.wait_flowing()
        with CablePull(bed, bed.cable("uplink_a")):
            arrived = behind_a.from_now_on()
            never(lambda: bond.status() != before, during=2.0, what="the bond notices", every=0.02)
            assert not arrived()
            behind_b.wait_flowing()
    assert behind_b.report().lost == 0
