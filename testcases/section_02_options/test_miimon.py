"""miimon: the MII link monitoring period (HOWTO section 2)."""

from __future__ import annotations

import time

import pytest

from lab.cases import Bonding, StreamMaker, Testbed, Topology, behaviour, eventually, needs, never
from lab.faults import CablePull
from testcases.bounds import SLACK, detection, seconds
from testcases.modes import LOSING, MODES
from testcases.outages import trouble_after
from testcases.slaves import cable_of, slave_in_use
from testcases.wire import Wire


@behaviour("2.miimon.period")
@needs(slaves=2, once=True)
def test_links_are_polled_once_a_period(bed: Testbed, bonded: Bonding, stream: StreamMaker) -> None:
    """Steps: with miimon=400 pull a cable at some time, then 50 and 300 ms after a poll.

    Verify: the loss is seen by the next poll: sooner after the late pull than after the early one, and never
    later than a period. (Three phases, two of them chosen, not 30 random ones.)
    """
    bond = bonded("active-backup", miimon=400)
    latencies = []

    def eth1_is(word: str) -> bool:
        return bond.status().slave("eth1").mii_status == word

    with stream("out") as clock:
        for phase_s in (0.01, 0.05, 0.3):
            # After the first round: the state has just changed, so this is the moment of a poll.
            clock.run(phase_s)
            with CablePull(bed, bed.slave_cable(1)) as pull:
                eventually(lambda: eth1_is("down"), within=seconds(detection(400)), every=0.002)
                latencies.append((time.monotonic() - pull.at) * 1000)
            eventually(lambda: eth1_is("up"), within=seconds(detection(400)), every=0.002)
    assert max(latencies) <= detection(400)
    assert latencies[1] - latencies[2] >= 100  # 250 without the slack of scheduling
    assert bond.status().slave("eth1").failures == 3


@behaviour("2.miimon.zero-disables")
@needs(slaves=2)
@pytest.mark.parametrize("mode", MODES)
def test_zero_is_no_monitoring(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire, mode: str
) -> None:
    """Steps: without a monitor pull the cable of the slave in use for half a second.

    Verify: the status shows it up all the time; frames are given to it and lost (broadcast has copies) until
    the cable is back, and then it carries at once.
    """
    bond = bonded(mode, miimon=0)
    with stream("out") as out:
        nic = slave_in_use(out, wire)
        with CablePull(bed, cable_of(bed, nic)):
            never(lambda: bond.status().slave(nic).mii_status != "up", during=0.5)
            last_s = time.monotonic()
        wire.mark()
        out.wait_flowing()
        assert wire.left_by(nic)
    report = out.report()
    if mode == "broadcast":
        assert report.lost == 0
    else:
        assert report.outages
        assert report.outages[-1].to_s >= last_s - seconds(SLACK)
        assert report.lost >= 0.4 * 0.5 * out.probe.flow.rate_pps
    assert bond.status().slave(nic).failures == 0


@behaviour("2.miimon.hundred-is-good-start")
@needs(slaves=2)
@pytest.mark.parametrize("mode", MODES)
def test_a_hundred_is_a_good_start(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire, mode: str
) -> None:
    """Steps: with miimon=100 pull the cable of the slave in use under a constant flow.

    Verify: the loss is over after one period and the switch-over.
    """
    bonded(mode, miimon=100)
    with stream("out") as out:
        nic = slave_in_use(out, wire)
        with CablePull(bed, cable_of(bed, nic)) as pull:
            out.run(seconds(2 * detection()))
            report = out.report()
    if mode == "broadcast":
        assert report.lost == 0
    assert trouble_after(report, pull.at) <= detection()


@behaviour("2.options.monitor-is-critical")
@needs(slaves=2)
@pytest.mark.parametrize("mode", LOSING)
def test_without_a_monitor_loss_goes_on(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire, mode: str
) -> None:
    """Steps: without a monitor pull the cable of the slave in use; start one by setting miimon=100.

    Verify: frames are lost for as long as nobody looks, here four periods; with the monitor that ends within
    the detection bound, the cable still out.
    """
    bond = bonded(mode, miimon=0)
    with stream("out") as out:
        nic = slave_in_use(out, wire)
        with CablePull(bed, cable_of(bed, nic)) as pull:
            out.run(0.4)
            started_s = time.monotonic()
            bond.set("miimon", "100")
            if bonded.peer_bond:
                bonded.peer_bond.set("miimon", "100")
            out.run(seconds(2 * detection()))
            report = out.report()
    assert report.outages
    assert report.outages[0].from_s <= pull.at + 0.05
    assert report.outages[-1].to_s >= started_s - seconds(SLACK)
    assert trouble_after(report, started_s) <= detection()


@behaviour("2.options.miimon-nearly-universal")
@needs(slaves=1)
def test_every_nic_reports_its_link(bed: Testbed, topology: Topology, bonded: Bonding) -> None:
    """Steps: enslave every NIC there is with miimon=100; pull each one's cable.

    Verify: each is reported down, and it alone.
    """
    nics = [port.name for port in topology.slaves]
    bond = bonded("active-backup", slaves=len(nics), miimon=100)
    for number, nic in enumerate(nics):
        with CablePull(bed, bed.slave_cable(number)):
            eventually(
                lambda: [slave.name for slave in bond.status().slaves if slave.mii_status != "up"],
                within=seconds(detection()),
                until=[nic].__eq__,
                what=f"{nic} is down",
            )
        eventually(
            lambda: {slave.mii_status for slave in bond.status().slaves},
            within=seconds(detection()),
            until={"up"}.__eq__,
            what="all are up",
        )
