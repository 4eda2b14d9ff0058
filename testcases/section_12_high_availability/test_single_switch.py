"""Availability with one peer or switch (HOWTO sections 12.1 and 12.1.1)."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from lab.bonding import wait_up
from lab.cases import Bonding, Capture, Stream, StreamMaker, Testbed, behaviour, eventually, needs
from lab.faults import CablePull, PowerOff
from testcases.bounds import detection, seconds
from testcases.links import has_carrier
from testcases.modes import MODES
from testcases.outages import trouble_after
from testcases.strangers import strangers
from testcases.wire import is_probe

SLAVES, PEERS = 4, 4
LIMIT = 3.0
"""Mbit/s of a cable. Each of the four peers is offered 3.2: 400 frames of 1000 bytes a second."""


@behaviour("12.1.single.no-availability-penalty")
@pytest.mark.parametrize("mode", MODES)
@needs(slaves=2, meeting=True)
def test_every_mode_survives_the_loss_of_a_cable(
    mode: str, bed: Testbed, bonded: Bonding, stream: StreamMaker
) -> None:
    """Steps: traffic to two addresses and back from the peer; pull the first of two cables.

    Verify: the outage ends within the same bound in every mode, and all traffic goes on by the other cable.
    """
    bond = bonded(mode, miimon=100)
    streams = [stream("in"), *(stream("out", dst_mac=mac) for mac in strangers(bonded, 2))]
    with ExitStack() as running:
        for each in streams:
            running.enter_context(each).wait_flowing()
        with CablePull(bed, bed.slave_cable(0)) as fault:
            eventually(lambda: bond.status().slave("eth0").mii_status == "down", seconds(detection()))
            for each in streams:
                each.wait_flowing()
            reports = [each.report() for each in streams]
    assert all(trouble_after(report, fault.at) <= detection() for report in reports), reports


@behaviour("12.1.single.switch-is-single-point")
@pytest.mark.parametrize("mode", MODES)
@needs(slaves=2, meeting=True, switch=True)
def test_no_mode_survives_the_loss_of_the_switch(
    mode: str, bed: Testbed, bonded: Bonding, stream: StreamMaker
) -> None:
    """Steps: traffic; the switch loses power and gets it back; updelay is far longer than the bound.

    Verify: nothing arrives while it is off, and the bond is shown as down and has no carrier; traffic returns
    within the detection time after the switch does (updelay is skipped since no link is up).
    """
    bond = bonded(mode, miimon=100)
    bond.set("updelay", "5000")
    with stream("out") as out:
        out.wait_flowing()
        with PowerOff(bed, bed.switch("switch_a")):
            eventually(lambda: bond.status().mii_status == "down", within=seconds(detection()))
            assert not has_carrier(bond.host, bond.name)
            arrived = out.from_now_on()
            out.run(0.3)
            assert not arrived()
        out.wait_flowing(within=seconds(detection()))
    assert bond.status().mii_status == "up"
    assert has_carrier(bond.host, bond.name)


@dataclass(frozen=True, slots=True)
class Measured:
    """How long (ms) one of the peers at least was cut off; bytes delivered with a cable less and with all."""

    outage_ms: float
    reduced: int
    whole: int


def measure(bed: Testbed, bonded: Bonding, stream: StreamMaker, capture: Capture) -> Measured:
    """Streams to all peers; pull the first cable; then limit the cables and see what passes."""
    with ExitStack() as running:
        flows = [stream("out", dst_mac=mac, rate_pps=400, size=1000) for mac in strangers(bonded, PEERS)]
        for flow in flows:
            running.enter_context(flow).wait_flowing()
        with CablePull(bed, bed.slave_cable(0)) as fault:
            flows[0].run(seconds(detection()))
            limited_s = capture.mark()
            for number in range(SLAVES):
                bed.slave_cable(number).limit(LIMIT)
                running.callback(bed.slave_cable(number).limit, None)
            reduced = delivered(bed, capture, flows[0])
        assert bonded.bond is not None
        wait_up(bonded.bond)
        whole = delivered(bed, capture, flows[0])
        outages = [outage for flow in flows for outage in flow.report().outages]
    ends_s = [outage.to_s for outage in outages if outage.to_s > fault.at and outage.from_s < limited_s]
    return Measured((max(ends_s, default=fault.at) - fault.at) * 1e3, reduced, whole)


def delivered(bed: Testbed, capture: Capture, running: Stream) -> int:
    """Bytes of all streams that come out of the slaves' cables in half a second."""
    begin_s = capture.mark()
    running.run(0.5)
    capture.settle()
    ends = [bed.topology.far_end(port) for port in bed.topology.slaves[:SLAVES]]
    seen = [frame for end in ends for frame in capture.frames(end, False, begin_s, is_probe)]
    return sum(frame.length for frame in seen if frame.at_s < begin_s + 0.5)


@behaviour("12.1.1.ab.lb-mode-same-availability")
@pytest.mark.parametrize("mode", ["balance-rr", "balance-xor"])
@needs(slaves=SLAVES, meeting=True)
def test_balancing_is_as_available_and_gives_more(
    mode: str, bed: Testbed, bonded: Bonding, stream: StreamMaker, capture: Capture
) -> None:
    """Steps: streams to several peers, more than one cable can carry; pull a cable, and plug it in again.
    Once with active-backup, then with a balancing mode.

    Verify: the outage is within the same bound; the balancing mode delivers more, with and without the cable.
    """
    found: list[Measured] = []
    for each_mode in ("active-backup", mode):
        bond = bonded(each_mode, slaves=SLAVES, miimon=100)
        found.append(measure(bed, bonded, stream, capture))
        for made in filter(None, (bonded.peer_bond, bond)):
            made.delete()
    reference, balancing = found
    assert max(reference.outage_ms, balancing.outage_ms) <= detection()
    assert balancing.reduced > 1.5 * reference.reduced
    assert balancing.whole > 1.5 * reference.whole
