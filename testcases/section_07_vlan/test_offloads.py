"""What a bond says it can do for VLANs, and that slaves get to know of them (HOWTO section 7)."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial

import pytest

from lab.cases import BondDriver, Bonding, Testbed, behaviour, eventually, needs, never
from lab.faults import CablePull
from testcases.fault_shim import FaultShim
from testcases.modes import EVERY
from testcases.section_07_vlan.station import Station, answers, vlan_over
from testcases.slaves import cable_of
from testcases.wire import Wire

THREE = ("eth0", "eth1", "eth2")
ANSWERS_S = 5.0
"""Until a VLAN device that was just made answers, or a slave that has joined carries."""


@behaviour("7.offload.declared")
@needs(slaves=2, once=True)
def test_a_bond_can_do_all_for_vlans(bonded: Bonding, driver: BondDriver) -> None:
    """Steps: one slave cannot insert tags; read what the bond says it can do.

    Verify: inserting tags, taking them off, filtering by them.
    """
    bond = bonded("active-backup", miimon=100, trunk=False)
    bond.host.run(["ethtool", "-K", "eth1", "txvlan", "off"])
    shown = bond.host.run(["ethtool", "-k", bond.name]).stdout.splitlines()
    features = dict(line.strip().split(": ", 1) for line in shown if ": " in line)
    assert features["tx-vlan-offload"].startswith("on")
    if driver.name == "userspace":
        pytest.skip("a TAP device has no flags for taking tags off and for filtering by them")
    assert features["rx-vlan-offload"].startswith("on")
    assert features["rx-vlan-filter"].startswith("on")


@behaviour("7.offload.vid-propagated")
@pytest.mark.parametrize("mode", EVERY)
@needs(slaves=3, once=True)
def test_vlan_ids_reach_the_drivers_of_slaves(
    mode: str, bed: Testbed, bonded: Bonding, driver: BondDriver
) -> None:
    """Steps: drivers that tell what they were asked; two slaves, VLAN 10, a third slave, VLAN 20;
    remove VLAN 10; have the second slave leave and return.

    Verify: each slave was told of each VLAN once, the late one too, and each to forget VLAN 10; the one that
    left, to forget VLAN 20, of which it was told anew.
    """
    shim = FaultShim(driver, bed)
    bond = bonded(mode, slaves=2, trunk=False, miimon=100)
    vlan_over(bond, 10)
    assert [shim.vlans(nic) for nic in ("eth0", "eth1")] == [["add 10"], ["add 10"]]
    bond.enslave("eth2")
    assert shim.vlans("eth2") == ["add 10"]
    vlan_over(bond, 20)
    bond.remove_vlan(10)
    told = ["add 10", "add 20", "del 10"]
    assert [shim.vlans(nic) for nic in THREE] == [told] * 3
    bond.release("eth1")
    bond.enslave("eth1")
    assert [shim.vlans(nic) for nic in THREE] == [told, [*told, "del 20", "add 20"], told]


@pytest.mark.parametrize("mode", ["balance-rr", "active-backup", "balance-alb"])
@needs(slaves=3, meeting=True, switch=True, once=True)
def test_every_slave_knows_of_a_vlan(mode: str, bed: Testbed, bonded: Bonding, wire: Wire) -> None:
    """Steps: two slaves; make VLAN 10; enslave a third NIC; have a station ask in VLAN 10 by each slave
    alone; remove VLAN 10; ask again.

    Verify: each slave, the late one too, lets VLAN 10 in until its removal.
    """
    bond = bonded(mode, trunk=False, miimon=100)
    vlan_over(bond, 10)
    bond.enslave("eth2")

    with Station(bed, 10) as station:
        for nic in THREE:
            with ExitStack() as pulled:
                for other in THREE:
                    if other != nic:
                        pulled.enter_context(CablePull(bed, cable_of(bed, other)))
                eventually(
                    lambda: station.is_answered(wire, 10, bond.mac()),
                    ANSWERS_S,
                    what=f"VLAN 10 answers by {nic}",
                )
                assert list(wire.shares(partial(answers, vlan=10))) == [nic]
        eventually(lambda: station.is_answered(wire, 10, bond.mac()), ANSWERS_S, what="VLAN 10 answers")
        bond.remove_vlan(10)
        never(lambda: station.is_answered(wire, 10, bond.mac()), during=1.0)
