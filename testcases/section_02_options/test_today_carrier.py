"""Today's drivers: most modes look at the carrier themselves, whatever the monitor says."""

from __future__ import annotations

import time
from typing import Any

import pytest

from lab.cases import Bonding, StreamMaker, Testbed, differs, eventually, needs, never
from lab.faults import CablePull
from testcases.bounds import SLACK, detection, seconds
from testcases.modes import ADAPTIVE
from testcases.outages import unexplained
from testcases.slaves import cable_of, link_is, slave_in_use
from testcases.wire import Wire

DOWNDELAY = 600


@differs("2.miimon.zero-disables", "2.options.monitor-is-critical", "2.downdelay.delays-disable")
@needs(slaves=2)
@pytest.mark.parametrize("options", [{}, {"miimon": 100, "downdelay": DOWNDELAY}], ids=["none", "downdelay"])
@pytest.mark.parametrize("mode", ["balance-rr", "balance-xor"])
def test_a_slave_without_carrier_is_left_out_at_once(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire, mode: str, options: dict[str, Any]
) -> None:
    """Steps: without a monitor, and with a downdelay of 600 ms, pull the cable of the slave in use.

    Verify: the other slave carries everything at once, long before the dead one is told down: never without
    a monitor, after downdelay with one. Plugged in again it carries, too.
    """
    bond = bonded(mode, **options)
    with stream("out") as out:
        nic = slave_in_use(out, wire)
        with CablePull(bed, cable_of(bed, nic)) as pull:
            never(lambda: bond.status().slave(nic).mii_status == "down", during=seconds(DOWNDELAY - SLACK))
            out.wait_flowing()
            if options:
                eventually(link_is(bond, nic, "down"), within=seconds(detection(downdelay=DOWNDELAY)))
            plugged_s = time.monotonic()
        wire.mark()
        eventually(lambda: wire.left_by(nic), within=seconds(detection()), what=f"{nic} carries again")
        report = out.report()
    assert unexplained(report, (pull.at, plugged_s), SLACK) == []
    assert bond.status().slave(nic).failures == (1 if options else 0)


@differs("2.downdelay.delays-disable")
@needs(slaves=2, switch=True)
@pytest.mark.parametrize(
    ("mode", "options"),
    [*((mode, {}) for mode in ADAPTIVE), ("balance-tlb", {"tlb_dynamic_lb": 0})],
    ids=[*ADAPTIVE, "balance-tlb-by-hash"],
)
def test_flows_leave_a_slave_without_carrier_at_once(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire, mode: str, options: dict[str, Any]
) -> None:
    """Steps: with miimon=100 downdelay=600 pull the cable of the slave in use.

    Verify: the other slave carries the flow at once, long before the dead one is told down.
    """
    left_at_once(bed, bonded, stream, wire, mode, **options)


@differs("2.downdelay.delays-disable")
@needs(slaves=2, switch=False, once=True)
def test_a_conversation_leaves_a_port_without_carrier_at_once(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: 802.3ad with miimon=100 downdelay=600; pull the cable of the port that carries a conversation.

    Verify: as with the modes above.
    """
    left_at_once(bed, bonded, stream, wire, "802.3ad")


def left_at_once(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire, mode: str, **options: Any
) -> None:
    """A slave without a carrier is up until downdelay is over, but sends nothing: nothing more is lost."""
    bond = bonded(mode, miimon=100, downdelay=DOWNDELAY, **options)
    with stream("out") as out:
        out.run(0.3)  # slaves have just joined: flows are dealt anew
        nic = slave_in_use(out, wire)
        with CablePull(bed, cable_of(bed, nic)) as pull:
            never(lambda: bond.status().slave(nic).mii_status == "down", during=seconds(DOWNDELAY - SLACK))
            out.wait_flowing()
            eventually(link_is(bond, nic, "down"), within=seconds(detection(downdelay=DOWNDELAY)))
            report = out.report()
    assert unexplained(report, (pull.at,), SLACK) == []
    assert bond.status().slave(nic).failures == 1
