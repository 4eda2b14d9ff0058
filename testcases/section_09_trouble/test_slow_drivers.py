"""Painfully slow detection of failed links by miimon (HOWTO section 9.3)."""

from __future__ import annotations

import time

from lab.cases import BondDriver, Bonding, StreamMaker, Testbed, behaviour, eventually, needs
from lab.faults import CablePull
from testcases.bounds import SLACK, detection, seconds
from testcases.fault_shim import FaultShim
from testcases.outages import trouble_after
from testcases.slaves import link_goes

REFRESH = 800
"""ms; the lazy drivers of these cases look at their links that often (in the catalogue every 2000)."""


@behaviour("9.3.mii.lazy-driver-slow")
@needs(slaves=2, once=True)
def test_a_lazy_driver_is_noticed_late(
    bed: Testbed, driver: BondDriver, bonded: Bonding, stream: StreamMaker
) -> None:
    """Steps: eth1's driver renews its carrier flag every 800 ms; pull its cable soon after that, and late.

    Verify: the loss is seen at the next renewal: late after the early pull, soon after the late one, and
    never later than the renewal and a poll. (Three chosen phases, not 20 random ones.)
    """
    shim = FaultShim(driver, bed)
    bond = bonded("active-backup", miimon=50, use_carrier=1)
    latencies = []
    with stream("out") as clock:
        for phase_s in (0.05, 0.6):
            shim.refresh("eth1", REFRESH)  # forgets what it knows: the next poll is a renewal
            asked = shim.asked("eth1", "carrier")
            eventually(lambda asked=asked: shim.asked("eth1", "carrier") > asked, within=1.0)  # type: ignore[misc]
            clock.run(phase_s)
            with CablePull(bed, bed.slave_cable(1)) as pull:
                eventually(
                    lambda: bond.status().slave("eth1").mii_status == "down",
                    within=seconds(REFRESH + detection(50)),
                )
                latencies.append((time.monotonic() - pull.at) * 1000)
            shim.refresh("eth1", 0)
            eventually(lambda: bond.status().slave("eth1").mii_status == "up", within=seconds(detection(50)))
    early, late = latencies
    assert early > REFRESH / 2
    assert late < REFRESH / 2 + SLACK
    assert early > late


@behaviour("9.3.mii.lazy-driver-use-carrier-0-helps")
@needs(slaves=2, once=True)
def test_live_registers_help(bed: Testbed, driver: BondDriver, bonded: Bonding, stream: StreamMaker) -> None:
    """Steps: such a driver, whose MII registers are live, with use_carrier=0; pull the cable.

    Verify: the next poll sees it.
    """
    shim = FaultShim(driver, bed)
    bond = bonded("active-backup", miimon=100, use_carrier=0)
    shim.refresh("eth0", 60_000)
    shim.answer("eth0", "mii", "up")
    with stream("out") as out:
        out.wait_flowing()
        with CablePull(bed, bed.slave_cable(0)) as pull:
            shim.answer("eth0", "mii", "down")
            link_goes(bond, "eth0", "down")
            out.wait_flowing()
            report = out.report()
    assert trouble_after(report, pull.at) <= detection()


@behaviour("9.3.mii.cached-registers-no-help")
@needs(slaves=2, once=True)
def test_cached_registers_do_not_help(
    bed: Testbed, driver: BondDriver, bonded: Bonding, stream: StreamMaker
) -> None:
    """Steps: a driver that renews its MII registers only every 800 ms, which this case does for it; pull the
    cable just after a renewal, with use_carrier=0.

    Verify: frames are lost until the registers are renewed, and a poll more.
    """
    shim = FaultShim(driver, bed)
    bond = bonded("active-backup", miimon=50, use_carrier=0)
    shim.answer("eth0", "mii", "up")
    with stream("out") as out:
        out.wait_flowing()
        with CablePull(bed, bed.slave_cable(0)) as pull:
            out.run(REFRESH / 1000)
            assert bond.status().active == "eth0"
            shim.answer("eth0", "mii", "down")
            renewed_s = time.monotonic()
            eventually(lambda: bond.status().active == "eth1", within=seconds(detection(50)))
            out.wait_flowing()
            report = out.report()
    assert trouble_after(report, pull.at) >= REFRESH - SLACK
    assert trouble_after(report, renewed_s) <= detection(50)
