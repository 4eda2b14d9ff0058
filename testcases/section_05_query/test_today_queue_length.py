"""What drivers of today show in place of HOWTO section 5.2's queue length."""

from __future__ import annotations

from lab.cases import Bonding, Testbed, differs, needs
from testcases.section_05_query.queue_lengths import LENGTHS, lengths, set_lengths


@differs("5.2.sample.queue-length")
@needs(slaves=2, once=True)
def test_a_bond_has_the_usual_queue_length(bed: Testbed, bonded: Bonding) -> None:
    """Steps: enslave NICs of different queue lengths. Verify: the bond's is 1000, theirs are as they were."""
    set_lengths(bed.host("host"))
    bond = bonded("balance-rr", miimon=100)
    assert lengths(bond.host, *LENGTHS, bond.name) == {**LENGTHS, bond.name: 1000}
