"""balance-alb: what clients are told when slaves come and go (HOWTO section 2, `mode`)."""

from __future__ import annotations

import pytest

from tests.core.balanced_worlds import alb, answer, ask, learned, told
from tests.core.packets import arp
from tests.core.world import mac

BOTH = pytest.mark.parametrize("era_name", ["howto", "6.x"])


def test_the_death_of_a_backup_as_the_real_driver_told_it() -> None:
    world = alb("6.x")
    answer(world, 1, 2, 3)
    world.run(6000)
    world.machine.sent.clear()
    world.pull("eth2")
    world.until(lambda: world.lost("eth2"), within_ms=100)
    assert learned(world) == [(0, 2)], "the active slave stands in for the address of the dead one"
    assert world.machine.nics["eth0"].promiscuity == 1
    told(world)
    rounds = []
    for _ in range(95):
        world.run(100)
        if replies := told(world):
            rounds.append(replies)
    assert rounds == [[(0, 3, 0)] * 2] * 4
    world.run(600)
    assert world.machine.nics["eth0"].promiscuity == 0


def test_the_return_of_a_backup_deals_all_anew() -> None:
    """The real driver's turns: 9 and 3 had been dealt out last, 1 first; all but 2 move."""
    world = alb("6.x")
    answer(world, 1, 2, 3)
    world.run(3500)
    ask(world, 9)
    world.hear("eth1", arp(2, 9, 1, mac(0xA0), mac(0), mac(0)))
    world.run(5500)
    world.pull("eth2")
    world.run(13_000)
    told(world)
    world.plug("eth2")
    world.run(3000)
    assert told(world) == [(s, p, s) for s, p in ((2, 9), (0, 3), (2, 1)) for _ in range(2)]
    # And then the active one dies.
    world.pull("eth0")
    world.until(lambda: world.lost("eth0"), within_ms=100)
    assert learned(world) == [(1, 0), (1, 1)]
    assert [world.machine.nics[f"eth{i}"].promiscuity for i in range(3)] == [0, 1, 0]
    told(world)
    rounds = []
    for _ in range(95):
        world.run(100)
        if replies := told(world):
            rounds.append(replies)
    assert rounds == [[(1, p, 0) for p in (3, 2) for _ in range(2)]] * 4


@BOTH
def test_a_new_slave_gets_its_share(era_name: str) -> None:
    world = alb(era_name, slaves=2)
    answer(world, 1, 2, 3, 4, 5, 6)
    world.run(5000)
    world.enslave("eth2")
    world.run(5000)
    told(world)
    answer(world, 1, 2, 3, 4, 5, 6)
    slaves = [slave for slave, _, _ in told(world)]
    assert sorted(slaves) == [0, 0, 1, 1, 2, 2]


@BOTH
def test_promiscuity_ends_with_the_office(era_name: str) -> None:
    world = alb(era_name)
    world.pull("eth2")
    world.run(200)
    world.bond.set_active_slave("eth1")
    assert [world.machine.nics[f"eth{i}"].promiscuity for i in range(3)] == [0, 0, 0]
    world.pull("eth1")
    world.run(200)
    assert world.machine.nics["eth0"].promiscuity == 1
    world.bond.close()
    assert world.machine.nics["eth0"].promiscuity == 0


@BOTH
@pytest.mark.parametrize("end", ["reopened", "all dead"])
def test_promiscuity_is_not_forgotten(era_name: str, end: str) -> None:
    world = alb(era_name, slaves=2)
    if end == "reopened":
        world.bond.close()
        world.bond.release("eth1")
        assert world.machine.nics["eth0"].promiscuity == 1
        world.bond.open()
    else:
        world.pull("eth1")
        world.run(200)
        assert world.machine.nics["eth0"].promiscuity == 1
        world.pull("eth0")
        world.run(200)
        assert world.active is None
    assert world.machine.nics["eth0"].promiscuity == 0


@BOTH
def test_turns_start_over_when_a_slave_leaves(era_name: str) -> None:
    world = alb(era_name, slaves=4)
    answer(world, 1, 2)
    world.bond.release("eth3")
    told(world)
    answer(world, 3)
    assert told(world) == [(0, 3, 0)]


@BOTH
def test_who_leaves_with_a_borrowed_address_is_stood_in_for_by_its_own(era_name: str) -> None:
    """eth0 wears eth1's address when eth1 is active; then eth2 is, and eth0 leaves with that of eth1."""
    world = alb(era_name)
    world.bond.set_active_slave("eth1")
    world.bond.set_active_slave("eth2")
    assert [world.machine.nics[f"eth{i}"].mac[5] for i in range(3)] == [1, 2, 0]
    world.machine.sent.clear()
    world.bond.release("eth1")
    assert [world.machine.nics[f"eth{i}"].mac[5] for i in (0, 2)] == [2, 0]
    assert list(dict.fromkeys(learned(world))) == [(0, 2), (2, 1)]


@BOTH
def test_clients_follow_the_bonds_address(era_name: str) -> None:
    world = alb(era_name)
    answer(world, 1, 2, 3)
    world.run(3000)
    world.machine.sent.clear()
    world.bond.set_mac(mac(0x77))
    assert [world.machine.nics[f"eth{i}"].mac[5] for i in range(3)] == [0x77, 1, 2]
    assert (0, 0x77) in learned(world)
    world.run(2500)
    assert (0, 1, 0x77) in told(world)
