"""Drivers that do not keep the times by which the ARP monitor judges (HOWTO section 8.1)."""

from __future__ import annotations

from itertools import pairwise

import pytest

from lab.cases import (
    PEER_IP,
    BondDriver,
    BondHandle,
    Bonding,
    StreamMaker,
    Testbed,
    behaviour,
    eventually,
    needs,
    never,
)
from lab.faults import ArpLoss
from testcases.arp_monitor import asks, is_answer, recovery, silence
from testcases.bounds import seconds
from testcases.fault_shim import FaultShim
from testcases.modes import MODES
from testcases.slaves import link_is
from testcases.wire import Wire

INTERVAL = 100
"""ms. Half of the catalogue's, so that the cases are over sooner."""


def answered(wire: Wire, nic: str) -> tuple[int, int]:
    """How many probes since the mark had time for an answer, and how many of them had one before the next."""
    asked_s = [seen.at_s for seen in wire.left_by(nic, asks())]
    answers_s = [seen.at_s for seen in wire.reached(nic, is_answer)]
    rounds = list(pairwise(asked_s))
    return len(rounds), sum(any(begin <= at_s < end for at_s in answers_s) for begin, end in rounds)


def diagnosis(wire: Wire, bond: BondHandle, nic: str) -> str:
    """What the HOWTO concludes when the monitor fails a slave; empty where it concludes nothing."""
    asked, got = answered(wire, nic)
    if bond.status().slave(nic).mii_status == "up" or not asked or got < asked:
        return ""
    return (
        f"{nic} is down though each of {asked} requests had its reply: its driver does not update its times"
    )


@behaviour("8.1.arp.transmit-time-needed")
@pytest.mark.parametrize("mode", ["balance-rr", "balance-xor"])
@needs(slaves=1, switch=True, roles=("peer_link",), once=True)
def test_a_slave_that_only_receives_is_failed(
    mode: str, bed: Testbed, driver: BondDriver, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: frames come in all the time; the slave's driver stops to update when it last sent, and later
    does so again.

    Verify: the slave is down within four intervals while frames, answers among them, arrive by it, and up
    again within three of the time's moving on.
    """
    shim = FaultShim(driver, bed)
    bond = bonded(mode, slaves=1, arp_interval=INTERVAL, arp_ip_target=PEER_IP)
    with stream("in") as back:
        back.wait_flowing()
        never(link_is(bond, "eth0", "down"), during=seconds(5 * INTERVAL))
        shim.freeze("eth0", "tx")
        eventually(link_is(bond, "eth0", "down"), seconds(silence(INTERVAL)), what="eth0 is down")
        wire.mark()
        never(link_is(bond, "eth0", "up"), during=seconds(5 * INTERVAL), what="eth0 comes up")
        assert wire.reached("eth0")
        assert wire.reached("eth0", is_answer)
        shim.thaw("eth0", "tx")
        eventually(link_is(bond, "eth0", "up"), seconds(recovery(INTERVAL)), what="eth0 is up")


@behaviour("8.1.arp.stale-driver-fails", "8.1.arp.stale-driver-diagnosis")
@pytest.mark.parametrize("mode", MODES)
@needs(slaves=1, switch=True, roles=("peer_link",), once=True)
def test_a_driver_without_times_is_failed_and_found_out(
    mode: str, bed: Testbed, driver: BondDriver, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: the peer's frames come in all the time; a slave whose driver updates neither time is enslaved
    anew. Before, with a driver that does, the peer's answers are lost for a while.

    Verify: the slave is down within four intervals and does not come up in ten more, though each probe has
    its answer on the wire, which the diagnosis names; it names nothing when answers are lost.
    """
    shim = FaultShim(driver, bed)
    bond = bonded(mode, slaves=1, arp_interval=INTERVAL, arp_ip_target=PEER_IP)
    with ArpLoss(bed, bed.cable("peer_link"), "reply"):
        eventually(link_is(bond, "eth0", "down"), seconds(silence(INTERVAL)), what="eth0 is down")
        wire.mark()
        never(link_is(bond, "eth0", "up"), during=seconds(3 * INTERVAL))
        assert diagnosis(wire, bond, "eth0") == ""
    eventually(link_is(bond, "eth0", "up"), seconds(recovery(INTERVAL)), what="eth0 is up")
    shim.freeze("eth0", "rx", "tx")  # which the shim remembers
    bond.release("eth0")
    bond.enslave("eth0")
    with stream("in"):
        eventually(link_is(bond, "eth0", "down"), seconds(silence(INTERVAL)), what="eth0 is down")
        wire.mark()
        never(link_is(bond, "eth0", "up"), during=seconds(10 * INTERVAL), what="eth0 comes up")
        assert wire.reached("eth0")
    assert answered(wire, "eth0")[0] >= 8
    found = diagnosis(wire, bond, "eth0")
    assert "does not update its times" in found
    bed.timeline.note("diagnosis", found)
