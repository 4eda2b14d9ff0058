"""Which slaves the adaptive modes send by: load relative to speed (HOWTO sections 2, `mode`, and 12.1.1)."""

from __future__ import annotations

from collections.abc import Mapping, Set

import pytest

from lab.cases import BondDriver, Bonding, Testbed, behaviour, eventually, needs
from lab.faults import CablePull
from testcases.bounds import seconds
from testcases.bursts import carried, nic_of_peer
from testcases.fault_shim import FaultShim
from testcases.neighbours import REBALANCE, addresses, to_all, wait_dealt
from testcases.slaves import cable_of, link_goes
from testcases.wire import Wire

PEER_FRAMES = 184
"""Of 1500 bytes, to each of 20 peers: 4.4 Mbit/s over ten seconds."""


@behaviour("12.1.1.tlb-alb.mixed-speeds")
@pytest.mark.parametrize(
    "mode",
    [
        pytest.param("balance-tlb", marks=behaviour("2.mode.balance-tlb.load-relative-to-speed")),
        pytest.param("balance-alb", marks=behaviour("2.mode.balance-alb.includes-tlb")),
    ],
)
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_load_is_relative_to_speed(
    mode: str, bed: Testbed, driver: BondDriver, bonded: Bonding, wire: Wire
) -> None:
    """Steps: slaves at 4 and 1 Mbit/s; while the slow one has no link, 20 peers are sent 4.4 Mbit for each
    second of the ten in which load is measured. When it is back, the load is balanced anew.

    Verify: both slaves carry; the fast one has more of the peers, and the loads relative to speed are nearer
    each other than with half the peers on each. (With less speed than 1000 and 100, less load will do.)
    """
    shim = FaultShim(driver, bed)
    bond = bonded(mode, miimon=100)
    destinations = addresses(20)
    shim.speed("eth0", "4/full")
    shim.speed("eth1", "1/full")
    with CablePull(bed, cable_of(bed, "eth1")):
        link_goes(bond, "eth1", "down")
        assert set(carried(wire, bond, to_all(bond, destinations, PEER_FRAMES, 1500))) == {"eth0"}
    link_goes(bond, "eth1", "up")

    def used() -> dict[str, set[str]]:
        return nic_of_peer(carried(wire, bond, to_all(bond, destinations, 1, 100)))

    served = eventually(
        used, seconds(REBALANCE), until=lambda nics: {"eth1"} in nics.values(), what="eth1 sends"
    )
    assert {len(nics) for nics in served.values()} == {1}
    slow = list(served.values()).count({"eth1"})
    fast = len(served) - slow
    assert slow + fast == 20
    assert abs(fast / 4 - slow) < abs(10 / 4 - 10)
    assert 0 < slow < fast


@pytest.mark.parametrize(
    "mode",
    [
        pytest.param("balance-tlb", marks=behaviour("2.mode.balance-tlb.needs-ethtool-speed")),
        pytest.param("balance-alb", marks=behaviour("2.mode.balance-alb.includes-tlb")),
    ],
)
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_a_slave_that_does_not_tell_its_speed_is_used(
    mode: str, bed: Testbed, driver: BondDriver, bonded: Bonding, wire: Wire
) -> None:
    """Steps: eth1 is enslaved anew with a driver that does not tell its speed, next to one of 1 Mbit/s.

    Verify: the log warns of it; as it is taken for one of more than 1 Mbit/s, frames to peers leave by it.
    """
    shim = FaultShim(driver, bed)
    bond = bonded(mode, miimon=100)
    shim.speed("eth0", "1/full")
    shim.speed("eth1", "fail")
    bond.release("eth1")
    bond.enslave("eth1")
    link_goes(bond, "eth1", "up")
    assert any("eth1" in line and "speed" in line for line in bond.log().splitlines())
    wait_dealt(wire, ["eth0", "eth1"])
    destinations = addresses(8)
    assert set(carried(wire, bond, to_all(bond, destinations, 4, 100))) == {"eth1"}


@behaviour("12.1.1.tlb.by-peer")
@pytest.mark.parametrize(
    "mode",
    [
        pytest.param("balance-tlb", marks=behaviour("12.1.1.tlb.not-simple-xor")),
        pytest.param("balance-alb", marks=behaviour("2.mode.balance-alb.includes-tlb")),
    ],
)
@needs(slaves=4, meeting=True, switch=True, once=True)
def test_peers_whose_addresses_are_alike_are_spread(mode: str, bonded: Bonding, wire: Wire) -> None:
    """Steps: four UDP flows to each of 16 peers whose addresses are 4 apart, so that balance-xor would send
    all of it by one of the four slaves.

    Verify: at least three slaves carry, at the latest when loads have been balanced anew; all flows to one
    peer leave by one slave.
    """
    bond = bonded(mode, slaves=4, miimon=100)
    wait_dealt(wire, bond.host.nics[:4])
    destinations = addresses(16, apart=4)

    def served() -> dict[str, set[str]]:
        return nic_of_peer(carried(wire, bond, to_all(bond, destinations, 4, 100)))

    def spread(nics_of: Mapping[str, Set[str]]) -> bool:
        assert set(nics_of) == set(destinations)
        at_once = {nic for nics in nics_of.values() for nic in nics}
        # Loads may be balanced anew in the middle of it: then some peers have two.
        return len(at_once) >= 3 and all(len(nics) == 1 for nics in nics_of.values())

    # Twice: a driver of today measures flows for one interval before it spreads them.
    eventually(served, seconds(2 * REBALANCE), until=spread, what="three slaves carry, one for each peer")
