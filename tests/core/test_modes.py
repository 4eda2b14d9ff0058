"""What the four modes send where, and hear from whom (HOWTO section 2, `mode`)."""

from __future__ import annotations

from collections import Counter

import pytest

from bondimpl.forwarding import Accept, Forwarder, ForwardingPlan, RoundRobin
from bondimpl.frames.hashes import HashPolicy, flow_hash
from tests.core.world import World, mac

BOTH = pytest.mark.parametrize("era_name", ["howto", "6.x"])
NAMES = ["eth0", "eth1", "eth2", "eth3"]


def test_round_robin_takes_turns_from_the_first_slave() -> None:
    world = World("balance-rr", slaves=4)
    assert world.leaves_by(8) == NAMES * 2


def test_todays_round_robin_begins_with_the_second() -> None:
    world = World("balance-rr", slaves=3, era_name="6.x")
    assert world.leaves_by(6) == ["eth1", "eth2", "eth0"] * 2


@pytest.mark.parametrize(
    ("era_name", "shares"),
    [("howto", [100, 0, 100, 100]), ("6.x", [75, 0, 150, 75])],
)
def test_round_robin_without_the_second_of_four(era_name: str, shares: list[int]) -> None:
    world = World("balance-rr", slaves=4, miimon="100", era_name=era_name)
    world.pull("eth1")
    world.run(200)
    counts = Counter(world.leaves_by(300))
    assert [counts[name] for name in NAMES] == shares


def test_several_frames_a_turn() -> None:
    howto = World("balance-rr", packets_per_slave="3")
    assert howto.leaves_by(7) == ["eth0"] * 3 + ["eth1"] * 3 + ["eth0"]
    random = World("balance-rr", slaves=4, packets_per_slave="0")
    counts = Counter(random.leaves_by(4000))
    assert all(800 < counts[name] < 1200 for name in NAMES)


def test_the_turn_survives_a_new_plan() -> None:
    forwarder = Forwarder(ForwardingPlan(RoundRobin(("eth0", "eth1", "eth2"))))
    frame = bytes(60)
    assert forwarder.targets(frame) == ("eth0",)
    forwarder.plan = ForwardingPlan(RoundRobin(("eth0", "eth1")))
    assert forwarder.targets(frame) == ("eth1",)


@pytest.mark.parametrize("slaves", [2, 3, 4])
def test_the_xor_formula(slaves: int) -> None:
    world = World("balance-xor", slaves=slaves)
    own = world.bond.mac[5]
    for last in range(16):
        assert world.leaves_by(dst=mac(last)) == [f"eth{(own ^ last) % slaves}"]


def test_xor_moves_only_the_peers_of_a_dead_slave() -> None:
    world = World("balance-xor", slaves=4, miimon="100")
    before = {last: world.leaves_by(dst=mac(last)) for last in range(64)}
    world.pull("eth1")
    world.run(200)
    for last, slave in before.items():
        assert world.leaves_by(dst=mac(last)) == (["eth2"] if slave == ["eth1"] else slave)


def test_todays_xor_counts_the_usable_slaves_and_the_ethertype() -> None:
    world = World("balance-xor", slaves=3, miimon="100", era_name="6.x")
    assert world.leaves_by(dst=mac(7)) == [f"eth{(7 ^ 0x0800) % 3}"]
    world.pull("eth0")
    world.run(200)
    assert world.leaves_by(dst=mac(7)) == [["eth1", "eth2"][(7 ^ 0x0800) % 2]]


@BOTH
def test_broadcast_copies_to_every_slave(era_name: str) -> None:
    world = World("broadcast", slaves=4, miimon="100", era_name=era_name)
    assert world.leaves_by() == NAMES
    world.pull("eth2")
    world.run(200)
    assert world.leaves_by() == ["eth0", "eth1", "eth3"]


@BOTH
@pytest.mark.parametrize("mode", ["balance-rr", "balance-xor", "broadcast"])
def test_load_balancing_modes_hear_every_slave(mode: str, era_name: str) -> None:
    world = World(mode, slaves=3, era_name=era_name)
    assert dict(world.plan.accept) == dict.fromkeys(NAMES[:3], Accept.EVERYTHING)


@BOTH
def test_a_backup_is_deaf_unless_all_slaves_are_active(era_name: str) -> None:
    world = World("active-backup", slaves=2, era_name=era_name)
    forwarder = Forwarder(world.plan)
    frame = b"\xff" * 6 + bytes(54)
    assert forwarder.accepts("eth0", frame)
    assert not forwarder.accepts("eth1", frame)
    world.bond.set_option("all_slaves_active", "1")
    assert Forwarder(world.plan).accepts("eth1", frame)


def test_unicast_only() -> None:
    forwarder = Forwarder(ForwardingPlan(accept={"eth0": Accept.UNICAST}))
    assert forwarder.accepts("eth0", mac(1) + bytes(54))
    assert not forwarder.accepts("eth0", b"\x01" + bytes(59))


@BOTH
@pytest.mark.parametrize("mode", ["balance-rr", "active-backup", "balance-xor", "broadcast"])
def test_a_bond_without_slaves_sends_nothing(mode: str, era_name: str) -> None:
    world = World(mode, slaves=0, era_name=era_name)
    assert world.leaves_by(5) == []
    assert not world.machine.bond_carrier


IPV4 = mac(2) + mac(1) + b"\x08\x00" + bytes([0x45, *([0] * 11), 10, 0, 0, 1, 10, 0, 0, 2]) + bytes(26)


@pytest.mark.parametrize(
    ("policy", "value"),
    [
        (HashPolicy.MAC_XOR, 3),
        (HashPolicy.LAYER2, 3 ^ 0x0800),
        # 10.0.0.1 and 10.0.0.2 as little-endian words differ in the top byte: 0x03000000
        (HashPolicy.LAYER23, 0x03000000 ^ 0x803 ^ 0x300 ^ (0x03000000 ^ 0x803 ^ 0x300) >> 8),
        (HashPolicy.VLAN_SRCMAC, 0x020000 ^ 0x000001),
    ],
)
def test_hash_values_by_hand(policy: HashPolicy, value: int) -> None:
    assert flow_hash(policy, IPV4) == value


def test_hashes_look_through_a_vlan_tag() -> None:
    tagged = IPV4[:12] + b"\x81\x00\x20\x2a" + IPV4[12:]
    for policy in (HashPolicy.LAYER2, HashPolicy.LAYER23):
        assert flow_hash(policy, tagged) == flow_hash(policy, IPV4)
    assert flow_hash(HashPolicy.VLAN_SRCMAC, tagged) == flow_hash(HashPolicy.VLAN_SRCMAC, IPV4) ^ 42
