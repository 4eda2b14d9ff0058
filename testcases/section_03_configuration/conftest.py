"""The network of the host under test, to be started by configuration files."""

from __future__ import annotations

import pytest

from lab.cases import BondDriver, Testbed
from testcases.section_03_configuration.network import Network


@pytest.fixture
def network(bed: Testbed, driver: BondDriver) -> Network:
    """With all NICs down and no bond."""
    return Network(bed, driver)
