"""One target of the ARP monitor, or several (HOWTO section 8.2)."""

from __future__ import annotations

import pytest

from lab.cases import PEER_IP, Bonding, Testbed, behaviour, eventually, needs, never
from lab.faults import CablePull
from testcases.arp_monitor import silence
from testcases.bounds import seconds
from testcases.modes import MODES
from testcases.slaves import link_is

INTERVAL = 100
"""ms. The HOWTO's samples have 60, which leaves a busy machine little time."""


@behaviour("8.2.targets.one-is-enough")
@pytest.mark.parametrize("mode", MODES)
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_one_target_is_enough(mode: str, bed: Testbed, bonded: Bonding) -> None:
    """Steps: one target; ten intervals; pull the first cable.

    Verify: both slaves are up before; the pulled one is down within four intervals.
    """
    bond = bonded(mode, policy="round-robin", arp_interval=INTERVAL, arp_ip_target=PEER_IP)
    before = bond.status()
    never(lambda: bond.status() != before, during=seconds(10 * INTERVAL), what="a verdict")
    with CablePull(bed, bed.slave_cable(0)):
        eventually(link_is(bond, "eth0", "down"), seconds(silence(INTERVAL)), what="eth0 is down")


@behaviour("8.2.targets.more-are-safer", "8.2.targets.single-target-failure")
@pytest.mark.parametrize("mode", MODES)
@needs(slaves=1, switch=True, once=True)
def test_the_slave_fails_with_the_last_target(mode: str, bed: Testbed, bonded: Bonding) -> None:
    """Steps: three targets, no traffic; one after the other loses its address, ten intervals apart.

    Verify: nothing changes after the first two, when one target is left; the slave is declared down within
    six intervals of the loss of that one, though its cable and the switch are fine.
    """
    peer = bed.host("peer")
    targets = ("10.0.0.101", "10.0.0.102", "10.0.0.103")
    for ip in targets:
        peer.run(["ip", "address", "add", f"{ip}/32", "dev", peer.nics[0]])
    bond = bonded(mode, slaves=1, arp_interval=INTERVAL, arp_ip_target=",".join(targets))
    before = bond.status()
    for ip in targets[:2]:
        peer.run(["ip", "address", "del", f"{ip}/32", "dev", peer.nics[0]])
        never(lambda: bond.status() != before, during=seconds(10 * INTERVAL), what=f"a verdict without {ip}")
    peer.run(["ip", "address", "del", f"{targets[2]}/32", "dev", peer.nics[0]])
    eventually(link_is(bond, "eth0", "down"), seconds(silence(INTERVAL, rounds=2)), what="eth0 is down")
    assert bed.slave_cable(0).plugged
