"""What the bond device hears goes to all slaves or to the active one, VLANs to all (HOWTO 7 and 11)."""

from __future__ import annotations

import pytest

from tests.core.world import World

BOTH = pytest.mark.parametrize("era_name", ["howto", "6.x"])
TO_ALL = ["balance-rr", "balance-xor", "broadcast", "802.3ad"]
TO_ACTIVE = ["active-backup", "balance-tlb", "balance-alb"]


def promiscuous(world: World) -> list[int]:
    return [nic.promiscuity for nic in world.machine.nics.values()]


@BOTH
@pytest.mark.parametrize("mode", TO_ALL)
def test_all_slaves(mode: str, era_name: str) -> None:
    world = World(mode, miimon="100", era_name=era_name)
    assert promiscuous(world) == [0, 0, 0, 0]
    world.bond.set_promiscuous(True)
    assert promiscuous(world) == [1, 1, 0, 0]
    world.enslave("eth2")
    world.pull("eth0")
    world.run(300)
    assert promiscuous(world) == [1, 1, 1, 0]
    world.bond.set_promiscuous(False)
    assert promiscuous(world) == [0, 0, 0, 0]


@BOTH
@pytest.mark.parametrize("mode", TO_ACTIVE)
def test_the_active_slave(mode: str, era_name: str) -> None:
    world = World(mode, slaves=3, miimon="100", era_name=era_name)
    world.run(200)
    world.bond.set_promiscuous(True)
    assert promiscuous(world) == [1, 0, 0, 0]
    world.pull("eth0")
    world.until(lambda: world.lost("eth0"), within_ms=200)
    assert promiscuous(world)[0] == 0
    assert promiscuous(world)[1] >= 1
    world.run(11_000)  # for 10 s balance-alb listens for what goes to the lost slave's address, too
    assert promiscuous(world) == [0, 1, 0, 0]
    world.bond.set_active_slave("eth2")
    assert promiscuous(world) == [0, 0, 1, 0]
    world.bond.set_promiscuous(False)
    assert promiscuous(world) == [0, 0, 0, 0]


@BOTH
def test_a_bond_that_was_promiscuous_before_its_slaves(era_name: str) -> None:
    world = World("active-backup", slaves=0, miimon="100", era_name=era_name)
    world.bond.set_promiscuous(True)
    world.enslave("eth0")
    world.enslave("eth1")
    world.run(200)
    assert promiscuous(world) == [1, 0, 0, 0]


@BOTH
@pytest.mark.parametrize("mode", [*TO_ALL, *TO_ACTIVE])
def test_a_slave_that_leaves_is_as_before(mode: str, era_name: str) -> None:
    world = World(mode, slaves=3, miimon="100", era_name=era_name)
    world.run(200)
    counts: list[int] = []
    detach = world.machine.detach

    def detached(slave: str) -> None:
        counts.append(world.machine.nics[slave].promiscuity)
        detach(slave)

    world.machine.detach = detached  # type: ignore[method-assign]  # to look in between
    world.bond.set_promiscuous(True)
    world.bond.release("eth0")
    assert counts == [0]
    assert promiscuous(world)[1] == 1
    world.bond.destroy()
    assert counts == [0, 0, 0]


@BOTH
def test_a_nic_that_refuses_is_not_asked_to_go_back(era_name: str) -> None:
    world = World("balance-rr", era_name=era_name)
    world.machine.stubborn = "eth1"
    world.bond.set_promiscuous(True)
    world.machine.stubborn = None
    assert any("promiscuous of eth1 not changed" in line for line in world.log())
    world.bond.set_promiscuous(False)
    assert promiscuous(world) == [0, 0, 0, 0]


def all_multicast(world: World) -> list[int]:
    return [nic.all_multicast for nic in world.machine.nics.values()]


@BOTH
@pytest.mark.parametrize("mode", TO_ALL)
def test_every_group_on_all_slaves(mode: str, era_name: str) -> None:
    world = World(mode, miimon="100", era_name=era_name)
    world.bond.set_all_multicast(True)
    world.enslave("eth2")
    assert (all_multicast(world), promiscuous(world)) == ([1, 1, 1, 0], [0, 0, 0, 0])
    world.bond.release("eth1")
    assert all_multicast(world) == [1, 0, 1, 0]
    world.bond.set_all_multicast(False)
    assert all_multicast(world) == [0, 0, 0, 0]


@BOTH
@pytest.mark.parametrize("mode", TO_ACTIVE)
def test_every_group_on_the_active_slave(mode: str, era_name: str) -> None:
    world = World(mode, miimon="100", era_name=era_name)
    world.run(200)
    world.bond.set_all_multicast(True)
    assert all_multicast(world) == [1, 0, 0, 0]
    world.pull("eth0")
    world.until(lambda: world.lost("eth0"), within_ms=200)
    assert all_multicast(world) == [0, 1, 0, 0]
    world.bond.set_all_multicast(False)
    assert all_multicast(world) == [0, 0, 0, 0]


def filters(world: World) -> list[list[int]]:
    return [nic.filters for nic in world.machine.nics.values()]


@BOTH
@pytest.mark.parametrize("mode", [*TO_ALL, *TO_ACTIVE])
def test_vlans_on_every_slave(mode: str, era_name: str) -> None:
    """Slaves that are there, one that comes late, one that leaves; ids of several devices."""
    world = World(mode, miimon="100", era_name=era_name)
    world.bond.add_vlan(10, "bond0.10")
    assert filters(world) == [[10], [10], [], []]
    world.enslave("eth2")
    world.bond.add_vlan(20, "bond0.20")
    assert filters(world) == [[10, 20], [10, 20], [10, 20], []]
    world.bond.release("eth1")
    assert filters(world) == [[10, 20], [], [10, 20], []]
    world.bond.remove_vlan(10)
    assert filters(world) == [[20], [], [20], []]
    world.bond.destroy()
    assert filters(world) == [[], [], [], []]


def test_vlans_of_the_kernels_own() -> None:
    world = World("active-backup", miimon="100")
    world.machine.vlans = (30,)
    assert world.bond.vlan_ids != (30,)
    world.bond.vlans_changed()
    assert world.bond.vlan_ids == (30,)
    assert filters(world)[:2] == [[30], [30]]


def test_a_nic_is_told_of_a_vlan_while_it_is_a_slave_only() -> None:
    """Once it is detached nobody can take the VLAN out of its filter again."""
    world = World("balance-rr", miimon="100")
    world.bond.add_vlan(10, "bond0.10")
    left: list[list[int]] = []
    detach = world.machine.detach

    def detached(slave: str) -> None:
        left.append(list(world.machine.nics[slave].filters))
        detach(slave)

    world.machine.detach = detached  # type: ignore[method-assign]  # to look in between
    world.bond.release("eth0")
    assert left == [[]]
