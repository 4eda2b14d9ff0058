"""Bandwidth or availability: what each mode gives where (HOWTO section 12)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack

from lab.bonding import wait_up
from lab.cases import (
    HOST_IP,
    BondHandle,
    Bonding,
    Capture,
    Flow,
    Port,
    Testbed,
    behaviour,
    eventually,
    needs,
)
from lab.far_side import GROUP, GROUPED_MODES
from lab.faults import CablePull, Fault, PowerOff
from lab.traffic import ProbeStream
from testcases.bounds import detection, seconds
from testcases.neighbours import addresses
from testcases.outages import trouble_after
from testcases.section_12_high_availability.test_multiple_switches import between
from testcases.wire import is_probe

R, SIZE = 4.0, 1400
"""Mbit/s of each cable; bytes of a frame."""
SLAVES, PEERS = 4, 8
MEASURED_S, SETTLED_S = 0.8, 0.4
RATES = {"peer": 500.0, "peer_b": 300.0}
"""Frames a second to each station outside. Two streams of one pace can fall in step with balance-rr: all
frames to one station then take one slave, all to the other the other."""
FAILURES: Mapping[str, Callable[[Testbed], Fault]] = {
    "switch A": lambda bed: PowerOff(bed, bed.switch("switch_a")),
    "isl": lambda bed: CablePull(bed, bed.cable("isl")),
}


def throughput(bond: BondHandle, bed: Testbed, capture: Capture) -> float:
    """Mbit/s that get through to eight peers, which are sent 4 R together."""
    station = bed.host("peer")
    port = Port(station.name, station.nics[0])
    pps = SLAVES * R * 1e6 / PEERS / (8 * SIZE)
    senders = [
        ProbeStream(bond.host, bond.name, Flow(mac, HOST_IP, ip, rate_pps=pps, size=SIZE))
        for mac, ip in addresses(PEERS).items()
    ]
    for sender in senders:
        sender.start()
    try:
        wait_for(senders[0], SETTLED_S)
        begin_s = capture.mark()
        wait_for(senders[0], MEASURED_S)
        capture.settle()
        arrived = capture.frames(port, False, begin_s, is_probe)
        lasted_s = capture.mark() - begin_s
    finally:
        for sender in senders:
            sender.stop()
    return sum(seen.length for seen in arrived) * 8 / 1e6 / lasted_s


def wait_for(sender: ProbeStream, lasting_s: float) -> None:
    """Let it send for so long."""
    target = sender.sent + round(lasting_s / sender.pace_s)
    eventually(lambda: sender.sent >= target, within=lasting_s + 5, what="frames are sent")


def contact_lost(bond: BondHandle, bed: Testbed, failure: Callable[[Testbed], Fault]) -> float:
    """ms after the failure until all is well with one of the stations outside, the one that is better off."""
    with ExitStack() as running:
        flows = []
        for role, rate_pps in RATES.items():
            out, back = between(bond, bed, role, rate_pps)
            running.enter_context(back)
            flows.append(running.enter_context(out))
        for flow in flows:
            flow.wait_flowing()
        with failure(bed) as fault:
            flows[0].run(2 * seconds(detection()))
            return min(trouble_after(flow.report(), fault.at) for flow in flows)


@behaviour("12.ha.two-goals")
@needs(slaves=SLAVES, meeting=True, switch=True, once=True)
def test_balancing_gives_most_bandwidth_with_one_switch(
    bed: Testbed, bonded: Bonding, capture: Capture
) -> None:
    """Steps: four cables of rate R to one switch; in each of some modes traffic of 4 R to eight peers.

    Verify: the modes that balance load are ahead, each with more than 2 R; active-backup has no more than R.
    """
    for number in range(SLAVES):
        bed.slave_cable(number).limit(R)
    got = {}
    for mode in ("balance-rr", "balance-xor", "active-backup"):
        bond = bonded(mode, slaves=SLAVES, miimon=100)
        got[mode] = throughput(bond, bed, capture)
        bond.delete()
        if mode in GROUPED_MODES:
            bed.switch("switch_a").ungroup(GROUP)
    ranked = sorted(got, key=lambda mode: -got[mode])
    bed.timeline.note("ranked", ", ".join(f"{mode} {got[mode]:.1f} Mbit/s" for mode in ranked))
    assert ranked[-1] == "active-backup"
    assert got[ranked[-2]] > 2 * R
    assert 0.5 * R < got["active-backup"] <= 1.1 * R


@behaviour("12.ha.two-goals")
@needs(slaves=2, meeting=False, roles=("isl", "peer_b"), once=True)
def test_active_backup_gives_most_availability_with_two(bed: Testbed, bonded: Bonding) -> None:
    """Steps: a cable to each of two linked switches; in balance-rr and in active-backup one switch fails,
    then the ISL, under traffic with a station behind each.

    Verify: in active-backup there is always a station with which all is well after the detection time; in
    balance-rr there is none when the ISL is cut, for as long as that lasts.
    """
    lost = {}
    for mode in ("balance-rr", "active-backup"):
        bond = bonded(mode, miimon=100)
        lost[mode] = 0.0
        for failure in FAILURES.values():
            lost[mode] = max(lost[mode], contact_lost(bond, bed, failure))
            wait_up(bond)
        bond.delete()
    ranked = sorted(lost, key=lambda mode: lost[mode])
    bed.timeline.note("ranked", ", ".join(f"{mode} out for {lost[mode]:.0f} ms" for mode in ranked))
    assert ranked[0] == "active-backup"
    assert lost["active-backup"] <= detection()
    assert lost[ranked[1]] > detection()
