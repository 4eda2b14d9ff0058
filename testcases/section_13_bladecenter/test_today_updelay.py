"""Today's drivers: updelay when the switch behind passthrough modules is back (HOWTO section 13.1)."""

from __future__ import annotations

from lab.cases import Bonding, StreamMaker, Testbed, differs, needs
from testcases.section_12_high_availability import test_today_updelay as updelay
from testcases.wire import Wire


@differs("13.1.topology.all-opm-is-single-switch")
@needs(traits=("chassis", "opm"), without=("esm",))
def test_behind_passthrough_modules_it_is_waited_for(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps, verify: those of section 12.1 for balance-rr."""
    updelay.test_when_the_switch_is_back_updelay_is_waited_for("balance-rr", bed, bonded, stream, wire)
