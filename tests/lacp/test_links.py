"""Links that are lost, return and change their speed, in both eras."""

from __future__ import annotations

import pytest

from bondimpl.lacp.pdu import PortState
from bondimpl.lacp.port import Mux, Receive
from bondimpl.machine import Speed
from tests.lacp.scripted import Scripted
from tests.lacp.wires import GIGABIT, TEN_GIGABIT, Pair

S = PortState
ERAS = [pytest.param(False, id="6.x"), pytest.param(True, id="howto")]


@pytest.mark.parametrize("howto", ERAS)
def test_a_lost_link_is_off_at_once(howto: bool) -> None:
    bond = Scripted(2, restart_on_link_loss=howto)
    bond.converse("eth0", "eth1", ticks=40)
    bond.link("eth0", up=False)
    assert bond.passing() == ["eth1"], "before any tick"
    bond.converse("eth1", ticks=50)
    assert bond.passing() == ["eth1"]
    assert bond.port("eth0").receive is Receive.PORT_DISABLED


def test_todays_driver_keeps_the_partner_of_a_lost_link() -> None:
    bond = Scripted(2)
    bond.converse("eth0", "eth1", ticks=40)
    actor, partner = bond.port("eth0").actor, bond.port("eth0").partner
    bond.link("eth0", up=False)
    bond.converse("eth1", ticks=50)
    assert bond.port("eth0").partner == partner
    assert bond.port("eth0").actor.state == actor.state, "frozen"
    assert bond.aggregator("eth0") is bond.aggregator("eth1")


def test_the_howtos_driver_forgets_the_partner_of_a_lost_link() -> None:
    bond = Scripted(2, restart_on_link_loss=True)
    bond.converse("eth0", "eth1", ticks=40)
    bond.link("eth0", up=False)
    bond.converse("eth1", ticks=1)
    assert not any(bond.port("eth0").partner.system)
    assert bond.port("eth0").actor.has(S.DEFAULTED)
    assert bond.aggregator("eth0") is not bond.aggregator("eth1")


@pytest.mark.parametrize("howto", ERAS)
@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("away", [1, 10, 50, 400])
def test_a_link_that_returns_is_joined_as_soon_as_a_new_one(howto: bool, fast: bool, away: int) -> None:
    """Whatever is left of the partner's timeout."""
    pair = Pair(fast=fast, restart_on_link_loss=howto)
    pair.until(pair.together, within=40)
    pair.tick(20)
    pair.pull("eth0")
    pair.tick(away)
    pair.plug("eth0")
    assert pair.until(pair.together, within=40) <= 28
    assert pair.passing(0) == ["eth0", "eth1"]


@pytest.mark.parametrize("howto", ERAS)
def test_all_links_lost_and_back(howto: bool) -> None:
    pair = Pair(3, fast=False, restart_on_link_loss=howto)
    pair.until(pair.together, within=40)
    for name in pair.names:
        pair.pull(name)
    pair.tick(1000)
    assert pair.passing(0) == pair.passing(1) == []
    for name in pair.names:
        pair.plug(name)
    pair.until(pair.together, within=40)


@pytest.mark.parametrize("howto", ERAS)
def test_an_active_aggregator_without_a_link_gives_way(howto: bool) -> None:
    """In both eras: the older driver keeps one that has a partner, but the lost port starts anew (D32)."""
    pair = Pair(fast=True, restart_on_link_loss=howto)
    pair.set_speed("eth1", GIGABIT)
    pair.tick(100)
    assert pair.passing(0) == ["eth0"]
    pair.pull("eth0")
    pair.tick(3)
    assert pair.passing(0) == ["eth1"]


@pytest.mark.parametrize("howto", ERAS)
def test_another_speed_is_another_aggregate(howto: bool) -> None:
    pair = Pair(3, fast=True, restart_on_link_loss=howto)
    pair.until(pair.together, within=40)
    pair.set_speed("eth0", GIGABIT)
    pair.tick()
    assert pair.passing(0) == ["eth1", "eth2"]
    pair.tick(60)
    assert pair.passing(0) == pair.passing(1) == ["eth1", "eth2"]
    assert pair.port(0, "eth0").actor.key == 9
    assert pair.port(1, "eth0").partner.key == 9
    pair.set_speed("eth0", TEN_GIGABIT)
    pair.until(pair.together, within=60)


@pytest.mark.parametrize("left_over", [5, 29])
def test_a_change_to_half_duplex_ends_lacp_there(left_over: int) -> None:
    pair = Pair(fast=True)
    pair.until(pair.together, within=40)
    pair.tick(30 - left_over)
    for end in pair.ends:
        end.link_changed("eth1", Speed(10_000, "half"), enabled=True)
    pair.tick(200)
    for number, end in enumerate(pair.ends):
        port = end.ports["eth1"]
        assert port.receive is Receive.LACP_DISABLED
        assert port.aggregator
        assert port.aggregator.is_individual
        assert pair.passing(number) == ["eth0"]


def test_a_slave_that_joins_without_link_comes_in_when_it_has_one() -> None:
    bond = Scripted()
    bond.converse("eth0", ticks=40)
    bond.add("eth1", enabled=False)
    bond.converse("eth0", ticks=40)
    assert bond.passing() == ["eth0"]
    bond.link("eth1", up=True)
    bond.converse("eth0", "eth1", ticks=27)
    assert bond.passing() == ["eth0", "eth1"]
    assert bond.port("eth1").mux is Mux.DISTRIBUTING


def test_a_speed_that_is_told_late_is_that_of_the_key() -> None:
    bond = Scripted(speed=Speed(None, None))
    bond.converse("eth0", ticks=40)
    bond.bond.link_changed("eth0", GIGABIT, enabled=True)
    bond.converse("eth0", ticks=40)
    assert bond.pdus()[-1].actor.key == bond.aggregator("eth0").key == 9
    assert bond.passing() == ["eth0"]
