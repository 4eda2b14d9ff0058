"""Switch modules that are linked inside the chassis (HOWTO section 13.1)."""

from __future__ import annotations

import pytest

from lab.cases import Bonding, Testbed, behaviour, needs
from testcases.section_12_high_availability.test_sample_network import FAILURES, outlives


@behaviour("13.1.topology.linked-esms")
@pytest.mark.parametrize("monitor", ["mii", "arp"])
@pytest.mark.parametrize("what", FAILURES)
@needs(slaves=2, traits=("linked",), roles=("isl", "uplink_a", "uplink_b", "peer_b"))
def test_linked_modules_are_the_network_of_section_12_2(
    what: str, monitor: str, bed: Testbed, bonded: Bonding
) -> None:
    """Steps, verify: those of section 12.2 for its sample network, in a chassis with two linked ESMs."""
    outlives(FAILURES[what], monitor, bed, bonded)
