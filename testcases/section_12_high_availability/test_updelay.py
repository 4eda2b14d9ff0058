"""updelay and downdelay against slow switches (HOWTO section 12.3)."""

from __future__ import annotations

import time
from contextlib import ExitStack
from functools import partial

import pytest

from lab.cases import BondHandle, Bonding, Stream, StreamMaker, Testbed, behaviour, eventually, needs
from lab.faults import Blackhole, CablePull, ForwardingDelay
from testcases.bounds import SLACK, detection, seconds
from testcases.modes import MODES
from testcases.outages import LATE_POLL, lost_between, trouble_after
from testcases.slaves import cable_of, link_goes
from testcases.wire import Wire

FOREVER = 30_000
"""ms; an updelay that no case waits for."""


def is_active(bond: BondHandle, nic: str) -> bool:
    """Whether that is the active slave."""
    return bond.status().active == nic


def changes(bond: BondHandle) -> int:
    """How often the log says that a slave was made the active one."""
    return bond.log().count("the new active one")


@behaviour("12.3.switch.carrier-before-forwarding")
@needs(slaves=2, switch=True)
def test_a_port_with_carrier_need_not_pass_traffic(
    bed: Testbed, bonded: Bonding, stream: StreamMaker
) -> None:
    """Steps: the primary's switch port passes frames only 1000 ms after carrier; fail the primary and restore
    it, without updelay.

    Verify: it is active at once, and everything is lost from then until the port forwards.
    """
    bond = bonded("active-backup", miimon=100, primary="eth0")
    with stream("out") as out, ForwardingDelay(bed, bed.slave_cable(0), 1000) as slow:
        with CablePull(bed, bed.slave_cable(0)):
            eventually(partial(is_active, bond, "eth1"), within=seconds(detection()))
            out.wait_flowing()
        restored_s = time.monotonic()
        eventually(partial(is_active, bond, "eth0"), within=seconds(detection()))
        out.wait_flowing()
        report = out.report()
    outage = report.outages[-1]
    assert outage.from_s >= restored_s - seconds(SLACK)
    assert 1000 - detection() <= outage.ms <= 1000 + SLACK
    assert abs(outage.to_s - slow.forwarding_at[-1]) <= seconds(SLACK)


@behaviour("12.3.switch.updelay-hides-it")
@needs(slaves=2, switch=True)
def test_updelay_hides_a_port_that_does_not_forward_yet(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: the same, where the port takes 400 ms and updelay=800.

    Verify: the primary is active after updelay, and nothing is lost at the change back.
    """
    bond = bonded("active-backup", miimon=100, updelay=800, primary="eth0")
    with stream("out") as out, ForwardingDelay(bed, bed.slave_cable(0), 400):
        with CablePull(bed, bed.slave_cable(0)) as pull:
            eventually(partial(is_active, bond, "eth1"), within=seconds(detection()))
            out.wait_flowing()
        restored_s = wire.mark()
        eventually(partial(is_active, bond, "eth0"), within=seconds(detection() + 800))
        out.run(0.2)
        report = out.report()
    assert 800 - LATE_POLL <= (wire.left_by("eth0")[0].at_s - restored_s) * 1000 <= detection() + 800
    assert trouble_after(report, pull.at) <= detection()


def bounce(bed: Testbed, clock: Stream, times: int = 5) -> None:
    """The switch port of eth0 goes off and on every 150 ms, as a running stream counts them."""
    port = bed.topology.far_end(bed.topology.slaves[0])
    switch = bed.switch(port.node)
    for _ in range(times):
        clock.run(0.15)
        switch.port_admin(port.name, False)
        clock.run(0.15)
        switch.port_admin(port.name, True)


@behaviour("12.3.switch.bounce-without-updelay")
@needs(slaves=2, switch=True)
def test_a_bouncing_link_makes_the_bond_bounce(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: the primary's switch port goes on and off five times and stays on, without updelay.

    Verify: the active slave changes several times, and is the primary in the end.
    """
    bond = bonded("active-backup", miimon=100, primary="eth0")
    with CablePull(bed, bed.slave_cable(0)) as pull:
        eventually(partial(is_active, bond, "eth1"), within=seconds(detection()))
        before = changes(bond)
        with stream("out") as out:
            pull.heal()
            bounce(bed, out)
            eventually(partial(is_active, bond, "eth0"), within=seconds(detection()))
            out.wait_flowing()
            wire.mark()
            out.wait_flowing()
    assert changes(bond) - before >= 4
    assert set(wire.shares()) == {"eth0"}


@behaviour("12.3.switch.bounce-with-updelay")
@needs(slaves=2, switch=True)
def test_updelay_rides_out_a_bounce(bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire) -> None:
    """Steps: the same with updelay=600.

    Verify: one change only, updelay after the last bounce; nothing is lost.
    """
    bond = bonded("active-backup", miimon=100, updelay=600, primary="eth0")
    with CablePull(bed, bed.slave_cable(0)) as pull:
        eventually(partial(is_active, bond, "eth1"), within=seconds(detection()))
        before = changes(bond)
        with stream("out") as out:  # it flows before the port is back: to wait for that might take updelay
            pull.heal()
            bounce(bed, out)
            last_s = wire.mark()
            eventually(partial(is_active, bond, "eth0"), within=seconds(detection() + 600))
            out.run(0.2)
    assert changes(bond) - before == 1
    assert 600 - LATE_POLL <= (wire.left_by("eth0")[0].at_s - last_s) * 1000 <= detection() + 600
    assert out.report().lost == 0


@behaviour("12.3.updelay.ignored-when-all-down")
@needs(slaves=2)
@pytest.mark.parametrize("mode", MODES)
def test_with_all_links_down_the_first_one_up_is_used(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire, mode: str
) -> None:
    """Steps: with updelay=30000 pull all cables; plug one in.

    Verify: its slave is up and carries at the next poll.
    """
    bond = bonded(mode, miimon=100)
    bond.set("updelay", str(FOREVER))  # not from the start: the second slave would wait for it
    with stream("out") as out, CablePull(bed, bed.slave_cable(0)) as eth0, CablePull(bed, bed.slave_cable(1)):
        for nic in ("eth0", "eth1"):
            link_goes(bond, nic, "down")
        plugged_s = wire.mark()
        eth0.heal()
        link_goes(bond, "eth0", "up")
        first = eventually(lambda: wire.left_by("eth0"), within=1.0)[0]
        assert (first.at_s - plugged_s) * 1000 <= detection()
        out.wait_flowing()


@behaviour("12.3.updelay.earliest-waiter-chosen")
@needs(slaves=3, switch=True)
def test_the_one_that_waits_longest_is_taken(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: eth0 is active; eth2 waits out an updelay of 30 s, and 300 ms later eth1 does; pull eth0.

    Verify: eth2 is active and carries as soon as eth0 is disabled, its wait hardly begun.
    """
    bond = bonded("active-backup", slaves=3, miimon=100)
    bond.set("updelay", str(FOREVER))
    with stream("out") as out:
        with ExitStack() as pulled:
            pulls = [pulled.enter_context(CablePull(bed, bed.slave_cable(number))) for number in (1, 2)]
            for nic in ("eth1", "eth2"):
                link_goes(bond, nic, "down")
            pulls[1].heal()
            out.run(0.3)
        out.run(0.3)
        assert bond.status().active == "eth0"
        assert bond.status().slave("eth2").mii_status != "up"  # "down", today "going back"
        with CablePull(bed, bed.slave_cable(0)) as pull:
            eventually(lambda: bond.status().active not in ("eth0", None), within=seconds(detection()))
            assert bond.status().active == "eth2"
            wire.mark()
            out.wait_flowing()
            assert set(wire.shares()) == {"eth2"}
            report = out.report()
    assert trouble_after(report, pull.at) <= detection()


@behaviour("12.3.updelay.overestimate-costs-little")
@needs(slaves=2)
def test_too_long_an_updelay_costs_little(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: with updelay=1000 and with 60000 pull all cables; plug one in.

    Verify: the outage after that is the same both times: a poll and no more.
    """
    bond = bonded("active-backup", miimon=100)
    outages = []
    for updelay in (1000, 60_000):
        bond.set("updelay", str(updelay))
        with ExitStack() as pulled, stream("out") as out:
            pulled.enter_context(CablePull(bed, bed.slave_cable(0)))
            eth1 = pulled.enter_context(CablePull(bed, bed.slave_cable(1)))
            eventually(lambda: bond.status().active is None, within=seconds(detection()))
            plugged_s = wire.mark()
            eth1.heal()
            eventually(partial(is_active, bond, "eth1"), within=seconds(detection()))
            outages.append(eventually(lambda: wire.left_by("eth1"), within=1.0)[0].at_s - plugged_s)
            out.wait_flowing()
            bond.set("updelay", "0")  # for eth0, which is about to return
        link_goes(bond, "eth0", "up")
    assert max(outages) <= seconds(detection())


@behaviour("12.3.downdelay.delays-failover")
@needs(slaves=2, meeting=False, switch=True)
@pytest.mark.parametrize("downdelay", [0, 900])
def test_downdelay_waits_for_a_slow_backup_switch(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire, downdelay: int
) -> None:
    """Steps: the backup's switch passes frames only 600 ms after eth0 has lost its link, for which its cable
    is dead that long; with downdelay 0 and 900.

    Verify: with 0, eth1 is active at once and its frames are lost until its switch forwards; with 900 the
    change comes after that, and eth1 sends no frame into the void.
    """
    bond = bonded("active-backup", miimon=100, downdelay=downdelay)
    with stream("out") as out:
        out.wait_flowing()
        with Blackhole(bed, cable_of(bed, "eth1")) as void, CablePull(bed, bed.slave_cable(0)) as pull:
            out.run(0.6 + pull.at - time.monotonic())
            assert is_active(bond, "eth1") is (downdelay == 0)
            forwards_s = time.monotonic()
            void.heal()
            eventually(partial(is_active, bond, "eth1"), within=seconds(detection(downdelay=downdelay)))
            out.wait_flowing()
            report = out.report()
    first = wire.left_by("eth1")[0]
    assert downdelay - LATE_POLL <= (first.at_s - pull.at) * 1000 <= detection(downdelay=downdelay)
    assert (first.at_s < forwards_s) is (downdelay == 0)
    assert (void.swallowed > 0) is (downdelay == 0)
    assert trouble_after(report, pull.at) <= max(600 + SLACK, detection(downdelay=downdelay))
    assert lost_between(report, pull.at, forwards_s) > 0
