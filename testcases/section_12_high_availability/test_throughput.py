"""What each mode makes of several links to one peer or switch (HOWTO section 12.1.1)."""

from __future__ import annotations

import random

import pytest

from lab import frames
from lab.cases import HOST_IP, PEER_IP, Bonding, StreamMaker, Testbed, behaviour, needs, never
from lab.faults import CablePull
from testcases.bursts import BURST_FLOW, carried, numbered
from testcases.section_12_high_availability.bulk import transfer
from testcases.wire import Wire

R = 50.0
"""Mbit/s of each cable."""
SLAVES, PEERS, EACH = 4, 64, 5


def limit(bed: Testbed, slaves: int) -> None:
    """Give the cables of the slaves the rate R."""
    for number in range(slaves):
        bed.slave_cable(number).limit(R)


def is_tcp_data(frame: bytes) -> bool:
    """Whether it is a segment of TCP longer than an acknowledgement."""
    return len(frame) > 200 and frame[23] == 6


@behaviour("12.1.1.rr.single-stream-stripes")
@needs(slaves=SLAVES, meeting=True)
def test_round_robin_stripes_a_single_connection(bed: Testbed, bonded: Bonding, wire: Wire) -> None:
    """Steps: four cables of rate R (the peer's port is faster); one TCP connection for two seconds.

    Verify: its goodput is above 1.2 R, and all four slaves carry segments of it.
    """
    bonded("balance-rr", slaves=SLAVES, miimon=100)
    limit(bed, SLAVES)
    wire.mark()
    got = transfer(bed.host("host"), bed.host("peer"), PEER_IP, "--time", "2")
    assert got.mbit > 1.2 * R
    assert set(wire.shares(is_tcp_data)) == {"eth0", "eth1", "eth2", "eth3"}


@behaviour("12.1.1.rr.only-mode-that-stripes")
@pytest.mark.parametrize("mode", ["active-backup", "balance-xor"])
@needs(slaves=SLAVES, meeting=True)
def test_in_other_modes_a_connection_has_one_link(
    mode: str, bed: Testbed, bonded: Bonding, wire: Wire
) -> None:
    """Steps: four cables of rate R; one TCP connection for a second. (802.3ad: test_8023ad.)

    Verify: its goodput is not above R, and all its segments are on one slave.
    """
    bonded(mode, slaves=SLAVES, miimon=100)
    limit(bed, SLAVES)
    wire.mark()
    got = transfer(bed.host("host"), bed.host("peer"), PEER_IP, "--time", "1")
    assert 0.3 * R < got.mbit <= R
    assert len(wire.shares(is_tcp_data)) == 1


@behaviour("12.1.1.ab.backup-idle")
@needs(slaves=SLAVES, meeting=True)
def test_backups_are_idle(bed: Testbed, bonded: Bonding, wire: Wire) -> None:
    """Steps: active-backup over four cables of rate R; eight TCP connections for a second.

    Verify: together they get no more than R; the backups carry nothing at all.
    """
    bonded("active-backup", slaves=SLAVES, miimon=100)
    limit(bed, SLAVES)
    wire.mark()
    options = ("--time", "1", "--parallel", "8")
    got = transfer(bed.host("host"), bed.host("peer"), PEER_IP, *options)
    assert 0.3 * R < got.mbit <= R
    assert set(wire.shares(bool)) == {"eth0"}


@behaviour("12.1.1.broadcast.no-advantage")
@needs(slaves=2, meeting=True)
def test_broadcast_has_little_to_offer(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: broadcast over two grouped cables of rate R; numbered frames, then TCP for a second; pull one
    cable, then the other.

    Verify: every frame crosses both links; goodput is not above R; the bond outlives one cable and not two,
    as active-backup does.
    """
    bonded("broadcast", miimon=100)
    limit(bed, 2)
    wire.mark()
    with stream("out") as out:
        out.run(0.2)
        out.report()
        copies = {nic: [frames.probe(seen.data) for seen in wire.left_by(nic)] for nic in ("eth0", "eth1")}
        assert copies["eth0"] == copies["eth1"]
        assert len(copies["eth0"]) == out.report().sent
    assert 0.3 * R < transfer(bed.host("host"), bed.host("peer"), PEER_IP, "--time", "1").mbit <= R
    with stream("out") as out, CablePull(bed, bed.slave_cable(0)):
        out.wait_flowing()
        with CablePull(bed, bed.slave_cable(1)):
            never(out.from_now_on(), during=0.3, what="frames sent without a cable arrive")


@behaviour("12.1.1.xor.good-for-many-hosts")
@needs(slaves=SLAVES, meeting=True)
def test_xor_spreads_many_hosts(bonded: Bonding, wire: Wire) -> None:
    """Steps: balance-xor over four slaves; the same number of frames to each of 64 random addresses.

    Verify: each slave carries between 10 and 40 percent.
    """
    bond = bonded("balance-xor", slaves=SLAVES, miimon=100)
    chosen = random.Random(12)  # the same addresses in every run: chance may be unkind
    peers = [f"02:77:{chosen.randbytes(4).hex(':')}" for _ in range(PEERS)]
    by_nic = carried(wire, bond, numbered(bond, peers, PEERS * EACH))
    shares = {nic: len(burst) / (PEERS * EACH) for nic, burst in by_nic.items()}
    assert len(shares) == SLAVES
    assert all(0.10 <= share <= 0.40 for share in shares.values()), shares


@behaviour("12.1.1.xor.poor-behind-router")
@needs(slaves=SLAVES, meeting=True)
def test_xor_does_not_spread_what_a_router_forwards(bonded: Bonding, wire: Wire) -> None:
    """Steps: balance-xor over four slaves; frames to 64 hosts behind one gateway: one address, many IPs.

    Verify: all leave by one slave.
    """
    bond = bonded("balance-xor", slaves=SLAVES, miimon=100)
    source, gateway = bond.host.mac(bond.name), bonded.bed.host("peer").mac(bonded.peer_interface)
    burst = [
        frames.udp(
            gateway, source, HOST_IP, f"192.0.2.{number + 1}", frames.probe_payload(BURST_FLOW, number, 60)
        )
        for number in range(PEERS)
    ]
    by_nic = carried(wire, bond, burst)
    assert [len(found) for found in by_nic.values()] == [PEERS]


@behaviour("12.1.1.rr.tcp-reordering-default")
@needs(slaves=1, once=True)
def test_tcp_expects_little_reordering(bed: Testbed) -> None:
    """Steps: read net.ipv4.tcp_reordering on a fresh host.

    Verify: it is 3.
    """
    assert bed.host("host").run(["sysctl", "-n", "net.ipv4.tcp_reordering"]).stdout.strip() == "3"
