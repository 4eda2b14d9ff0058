"""Options in force that the status text does not show."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from lab.cases import BondDriver, BondHandle
from lab.drivers.userspace import UserspaceDriver


def options_in_force(driver: BondDriver, bond: BondHandle) -> Mapping[str, str]:
    """Every option of the bond as text."""
    if not isinstance(driver, UserspaceDriver):
        pytest.skip(f"options of the driver {driver.name} cannot be read yet")
    shown = driver.daemon(bond.host).call("show", bond=bond.name)
    return {name: str(value) for name, value in shown["options"].items()}
