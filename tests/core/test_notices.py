"""Gratuitous ARP after a change of the active slave."""

from __future__ import annotations

from ipaddress import IPv4Address
from itertools import pairwise
from typing import Any

import pytest

from bondimpl.frames import arp
from bondimpl.machine import HostAddress
from tests.core.world import World, mac

ADDRESSES = (HostAddress(IPv4Address("10.0.0.1")), HostAddress(IPv4Address("10.5.0.1"), vlan=7))


def failover(
    era_name: str = "howto", mode: str = "active-backup", **options: Any
) -> tuple[World, list[float]]:
    """A world in which eth0 failed at a poll, and the times in ms after it at which rounds were sent."""
    world = World(mode, miimon="100", era_name=era_name, **options)
    world.machine.addresses = ADDRESSES
    world.run(1000)
    world.machine.sent.clear()
    world.pull("eth0")
    world.until(lambda: world.lost("eth0"), within_ms=100)
    rounds, seen = [], 0
    for elapsed in range(3000):
        if len(world.machine.sent) > seen:
            rounds.append(float(elapsed))
            seen = len(world.machine.sent)
        world.run(1)
    return world, rounds


def test_each_address_is_announced_on_the_new_slave() -> None:
    world, rounds = failover()
    assert rounds == [0]
    assert [slave for slave, _ in world.machine.sent] == ["eth1", "eth1"]
    plain, tagged = (frame for _, frame in world.machine.sent)
    assert plain == arp.gratuitous(IPv4Address("10.0.0.1"), mac(0))
    assert plain.hex() == (
        "ffffffffffff" "020000000000" "0806" "0001080006040001"
        "020000000000" "0a000001" "000000000000" "0a000001" + "00" * 18
    )  # fmt: skip
    assert tagged[12:18].hex() == "810000070806"


@pytest.mark.parametrize(
    ("era_name", "options", "count", "spacing"),
    [
        ("howto", {"num_grat_arp": "0"}, 0, 0),
        ("howto", {"num_grat_arp": "3"}, 3, 100),
        ("howto", {"num_grat_arp": "3", "peer_notif_delay": "500"}, 3, 500),
        ("6.x", {"num_grat_arp": "1"}, 1, 0),
        ("6.x", {"num_grat_arp": "3"}, 2, 100),
        ("6.x", {"num_grat_arp": "3", "peer_notif_delay": "500"}, 3, 500),
    ],
)
def test_how_often_and_when(era_name: str, options: dict[str, str], count: int, spacing: float) -> None:
    _, rounds = failover(era_name, **options)
    assert len(rounds) == count
    gaps = {later - earlier for earlier, later in pairwise(rounds)}
    assert gaps <= {spacing}


@pytest.mark.parametrize("mode", ["balance-rr", "balance-xor", "broadcast"])
def test_other_modes_announce_nothing(mode: str) -> None:
    assert failover(mode=mode)[1] == []


@pytest.mark.parametrize("effect", ["bond_addresses", "transmit"])
def test_a_failover_does_not_depend_on_its_announcement(effect: str) -> None:
    world = World("active-backup", slaves=3, miimon="100")
    world.machine.addresses = ADDRESSES
    world.run(200)
    world.machine.fail_on = effect
    world.pull("eth0")
    world.run(200)
    assert world.active == "eth1"
    assert set(world.leaves_by(2)) == {"eth1"}
    assert any("cannot announce" in line for line in world.log())


def test_a_second_failover_starts_a_new_series() -> None:
    world = World("active-backup", slaves=3, miimon="100", num_grat_arp="5")
    world.machine.addresses = ADDRESSES[:1]
    world.pull("eth0")
    world.run(250)
    world.machine.sent.clear()
    world.pull("eth1")
    world.run(5000)
    late = [slave for slave, _ in world.machine.sent]
    assert late.count("eth2") == 5
    assert late.index("eth2") == len(late) - 5, "nothing on the dead slave after the failover"
