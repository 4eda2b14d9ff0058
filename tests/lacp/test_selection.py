"""Which aggregator a port joins, and what becomes of aggregators when slaves leave."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bondimpl.lacp.pdu import PortState
from bondimpl.machine import Speed
from tests.lacp.scripted import Scripted
from tests.lacp.wires import GIGABIT, Pair, mac

S = PortState


def numbers(bond: Scripted) -> list[int]:
    """The aggregator of each port, in the order of the slaves."""
    return [bond.aggregator(slave).number for slave in bond.bond.ports]


def test_without_partners_each_port_is_alone() -> None:
    bond = Scripted(3)
    bond.tick(200)
    assert numbers(bond) == [1, 2, 3]
    assert bond.passing() == ["eth0"]


def test_ports_with_one_partner_share_the_first_aggregator() -> None:
    bond = Scripted(3)
    bond.converse("eth0", "eth1", "eth2", ticks=5)
    assert numbers(bond) == [1, 1, 1]


def test_the_newest_member_is_the_head_of_the_list() -> None:
    bond = Scripted(3)
    bond.converse("eth0", "eth1", "eth2", ticks=5)
    assert [port.slave for port in bond.aggregator("eth0").ports] == ["eth2", "eth1", "eth0"]


@pytest.mark.parametrize(
    ("fields", "together"),
    [
        ({}, True),
        ({"port": 77, "port_priority": 3}, True),
        ({"key": 9}, False),
        ({"system": mac(2, 0)}, False),
        ({"system_priority": 1}, False),
    ],
)
def test_a_partner_of_other_parameters_is_another_aggregate(fields: dict[str, Any], together: bool) -> None:
    bond = Scripted(2)
    bond.tick(2)
    bond.hear("eth0")
    bond.hear("eth1", **fields)
    bond.tick()
    assert (bond.aggregator("eth0") is bond.aggregator("eth1")) == together


def test_ports_of_other_keys_do_not_join() -> None:
    bond = Scripted(1)
    bond.add("eth1", GIGABIT)
    bond.converse("eth0", "eth1", ticks=5)
    assert numbers(bond) == [1, 2]
    assert bond.aggregator("eth1").key == 9


def test_half_duplex_is_alone_and_individual() -> None:
    bond = Scripted(3, speed=Speed(100, "half"))
    bond.tick(50)
    assert numbers(bond) == [1, 2, 3]
    assert all(bond.aggregator(slave).is_individual for slave in bond.bond.ports)
    assert bond.passing() == ["eth0"]


def test_a_port_takes_the_first_empty_aggregator_not_its_own() -> None:
    bond = Scripted(2)
    bond.converse("eth0", "eth1", ticks=5)
    assert numbers(bond) == [1, 1]
    bond.add("eth2")
    bond.tick(2)
    assert numbers(bond) == [1, 1, 2], "eth2 brought aggregator 3, eth1's is empty"


def test_an_emptied_aggregator_forgets() -> None:
    bond = Scripted(2)
    bond.tick(2)
    bond.hear("eth0")
    bond.hear("eth1", system=mac(2, 0))
    bond.tick()
    left = bond.aggregator("eth1")
    assert (left.number, left.partner_system, left.key) == (2, mac(2, 0), 15)
    bond.hear("eth1")
    bond.tick()
    assert numbers(bond) == [1, 1]
    assert left.ports == []
    assert (left.partner_system, left.partner_priority, left.partner_key, left.key) == (bytes(6), 0, 0, 0)


def test_numbers_of_aggregators_are_not_used_again_those_of_ports_are() -> None:
    bond = Scripted(2)
    bond.tick(2)
    bond.bond.remove("eth1")
    bond.add("eth2")
    bond.tick(2)
    assert numbers(bond) == [1, 3]
    assert [port.actor.port for port in bond.bond.ports.values()] == [1, 2], "the last one's and one"
    bond.bond.remove("eth0")
    bond.add("eth3")
    assert [port.actor.port for port in bond.bond.ports.values()] == [2, 3]


# ---- a slave leaves


@pytest.mark.parametrize("leaver", ["eth0", "eth1", "eth2"])
def test_traffic_goes_on_when_a_slave_leaves(leaver: str) -> None:
    pair = Pair(3, fast=True)
    pair.until(pair.together, within=40)
    stay = [name for name in pair.names if name != leaver]
    pair.remove(0, leaver)
    pair.deliver()
    for _ in range(100):
        assert pair.passing(0) == stay
        assert set(stay) <= set(pair.passing(1))
        pair.tick()
    assert pair.passing(1) == stay


def test_the_aggregator_changes_its_number_when_its_owner_leaves() -> None:
    bond = Scripted(3)
    bond.converse("eth0", "eth1", "eth2", ticks=40)
    before = bond.aggregator("eth1")
    bond.bond.remove("eth2")
    assert bond.bond.active is before, "aggregator 1 is eth0's"
    bond.bond.remove("eth0")
    assert numbers(bond) == [2]
    assert bond.bond.active is bond.aggregator("eth1")
    assert bond.aggregator("eth1").partner_system == mac(1, 0xFF)
    assert bond.passing() == ["eth1"]


def test_the_last_slave_leaves_nothing() -> None:
    bond = Scripted()
    bond.converse("eth0", ticks=40)
    bond.bond.remove("eth0")
    assert bond.bond.active is None
    assert bond.passing() == []
    bond.tick(10)


@pytest.mark.parametrize(
    ("keeps_sync", "state"),
    [
        (False, S.ACTIVITY | S.TIMEOUT),
        (True, S.ACTIVITY | S.TIMEOUT | S.SYNCHRONIZATION | S.COLLECTING | S.DISTRIBUTING),
    ],
    ids=["6.x", "howto"],
)
def test_the_last_lacpdu_of_a_leaving_slave(keeps_sync: bool, state: PortState) -> None:
    bond = Scripted(fast=True, farewell_keeps_sync=keeps_sync)
    bond.converse("eth0", ticks=40)
    bond.sent.clear()
    bond.bond.remove("eth0")
    (farewell,) = [frame for _, _, frame in bond.sent]
    assert farewell[32] == state
    assert farewell[6:12] == mac(0, 0), "the slave's own address"


@pytest.mark.parametrize("speed", [Speed(100, "half"), None])
def test_no_farewell_where_no_lacpdu_could_leave(speed: Speed | None) -> None:
    bond = Scripted(speed=speed or GIGABIT)
    bond.tick(10)
    if speed is None:
        bond.link("eth0", up=False)
    bond.sent.clear()
    bond.bond.remove("eth0")
    assert bond.sent == []


# ---- settings


def test_a_new_system_priority_is_in_the_next_lacpdus() -> None:
    pair = Pair(fast=True)
    pair.until(pair.together, within=40)
    end = pair.ends[0]
    end.configure(replace(end.config, system_priority=7))
    pair.tick(3)
    assert pair.port(1, "eth0").partner.system_priority == 7
    pair.until(pair.together, within=14)
    assert pair.ends[1].active is not None
    assert pair.ends[1].active.partner_priority == 7
