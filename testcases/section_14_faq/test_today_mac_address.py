"""Today's drivers: balance-tlb and an address that is given to the bond (HOWTO section 14, question 8)."""

from __future__ import annotations

from lab import frames
from lab.cases import Bonding, differs, eventually, needs
from testcases.neighbours import wait_dealt
from testcases.section_14_faq.test_mac_address import BY_HAND, macs, set_address
from testcases.wire import Wire

NICS = ("eth0", "eth1", "eth2")


@differs("14.8.mac.set-explicitly-tlb-alb")
@needs(slaves=3, meeting=True, switch=True, once=True)
def test_in_balance_tlb_every_slave_gets_the_address(bonded: Bonding, wire: Wire) -> None:
    """Steps: give a balance-tlb bond another address while it is up; wait until each slave has sent.

    Verify: the bond and all three slaves have it, and every frame leaves with it, by whichever slave.
    """
    bond = bonded("balance-tlb", slaves=3, miimon=100)
    set_address(bond.host, bond.name, BY_HAND)
    eventually(lambda: macs(bond, *NICS), within=1.0, until=lambda now: now == [BY_HAND] * 4)
    wait_dealt(wire, NICS)
    for nic in NICS:
        assert {frames.src_mac(seen.data) for seen in wire.left_by(nic, bool)} == {BY_HAND}
