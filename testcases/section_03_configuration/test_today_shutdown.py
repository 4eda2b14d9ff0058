"""What drivers of today do in place of HOWTO section 3.3's shutdown."""

from __future__ import annotations

from lab.cases import BondDriver, Bonding, differs, needs
from testcases.section_03_configuration.shutting_down import is_there, unloaded


@differs("3.3.shutdown-down-first")
@needs(slaves=2, once=True)
def test_a_bond_is_removed_as_it_is(driver: BondDriver, bonded: Bonding) -> None:
    """Steps: remove a bond that is up. Verify: it goes, and both slaves have their own addresses again."""
    bond = bonded("active-backup", miimon=100)
    own = {slave.name: slave.permanent_mac for slave in bond.status().slaves}
    assert unloaded(bond, driver).returncode == 0
    assert not is_there(bond)
    assert {nic: bond.host.mac(nic) for nic in own} == own
