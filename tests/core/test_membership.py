"""Joining and leaving: refusals, addresses, MTU, what is given back (HOWTO sections 5.2, 7 and 14)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bondimpl.errors import BondError, MachineError, SlaveError
from bondimpl.frames.ethernet import ZERO_MAC
from tests.core.world import World, mac

BOTH = pytest.mark.parametrize("era_name", ["howto", "6.x"])


@BOTH
def test_all_slaves_wear_the_first_ones_address(era_name: str) -> None:
    world = World(slaves=0, era_name=era_name)
    for name in ("eth2", "eth0", "eth1"):
        world.enslave(name)
    assert world.bond.mac == world.machine.bond_mac == mac(2)
    assert {world.machine.nics[n].mac for n in ("eth0", "eth1", "eth2")} == {mac(2)}


@BOTH
def test_an_address_set_by_hand_wins(era_name: str) -> None:
    world = World(slaves=0, era_name=era_name)
    world.bond.set_mac(mac(0x77))
    world.enslave("eth0")
    assert world.bond.mac == world.machine.nics["eth0"].mac == mac(0x77)


def test_the_address_before_and_after_slaves() -> None:
    world = World(slaves=0)
    assert world.bond.mac == ZERO_MAC
    world.enslave("eth1")
    world.bond.release("eth1")
    assert world.bond.mac == ZERO_MAC
    today = World(slaves=0, era_name="6.x")
    assert today.bond.mac == mac(0xEE)


@BOTH
def test_the_address_outlives_the_first_slave(era_name: str) -> None:
    world = World(slaves=2, era_name=era_name)
    world.bond.release("eth0")
    assert world.bond.mac == world.machine.nics["eth1"].mac == mac(0)
    assert any("still in use by" in line and "eth0" in line for line in world.log())


@BOTH
def test_a_released_slave_gets_everything_back(era_name: str) -> None:
    world = World(slaves=1, era_name=era_name)
    nic = world.machine.nics["eth1"]
    nic.mtu = 1400
    world.bond.set_mtu(9000)
    world.enslave("eth1")
    assert (nic.mac, nic.mtu, nic.up, nic.attached) == (mac(0), 9000, True, True)
    world.bond.release("eth1")
    assert (nic.mac, nic.mtu, nic.up, nic.attached) == (mac(1), 1400, False, False)


@BOTH
def test_setting_address_and_mtu_reaches_the_slaves(era_name: str) -> None:
    world = World(slaves=2, era_name=era_name)
    world.bond.set_mac(mac(0x55))
    world.bond.set_mtu(9000)
    assert {(n.mac, n.mtu) for n in list(world.machine.nics.values())[:2]} == {(mac(0x55), 9000)}
    with pytest.raises(BondError, match="not a unicast address"):
        world.bond.set_mac(b"\x01" + bytes(5))


@BOTH
@pytest.mark.parametrize("what", ["mac", "mtu"])
def test_a_change_that_one_slave_refuses_changes_none(what: str, era_name: str) -> None:
    world = World(slaves=3, era_name=era_name)
    world.machine.stubborn = "eth2"
    with pytest.raises(MachineError):
        world.bond.set_mac(mac(0x55)) if what == "mac" else world.bond.set_mtu(9000)
    assert {(n.mac, n.mtu) for n in list(world.machine.nics.values())[:3]} == {(mac(0), 1500)}
    assert world.bond.mac == mac(0)


@BOTH
@pytest.mark.parametrize(
    ("change", "errno", "says"),
    [
        ({"up": True}, "EPERM", "eth3 is up; bring it down first"),
        ({"is_bond": True}, "EPERM", "is a bond itself"),
        ({"is_ethernet": False}, "EPERM", "not an Ethernet interface"),
        ({"name": "eth0"}, "EBUSY", "slave of bond0 already"),
        ({"master": "br0"}, "EBUSY", "belongs to br0"),
        ({"name": "bond0"}, "EPERM", "is a bond itself"),
    ],
)
def test_who_cannot_be_enslaved(change: dict[str, object], errno: str, says: str, era_name: str) -> None:
    world = World(slaves=1, era_name=era_name)
    with pytest.raises(SlaveError, match=says) as refusal:
        world.bond.enslave(replace(world.port("eth3"), **change))  # type: ignore[arg-type]  # by parameter
    assert refusal.value.errno == errno
    assert list(world.bond.slaves) == ["eth0"]


def test_the_bond_must_be_up_in_the_howtos_era() -> None:
    world = World(slaves=0)
    world.bond.close()
    with pytest.raises(SlaveError, match="bond0 is down; bring it up first"):
        world.enslave("eth0")
    today = World(slaves=0, era_name="6.x")
    today.bond.close()
    today.enslave("eth0")
    assert list(today.bond.slaves) == ["eth0"]


@BOTH
@pytest.mark.parametrize(
    "step", ["attach", "set_slave_mtu", "set_slave_mac", "set_slave_up", "speed", "set_bond_mac"]
)
def test_enslaving_is_all_or_nothing(step: str, era_name: str) -> None:
    world = World(slaves=0, era_name=era_name)
    before = world.bond.snapshot()
    nic = world.machine.nics["eth0"]
    world.machine.fail_on = step
    with pytest.raises(MachineError):
        world.enslave("eth0")
    world.machine.fail_on = None
    assert world.bond.snapshot() == before
    assert (nic.mac, nic.mtu, nic.up, nic.attached) == (mac(0), 1500, False, False)
    world.enslave("eth0")


@BOTH
def test_releasing_a_stranger(era_name: str) -> None:
    world = World(slaves=1, era_name=era_name)
    with pytest.raises(SlaveError, match="eth1 is not a slave of bond0"):
        world.bond.release("eth1")


@BOTH
def test_a_vanished_slave_is_forgotten(era_name: str) -> None:
    world = World("active-backup", slaves=2, era_name=era_name)
    world.bond.slave_vanished("eth0")
    assert (list(world.bond.slaves), world.active) == (["eth1"], "eth1")


@BOTH
def test_a_destroyed_bond_gives_everything_back(era_name: str) -> None:
    world = World(slaves=4, era_name=era_name)
    world.bond.destroy()
    for i, nic in enumerate(world.machine.nics.values()):
        assert (nic.mac, nic.up, nic.attached) == (mac(i), False, False)


@BOTH
def test_events_tell_the_story(era_name: str) -> None:
    world = World("active-backup", slaves=2, miimon="100", era_name=era_name)
    world.run(100)
    world.events.clear()
    world.pull("eth0")
    world.run(100)
    story = [(e.kind, e.slave, e.value) for e in world.events if e.kind != "log"]
    assert story == [("link", "eth0", "down"), ("active", "eth1", "eth1")]
