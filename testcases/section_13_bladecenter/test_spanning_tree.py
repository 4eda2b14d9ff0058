"""Spanning tree on the switches of a chassis (HOWTO section 13.1)."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from lab.cases import Bonding, StreamMaker, Testbed, behaviour, needs
from lab.faults import CablePull, ForwardingDelay
from testcases.bounds import SLACK, detection, seconds
from testcases.modes import ADAPTIVE
from testcases.outages import trouble_after
from testcases.slaves import link_goes

DELAY = 1000
"""ms from the link of a port to the first frame that passes it, in place of two forward delays (30 s)."""


@behaviour("13.1.stp.disable-avoids-delay")
@pytest.mark.parametrize("spanning_tree", [False, True], ids=["without-stp", "with-stp"])
@pytest.mark.parametrize("mode", ["active-backup", *ADAPTIVE])
@needs(slaves=2, traits=("chassis", "esm", "opm"))
def test_spanning_tree_delays_a_failover(
    mode: str, spanning_tree: bool, bed: Testbed, bonded: Bonding, stream: StreamMaker
) -> None:
    """Steps: the cable of eth0 is pulled and plugged in again; as soon as that slave is up, eth1 fails. On
    switches that forward at once, and on such that listen and learn on a port for a second first.

    Verify: without spanning tree the outage is over within the detection time; with it, not before the port
    forwards.
    """
    bond = bonded(mode, miimon=100)
    with stream("out") as out, ExitStack() as entered:
        slow = ForwardingDelay(bed, bed.slave_cable(0), DELAY)
        if spanning_tree:
            entered.enter_context(slow)
        with CablePull(bed, bed.slave_cable(0)):
            link_goes(bond, "eth0", "down")
            out.wait_flowing()
        link_goes(bond, "eth0", "up")
        with CablePull(bed, bed.slave_cable(1)) as fault:
            link_goes(bond, "eth1", "down")
            out.wait_flowing()
            report = out.report()
    trouble = trouble_after(report, fault.at)
    if spanning_tree:
        assert detection() < trouble <= DELAY + detection()
        assert abs(report.outages[-1].to_s - slow.forwarding_at[-1]) <= seconds(SLACK)
    else:
        assert trouble <= detection()
