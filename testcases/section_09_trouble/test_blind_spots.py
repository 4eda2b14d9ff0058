"""What miimon cannot see (HOWTO section 9.3)."""

from __future__ import annotations

import pytest

from lab.cases import Bonding, StreamMaker, Testbed, behaviour, needs, never
from lab.faults import CablePull
from testcases.modes import MODES


@behaviour("9.3.mii.blind-beyond-switch")
@pytest.mark.parametrize("mode", MODES)
@needs(slaves=2, switch=True, roles=("peer_link",))
def test_miimon_does_not_see_behind_the_switch(
    mode: str, bed: Testbed, bonded: Bonding, stream: StreamMaker
) -> None:
    """Steps: under traffic pull the cable between the switch and the peer, for 20 polls.

    Verify: nothing arrives, and no slave changes state.
    """
    bond = bonded(mode, miimon=100)
    before = bond.status()
    with stream("out") as out:
        out.wait_flowing()
        with CablePull(bed, bed.cable("peer_link")):
            arrived = out.from_now_on()
            never(lambda: bond.status() != before, during=2.0, what="the bond notices", every=0.02)
            assert not arrived()
        out.wait_flowing()
