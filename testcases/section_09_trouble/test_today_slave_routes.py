"""What drivers of today do in place of HOWTO section 9.1's lost replies."""

from __future__ import annotations

from lab.cases import Bonding, Testbed, differs, needs
from testcases.arp_monitor import is_answer
from testcases.section_09_trouble.routes import asked_by_the_bond, conflict
from testcases.wire import Wire


@differs("9.1.routes.reply-on-other-interface", "9.1.routes.reply-discarded")
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_a_reply_comes_in_on_the_bond(bed: Testbed, bonded: Bonding, wire: Wire) -> None:
    """Steps: with routes over the slaves, the stack asks for the peer by the bond.

    Verify: a reply reaches the host, is taken for the bond's, and makes the peer a neighbour there.
    """
    bond = bonded("balance-rr", miimon=100)
    with conflict(bed, ["eth0", "eth1"]):
        wire.mark()
        assert asked_by_the_bond(bond)
        assert wire.arrivals(is_answer)
