"""A switch that takes its time when it starts (HOWTO section 12.3)."""

from __future__ import annotations

from functools import partial

import pytest

from lab.cases import Bonding, Testbed, behaviour, eventually, needs
from lab.switch_faults import SwitchBounce
from testcases.bounds import detection, seconds
from testcases.outages import lost_between
from testcases.section_12_high_availability.test_multiple_switches import between
from testcases.section_12_high_availability.test_updelay import is_active

DOWN, FORWARDING = 400, 1600
"""ms from the failure of the switch to its links, and to the first frame that passes it."""
TIMELY = 300
"""ms that updelay leaves beyond that."""


@behaviour("12.3.switch.delay-after-switch-restart")
@pytest.mark.parametrize("updelay", [0, FORWARDING - DOWN + TIMELY])
@needs(slaves=2, meeting=False, roles=("isl", "peer_b"), once=True)
def test_a_switch_that_starts_delays_traffic(updelay: int, bed: Testbed, bonded: Bonding) -> None:
    """Steps: the primary is on switch A, which restarts: its links are back after 400 ms, it forwards after
    1600 (not 1000 and 5000). With updelay 0, and with one that is longer than the difference.

    Verify: first everything is lost from the moment when the primary is used again until the switch forwards,
    more than a second; then nothing is, once the detection of the failure is over.
    """
    bond = bonded("active-backup", miimon=100, updelay=updelay, primary="eth0")
    out, back = between(bond, bed, "peer_b")
    with out, back:
        out.wait_flowing()
        switch = bed.switch("switch_a")
        with SwitchBounce(bed, switch, down_ms=DOWN, forwarding_ms=FORWARDING) as restart:
            eventually(partial(is_active, bond, "eth1"), within=seconds(detection()))
            out.wait_flowing()
            carrier_s = restart.wait_carrier()
            eventually(partial(is_active, bond, "eth0"), within=seconds(detection() + updelay))
            forwarding_s = restart.wait_forwarding()
            out.wait_flowing()
        out.run(0.2)
        report = out.report()
    late = [outage for outage in report.outages if outage.to_s > carrier_s]
    if updelay:
        assert not late, report
    else:
        assert len(late) == 1, report
        assert FORWARDING - DOWN - detection() <= late[0].ms <= FORWARDING - DOWN + detection()
        assert abs(late[0].to_s - forwarding_s) <= seconds(detection())
        assert lost_between(report, carrier_s, forwarding_s) > 0
