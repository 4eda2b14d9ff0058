"""A bond of the driver under test and a NIC that nobody has configured."""

from __future__ import annotations

from lab.cases import BondDriver, BondHandle, Testbed


def bond_and_nic_down(bed: Testbed, driver: BondDriver) -> BondHandle:
    """bond0 in active-backup, and eth0, both down."""
    host = bed.host("host")
    host.run(["ip", "link", "set", "dev", "eth0", "down"])
    return driver.create(host, "bond0", {"mode": "active-backup", "miimon": "100"})
