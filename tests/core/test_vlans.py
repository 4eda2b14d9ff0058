"""VLAN devices that the driver makes, and their hardware addresses, in both eras."""

from __future__ import annotations

import pytest

from bondimpl.errors import BondError, MachineError
from tests.core.world import World, mac

OWN = mac(0x77)
ERAS = ("howto", "6.x")
TODAY = "6.x"


def with_vlan(mode: str = "active-backup", era_name: str = "howto", *, slaves: int = 2) -> World:
    """A bond with VLAN 10 over it, which is up."""
    world = World(mode, slaves=slaves, era_name=era_name, miimon="100")
    world.bond.add_vlan(10, "bond0.10")
    world.bond.vlan_changed(10, "bond0.10", world.bond.mac, up=True)
    return world


def give(world: World, address: bytes, *, up: bool = True) -> None:
    """The user gives VLAN 10 an address."""
    world.machine.vlan_macs[10] = address
    world.bond.vlan_changed(10, "bond0.10", address, up=up)


@pytest.mark.parametrize("era_name", ERAS)
def test_a_device_takes_the_bonds_address(era_name: str) -> None:
    world = with_vlan(era_name=era_name)
    assert world.machine.vlan_macs == {10: mac(0)}
    assert world.bond.vlans[10].name == "bond0.10"


def test_the_howtos_bond_needs_a_slave_first() -> None:
    world = World(slaves=0)
    with pytest.raises(BondError, match="no slave") as refused:
        world.bond.add_vlan(10, "bond0.10")
    assert refused.value.errno == "EOPNOTSUPP"
    assert not world.machine.vlan_macs
    world.enslave("eth0")
    world.bond.add_vlan(10, "bond0.10")


def test_todays_device_has_the_address_of_an_empty_bond_and_follows_it_while_up() -> None:
    world = World(slaves=0, era_name=TODAY)
    for vlan in (10, 20):
        world.bond.add_vlan(vlan, f"bond0.{vlan}")
    assert world.machine.vlan_macs == {10: mac(0xEE), 20: mac(0xEE)}
    world.bond.vlan_changed(10, "bond0.10", mac(0xEE), up=True)
    world.enslave("eth0")
    assert world.machine.vlan_macs == {10: mac(0), 20: mac(0xEE)}, "20 is down"
    world.bond.vlan_changed(20, "bond0.20", mac(0xEE), up=True)
    assert world.machine.vlan_macs == {10: mac(0), 20: mac(0)}
    world.bond.set_mac(OWN)
    assert world.machine.vlan_macs == {10: OWN, 20: OWN}
    world.bond.release("eth0")
    assert world.machine.vlan_macs == {10: mac(0xEE), 20: mac(0xEE)}


@pytest.mark.parametrize("vlan", [-1, 0, 4095, 4096])
def test_ids_that_no_vlan_has(vlan: int) -> None:
    world = World()
    with pytest.raises(BondError, match="1 to 4094"):
        world.bond.add_vlan(vlan, "bond0.x")
    assert not world.bond.vlans


def test_refusals_change_nothing() -> None:
    world = with_vlan()
    with pytest.raises(BondError, match="has a device already"):
        world.bond.add_vlan(10, "again")
    with pytest.raises(BondError, match="no VLAN device 20"):
        world.bond.remove_vlan(20)
    world.machine.fail_on = "add_vlan"
    with pytest.raises(MachineError):
        world.bond.add_vlan(20, "bond0.20")
    assert list(world.bond.vlans) == list(world.machine.vlan_macs) == [10]


def test_the_howtos_device_keeps_its_address_and_the_log_warns_of_it() -> None:
    """Section 7: when all slaves are gone, the next one gives the bond another address."""
    world = with_vlan(slaves=1)
    assert not any("VLANs" in line for line in world.log())
    world.bond.release("eth0")
    assert sum("VLANs" in line for line in world.log()) == 1
    world.enslave("eth1")
    assert (world.bond.mac, world.machine.vlan_macs[10]) == (mac(1), mac(0))
    assert world.plan.vlan_addresses == frozenset(), "nobody hears what is for the VLAN"
    assert not world.machine.bond_promiscuous
    world.bond.set_mac(mac(0))
    assert world.machine.nics["eth1"].mac == mac(0)


def test_nothing_is_warned_of_without_vlans_or_today() -> None:
    plain = World(slaves=1)
    plain.bond.release("eth0")
    today = with_vlan(era_name=TODAY, slaves=1)
    today.bond.release("eth0")
    assert not any("VLANs" in line for line in plain.log() + today.log())


def test_an_address_of_ones_own_makes_the_howtos_bond_promiscuous() -> None:
    world = with_vlan()
    give(world, OWN)
    assert world.machine.bond_promiscuous
    world.bond.set_promiscuous(True)  # as the runtime does when the device tells
    assert world.plan.vlan_addresses is None
    assert {nic.name: nic.promiscuity for nic in world.machine.nics.values() if nic.attached} == {
        "eth0": 1,
        "eth1": 0,
    }


def test_the_bonds_own_address_makes_nobody_promiscuous() -> None:
    world = with_vlan(slaves=1)
    world.bond.release("eth0")
    world.enslave("eth1")
    give(world, mac(1))
    assert not world.machine.bond_promiscuous


@pytest.mark.parametrize(("mode", "hearing"), [("balance-rr", ["eth0", "eth1"]), ("active-backup", ["eth0"])])
def test_todays_slaves_hear_an_address_of_its_own(mode: str, hearing: list[str]) -> None:
    world = with_vlan(mode, TODAY)
    nics = [world.machine.nics[name] for name in ("eth0", "eth1")]

    def hear() -> dict[str, set[bytes]]:
        return {nic.name: nic.hears for nic in nics if nic.hears}

    give(world, OWN)
    assert hear() == {name: {OWN} for name in hearing}
    assert world.plan.vlan_addresses == frozenset({OWN})
    assert not world.machine.bond_promiscuous
    give(world, OWN, up=False)
    assert (hear(), world.plan.vlan_addresses) == ({}, frozenset())
    give(world, OWN)
    world.pull("eth0")
    world.run(200)
    assert hear() == {name: {OWN} for name in (["eth1"] if mode == "active-backup" else hearing)}
    world.bond.set_mac(mac(0x78))
    assert world.machine.vlan_macs[10] == OWN, "what the user gave stays"
    world.bond.remove_vlan(10)
    assert (hear(), world.plan.vlan_addresses) == ({}, frozenset())


@pytest.mark.parametrize("era_name", ERAS)
def test_a_bond_that_goes_takes_its_devices_along(era_name: str) -> None:
    world = with_vlan(era_name=era_name)
    world.bond.destroy()
    assert not world.machine.vlan_macs
    assert not any("VLANs" in line for line in world.log())
