"""The active aggregator: what counts, how `ad_select` weighs it, and when the present one stays."""

from __future__ import annotations

import pytest

from bondimpl.lacp.pdu import Info
from bondimpl.lacp.port import Aggregator, Port
from bondimpl.lacp.selection import bandwidth, best, enabled_ports
from bondimpl.machine import Speed
from tests.lacp.scripted import Scripted
from tests.lacp.wires import GIGABIT, TEN_GIGABIT, Pair, mac

POLICIES = ["stable", "bandwidth", "count"]


def aggregator(
    *links: int,
    number: int = 1,
    active: bool = False,
    partner: bool = True,
    individual: bool = False,
    key: int = 9,
) -> Aggregator:
    """One with a port for each of `links`, the head of the list first: Mbit/s, 0 for one without link."""
    ports = [
        Port(f"eth{i}", mac(0, i), Info(key=key), enabled=speed > 0, speed=Speed(speed or 1000, "full"))
        for i, speed in enumerate(links)
    ]
    owner = Port("owner", mac(0, 9), Info())
    system = mac(1, number) if partner else bytes(6)
    return Aggregator(number, owner, ports, active, individual, key=key, partner_system=system)


def winner(policy: str, *aggregators: Aggregator) -> int | None:
    """Which of them is chosen, from 0."""
    chosen = best(aggregators, policy)
    return None if chosen is None else aggregators.index(chosen)


@pytest.mark.parametrize(
    ("links", "enabled", "mbit"),
    [((), 0, 0), ((1000,), 1, 1000), ((1000, 1000, 0), 2, 2000), ((0, 1000, 1000), 2, 0), ((0,), 0, 0)],
)
def test_bandwidth_is_that_of_the_head_of_the_list_times_the_ports(
    links: tuple[int, ...], enabled: int, mbit: int
) -> None:
    made = aggregator(*links)
    assert (enabled_ports(made), bandwidth(made)) == (enabled, mbit)


@pytest.mark.parametrize("policy", POLICIES)
def test_nothing_without_link_is_chosen(policy: str) -> None:
    assert winner(policy) is None
    assert winner(policy, aggregator(), aggregator(0, 0)) is None
    assert winner(policy, aggregator(0, 0), aggregator(10, partner=False, individual=True)) == 1
    assert winner(policy, aggregator(0, active=True), aggregator(10)) == 1


@pytest.mark.parametrize("policy", POLICIES)
def test_the_order_of_the_criteria(policy: str) -> None:
    alone = aggregator(10_000, 10_000, individual=True)
    nobody = aggregator(10_000, 10_000, partner=False)
    somebody = aggregator(10)
    assert winner(policy, alone, nobody) == 1
    assert winner(policy, alone, nobody, somebody) == 2
    assert winner(policy, somebody, nobody, alone) == 0
    assert winner(policy, aggregator(10_000, individual=True, partner=True), nobody) == 1


@pytest.mark.parametrize(("policy", "chosen"), [("stable", 1), ("bandwidth", 1), ("count", 0)])
def test_many_slow_ports_or_one_fast_one(policy: str, chosen: int) -> None:
    assert winner(policy, aggregator(1000, 1000), aggregator(10_000)) == chosen


@pytest.mark.parametrize("policy", POLICIES)
def test_bandwidth_breaks_a_tie(policy: str) -> None:
    assert winner(policy, aggregator(1000, 1000), aggregator(10_000, 10_000)) == 1


@pytest.mark.parametrize("policy", POLICIES)
def test_of_equals_the_earlier_is_chosen(policy: str) -> None:
    assert winner(policy, aggregator(1000, 1000), aggregator(1000, 1000)) == 0
    assert winner(policy, aggregator(1000), aggregator(1000), aggregator(1000)) == 0


@pytest.mark.parametrize("policy", POLICIES)
def test_of_equals_the_active_one_stays(policy: str) -> None:
    assert winner(policy, aggregator(1000), aggregator(1000, active=True), aggregator(1000)) == 1


def test_a_dead_head_of_the_list_counts_for_all_its_ports() -> None:
    headless = aggregator(0, 1000, 1000)
    assert winner("stable", headless, aggregator(100)) == 1
    assert winner("bandwidth", headless, aggregator(100)) == 1
    assert winner("count", headless, aggregator(100)) == 0
    assert winner("count", headless, aggregator(100, 100)) == 1, "it breaks the tie"


# ---- the active one


@pytest.mark.parametrize(("policy", "chosen"), [("stable", 0), ("bandwidth", 1), ("count", 1)])
def test_a_better_one_replaces_the_active_one_unless_stable(policy: str, chosen: int) -> None:
    assert winner(policy, aggregator(1000, active=True), aggregator(10_000, 10_000)) == chosen


def test_stable_gives_up_an_active_one_without_link() -> None:
    assert winner("stable", aggregator(0, 0, active=True), aggregator(10)) == 1


def test_stable_gives_up_one_without_partner_for_one_with() -> None:
    assert winner("stable", aggregator(10_000, active=True, partner=False), aggregator(10)) == 1
    assert winner("stable", aggregator(10, active=True, partner=False), aggregator(100, partner=False)) == 0


def test_stable_gives_up_one_without_key() -> None:
    assert winner("stable", aggregator(1000, active=True, key=0), aggregator(10_000)) == 1
    assert winner("stable", aggregator(1000, active=True, key=0), aggregator(10_000, key=0)) == 0


# ---- in a bond


def two_speeds(policy: str) -> Scripted:
    """eth0 and eth1 at 1 Gbit/s on one system, eth2 at 10 Gbit/s on another."""
    bond = Scripted(2, speed=GIGABIT, policy=policy)
    bond.add("eth2", TEN_GIGABIT)
    talk(bond, 40)
    return bond


def talk(bond: Scripted, ticks: int) -> None:
    for _ in range(ticks):
        bond.tick()
        bond.hear("eth0", key=9)
        bond.hear("eth1", key=9)
        bond.hear("eth2", system=mac(2, 0xFF))


@pytest.mark.parametrize(("policy", "slaves"), [("bandwidth", ["eth2"]), ("count", ["eth0", "eth1"])])
def test_the_policy_in_a_bond(policy: str, slaves: list[str]) -> None:
    bond = two_speeds(policy)
    assert bond.passing() == slaves
    assert {port.slave for port in bond.bond.active.ports} == set(slaves)  # type: ignore[union-attr]


def test_bandwidth_changes_over_when_links_are_lost_and_back() -> None:
    bond = two_speeds("bandwidth")
    bond.link("eth2", up=False)
    talk(bond, 3)
    assert bond.passing() == ["eth0", "eth1"]
    bond.link("eth2", up=True)
    talk(bond, 40)
    assert bond.passing() == ["eth2"]


def test_stable_stays_where_it_went() -> None:
    bond = two_speeds("stable")
    first = bond.passing()
    for slave in first:
        bond.link(slave, up=False)
    talk(bond, 3)
    second = bond.passing()
    assert second
    assert not set(first) & set(second)
    for slave in first:
        bond.link(slave, up=True)
    talk(bond, 60)
    assert bond.passing() == second


def test_count_leaves_when_a_cable_is_pulled() -> None:
    bond = two_speeds("count")
    bond.link("eth1", up=False)
    assert bond.passing() == [], "the others of the old one are off at once"
    talk(bond, 3)
    assert bond.passing() == ["eth2"], "one port each, and the newest member of the other is dead or slower"


def test_a_deselected_aggregate_is_off_at_once() -> None:
    bond = two_speeds("bandwidth")
    bond.link("eth2", up=False)
    talk(bond, 3)
    bond.link("eth0", up=False)
    bond.link("eth1", up=False)
    assert bond.passing() == []
    assert bond.bond.active is None


def test_both_ends_of_a_pair_choose_the_same() -> None:
    pair = Pair(3, fast=True, policy="bandwidth")
    pair.set_speed("eth1", GIGABIT)
    pair.set_speed("eth2", GIGABIT)
    pair.tick(100)
    assert pair.passing(0) == pair.passing(1) == ["eth0"]
    pair.pull("eth0")
    pair.tick(40)
    assert pair.passing(0) == pair.passing(1) == ["eth1", "eth2"]
