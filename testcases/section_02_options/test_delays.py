"""updelay and downdelay are counted in polls of the MII monitor (HOWTO section 2)."""

from __future__ import annotations

from typing import Any

import pytest

from lab.cases import BondDriver, BondHandle, Bonding, StreamMaker, Testbed, behaviour, needs
from lab.faults import CablePull
from testcases.bounds import detection
from testcases.modes import ADAPTIVE, MODES
from testcases.outages import trouble_after
from testcases.slaves import cable_of, link_goes, slave_in_use
from testcases.wire import Wire

DELAYS = ("updelay", "downdelay")


def shown(bond: BondHandle, delay: str) -> int:
    """The delay as the status has it, in ms."""
    status = bond.status()
    return {"updelay": status.updelay_ms, "downdelay": status.downdelay_ms}[delay]


@behaviour("2.updelay.exact-multiple", "2.downdelay.exact-multiple")
@needs(once=True)
@pytest.mark.parametrize("delay", DELAYS)
def test_a_multiple_of_miimon_is_used_as_given(bed: Testbed, driver: BondDriver, delay: str) -> None:
    """Steps: load each mode with miimon=100 and a delay of 400.

    Verify: the status shows 400, the other delay is 0, and the log has no warning that it was rounded (it
    may have one that updelay does not suit balance-alb).
    """
    for mode in (*MODES, *ADAPTIVE):
        bond = driver.create(bed.host("host"), "bond0", {"mode": mode, "miimon": "100", delay: "400"})
        assert {name: shown(bond, name) for name in DELAYS} == {**dict.fromkeys(DELAYS, 0), delay: 400}
        assert f"{delay} (400)" not in bond.log().replace(" delay", "delay")
        bond.delete()


@behaviour("2.updelay.rounded-down", "2.downdelay.rounded-down")
@needs(once=True)
@pytest.mark.parametrize("delay", DELAYS)
@pytest.mark.parametrize("given", [401, 450, 499])
def test_any_other_value_is_rounded_down(bed: Testbed, driver: BondDriver, delay: str, given: int) -> None:
    """Steps: load each mode with miimon=100 and a delay between 400 and 500.

    Verify: the status shows 400, and the log says so.
    """
    for mode in (*MODES, *ADAPTIVE):
        bond = driver.create(bed.host("host"), "bond0", {"mode": mode, "miimon": "100", delay: str(given)})
        assert shown(bond, delay) == 400
        # By sysfs today's driver says "up delay (401)".
        assert any(
            f"{delay} ({given})" in line.replace(" delay", "delay") for line in bond.log().splitlines()
        )
        bond.delete()


@behaviour("2.updelay.below-one-poll")
@needs(once=True)
def test_an_updelay_below_one_poll_is_none(bed: Testbed, driver: BondDriver) -> None:
    """Steps: load each mode with miimon=100 updelay=99.

    Verify: the status shows 0.
    """
    for mode in (*MODES, *ADAPTIVE):
        bond = driver.create(bed.host("host"), "bond0", {"mode": mode, "miimon": "100", "updelay": "99"})
        assert bond.status().updelay_ms == 0
        bond.delete()


@behaviour("2.downdelay.below-one-poll", "2.downdelay.default", "2.updelay.default")
@needs(slaves=2)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("options", [{}, {"downdelay": 99}], ids=["default", "below-one-poll"])
def test_without_delays_every_poll_counts(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire, mode: str, options: dict[str, Any]
) -> None:
    """Steps: with no delay, or a downdelay shorter than a poll, pull the cable of the slave in use under
    traffic, and plug it in again.

    Verify: the status shows no delays; the slave is disabled, and enabled, by the first poll that can see it,
    and nothing is lost after that poll.
    """
    bond = bonded(mode, miimon=100, **options)
    assert (bond.status().updelay_ms, bond.status().downdelay_ms) == (0, 0)
    with stream("out") as out:
        nic = slave_in_use(out, wire)
        with CablePull(bed, cable_of(bed, nic)) as pull:
            link_goes(bond, nic, "down")
            out.wait_flowing()
        link_goes(bond, nic, "up")
    assert trouble_after(out.report(), pull.at) <= detection()
