"""Mode 802.3ad on the bond: who carries, carrier. LACP itself is tested in tests/lacp."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from itertools import pairwise

import pytest

from bondimpl.forwarding import Forwarder, Hashed
from bondimpl.frames import arp, ndisc
from bondimpl.frames.hashes import HashPolicy
from bondimpl.machine import HostAddress, Speed
from tests.core.back_to_back import FAST, BackToBack, carrying, settled, summary
from tests.core.world import World, mac

ERAS = ("howto", "6.x")


@pytest.mark.parametrize("era_name", ERAS)
def test_two_bonds_aggregate(era_name: str) -> None:
    pair = BackToBack(era_name=era_name, a=FAST)
    assert 2300 <= pair.until(pair.together, within_ms=4000) <= 2900
    pair.run(120_000)
    assert pair.together()


def test_slaves_that_join_a_bond_that_is_up_wait_for_the_selection_timer() -> None:
    pair = BackToBack(reopen=False, a=FAST)
    assert 7900 <= pair.until(pair.together, within_ms=9000) <= 8500


def test_the_story_of_a_link_is_the_real_drivers() -> None:
    """The states that 6.1 showed, polled every 20 ms while a link was pulled and plugged; times left out."""
    pair = settled()
    seen = []

    def watch(ms: int) -> None:
        for _ in range(ms // 10):
            pair.run(10)
            seen.append(summary(pair.a))

    pair.pull("eth0")
    watch(5000)
    pair.plug("eth0")
    watch(6000)
    story = (second for first, second in pairwise(["", *seen]) if first != second)
    for step in (
        "eth0:down agg1 key0 a63 p63",
        "eth0:up agg2 key15 a71 p0",
        "eth0:up agg2 key15 a199 p2",
        "eth0:up agg1 key15 a7 p7",
        "eth0:up agg1 key15 a15 p7",
        "eth0:up agg1 key15 a63 p63",
    ):
        assert f"{step}, eth1:up agg1 key15 a63 p63" in story  # after the step before: it is an iterator


def test_the_aggregate_carries_by_hash_and_the_rest_is_silent() -> None:
    pair = settled(links=3)
    assert pair.a.plan.transmit == Hashed(HashPolicy.LAYER2, ("eth0", "eth1", "eth2"))
    pair.swallow = lambda _sender, slave, _frame: slave == "eth1"
    pair.run(4000)
    assert pair.a.plan.transmit == Hashed(HashPolicy.LAYER2, ("eth0", "eth2"))
    assert carrying(pair.a) == ["eth0", "eth2"]
    assert "eth1" not in pair.a.leaves_by(100)


@pytest.mark.parametrize("era_name", ERAS)
def test_neighbours_are_looked_for_on_every_slave_that_carries(era_name: str) -> None:
    """Option broadcast_neighbor: ARP and neighbour discovery of the host, in a VLAN or not."""
    host, peer, six = mac(0), IPv4Address("10.0.0.2"), IPv6Address("fd00::1")
    looking = [
        arp.request(IPv4Address("10.0.0.1"), host, peer),
        arp.reply(IPv4Address("10.0.0.1"), host, peer, mac(0x80)),
        arp.gratuitous(peer, host, vlan=7),
        ndisc.solicitation(six, host, IPv6Address("fd00::2")),
        ndisc.solicitation(six, host, IPv6Address("fd00::2"), (7,)),
        ndisc.unsolicited(six, host),
    ]
    echo = ndisc.icmp(six, six, bytes([128, 0, 0, 0, 0, 1, 0, 1]))
    others = [mac(0x80) + host + b"\x86\xdd" + echo, mac(0x80) + host + b"\x08\x00" + bytes(46)]
    pair = settled(links=3, era_name=era_name)

    def ways(frames: list[bytes]) -> set[int]:
        return {len(Forwarder(pair.a.plan).targets(frame)) for frame in frames}

    assert ways(looking) == {1}
    pair.a.bond.set_option("broadcast_neighbor", "on")
    assert (ways(looking), ways(others)) == ({3}, {1})
    pair.swallow = lambda _sender, slave, _frame: slave == "eth1"
    pair.run(4000)
    assert Forwarder(pair.a.plan).targets(looking[0]) == ("eth0", "eth2")
    pair.a.bond.set_option("broadcast_neighbor", "off")
    assert ways(looking) == {1}


@pytest.mark.parametrize(("option", "rounds"), [("on", 2), ("off", 0)])
def test_neighbours_are_told_of_a_slave_that_carries_again(option: str, rounds: int) -> None:
    """With broadcast_neighbor, by all slaves that carry: num_grat_arp rounds, as after a failover."""
    pair = settled(links=3, era_name="howto", broadcast_neighbor=option, num_grat_arp="2")
    pair.a.machine.addresses = (HostAddress(IPv4Address("10.0.0.1")),)
    pair.pull("eth1")
    pair.run(1000)
    pair.a.machine.sent.clear()
    pair.plug("eth1")
    pair.until(pair.together, within_ms=10_000)
    pair.run(1000)
    announced = arp.gratuitous(IPv4Address("10.0.0.1"), pair.a.bond.mac)
    assert [slave for slave, frame in pair.a.machine.sent if frame == announced] == [
        "eth0",
        "eth1",
        "eth2",
    ] * rounds


def test_the_howtos_distribution_is_by_xor_of_addresses() -> None:
    """A lost member's peers move to its successor; the others stay where they were (D16, D17)."""
    pair = settled(links=3, era_name="howto")
    before = {last: pair.a.leaves_by(dst=mac(last)) for last in range(16)}
    own = pair.a.bond.mac[5]
    assert before == {last: [f"eth{(last ^ own) % 3}"] for last in range(16)}
    pair.pull("eth1")
    pair.run(150)
    after = {last: pair.a.leaves_by(dst=mac(last)) for last in range(16)}
    assert {last: slaves for last, slaves in before.items() if slaves != ["eth1"]}.items() <= after.items()
    assert all(slaves != ["eth1"] for slaves in after.values())


@pytest.mark.parametrize("era_name", ERAS)
def test_ports_of_another_speed_are_kept_apart(era_name: str) -> None:
    pair = BackToBack(links=4, era_name=era_name, a=FAST)
    for slave in ("eth2", "eth3"):
        pair.change_speed(slave, Speed(1000, "full"))
    pair.run(6000)
    assert carrying(pair.a) == carrying(pair.b) == ["eth0", "eth1"]
    status = pair.a.bond.snapshot().lacp
    assert status is not None
    numbers = [port.aggregator for port in status.ports.values()]
    assert numbers[0] == numbers[1] != numbers[2] == numbers[3]


def test_a_half_duplex_port_is_in_no_group() -> None:
    pair = BackToBack(links=3, a=FAST)
    pair.change_speed("eth2", Speed(10_000, "half"))
    pair.run(6000)
    assert carrying(pair.a) == ["eth0", "eth1"]
    pair.a.machine.sent.clear()
    pair.run(1500)
    assert {slave for slave, _ in pair.a.machine.sent} == {"eth0", "eth1"}


def test_without_a_partner_one_slave_carries() -> None:
    world = World("802.3ad")
    world.run(100_000)
    assert carrying(world) == ["eth0"]
    assert world.machine.bond_carrier


def test_min_links_holds_the_carrier_back() -> None:
    pair = BackToBack(a={**FAST, "min_links": "2"}, b=FAST)
    pair.run(100)
    assert not pair.a.machine.bond_carrier
    pair.until(pair.together, within_ms=4000)
    assert pair.a.machine.bond_carrier
    pair.pull("eth1")
    pair.run(150)
    assert not pair.a.machine.bond_carrier
    assert pair.b.machine.bond_carrier
    pair.a.bond.set_option("min_links", "1")
    assert pair.a.machine.bond_carrier


def test_lacp_strict_wants_an_agreement() -> None:
    world = World("802.3ad", era_name="6.x", lacp_strict="on")
    world.run(10_000)
    assert not world.machine.bond_carrier
    pair = settled(lacp_strict="on")
    assert pair.a.machine.bond_carrier
