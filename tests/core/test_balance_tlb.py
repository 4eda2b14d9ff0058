"""balance-tlb: which slave a frame leaves by (HOWTO section 2, `mode`)."""

from __future__ import annotations

from collections import Counter

import pytest

from bondimpl.balance.transmit import TransmitTable
from bondimpl.forwarding import Load
from bondimpl.frames.balanced import Eligible, may_be_balanced
from bondimpl.frames.ethernet import BROADCAST
from bondimpl.frames.hashes import HashPolicy, flow_hash
from bondimpl.machine import Speed
from tests.core.balanced_worlds import ports, tlb
from tests.core.packets import ipv4, ipv6, ncp, tagged
from tests.core.world import mac

BOTH = pytest.mark.parametrize("era_name", ["howto", "6.x"])


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


def test_a_failing_slave_that_forgets_its_speed_keeps_its_flows() -> None:
    """Many devices do so with their link; the speed of a slave decides when loads are balanced next."""
    world = tlb("howto", miimon="100", downdelay="2000")
    world.run(500)
    before = ports(world)
    assert set(before) == {0, 1, 2}
    world.pull("eth1")
    world.machine.nics["eth1"].speed = Speed()
    world.bond.slave_changed("eth1")
    world.run(1000)
    assert world.link("eth1").value == "going down"
    assert ports(world) == before


@BOTH
def test_another_speed_moves_no_flow_before_loads_are_balanced(era_name: str) -> None:
    world = tlb(era_name, miimon="100")
    world.run(500)
    ports(world)
    world.run(10_000)
    before = ports(world)
    world.machine.nics["eth0"].speed = Speed(10, "full")
    world.bond.slave_changed("eth0")
    world.run(1000)
    assert ports(world) == before
    world.run(10_000)
    assert ports(world) != before


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
