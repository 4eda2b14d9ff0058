"""Today's drivers: modes that wait for updelay although all links were down (HOWTO section 12.3)."""

from __future__ import annotations

import time
from typing import Any

import pytest

from lab.cases import BondHandle, Bonding, StreamMaker, Testbed, differs, eventually, needs
from lab.faults import CablePull, PowerOff
from testcases.bounds import LACP_JOIN, detection, seconds
from testcases.links import has_carrier
from testcases.outages import LATE_POLL
from testcases.slaves import link_goes
from testcases.wire import Wire

WAIT = 800
"""ms; as long as in the cases of section 2."""


def up_after_the_wait(bond: BondHandle, back_s: float) -> None:
    """The bond is up again WAIT after `back_s` (monotonic seconds), give or take a poll, and not sooner."""
    eventually(lambda: bond.status().mii_status == "up", within=seconds(detection() + WAIT))
    assert time.monotonic() - back_s >= seconds(WAIT - LATE_POLL)


@differs("12.3.updelay.ignored-when-all-down")
@needs(slaves=2)
@pytest.mark.parametrize("mode", ["balance-rr", "broadcast"])
def test_with_all_links_down_the_first_one_up_waits(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire, mode: str
) -> None:
    """Steps: with updelay=800 pull all cables; plug one in.

    Verify: nothing leaves, and bond and slave are down, until updelay is over; then that slave carries.
    """
    until_it_carries(bed, bonded, stream, wire, mode, 0)


@differs("12.3.updelay.ignored-when-all-down")
@needs(slaves=2, switch=False, once=True)
def test_802_3ad_waits_too(bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire) -> None:
    """Steps, verify: as above; LACP begins when updelay is over."""
    until_it_carries(bed, bonded, stream, wire, "802.3ad", LACP_JOIN)


def until_it_carries(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire, mode: str, join: int
) -> None:
    """Steps, verify: those above; `join` ms may pass between up and the first frame."""
    options: dict[str, Any] = {"lacp_rate": "fast"} if mode == "802.3ad" else {}
    bond = bonded(mode, miimon=100, **options)
    bond.set("updelay", str(WAIT))  # not from the start: the second slave would wait for it
    with stream("out") as out, CablePull(bed, bed.slave_cable(0)) as eth0, CablePull(bed, bed.slave_cable(1)):
        for nic in ("eth0", "eth1"):
            link_goes(bond, nic, "down")
        back_s = wire.mark()
        eth0.heal()
        up_after_the_wait(bond, back_s)
        first = eventually(lambda: wire.left_by("eth0"), within=1 + seconds(join))[0]
        assert (first.at_s - back_s) * 1000 >= WAIT - LATE_POLL
        out.wait_flowing()


@differs("12.1.single.switch-is-single-point")
@needs(slaves=2, meeting=True, switch=True, once=True)
@pytest.mark.parametrize("mode", ["balance-rr", "broadcast"])
def test_when_the_switch_is_back_updelay_is_waited_for(
    mode: str, bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: traffic; the switch loses power and gets it back; updelay=800.

    Verify: the bond has no carrier, and nothing leaves, until updelay is over; then traffic returns.
    """
    bond = bonded(mode, miimon=100)
    bond.set("updelay", str(WAIT))
    with stream("out") as out:
        out.wait_flowing()
        with PowerOff(bed, bed.switch("switch_a")):
            eventually(lambda: bond.status().mii_status == "down", within=seconds(detection()))
            assert not has_carrier(bond.host, bond.name)
            back_s = wire.mark()
        up_after_the_wait(bond, back_s)
        out.wait_flowing()
        first = min(seen.at_s for nic in wire.shares() for seen in wire.left_by(nic))
    assert (first - back_s) * 1000 >= WAIT - LATE_POLL
    assert has_carrier(bond.host, bond.name)
