"""Removing a bond as one removes its driver, at the end of a manual shutdown."""

from __future__ import annotations

from lab.cases import BondDriver, BondHandle
from lab.drivers.kernel import KernelDriver
from lab.drivers.userspace import UserspaceDriver
from lab.errors import DriverLacks
from lab.hosts.base import Completed


def unloaded(bond: BondHandle, driver: BondDriver) -> Completed:
    """What came of removing it: bondctl stands for rmmod, which nobody may do to a driver that others use."""
    if isinstance(driver, UserspaceDriver):
        socket = driver.daemon(bond.host).socket
        return bond.host.run(["env", f"BONDD_SOCKET={socket}", "bondctl", "del", bond.name], check=False)
    if not isinstance(driver, KernelDriver):
        raise DriverLacks(f"the driver {driver.name} is not removed with its bond")
    return bond.host.run(["ip", "link", "del", "dev", bond.name], check=False)


def is_there(bond: BondHandle) -> bool:
    """Whether the host has the bond's device."""
    return bond.host.run(["ip", "link", "show", "dev", bond.name], check=False).returncode == 0
