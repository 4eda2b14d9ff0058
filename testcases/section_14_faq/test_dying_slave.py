"""Question 5: what happens when a slave link dies? (HOWTO section 14)"""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest

from lab import frames
from lab.cases import Bonding, StreamMaker, Testbed, behaviour, eventually, needs, never, send_frames
from lab.faults import CablePull
from testcases.bounds import LACP_JOIN, detection, seconds
from testcases.bursts import by_nic, carried, is_of_burst, nic_of_peer, numbered, peers_like
from testcases.lacpdus import carrying
from testcases.links import has_carrier
from testcases.modes import ADAPTIVE, MODES, SPREADING
from testcases.neighbours import REBALANCE, addresses, to_all, wait_dealt
from testcases.outages import trouble_after
from testcases.slaves import cable_of, link_goes, slave_in_use
from testcases.wire import Wire

QUIET_S = 0.25
"""Nothing more leaves the host after so long: what was not seen then was lost."""


@behaviour("14.5.slave-dies.disabled")
@needs(slaves=2)
@pytest.mark.parametrize("mode", MODES)
def test_a_dead_slave_is_disabled(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire, mode: str
) -> None:
    """Steps: with miimon=100 pull the cable of the slave in use. (The ARP monitor's part comes with it.)

    Verify: its status is down, with one failure; no frame is given to it any more, so that none is lost.
    """
    bond = bonded(mode, miimon=100)
    before = bond.status()
    with stream("out") as out:
        nic = slave_in_use(out, wire)
        with CablePull(bed, cable_of(bed, nic)) as pull:
            link_goes(bond, nic, "down")
            assert bond.status().slave(nic).failures == before.slave(nic).failures + 1
            wire.mark()
            out.run(seconds(2 * detection()))
            assert nic not in wire.shares()
            report = out.report()
    assert trouble_after(report, pull.at) <= detection()


@behaviour("14.5.slave-dies.disabled")
@needs(slaves=2, meeting=True, switch=True, once=True)
@pytest.mark.parametrize("mode", ADAPTIVE)
def test_the_adaptive_modes_disable_a_dead_slave(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire, mode: str
) -> None:
    """Steps, verify: as above, with a switch: what such a bond sends by all its slaves must come together."""
    test_a_dead_slave_is_disabled(bed, bonded, stream, wire, mode)


@behaviour("14.5.slave-dies.other-modes-ignore")
@needs(slaves=3)
@pytest.mark.parametrize("mode", SPREADING)
def test_other_modes_stop_using_the_link(bed: Testbed, bonded: Bonding, wire: Wire, mode: str) -> None:
    """Steps: pull one of three cables; once that is detected send 480 frames to 16 peers.

    Verify: the remaining slaves carry everything, and the bond stays up.
    """
    bond = bonded(mode, slaves=3, miimon=100)
    peers = peers_like(bond.host.mac(bond.name))
    copies = 2 if mode == "broadcast" else 1
    with CablePull(bed, bed.slave_cable(1)):
        link_goes(bond, "eth1", "down")
        burst = carried(wire, bond, numbered(bond, peers, 480), copies)
        assert bond.status().mii_status == "up"
        assert has_carrier(bond.host, bond.name)
    assert set(burst) == {"eth0", "eth2"}
    assert sum(len(sent) for sent in burst.values()) == 480 * copies
    assert set(nic_of_peer(burst)) == set(peers)


@behaviour("14.5.slave-dies.other-modes-ignore")
@needs(slaves=3, switch=False)
def test_802_3ad_stops_using_the_link(bed: Testbed, bonded: Bonding, wire: Wire) -> None:
    """Steps, verify: as above, with a peer that speaks LACP."""
    test_other_modes_stop_using_the_link(bed, bonded, wire, "802.3ad")


@behaviour("14.5.slave-dies.other-modes-ignore", "14.5.slave-recovers.rejoins")
@needs(slaves=3, meeting=True, switch=True, once=True)
@pytest.mark.parametrize("mode", ADAPTIVE)
def test_the_adaptive_modes_move_peers_to_and_fro(
    bed: Testbed, bonded: Bonding, wire: Wire, mode: str
) -> None:
    """Steps: send to 16 peers over three slaves, with one cable pulled, and when that slave has recovered.

    Verify: the remaining slaves carry everything, and the bond stays up; the slave gets peers again, at the
    latest when loads have been balanced anew.
    """
    bond = bonded(mode, slaves=3, miimon=100)
    wait_dealt(wire, ["eth0", "eth1", "eth2"])  # no rebalance is due that would hide what a failure does
    peers = addresses(16)

    def sent() -> dict[str, list[bytes]]:
        return carried(wire, bond, to_all(bond, peers, 10, 100))

    eventually(sent, seconds(REBALANCE), until=lambda burst: "eth1" in burst, what="eth1 has peers")
    with CablePull(bed, bed.slave_cable(1)):
        link_goes(bond, "eth1", "down")
        burst = sent()
        assert set(burst) <= {"eth0", "eth2"}
        assert sum(len(left) for left in burst.values()) == 160
        assert bond.status().mii_status == "up"
        assert has_carrier(bond.host, bond.name)
    link_goes(bond, "eth1", "up")
    eventually(sent, seconds(REBALANCE), until=lambda burst: "eth1" in burst, what="eth1 has peers again")


@behaviour("14.5.slave-recovers.rejoins")
@needs(slaves=2)
@pytest.mark.parametrize("mode", SPREADING)
def test_a_recovered_slave_carries_its_share(bed: Testbed, bonded: Bonding, wire: Wire, mode: str) -> None:
    """Steps: send frames to 16 peers before a failure, and after the slave has recovered.

    Verify: afterwards each slave carries as much as it did before, after one failure.
    """
    bond = bonded(mode, miimon=100)
    burst = numbered(bond, peers_like(bond.host.mac(bond.name)), 160)
    copies = 2 if mode == "broadcast" else 1
    before = {nic: len(sent) for nic, sent in carried(wire, bond, burst, copies).items()}
    failures = bond.status().slave("eth1").failures
    with CablePull(bed, bed.slave_cable(1)):
        link_goes(bond, "eth1", "down")
    link_goes(bond, "eth1", "up")
    assert {nic: len(sent) for nic, sent in carried(wire, bond, burst, copies).items()} == before
    assert set(before) == {"eth0", "eth1"}
    assert bond.status().slave("eth1").failures == failures + 1


@behaviour("14.5.slave-recovers.rejoins")
@needs(slaves=2, switch=False)
def test_a_recovered_slave_rejoins_its_aggregator(bed: Testbed, bonded: Bonding, wire: Wire) -> None:
    """Steps: in 802.3ad send frames to 16 peers before a failure, and after LACP has settled on the slave.

    Verify: it is in the aggregator again, and each slave carries as much as it did before.
    """
    bond = bonded("802.3ad", miimon=100, lacp_rate="fast")
    burst = numbered(bond, peers_like(bond.host.mac(bond.name)), 160)
    before = {nic: len(sent) for nic, sent in carried(wire, bond, burst).items()}
    with CablePull(bed, bed.slave_cable(1)):
        link_goes(bond, "eth1", "down")
        assert set(carried(wire, bond, burst)) == {"eth0"}
        wire.mark()
    eventually(carrying(wire, ["eth0", "eth1"]), within=seconds(detection() + LACP_JOIN))
    assert len({slave.aggregator_id for slave in bond.status().slaves}) == 1
    assert {nic: len(sent) for nic, sent in carried(wire, bond, burst).items()} == before
    assert set(before) == {"eth0", "eth1"}


@behaviour("14.5.slave-recovers.rejoins")
@needs(slaves=2)
@pytest.mark.parametrize(("options", "active"), [({}, "eth1"), ({"primary": "eth0"}, "eth0")])
def test_a_recovered_slave_is_the_backup_unless_primary(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire, options: dict[str, Any], active: str
) -> None:
    """Steps: in active-backup the active eth0 fails and recovers, once as a plain slave, once as the primary.

    Verify: it is up; eth1 goes on to be active and to carry, or eth0 does if it is the primary.
    """
    bond = bonded("active-backup", miimon=100, **options)
    with stream("out") as out:
        with CablePull(bed, bed.slave_cable(0)):
            eventually(lambda: bond.status().active == "eth1", within=seconds(detection()))
            out.wait_flowing()  # a bonded peer has seen it, too
        link_goes(bond, "eth0", "up")
        out.wait_flowing()
        wire.mark()
        never(lambda: bond.status().active != active, during=seconds(detection()))
    assert set(wire.shares()) == {active}


@behaviour("14.5.no-monitor.links-assumed-up")
@needs(slaves=2)
@pytest.mark.parametrize("mode", MODES)
def test_without_a_monitor_every_link_is_up(bed: Testbed, bonded: Bonding, mode: str) -> None:
    """Steps: without a monitor pull each cable in turn, for 300 ms, and all at once.

    Verify: all slaves are up without a failure, and the active slave is the same throughout.
    """
    bond = bonded(mode, miimon=0)
    before = bond.status()
    assert {(slave.mii_status, slave.failures) for slave in before.slaves} == {("up", 0)}
    for number in (0, 1):
        with CablePull(bed, bed.slave_cable(number)):
            never(lambda: bond.status() != before, during=0.3)
    with CablePull(bed, bed.slave_cable(0)), CablePull(bed, bed.slave_cable(1)):
        never(lambda: bond.status() != before, during=0.3)


@behaviour("14.5.no-monitor.loss-depends-on-mode")
@needs(slaves=4)
@pytest.mark.parametrize("mode", MODES)
def test_without_a_monitor_the_loss_depends_on_the_mode(
    bed: Testbed, bonded: Bonding, wire: Wire, mode: str
) -> None:
    """Steps: without a monitor send frames to 16 peers over four slaves, before and after a cable is pulled.

    Verify: then balance-rr loses a quarter; balance-xor all to the peers on that slave and no other;
    active-backup everything or, when a backup was pulled, nothing; broadcast nothing.
    """
    bond = bonded(mode, slaves=4, miimon=0)
    peers = peers_like(bond.host.mac(bond.name))
    burst = numbered(bond, peers, 160)
    served = nic_of_peer(carried(wire, bond, burst, copies=4 if mode == "broadcast" else 1))
    for number in (0, 1):
        nic = f"eth{number}"
        with CablePull(bed, bed.slave_cable(number)):
            wire.mark()
            send_frames(bond.host, bond.name, burst)
            settle(wire)
        left = by_nic(wire)
        got = Counter(frames.dst_mac(frame) for sent in left.values() for frame in sent)
        assert nic not in left
        if mode == "balance-rr":
            assert got.total() == 120
        elif mode == "broadcast":
            assert got == Counter(dict.fromkeys(peers, 10 * 3))
        else:
            assert got == Counter({peer: 10 for peer in peers if served[peer] != {nic}})


def settle(wire: Wire) -> None:
    """Wait until no more frames of a burst have left for a while."""
    known, since_s = -1, time.monotonic()

    def quiet() -> bool:
        nonlocal known, since_s
        count = sum(wire.shares(is_of_burst).values())
        if count != known:
            known, since_s = count, time.monotonic()
        return time.monotonic() - since_s >= QUIET_S

    eventually(quiet, within=5.0, every=0.02)
