"""The mux machine: when a port collects and distributes, and so when it carries traffic."""

from __future__ import annotations

from typing import Any

import pytest

from bondimpl.lacp.pdu import PortState
from bondimpl.lacp.port import Mux, Receive
from tests.lacp.scripted import IN_SYNC, Scripted
from tests.lacp.wires import Pair

S = PortState
NOT_IN_SYNC = S.ACTIVITY | S.TIMEOUT | S.AGGREGATION
CARRIES = S.COLLECTING | S.DISTRIBUTING


def steps(bond: Scripted, slave: str, ticks: int, **fields: Any) -> list[tuple[Mux, int]]:
    """States that the port goes through and how many ticks it is in each, while the partner says that."""
    seen: list[tuple[Mux, int]] = []
    for _ in range(ticks):
        bond.tick()
        bond.hear(slave, **fields)
        mux = bond.port(slave).mux
        if seen and seen[-1][0] is mux:
            seen[-1] = (mux, seen[-1][1] + 1)
        else:
            seen.append((mux, 1))
    return seen


# ---- the way up


def test_two_seconds_of_waiting_then_sync_then_traffic() -> None:
    bond = Scripted()
    way = steps(bond, "eth0", 30)
    assert way == [(Mux.DETACHED, 1), (Mux.WAITING, 20), (Mux.ATTACHED, 1), (Mux.DISTRIBUTING, 8)]
    assert bond.port().actor.has(S.SYNCHRONIZATION)
    assert bond.passing() == ["eth0"]


def test_a_port_waits_until_all_of_its_aggregator_are_ready() -> None:
    bond = Scripted()
    bond.converse("eth0", ticks=10)
    bond.add("eth1")
    bond.converse("eth0", "eth1", ticks=12)
    assert bond.port("eth0").mux is Mux.WAITING, "its own two seconds are over"
    bond.converse("eth0", "eth1", ticks=12)
    assert {bond.port(slave).mux for slave in ("eth0", "eth1")} == {Mux.DISTRIBUTING}


def test_a_newcomer_does_not_disturb_who_carries() -> None:
    bond = Scripted()
    bond.converse("eth0", ticks=40)
    bond.add("eth1")
    for _ in range(40):
        bond.converse("eth0", "eth1", ticks=1)
        assert bond.port("eth0").mux is Mux.DISTRIBUTING
    assert bond.passing() == ["eth0", "eth1"]


def test_no_traffic_by_agreement_before_the_partner_is_in_sync() -> None:
    bond = Scripted()
    bond.converse("eth0", ticks=200, state=NOT_IN_SYNC)
    assert bond.port().mux is Mux.ATTACHED
    assert bond.port().actor.has(S.SYNCHRONIZATION)
    assert not bond.port().actor.has(CARRIES)
    assert bond.passing() == []
    bond.hear("eth0")
    bond.tick()
    assert bond.port().actor.has(CARRIES)
    assert bond.passing() == ["eth0"]


def test_sync_of_a_partner_that_means_another_port_does_not_count() -> None:
    bond = Scripted()
    for _ in range(100):
        bond.tick()
        bond.hear("eth0", told=bond.partner("eth0"))
    assert bond.port().mux is Mux.ATTACHED
    assert bond.passing() == []


def test_a_bond_that_was_never_opened_holds_back_for_eight_seconds() -> None:
    bond = Scripted()
    bond.bond.remove("eth0")
    bond.add("eth0")
    way = steps(bond, "eth0", 90)
    assert way == [(Mux.DETACHED, 1), (Mux.WAITING, 20), (Mux.ATTACHED, 58), (Mux.DISTRIBUTING, 11)]


def test_opening_the_bond_ends_the_hold() -> None:
    bond = Scripted()
    bond.bond.remove("eth0")
    bond.add("eth0")
    bond.converse("eth0", ticks=40)
    assert bond.port().mux is Mux.ATTACHED
    bond.bond.opened()
    bond.converse("eth0", ticks=1)
    assert bond.port().mux is Mux.DISTRIBUTING


# ---- the way down


def test_out_of_sync_is_out_of_traffic_within_a_tick_and_back() -> None:
    bond = Scripted(2)
    bond.converse("eth0", "eth1", ticks=40)
    bond.hear("eth0", state=NOT_IN_SYNC)
    bond.tick()
    assert bond.port().mux is Mux.ATTACHED
    assert not bond.port().actor.has(CARRIES)
    assert bond.port().actor.has(S.SYNCHRONIZATION), "ours is kept"
    assert bond.passing() == ["eth1"]
    bond.hear("eth0")
    bond.tick()
    assert bond.passing() == ["eth0", "eth1"], "no second wait"


@pytest.mark.parametrize(("fast", "lasts"), [(True, 30), (False, 900)])
def test_a_silent_partner_is_out_when_its_time_is_over(fast: bool, lasts: int) -> None:
    bond = Scripted(2, fast=fast)
    bond.converse("eth0", "eth1", ticks=40)
    bond.converse("eth1", ticks=lasts - 1)
    assert bond.passing() == ["eth0", "eth1"]
    bond.converse("eth1", ticks=1)
    assert bond.passing() == ["eth1"]
    assert bond.port("eth0").receive is Receive.EXPIRED
    bond.converse("eth1", ticks=30)
    assert bond.port("eth0").receive is Receive.DEFAULTED
    assert bond.aggregator("eth0") is not bond.aggregator("eth1")
    bond.converse("eth1", ticks=300)
    assert bond.passing() == ["eth1"], "no traffic where nobody answers while somebody does elsewhere"


def test_a_partner_heard_again_in_time_carries_within_a_tick() -> None:
    bond = Scripted(2, fast=True)
    bond.converse("eth0", "eth1", ticks=40)
    bond.converse("eth1", ticks=45)
    assert bond.port("eth0").receive is Receive.EXPIRED
    bond.hear("eth0")
    bond.tick()
    assert bond.passing() == ["eth0", "eth1"]


def test_all_partners_silent_leaves_one_port_in_use() -> None:
    bond = Scripted(3, fast=True)
    bond.converse("eth0", "eth1", "eth2", ticks=40)
    bond.tick(30)
    assert bond.passing() == []
    bond.tick(30)
    assert len(bond.passing()) == 1
    assert bond.port("eth0").actor.has(S.DEFAULTED)
    assert len({bond.aggregator(slave).number for slave in ("eth0", "eth1", "eth2")}) == 3


def test_traffic_moves_to_the_port_that_is_answered() -> None:
    bond = Scripted(2, fast=True)
    bond.tick(100)
    assert bond.passing() == ["eth0"]
    bond.hear("eth1")
    bond.tick()
    assert bond.passing() == ["eth1"]


def test_a_port_without_partner_carries_on_until_the_partner_is_attached() -> None:
    bond = Scripted()
    bond.tick(5)
    bond.hear("eth0", state=NOT_IN_SYNC)
    bond.converse("eth0", ticks=10, state=NOT_IN_SYNC)
    assert bond.passing() == ["eth0"]
    bond.converse("eth0", ticks=10, state=NOT_IN_SYNC)
    assert bond.port().mux is Mux.ATTACHED
    assert bond.passing() == []


def test_an_individual_partner_is_used_all_the_same() -> None:
    bond = Scripted()
    bond.converse("eth0", ticks=40, state=IN_SYNC & ~S.AGGREGATION)
    assert bond.port().mux is Mux.DISTRIBUTING
    assert bond.passing() == ["eth0"]


# ---- collecting before distributing


def test_uncoupled_it_distributes_when_the_partner_collects() -> None:
    bond = Scripted(coupled=False)
    only_sync = IN_SYNC & ~CARRIES
    bond.converse("eth0", ticks=40, state=only_sync)
    assert bond.port().mux is Mux.COLLECTING
    assert bond.port().actor.state & CARRIES == S.COLLECTING
    bond.converse("eth0", ticks=1, state=only_sync | S.COLLECTING)
    bond.tick()
    assert bond.port().mux is Mux.DISTRIBUTING
    assert bond.port().actor.state & CARRIES == CARRIES
    assert bond.passing() == ["eth0"]


def test_uncoupled_it_stops_when_the_partner_stops_collecting() -> None:
    bond = Scripted(2, coupled=False)
    bond.converse("eth0", "eth1", ticks=40)
    assert bond.passing() == ["eth0", "eth1"]
    bond.hear("eth0", state=IN_SYNC & ~CARRIES)
    bond.tick()
    assert bond.port().mux is Mux.COLLECTING
    assert bond.port().actor.state & CARRIES == S.COLLECTING
    assert bond.passing() == ["eth1"]


def test_two_uncoupled_ends_come_together() -> None:
    pair = Pair(fast=True, coupled=False)
    assert pair.until(pair.together, within=40) <= 30


# ---- two passive ends


@pytest.mark.parametrize(("fast", "lasts"), [(True, 30), (False, 900)])
@pytest.mark.parametrize(("late", "outage"), [(0, 1), (1, 4), (2, 4)])
def test_two_passive_ends_aggregate_and_flap_at_every_timeout(
    fast: bool, lasts: int, late: int, outage: int
) -> None:
    """Measured on the driver (whose ticks are 10 % long): out for 0.45 s every 3.6 s, or every 90 s."""
    pair = Pair(fast=fast, active=False, late=late)
    pair.until(pair.together, within=60)
    pair.until(lambda: not pair.together(), within=lasts + 10)
    for _ in range(3):
        assert pair.until(pair.together, within=10) == outage
        assert pair.until(lambda: not pair.together(), within=lasts + 10) == lasts + 3 - outage
