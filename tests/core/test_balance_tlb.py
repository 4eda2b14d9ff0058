"""balance-tlb: which slave a frame leaves by, what addresses slaves wear (HOWTO section 2, `mode`)."""

from __future__ import annotations

from collections import Counter
from ipaddress import IPv4Address
from itertools import pairwise
from typing import Any

import pytest

from bondimpl.balance.transmit import TransmitTable
from bondimpl.errors import SlaveError
from bondimpl.forwarding import Accept, Load
from bondimpl.frames.balanced import Eligible, may_be_balanced
from bondimpl.frames.ethernet import BROADCAST
from bondimpl.frames.hashes import HashPolicy, flow_hash
from bondimpl.frames.learning import learning
from bondimpl.machine import HostAddress, Speed
from tests.core.packets import ipv4, ipv6, ncp, tagged
from tests.core.world import World, mac

BOTH = pytest.mark.parametrize("era_name", ["howto", "6.x"])
PEERS = range(0x80, 0x88)


def tlb(era_name: str = "howto", **settings: Any) -> World:
    return World("balance-tlb", era_name=era_name, **{"slaves": 3, **settings})


def ports(world: World, frames: list[bytes] | None = None) -> list[int]:
    """The numbers of the slaves by which eight peers' frames leave; a foreign source is an error."""
    numbers = []
    for frame in frames or [ipv4(peer) for peer in PEERS]:
        ((slave, left),) = world.send(frame)
        source = mac(0) if slave == world.active else world.machine.nics[slave].mac
        assert left == frame[:6] + source + frame[12:]
        numbers.append(int(slave[3:]))
    return numbers


# ---- which frames, which bucket

_ALL_NODES = b"\x33\x33\0\0\0\1"
_GROUP = b"\x01\0\x5e\0\0\5"
_TAGGED = tagged(ipv4(9), 7)
_SOLICITATION = ipv6("fd00::9", header=58, first=135)
_ECHO = ipv6("fd00::9", header=58, first=128)


@pytest.mark.parametrize(
    ("frame", "tlb_today", "alb_today", "howto"),
    [
        (ipv4(9), True, True, True),
        (_TAGGED, True, True, True),
        (ipv4(9, dst=BROADCAST), False, False, False),
        (ipv4(9, dst=_GROUP, to="224.0.0.5"), False, True, True),
        (ipv4(9, to="255.255.255.255"), True, False, False),
        (ipv4(9, protocol=2), True, False, False),
        (ipv6("fd00::9"), True, True, True),
        (_ECHO, True, True, True),
        (_SOLICITATION, False, False, True),
        (ipv6("fd00::9", header=58, first=136), False, False, True),
        (ipv6("ff02::1", dst=_ALL_NODES), False, False, True),
        (ipv6("ff02::5", dst=b"\x33\x33\0\0\0\5"), False, True, True),
        (ipv6("fd00::9", source="::"), True, False, True),
        (ncp(9), False, False, True),
        (ncp(9, kind=4), False, False, False),
        (ncp(9, checksum=bytes(2)), False, False, False),
        (mac(9) + mac(0) + b"\x08\x06" + bytes(46), False, False, False),
        (mac(9) + mac(0) + b"\x08\x00", False, False, False),
    ],
)
def test_which_frames_any_slave_may_carry(
    frame: bytes, tlb_today: bool, alb_today: bool, howto: bool
) -> None:
    which = (Eligible.UNICAST_IP, Eligible.IP, Eligible.IP_AND_NCP)
    assert [may_be_balanced(each, frame) for each in which] == [tlb_today, alb_today, howto]


def test_the_bucket_of_a_destination() -> None:
    assert flow_hash(HashPolicy.DESTINATION, ipv4(9)) == 10 ^ 9
    assert flow_hash(HashPolicy.DESTINATION, _TAGGED) == 10 ^ 9
    assert flow_hash(HashPolicy.DESTINATION, ipv6("fd00::105")) == 0xFD ^ 1 ^ 5
    assert flow_hash(HashPolicy.DESTINATION, ncp(9)) == 2 ^ 9


# ---- load


def test_flows_alternate_from_the_start() -> None:
    assert ports(tlb()) == [0, 1, 2, 0, 1, 2, 0, 1]


def test_todays_flows_start_on_the_first_slave_until_they_are_measured() -> None:
    """The story as the real driver told it (6.1.176), the choices of a dead slave's flows included."""
    world = tlb("6.x")
    world.run(1200)
    assert ports(world) == [0] * 8
    world.run(10_700)
    assert ports(world) == [0, 1, 2, 0, 1, 2, 0, 1]
    assert ports(world) == [0, 1, 2, 0, 1, 2, 0, 1]
    world.pull("eth0")
    world.run(2000)
    assert ports(world) == [1, 1, 2, 2, 1, 2, 2, 2]


@BOTH
def test_a_flow_keeps_its_slave_between_rebalances(era_name: str) -> None:
    world = tlb(era_name)
    world.run(500)
    before = ports(world)
    for _ in range(9):
        world.run(1000)
        assert ports(world) == before


def test_load_is_relative_to_speed() -> None:
    """Steps: 150 flows of 1 Mbyte/s over 1000 and 100 Mbit/s. Verify: equal capacity is left on both."""
    world = tlb("howto", slaves=2)
    for name, speed in (("eth0", 1000), ("eth1", 100)):
        world.machine.nics[name].speed = Speed(speed, "full")
    world.run(200)
    table = TransmitTable(new_flow_weight=0)
    slaves = list(world.bond.slaves.values())
    flows = range(150)
    for flow in flows:
        table.assign(flow, slaves)
    table.sent(Load(dict.fromkeys(flows, 10_000_000)))
    table.rebalance(slaves, slaves[0])
    shares = Counter(table.assign(flow, slaves) for flow in flows)
    # 1048.576 - 8 n and 104.8576 - 8 m Mbit/s are left: the same when n - m is 118.
    assert shares == {"eth0": 134, "eth1": 16}


def test_light_load_stays_on_the_fast_slave() -> None:
    world = tlb("6.x", slaves=2)
    world.machine.nics["eth0"].speed = Speed(100, "full")
    world.machine.nics["eth1"].speed = Speed(1000, "full")
    world.bond.slave_changed("eth0")
    world.bond.slave_changed("eth1")
    world.run(10_500)
    assert ports(world) == [1] * 8


def test_unbalanced_frames_are_the_active_slaves_load() -> None:
    world = tlb("6.x", slaves=2)
    for name in ("eth0", "eth1"):
        world.machine.nics[name].speed = Speed(1000, "full")
        world.bond.slave_changed(name)
    world.run(200)
    for _ in range(2000):
        assert ports(world, [ipv4(9, dst=BROADCAST)]) == [0]
    world.run(10_000)
    assert ports(world) == [1] * 8


@BOTH
def test_a_slave_that_joins_or_recovers_gets_flows_at_once(era_name: str) -> None:
    world = tlb(era_name, slaves=2)
    world.run(10_500)
    ports(world)
    world.run(100)
    world.enslave("eth2")
    world.run(100)
    assert ports(world) == [0, 1, 2, 0, 1, 2, 0, 1]
    world.pull("eth2")
    world.run(200)
    assert 2 not in ports(world)
    world.plug("eth2")
    world.run(200)
    assert 2 in ports(world)


@BOTH
def test_flows_of_a_dead_slave_go_elsewhere_and_the_others_stay(era_name: str) -> None:
    world = tlb(era_name)
    world.run(10_500)
    ports(world)
    world.run(10_000)
    before = ports(world)
    world.pull("eth2")
    world.run(200)
    after = ports(world)
    assert 2 not in after
    assert all(new == old for old, new in zip(before, after, strict=True) if old != 2)


def test_a_failing_slave_keeps_its_flows_and_gets_no_new_ones() -> None:
    world = tlb("howto", miimon="100", downdelay="2000")
    old = [ipv4(peer) for peer in (0x83, 0x84, 0x85)]
    world.run(500)
    ports(world, old)
    world.run(10_000)
    before = ports(world, old)
    assert before == [0, 1, 2]
    world.pull("eth1")
    world.run(1000)
    assert world.link("eth1").value == "going down"
    assert ports(world, old) == before
    assert 1 not in ports(world, [ipv4(peer) for peer in range(1, 20)])


@BOTH
def test_without_dynamic_balance_a_hash_decides_and_nothing_is_learned(era_name: str) -> None:
    world = tlb(era_name, tlb_dynamic_lb="0", xmit_hash_policy="layer2+3")
    frames = [ipv4(peer) for peer in range(1, 60)]
    expected = [flow_hash(HashPolicy.LAYER23, frame) for frame in frames]
    world.machine.sent.clear()
    assert ports(world, frames) == [value % 3 for value in expected]
    world.pull("eth1")
    world.run(15_000)
    assert ports(world, frames) == [2 * (value % 2) for value in expected]
    assert world.machine.sent == []


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
