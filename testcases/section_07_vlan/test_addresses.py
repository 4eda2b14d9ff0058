"""The hardware addresses of VLAN devices, and what becomes of them (HOWTO section 7)."""

from __future__ import annotations

import json

import pytest

from lab.cases import (
    BondDriver,
    BondHandle,
    Bonding,
    DriverRefused,
    Testbed,
    behaviour,
    eventually,
    needs,
    never,
)
from testcases.modes import ADAPTIVE, MODES
from testcases.section_07_vlan.station import ANSWER_S, Station, vlan_over
from testcases.slaves import link_goes
from testcases.wire import Wire

ALL = [*MODES, "802.3ad", *ADAPTIVE]
ZERO = "00:00:00:00:00:00"
OWN = "02:00:00:00:07:99"
ASKED_S = 2.0
"""Until the answer to an ARP request is there."""
STARTS_S = 5.0
"""Until a VLAN device that was just made answers (no bound is given)."""


def empty_bond(bed: Testbed, driver: BondDriver, mode: str) -> BondHandle:
    """A bond that is up and has no slaves yet; the NICs of its host are down."""
    host = bed.host("host")
    for nic in host.nics:
        host.run(["ip", "link", "set", "dev", nic, "down"])
    bond = driver.create(host, "bond0", {"mode": mode, "miimon": "100"})
    bond.set_up(True)
    return bond


def set_address(bond: BondHandle, device: str, mac: str) -> None:
    """As `ifconfig DEVICE hw ether MAC`."""
    bond.host.run(["ip", "link", "set", "dev", device, "address", mac])


@behaviour("7.mac.zero-before-slave", "7.mac.early-vlan-gets-zero")
@pytest.mark.parametrize("mode", ALL)
@needs(slaves=1, once=True)
def test_there_is_no_address_before_the_first_slave(mode: str, bed: Testbed, driver: BondDriver) -> None:
    """Steps: make a bond; make VLAN 10 over it; enslave eth0; release it.

    Verify: the bond's address is zero, then eth0's, then zero again. The VLAN is refused, in words about the
    missing slave, and can be made afterwards; or it is made with the zero address, which it keeps.
    """
    bond = empty_bond(bed, driver, mode)
    assert bond.mac() == ZERO
    refusal, device = "", ""
    try:
        device = bond.add_vlan(10)
    except DriverRefused as refused:
        refusal = refused.text
    first = bond.host.mac("eth0")
    bond.enslave("eth0")
    assert bond.mac() == first
    if refusal:
        assert "no slave" in refusal
        assert bond.host.mac(bond.add_vlan(10)) == first
    else:
        assert bond.host.mac(device) == ZERO
    bond.release("eth0")
    assert bond.mac() == ZERO


@behaviour("7.release-all.mac-mismatch", "7.release-all.fix-recreate", "7.release-all.fix-set-bond-mac")
@pytest.mark.parametrize("mode", ALL)
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_a_vlan_keeps_its_address_when_the_bond_gets_another(
    mode: str, bed: Testbed, bonded: Bonding, wire: Wire
) -> None:
    """Steps: VLAN 10 over a bond with eth0; release eth0; enslave eth1; give the bond the VLAN's address;
    give it eth1's back, and make the VLAN anew.

    Verify: the bond has eth1's address, the VLAN eth0's still, to which it is deaf; the log has warned. With
    the VLAN's address for the bond and its slave, the VLAN answers there; made anew, at the bond's.
    """
    bond = bonded(mode, slaves=1, trunk=mode != "802.3ad", miimon=100)
    host, old, new = bond.host, bond.host.mac("eth0"), bond.host.mac("eth1")
    with Station(bed, 10) as station:

        def answers(mac: str) -> None:
            eventually(lambda: station.is_answered(wire, 10, mac), STARTS_S, what=f"VLAN 10 answers at {mac}")

        device = vlan_over(bond, 10)
        assert host.mac(device) == old
        answers(old)
        bond.release("eth0")
        assert any("VLANs" in line and "address" in line for line in bond.log().splitlines())
        bond.enslave("eth1")
        link_goes(bond, "eth1", "up")
        if mode == "802.3ad":
            # After its first slave the driver holds the traffic for 8 s, after an opening it does not.
            bond.set_up(False)
            bond.set_up(True)
        assert (bond.mac(), host.mac(device)) == (new, old)
        never(lambda: station.is_answered(wire, 10, old), during=1.0)

        set_address(bond, bond.name, old)
        answers(old)
        assert [bond.mac(), host.mac("eth1"), host.mac(device)] == [old] * 3

        set_address(bond, bond.name, new)
        eventually(lambda: (bond.mac(), host.mac("eth1")) == (new, new), ASKED_S, what="the bond has eth1's")
        never(lambda: station.is_answered(wire, 10, old), during=ANSWER_S)
        bond.remove_vlan(10)
        assert host.mac(vlan_over(bond, 10)) == new
        answers(new)


def promiscuous(bond: BondHandle) -> list[str]:
    """The bond and those of its host's NICs that are promiscuous."""
    links = json.loads(bond.host.run(["ip", "-d", "-j", "link", "show"]).stdout)
    ours = {bond.name, *bond.host.nics}
    return sorted(link["ifname"] for link in links if link["promiscuity"] and link["ifname"] in ours)


@behaviour("7.vlan-mac-change.promiscuous")
@pytest.mark.parametrize("mode", ALL)
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_another_address_of_a_vlan_makes_the_bond_promiscuous(
    mode: str, bed: Testbed, bonded: Bonding, wire: Wire
) -> None:
    """Steps: give VLAN 10 an address of its own.

    Verify: the bond is promiscuous; so is the active slave where there is one, else every slave; and VLAN 10
    answers at its new address.
    """
    bond = bonded(mode, trunk=mode != "802.3ad", miimon=100)
    device = vlan_over(bond, 10)
    hearing = [bond.status().active or ""] if mode in ("active-backup", *ADAPTIVE) else ["eth0", "eth1"]
    assert promiscuous(bond) == []
    with Station(bed, 10) as station:
        set_address(bond, device, OWN)
        wanted = sorted([bond.name, *hearing])
        eventually(lambda: promiscuous(bond), ASKED_S, until=lambda seen: seen == wanted)
        eventually(
            lambda: station.is_answered(wire, 10, OWN), STARTS_S, what="VLAN 10 answers at its own address"
        )
