"""Mode balance-xor: the destination picks the slave (HOWTO section 2, `mode`)."""

from __future__ import annotations

import random

import pytest

from lab import frames
from lab.cases import (
    HOST_IP,
    PEER_B_IP,
    Bonding,
    Flow,
    Stream,
    StreamMaker,
    Testbed,
    behaviour,
    needs,
)
from lab.faults import CablePull
from testcases.bounds import detection
from testcases.bursts import BURST_FLOW, NOBODY_IP, carried, nic_by_xor, nic_of_peer, numbered, peers_like
from testcases.outages import trouble_after
from testcases.slaves import cable_of, link_goes, slave_in_use
from testcases.wire import Wire


@behaviour("2.mode.balance-xor.formula")
@needs(slaves=4)
@pytest.mark.parametrize("slaves", [2, 3, 4])
def test_the_slave_is_the_xor_of_the_addresses(bonded: Bonding, wire: Wire, slaves: int) -> None:
    """Steps: send one frame to each of 16 peers, whose addresses differ from the bond's in the last byte.

    Verify: the slave's number, in the order of enslaving, is (source XOR destination) modulo their count.
    """
    bond = bonded("balance-xor", slaves=slaves, miimon=100)
    peers = peers_like(bond.host.mac(bond.name))
    found = nic_of_peer(carried(wire, bond, numbered(bond, peers, len(peers))))
    assert found == nic_by_xor(bond, peers, slaves)


@behaviour("2.mode.balance-xor.sticky-destination")
@needs(slaves=2)
def test_a_destination_stays_on_its_slave(bed: Testbed, bonded: Bonding, wire: Wire) -> None:
    """Steps: send 1000 frames of mixed sizes and ports to one peer.

    Verify: all of them leave by one slave.
    """
    bond = bonded("balance-xor", slaves=len(bed.topology.slaves), miimon=100)
    source, peer = bond.host.mac(bond.name), bed.host("peer").mac(bonded.peer_interface)
    mixed = random.Random(2)
    burst = [
        frames.udp(
            peer,
            source,
            HOST_IP,
            NOBODY_IP,
            frames.probe_payload(BURST_FLOW, number, mixed.randrange(12, 1400)),
            ports=(mixed.randrange(1024, 65536), mixed.randrange(1024, 65536)),
        )
        for number in range(1000)
    ]
    assert [len(sent) for sent in carried(wire, bond, burst).values()] == [1000]


@behaviour("2.mode.balance-xor.load-balancing")
@needs(slaves=2)
def test_destinations_are_spread(bonded: Bonding, wire: Wire) -> None:
    """Steps: send as many frames to each of eight peers, half of them with even addresses.

    Verify: each of two slaves carries half, and has four of the peers.
    """
    bond = bonded("balance-xor", miimon=100)
    peers = peers_like(bond.host.mac(bond.name))[8:]
    burst = carried(wire, bond, numbered(bond, peers, 200))
    assert {nic: len(sent) for nic, sent in burst.items()} == {"eth0": 100, "eth1": 100}
    assert sorted(len({frames.dst_mac(frame) for frame in sent}) for sent in burst.values()) == [4, 4]


@behaviour("2.mode.balance-xor.fault-tolerance")
@needs(slaves=2, meeting=True, switch=True, roles=("peer_b",))
def test_peers_of_a_dead_slave_move(bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire) -> None:
    """Steps: traffic to two peers that are on different slaves; pull the cable of one slave.

    Verify: its peer is served by the other slave within the detection bound; the other peer loses nothing.
    """
    bond = bonded("balance-xor", miimon=100)
    peer_b = bed.host("peer_b")
    flow = Flow(peer_b.mac("eth0"), HOST_IP, PEER_B_IP)
    with stream("out") as moved:
        nic = slave_in_use(moved, wire)
        with Stream((bond.host, bond.name), (peer_b, "eth0"), flow) as stays:
            stays.wait_flowing()
            assert set(wire.shares()) == {"eth0", "eth1"}
            with CablePull(bed, cable_of(bed, nic)) as pull:
                link_goes(bond, nic, "down")
                moved.wait_flowing()
                wire.mark()
                moved.run(0.3)
                assert set(wire.shares()) == {"eth0", "eth1"} - {nic}
                # Plugged in again the peer would move back: that is another case.
                report = moved.report()
    assert trouble_after(report, pull.at) <= detection()
    assert stays.report().lost == 0
