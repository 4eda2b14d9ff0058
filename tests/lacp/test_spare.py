"""Aggregators that are not in use, and how they come into it."""

from __future__ import annotations

from typing import Any

from bondimpl.lacp.pdu import PortState
from bondimpl.lacp.port import Mux
from bondimpl.machine import Speed
from tests.lacp.scripted import IN_SYNC, Scripted
from tests.lacp.wires import GIGABIT, Pair, mac

S = PortState
CARRIES = S.COLLECTING | S.DISTRIBUTING


def two_partners(**options: Any) -> Scripted:
    """eth0 and eth1 on one system, eth2 on another; all have been heard for four seconds."""
    bond = Scripted(3, **options)
    for _ in range(40):
        bond.tick()
        bond.hear("eth0")
        bond.hear("eth1")
        bond.hear("eth2", system=mac(2, 0xFF))
    return bond


def test_of_two_partners_one_is_used() -> None:
    bond = two_partners()
    assert bond.aggregator("eth0") is bond.aggregator("eth1") is bond.bond.active
    assert bond.aggregator("eth2").partner_system == mac(2, 0xFF)
    for _ in range(10):
        assert bond.port("eth2").mux is Mux.ATTACHED
        assert not bond.port("eth2").actor.has(S.SYNCHRONIZATION | CARRIES)
        assert bond.passing() == ["eth0", "eth1"]
        bond.tick()


def test_the_other_takes_over_when_the_links_of_the_one_are_lost() -> None:
    bond = two_partners()
    bond.link("eth0", up=False)
    bond.link("eth1", up=False)
    assert bond.passing() == []
    bond.hear("eth2", system=mac(2, 0xFF))
    bond.tick(2)
    assert bond.port("eth2").actor.has(S.SYNCHRONIZATION)
    assert bond.passing() == ["eth2"]


def test_who_is_out_of_use_goes_on_saying_that_it_distributes() -> None:
    bond = two_partners(policy="count")
    for slave in ("eth3", "eth4"):
        bond.add(slave)
    for _ in range(40):
        bond.tick()
        bond.hear("eth0")
        bond.hear("eth1")
        for slave in ("eth2", "eth3", "eth4"):
            bond.hear(slave, system=mac(2, 0xFF))
    assert bond.passing() == ["eth2", "eth3", "eth4"]
    for slave in ("eth0", "eth1"):
        assert bond.port(slave).actor.state & (S.SYNCHRONIZATION | CARRIES) == S.SYNCHRONIZATION | CARRIES


def test_and_carries_again_as_soon_as_it_is_in_use() -> None:
    bond = two_partners(policy="bandwidth")
    bond.add("eth3", Speed(40_000, "full"))
    for _ in range(30):
        bond.converse("eth0", "eth1", ticks=1)
        bond.hear("eth3", system=mac(3, 0xFF))
    assert bond.passing() == ["eth3"]
    bond.link("eth3", up=False)
    bond.converse("eth0", "eth1", ticks=1)
    assert bond.passing() == ["eth0", "eth1"]


def test_out_of_use_it_may_come_to_distribute_but_carries_nothing() -> None:
    """Collecting and distributing apart: the partner collects only when the aggregator is out of use."""
    bond = Scripted(coupled=False, policy="bandwidth")
    bond.converse("eth0", ticks=40, state=IN_SYNC & ~CARRIES)
    bond.add("eth1", Speed(40_000, "full"))
    bond.tick(2)
    bond.hear("eth1", system=mac(3, 0xFF))
    bond.tick()
    assert bond.bond.active is bond.aggregator("eth1")
    for _ in range(10):
        bond.converse("eth0", ticks=1)
        assert bond.passing() == []
    assert bond.port("eth0").mux is Mux.DISTRIBUTING


def test_a_spare_aggregate_comes_into_sync_when_it_is_needed() -> None:
    """Both ends have it spare: neither is in sync until one says so."""
    pair = Pair(fast=False)
    pair.set_speed("eth1", GIGABIT)
    pair.tick(100)
    assert pair.passing(0) == pair.passing(1) == ["eth0"]
    pair.pull("eth0")
    assert pair.until(pair.together, within=40) <= 6


def test_a_port_that_starts_anew_takes_its_traffic_off() -> None:
    """It was in use, and now is in an aggregator of its own that is not."""
    pair = Pair(fast=True)
    pair.until(pair.together, within=40)
    pair.ends[0].link_changed("eth0", GIGABIT, enabled=True)
    pair.tick()
    assert pair.passing(0) == ["eth1"]
    assert pair.port(0, "eth0").mux is Mux.DETACHED


def test_a_port_that_gets_another_partner_leaves_sync() -> None:
    """Its new aggregator is not the one in use."""
    bond = Scripted(2)
    bond.converse("eth0", "eth1", ticks=40)
    bond.hear("eth0", system=mac(2, 0xFF))
    bond.tick()
    assert bond.aggregator("eth0") is not bond.aggregator("eth1")
    assert bond.port("eth0").mux is Mux.ATTACHED
    assert not bond.port("eth0").actor.has(S.SYNCHRONIZATION | CARRIES)
    assert bond.passing() == ["eth1"]
