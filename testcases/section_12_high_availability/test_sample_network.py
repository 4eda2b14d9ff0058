"""The sample network of HOWTO section 12.2, failure by failure, and its extension to a third switch."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from lab.cases import Bonding, Testbed, behaviour, needs
from lab.faults import CablePull, Fault, PowerOff
from testcases.arp_monitor import silence
from testcases.bounds import detection, seconds
from testcases.outages import trouble_after
from testcases.section_12_high_availability.test_arp_behind_switch import BOTH, INTERVAL, active_is, monitored
from testcases.section_12_high_availability.test_multiple_switches import between


@dataclass(frozen=True, slots=True)
class Failure:
    """What fails; the station outside that is reached all the same, and the slave in use afterwards."""

    fault: Callable[[Testbed], Fault]
    station: str
    active: str


FAILURES = {
    "port1-of-a": Failure(lambda bed: CablePull(bed, bed.slave_cable(0)), "peer", "eth1"),
    "switch-a": Failure(lambda bed: PowerOff(bed, bed.switch("switch_a")), "peer_b", "eth1"),
    "isl": Failure(lambda bed: CablePull(bed, bed.cable("isl")), "peer", "eth0"),
    "port3-of-a": Failure(lambda bed: CablePull(bed, bed.cable("uplink_a")), "peer_b", "eth0"),
}


def outlives(failure: Failure, monitor: str, bed: Testbed, bonded: Bonding) -> None:
    """The outside is reached, both ways, after this failure: at once where eth0 stays in use."""
    if monitor == "mii":
        bond, bound = bonded("active-backup", miimon=100), detection()
    else:
        bond, bound = monitored(bonded, BOTH), silence(INTERVAL, rounds=2)
    assert bond.status().active == "eth0"
    out, back = between(bond, bed, failure.station)
    with out, back:
        out.wait_flowing()
        back.wait_flowing()
        with failure.fault(bed) as fault:
            out.run(seconds(bound))
            out.wait_flowing()
            back.wait_flowing()
            reports = out.report(), back.report()
            assert bond.status().active == failure.active
    allowed = bound if failure.active == "eth1" else 0
    assert all(trouble_after(report, fault.at) <= allowed for report in reports), reports


@behaviour("12.2.multi.sample-topology")
@pytest.mark.parametrize("monitor", ["mii", "arp"])
@pytest.mark.parametrize("what", FAILURES)
@needs(slaves=2, meeting=False, roles=("isl", "uplink_a", "uplink_b", "peer_b"), once=True)
def test_the_outside_is_reached_after_any_one_failure(
    what: str, monitor: str, bed: Testbed, bonded: Bonding
) -> None:
    """Steps: eth0, on switch A, in use; of port1, switch A, ISL and port3 one fails under traffic both ways.

    Verify: within the detection time of the monitor the outside is reached again; where eth0 can stay in
    use, it does, and nothing is lost.
    """
    outlives(FAILURES[what], monitor, bed, bonded)


ORDERS = [("cb", "a"), ("ac", "b"), ("ab", "c")]
"""Which switches fail, in this order, and which one is left. B, in the middle, joins the others: its own
failure comes last."""


@behaviour("12.2.multi.third-switch")
@pytest.mark.parametrize(("failing", "left"), ORDERS)
@needs(slaves=3, meeting=False, traits=("three-switches",))
def test_a_third_switch_carries_on_alone(failing: str, left: str, bed: Testbed, bonded: Bonding) -> None:
    """Steps: three slaves on a chain of three switches; two fail in turn, each while its cable is in use.

    Verify: traffic both ways with what is behind the third goes on, each time after the detection time, in
    the end on that switch's own cable.
    """
    nics = dict(zip("abc", ("eth0", "eth1", "eth2"), strict=True))
    station = {"a": "peer", "b": "peer_b", "c": "peer_c"}[left]
    bond = bonded("active-backup", slaves=3, miimon=100)
    with ExitStack() as faults:
        for letter in failing:
            bond.set("primary", nics[letter])
            active_is(bond, nics[letter], seconds(detection()))
            out, back = between(bond, bed, station)
            with out, back:
                out.wait_flowing()
                back.wait_flowing()
                fault = faults.enter_context(PowerOff(bed, bed.switch(f"switch_{letter}")))
                out.run(seconds(detection()))
                out.wait_flowing()
                back.wait_flowing()
                reports = out.report(), back.report()
            assert all(trouble_after(report, fault.at) <= detection() for report in reports), reports
        assert bond.status().active == nics[left]
