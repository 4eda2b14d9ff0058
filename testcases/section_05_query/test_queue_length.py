"""The transmit queues of a bond and its slaves, as ifconfig and ip(8) show them (HOWTO section 5.2)."""

from __future__ import annotations

import pytest

from lab.cases import BondDriver, Bonding, Testbed, behaviour, needs
from lab.drivers.userspace import UserspaceDriver
from testcases.section_05_query.queue_lengths import LENGTHS, lengths, set_lengths


@behaviour("5.2.sample.queue-length")
@needs(slaves=2, once=True)
def test_a_bond_has_no_queue_of_its_own(bed: Testbed, driver: BondDriver, bonded: Bonding) -> None:
    """Steps: enslave NICs of different queue lengths. Verify: the bond's is 0, theirs are as they were."""
    if isinstance(driver, UserspaceDriver):
        pytest.skip("the device of a bond of bondimpl is a TAP, which hands frames over by its queue")
    set_lengths(bed.host("host"))
    bond = bonded("balance-rr", miimon=100)
    assert lengths(bond.host, *LENGTHS, bond.name) == {**LENGTHS, bond.name: 0}
