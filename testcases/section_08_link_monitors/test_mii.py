"""What the MII monitor looks at (HOWTO section 8.3)."""

from __future__ import annotations

import pytest

from lab.cases import Bonding, StreamMaker, Testbed, behaviour, eventually, needs, never
from lab.faults import Blackhole, CablePull
from testcases.bounds import detection, seconds
from testcases.modes import MODES
from testcases.strangers import strangers
from testcases.wire import Wire


@behaviour("8.3.mii.local-carrier-only")
@pytest.mark.parametrize("mode", MODES)
@needs(slaves=2)
def test_only_the_carrier_counts(
    mode: str, bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: under traffic to two addresses the first cable swallows every frame and keeps its carrier, for
    ten polls; then it is pulled.

    Verify: no slave changes state at first, and frames go on leaving by the dead cable; after the pull the
    slave is down within the detection time, and no frame is given to it.
    """
    bond = bonded(mode, miimon=100)
    before = bond.status()
    first, second = (stream("out", dst_mac=mac) for mac in strangers(bonded, 2))
    with first, second:
        with Blackhole(bed, bed.slave_cable(0)) as hole:
            wire.mark()
            never(lambda: bond.status() != before, during=1.0, what="the bond notices")
            assert hole.swallowed > 0
            wire.mark()
            eventually(lambda: wire.left_by("eth0"), within=1.0, what="the slave is used")
        with CablePull(bed, bed.slave_cable(0)):
            eventually(lambda: bond.status().slave("eth0").mii_status == "down", seconds(detection()))
            wire.mark()
            first.run(0.1)
            assert set(wire.shares()) == {"eth1"}
