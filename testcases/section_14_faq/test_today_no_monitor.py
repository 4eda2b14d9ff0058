"""Today's drivers: what a bond without a monitor loses (HOWTO section 14, question 5)."""

from __future__ import annotations

import pytest

from lab.cases import Bonding, Testbed, differs, eventually, needs
from lab.faults import CablePull
from testcases.bounds import SLACK, seconds
from testcases.bursts import carried, nic_of_peer, numbered, peers_like
from testcases.links import has_carrier
from testcases.wire import Wire


@differs("14.5.no-monitor.loss-depends-on-mode")
@needs(slaves=4, once=True)
@pytest.mark.parametrize("mode", ["balance-rr", "balance-xor"])
def test_without_a_monitor_the_other_slaves_take_over(
    bed: Testbed, bonded: Bonding, wire: Wire, mode: str
) -> None:
    """Steps: without a monitor send frames to 16 peers over four slaves, before and after a cable is pulled.

    Verify: then every frame leaves, to all peers, by the other three slaves, which share them; the dead slave
    is shown up all the same.
    """
    bond = bonded(mode, slaves=4, miimon=0)
    peers = peers_like(bond.host.mac(bond.name))
    burst = numbered(bond, peers, 160)
    assert set(carried(wire, bond, burst)) == {"eth0", "eth1", "eth2", "eth3"}
    with CablePull(bed, bed.slave_cable(1)):
        eventually(lambda: not has_carrier(bond.host, "eth1"), within=seconds(SLACK))
        after = carried(wire, bond, burst)
        assert bond.status().slave("eth1").mii_status == "up"
    assert set(after) == {"eth0", "eth2", "eth3"}
    assert sum(len(sent) for sent in after.values()) == 160
    assert set(nic_of_peer(after)) == set(peers)
