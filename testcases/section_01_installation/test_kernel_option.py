"""The driver as an option of the kernel (HOWTO section 1.1)."""

from __future__ import annotations

import pytest

from lab.cases import BondDriver, Bonding, behaviour, needs
from lab.drivers.kernel import KernelDriver


@behaviour("1.1.kernel-config-option")
@needs(slaves=2, once=True)
def test_the_kernel_was_built_with_the_driver(driver: BondDriver, bonded: Bonding) -> None:
    """Steps: make a bond; look for the driver among the kernel's modules, built-in ones included.

    Verify: it is there, and the bond in its list. A kernel without "Bonding driver support" has neither.
    """
    if not isinstance(driver, KernelDriver):
        pytest.skip(f"the driver {driver.name} is no option of a kernel's configuration")
    bond = bonded("active-backup", miimon=100)
    assert "bonding" in bond.host.run(["ls", "/sys/module"]).stdout.split()
    assert bond.name in bond.host.run(["ls", "/proc/net/bonding"]).stdout.split()
