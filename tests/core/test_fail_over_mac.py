"""fail_over_mac: whose address goes where when the active slave of active-backup changes."""

from __future__ import annotations

import pytest

from bondimpl.frames.ethernet import ZERO_MAC, format_mac
from tests.core.world import World, mac

BOTH = pytest.mark.parametrize("era_name", ["howto", "6.x"])
POLICIES = pytest.mark.parametrize("policy", ["active", "follow"])


def world_of(policy: str, era_name: str = "howto", slaves: int = 3) -> World:
    world = World("active-backup", slaves=slaves, miimon="100", era_name=era_name, fail_over_mac=policy)
    world.run(200)
    return world


def worn(world: World) -> list[bytes]:
    """The addresses of the bond device, eth0, eth1 and eth2."""
    return [world.machine.bond_mac, *(world.machine.nics[f"eth{i}"].mac for i in range(3))]


def macs(*last: int) -> list[bytes]:
    return [mac(each) for each in last]


def fail(world: World, slave: str) -> None:
    world.pull(slave)
    world.until(lambda: world.lost(slave), within_ms=200)


@BOTH
@POLICIES
def test_slaves_join_with_their_own_addresses(policy: str, era_name: str) -> None:
    assert worn(world_of(policy, era_name)) == macs(0, 0, 1, 2)


@BOTH
@pytest.mark.parametrize(
    ("policy", "after_one", "after_two", "after_return"),
    [
        ("active", macs(1, 0, 1, 2), macs(2, 0, 1, 2), macs(0, 0, 1, 2)),
        ("follow", macs(0, 1, 0, 2), macs(0, 1, 2, 0), macs(0, 0, 2, 1)),
    ],
)
def test_failovers(
    policy: str, after_one: list[bytes], after_two: list[bytes], after_return: list[bytes], era_name: str
) -> None:
    world = world_of(policy, era_name)
    fail(world, "eth0")
    assert (world.active, worn(world)) == ("eth1", after_one)
    fail(world, "eth1")
    assert (world.active, worn(world)) == ("eth2", after_two)
    world.plug("eth0")
    world.run(200)
    world.bond.set_active_slave("eth0")
    assert worn(world) == after_return
    assert world.bond.mac == world.machine.bond_mac


@BOTH
@POLICIES
def test_no_active_slave_changes_nothing(policy: str, era_name: str) -> None:
    world = world_of(policy, era_name, slaves=1)
    fail(world, "eth0")
    assert world.active is None
    assert worn(world) == macs(0, 0, 1, 2)
    world.plug("eth0")
    world.run(200)
    assert worn(world) == macs(0, 0, 1, 2)


@BOTH
@pytest.mark.parametrize(("policy", "left"), [("active", macs(1, 0, 1, 2)), ("follow", macs(0, 0, 0, 2))])
def test_the_active_slave_leaves(policy: str, left: list[bytes], era_name: str) -> None:
    """With follow, the bond and the slave that has left have one address, as in the driver."""
    world = world_of(policy, era_name)
    world.bond.release("eth0")
    assert worn(world) == left
    assert not any("still in use by" in line for line in world.log())


@BOTH
def test_who_came_back_with_the_bonds_address_is_not_taken_for_the_active_slave(era_name: str) -> None:
    world = world_of("follow", era_name)
    world.bond.release("eth1")
    world.bond.set_active_slave("eth2")
    world.bond.release("eth0")  # takes along the bond's address, which eth2 wears now
    world.enslave("eth0")
    world.enslave("eth1")
    world.bond.set_active_slave("eth1")
    assert worn(world) == macs(0, 0, 0, 1)
    world.bond.set_active_slave("eth2")
    assert worn(world) == macs(0, 0, 1, 0)


@BOTH
@POLICIES
def test_everybody_gets_the_own_address_back(policy: str, era_name: str) -> None:
    world = world_of(policy, era_name)
    fail(world, "eth0")
    world.bond.destroy()
    assert worn(world)[1:] == macs(0, 1, 2)
    assert world.bond.mac == (ZERO_MAC if era_name == "howto" else mac(0xEE))


@BOTH
@POLICIES
def test_the_users_address_is_put_back(policy: str, era_name: str) -> None:
    world = world_of(policy, era_name)
    world.machine.bond_mac = mac(0x55)  # ip link set bond0 address ...
    world.bond.set_mac(mac(0x55))
    assert worn(world) == macs(0, 0, 1, 2)
    assert not world.bond.mac_is_users


@BOTH
def test_an_address_given_before_lasts_until_somebody_is_active(era_name: str) -> None:
    world = World("active-backup", slaves=0, era_name=era_name)
    world.bond.set_mac(mac(0x55))
    world.bond.close()
    world.bond.set_option("fail_over_mac", "active")
    world.bond.open()
    world.enslave("eth0")
    assert world.bond.mac == world.machine.bond_mac == mac(0)


@BOTH
def test_the_announcement_names_the_new_address(era_name: str) -> None:
    world = world_of("active", era_name)
    world.events.clear()
    fail(world, "eth0")
    told = [(event.kind, event.value) for event in world.events if event.kind in ("address", "active")]
    assert told == [("address", format_mac(mac(1))), ("active", "eth1")]


@BOTH
def test_a_nic_that_refuses_does_not_stop_the_failover(era_name: str) -> None:
    world = world_of("follow", era_name)
    world.machine.stubborn = "eth1"
    fail(world, "eth0")
    assert (world.active, world.leaves_by()) == ("eth1", ["eth1"])
    assert world.machine.nics["eth1"].mac == mac(1)
    assert any("eth1 keeps its address" in line for line in world.log())


@BOTH
def test_a_bond_device_that_refuses_does_not_stop_the_failover(era_name: str) -> None:
    world = world_of("active", era_name)
    world.machine.fail_on = "set_bond_mac"
    fail(world, "eth0")
    assert (world.active, world.bond.mac) == ("eth1", mac(0))
    assert any("the bond keeps its address" in line for line in world.log())


def test_it_acts_in_active_backup_only() -> None:
    world = World("balance-rr", fail_over_mac="active")
    assert worn(world)[:3] == macs(0, 0, 0)
