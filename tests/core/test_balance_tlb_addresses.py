"""balance-tlb: what slaves receive, what addresses they wear and teach (HOWTO section 2, `mode`)."""

from __future__ import annotations

from ipaddress import IPv4Address
from itertools import pairwise

import pytest

from bondimpl.errors import SlaveError
from bondimpl.forwarding import Accept
from bondimpl.frames.learning import learning
from bondimpl.machine import HostAddress, Speed
from tests.core.balanced_worlds import PEERS, ports, tlb
from tests.core.packets import ipv4
from tests.core.world import World, mac

BOTH = pytest.mark.parametrize("era_name", ["howto", "6.x"])


# ---- receive


@BOTH
def test_only_the_active_slave_is_heard(era_name: str) -> None:
    world = tlb(era_name)
    assert dict(world.plan.accept) == {"eth0": Accept.EVERYTHING}


@BOTH
def test_a_slave_that_does_not_tell_its_speed(era_name: str) -> None:
    world = tlb(era_name, slaves=1)
    world.machine.nics["eth1"].speed = Speed()
    world.enslave("eth1")
    assert world.link("eth1").value == "up"
    assert any("speed" in line for line in world.log()) == (era_name == "howto")
    world.run(10_500)
    assert set(ports(world)) == {0}, "assumed to be slow"


# ---- addresses


def macs(world: World) -> list[int]:
    """Last bytes of the slaves' addresses."""
    return [world.machine.nics[name].mac[5] for name in world.bond.slaves]


@BOTH
def test_addresses_are_swapped_with_the_active_slave(era_name: str) -> None:
    world = tlb(era_name)
    assert (world.bond.mac, macs(world)) == (mac(0), [0, 1, 2])
    world.pull("eth0")
    world.run(200)
    assert (world.active, world.bond.mac, macs(world)) == ("eth1", mac(0), [1, 0, 2])
    world.plug("eth0")
    world.run(200)
    world.bond.set_active_slave("eth2")
    assert macs(world) == [1, 2, 0]
    world.bond.release("eth1")
    assert macs(world) == [2, 0], "eth0 had eth1's, and gets what that leaves behind"
    assert world.machine.nics["eth1"].mac == mac(1)
    world.bond.release("eth2")
    assert macs(world) == [0]
    assert world.machine.nics["eth2"].mac == mac(2)
    world.bond.release("eth0")
    assert world.machine.nics["eth0"].mac == mac(0)


@BOTH
def test_after_nobody_was_active_addresses_go_on_being_swapped(era_name: str) -> None:
    world = tlb(era_name, slaves=2)
    for name in ("eth0", "eth1"):
        world.pull(name)
    world.run(200)
    assert (world.active, macs(world)) in ((None, [0, 1]), (None, [1, 0]))
    world.plug("eth1")
    world.run(300)
    assert (world.active, macs(world)) == ("eth1", [1, 0])


@BOTH
def test_a_slave_with_an_address_in_use_gets_a_spare_one(era_name: str) -> None:
    world = tlb(era_name, slaves=2)
    world.machine.nics["eth2"].mac = mac(1)
    with pytest.raises(SlaveError) as refusal:
        world.enslave("eth2")
    assert refusal.value.errno == "EFAULT"
    nic = world.machine.nics["eth2"]
    assert (nic.mac, nic.up, nic.attached) == (mac(1), False, False)
    world.bond.release("eth0")  # eth1 has its address, which is the bond's, so mac(1) is free
    world.enslave("eth0")
    assert sorted(macs(world)) == [0, 1]
    assert world.machine.nics["eth0"].mac == mac(1)


@pytest.mark.parametrize(
    ("era_name", "worn", "learned"), [("howto", [0x77, 1, 2], 3), ("6.x", [0x77, 0x77, 0x77], 0)]
)
def test_an_address_that_the_user_gives(era_name: str, worn: list[int], learned: int) -> None:
    world = tlb(era_name)
    world.machine.sent.clear()
    world.bond.set_mac(mac(0x77))
    assert macs(world) == worn
    assert len(world.machine.sent) == learned
    assert world.machine.bond_mac == mac(0x77)
    for i in range(3):
        world.bond.release(f"eth{i}")
        assert world.machine.nics[f"eth{i}"].mac == mac(i)


def test_an_address_of_another_slave_is_swapped() -> None:
    world = tlb()
    world.bond.set_mac(mac(2))
    assert macs(world) == [2, 1, 0]


@BOTH
def test_a_slave_that_keeps_its_address_does_not_stop_a_failover(era_name: str) -> None:
    world = tlb(era_name)
    world.machine.stubborn = "eth1"
    world.pull("eth0")
    world.run(200)
    assert world.active == "eth1"
    assert any("eth1 keeps its address" in line for line in world.log())


# ---- learning packets


def at_times(world: World, duration_ms: int) -> list[tuple[float, str, bytes]]:
    """What is sent in that time: when, on which slave, the frame."""
    seen: list[tuple[float, str, bytes]] = []
    world.machine.cable = lambda slave, frame: seen.append((world.clock.now(), slave, frame))
    world.run(duration_ms)
    return seen


def test_todays_learning_packets_each_second_on_every_slave() -> None:
    world = tlb("6.x", slaves=2)
    world.machine.vlans = (7, 9)
    seen = at_times(world, 3000)
    assert [when for when, *_ in seen] == [900] * 6 + [1900] * 6 + [2900] * 6
    assert [(slave, frame) for _, slave, frame in seen[:6]] == [
        (slave, frame)
        for slave, own in (("eth0", mac(0)), ("eth1", mac(1)))
        for frame in (learning(own, 0x9000), learning(own, 0x9000, 7), learning(own, 0x9000, 9))
    ]
    assert seen[0][2] == mac(0) + mac(0) + b"\x90\x00" + bytes(46)
    assert seen[1][2] == mac(0) + mac(0) + b"\x81\x00\x00\x07\x90\x00" + bytes(46)


def test_the_howtos_learning_packets_come_by_three_and_rotate_through_the_vlans() -> None:
    world = tlb(slaves=1)
    seen = at_times(world, 1000)
    assert [(slave, frame) for _, slave, frame in seen] == [("eth0", learning(mac(0), 0x60))] * 3
    assert seen[0][2][12:14] == b"\x00\x60"
    world.machine.vlans = (7, 9)
    tags = [frame[14:16] for _, _, frame in at_times(world, 2000)]
    assert len(tags) == 6
    assert set(tags) == {b"\0\7", b"\0\x09"}
    assert all(a != b for a, b in pairwise(tags))


@BOTH
def test_lp_interval(era_name: str) -> None:
    world = tlb(era_name, slaves=1, lp_interval="3")
    assert {when for when, *_ in at_times(world, 10_000)} == {2900, 5900, 8900}


@BOTH
def test_the_switch_learns_a_swap_at_once_where_somebody_can_tell_it(era_name: str) -> None:
    world = tlb(era_name)
    world.run(950)
    world.machine.sent.clear()
    world.bond.set_active_slave("eth1")
    assert {(slave, frame[:6]) for slave, frame in world.machine.sent} == {
        ("eth0", mac(1)),
        ("eth1", mac(0)),
    }
    world.machine.sent.clear()
    world.pull("eth1")
    world.until(lambda: world.lost("eth1"), within_ms=100)
    assert world.active in ("eth0", "eth2")
    assert {(slave, frame[:6]) for slave, frame in world.machine.sent} == {(world.active, mac(0))}


@BOTH
def test_no_gratuitous_arp(era_name: str) -> None:
    world = tlb(era_name)
    world.machine.addresses = (HostAddress(IPv4Address("10.0.0.1")),)
    world.pull("eth0")
    world.run(5000)
    assert {frame[12:14] for _, frame in world.machine.sent} <= {b"\x00\x60", b"\x90\x00"}


@BOTH
def test_a_bond_that_is_down_learns_nothing_and_forgets_its_flows(era_name: str) -> None:
    world = tlb(era_name)
    world.run(500)
    ports(world)
    world.run(10_000)
    assert ports(world, [ipv4(peer) for peer in reversed(PEERS)]) == [0, 1, 2, 0, 1, 2, 0, 1]
    world.bond.close()
    world.machine.sent.clear()
    world.run(3000)
    assert world.machine.sent == []
    assert world.send(ipv4(9)) == []
    world.bond.open()
    assert ports(world) == ([0, 1, 2, 0, 1, 2, 0, 1] if era_name == "howto" else [0] * 8)
