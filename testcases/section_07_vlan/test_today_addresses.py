"""The hardware addresses of VLAN devices as drivers of today have them, in place of what section 7 says."""

from __future__ import annotations

import pytest

from lab.cases import BondDriver, Bonding, Testbed, differs, eventually, needs
from testcases.section_07_vlan.station import Station, vlan_over
from testcases.section_07_vlan.test_addresses import (
    ASKED_S,
    OWN,
    STARTS_S,
    ZERO,
    empty_bond,
    promiscuous,
    set_address,
)
from testcases.slaves import link_goes
from testcases.wire import Wire


@differs("7.mac.zero-before-slave", "7.mac.early-vlan-gets-zero")
@pytest.mark.parametrize("mode", ["balance-rr", "active-backup"])
@needs(slaves=1, once=True)
def test_an_empty_bond_has_an_address_at_random(mode: str, bed: Testbed, driver: BondDriver) -> None:
    """Steps: make a bond; make VLAN 10 over it; enslave eth0; release it.

    Verify: the bond has an address, which the VLAN gets; both have eth0's when it has joined; afterwards the
    bond has another one, neither zero nor eth0's.
    """
    bond = empty_bond(bed, driver, mode)
    own, first = bond.mac(), bond.host.mac("eth0")
    assert own not in (ZERO, first)
    device = bond.add_vlan(10)
    assert bond.host.mac(device) == own
    bond.enslave("eth0")
    assert bond.mac() == first
    bond.release("eth0")
    assert bond.mac() not in (ZERO, first)


@differs("7.release-all.mac-mismatch", "7.release-all.fix-recreate", "7.release-all.fix-set-bond-mac")
@pytest.mark.parametrize("mode", ["balance-rr", "active-backup"])
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_a_vlan_follows_the_address_of_its_bond(mode: str, bed: Testbed, bonded: Bonding, wire: Wire) -> None:
    """Steps: VLAN 10 over a bond with eth0; release eth0; enslave eth1.

    Verify: the VLAN has eth1's address, as the bond has, and answers there; nothing is left to be mended.
    """
    bond = bonded(mode, slaves=1, miimon=100)
    new = bond.host.mac("eth1")
    with Station(bed, 10) as station:
        device = vlan_over(bond, 10)
        bond.release("eth0")
        bond.enslave("eth1")
        link_goes(bond, "eth1", "up")
        eventually(
            lambda: (bond.mac(), bond.host.mac(device)) == (new, new), ASKED_S, what="the VLAN follows"
        )
        eventually(lambda: station.is_answered(wire, 10, new), STARTS_S, what=f"VLAN 10 answers at {new}")


@differs("7.vlan-mac-change.promiscuous")
@pytest.mark.parametrize("mode", ["balance-rr", "active-backup"])
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_another_address_of_a_vlan_is_heard_without_promiscuity(
    mode: str, bed: Testbed, bonded: Bonding, wire: Wire
) -> None:
    """Steps: give VLAN 10 an address of its own.

    Verify: VLAN 10 answers at its new address, and the bond is not promiscuous.
    """
    bond = bonded(mode, miimon=100)
    device = vlan_over(bond, 10)
    with Station(bed, 10) as station:
        set_address(bond, device, OWN)
        eventually(
            lambda: station.is_answered(wire, 10, OWN), STARTS_S, what="VLAN 10 answers at its own address"
        )
    assert bond.name not in promiscuous(bond)
