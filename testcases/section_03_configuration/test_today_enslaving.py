"""What today's driver does instead: a bond need not be up to take slaves (HOWTO section 3.3)."""

from __future__ import annotations

from lab.cases import BondDriver, Testbed, differs, eventually, needs
from testcases.bounds import detection, seconds
from testcases.section_03_configuration.by_hand import bond_and_nic_down


@differs("3.3.up-before-enslave")
@needs(slaves=2, once=True)
def test_a_bond_that_is_down_takes_slaves_too(bed: Testbed, driver: BondDriver) -> None:
    """Steps: enslave to a bond that is down, and bring it up.

    Verify: eth0 is a slave at once, up, and active when the bond is.
    """
    bond = bond_and_nic_down(bed, driver)
    bond.enslave("eth0")
    assert bond.status().slave_names == ("eth0",)
    bond.set_up(True)
    eventually(lambda: bond.status().active == "eth0", within=seconds(detection()))
