"""The receive machine: states, timers, and what a LACPDU changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bondimpl.lacp.pdu import Info, Lacpdu, PortState
from bondimpl.lacp.port import LONG_TIMEOUT, NO_PARTNER, SHORT_TIMEOUT, Port, Receive
from bondimpl.lacp.receive import run_receive
from tests.lacp.scripted import IN_SYNC, PARTNER, SYSTEM, Scripted
from tests.lacp.wires import TEN_GIGABIT, mac

S = PortState
ACTOR = Info(system=SYSTEM, key=15, state=S.ACTIVITY | S.AGGREGATION)
THEM = Info(system=PARTNER, key=15, port=4, state=IN_SYNC)


def make(receive: Receive, partner: Info = NO_PARTNER, **fields: Any) -> Port:
    """A port with link in that state, its timer stopped."""
    port = Port("eth0", mac(0, 0), ACTOR, partner, enabled=True, speed=TEN_GIGABIT)
    port.begin, port.lacp_enabled, port.selected, port.receive = False, True, True, receive
    port.restart_churn = False
    for name, value in fields.items():
        setattr(port, name, value)
    return port


def no_loopback(port: Port) -> None:
    raise AssertionError("taken for a loopback")


def tick(port: Port, count: int = 1) -> Receive:
    for _ in range(count):
        run_receive(port, None, no_loopback)
    return port.receive


def hear(port: Port, actor: Info = THEM, told: Info | None = None) -> None:
    run_receive(port, Lacpdu(actor, told or port.actor), no_loopback)


# ---- states and timers


@pytest.mark.parametrize("before", Receive)
@pytest.mark.parametrize("key", [15, 14])
def test_begin_forgets_everything(before: Receive, key: int) -> None:
    port = make(before, THEM, begin=True, matched=True, actor=replace(ACTOR, key=key, state=S.EXPIRED))
    assert tick(port) is Receive.PORT_DISABLED
    assert port.partner == NO_PARTNER
    assert port.actor.state == S.DEFAULTED
    assert (port.selected, port.matched) == (False, False)
    assert port.lacp_enabled == (key == 15), "LACP is for full duplex"


@pytest.mark.parametrize(
    "before", [Receive.EXPIRED, Receive.DEFAULTED, Receive.CURRENT, Receive.LACP_DISABLED]
)
def test_without_link_the_port_is_disabled_and_keeps_what_it_knew(before: Receive) -> None:
    port = make(before, THEM, enabled=False, matched=True, receive_timer=500)
    assert tick(port, 600) is Receive.PORT_DISABLED
    assert not port.matched
    assert port.selected
    assert port.partner == THEM
    assert port.actor == ACTOR


@pytest.mark.parametrize("left_over", [0, 1, 17, 900])
def test_with_link_a_disabled_port_expires_at_once(left_over: int) -> None:
    port = make(Receive.PORT_DISABLED, THEM, receive_timer=left_over)
    assert tick(port) is Receive.EXPIRED
    assert port.receive_timer == SHORT_TIMEOUT


@pytest.mark.parametrize("left_over", [0, 5])
def test_without_lacp_a_port_with_link_is_its_own_master(left_over: int) -> None:
    port = make(Receive.PORT_DISABLED, THEM, lacp_enabled=False, receive_timer=left_over)
    assert tick(port, 100) is Receive.LACP_DISABLED
    assert port.partner == NO_PARTNER
    assert (port.selected, port.matched) == (False, True)
    assert port.actor.state == ACTOR.state | S.DEFAULTED


def test_expired_asks_for_fast_lacpdus_and_takes_the_partner_out_of_sync() -> None:
    port = make(Receive.CURRENT, replace(THEM, state=THEM.state & ~S.TIMEOUT), receive_timer=1, matched=True)
    assert tick(port) is Receive.EXPIRED
    assert port.partner == replace(THEM, state=THEM.state & ~S.SYNCHRONIZATION)
    assert port.actor.state == ACTOR.state | S.EXPIRED
    assert port.receive_timer == SHORT_TIMEOUT
    assert not port.matched
    assert port.selected


@pytest.mark.parametrize(("partner", "selected"), [(THEM, False), (NO_PARTNER, True)])
def test_three_seconds_later_the_partner_is_given_up(partner: Info, selected: bool) -> None:
    port = make(Receive.EXPIRED, partner, receive_timer=SHORT_TIMEOUT, actor=replace(ACTOR, state=S.EXPIRED))
    assert tick(port, SHORT_TIMEOUT - 1) is Receive.EXPIRED
    assert tick(port) is Receive.DEFAULTED
    assert port.partner == NO_PARTNER
    assert port.actor.state == S.DEFAULTED
    assert port.matched
    assert port.selected == selected, "only a port that had a partner looks for another aggregator"


@pytest.mark.parametrize("before", [Receive.DEFAULTED, Receive.LACP_DISABLED])
def test_a_port_without_partner_stays_so(before: Receive) -> None:
    port = make(before)
    assert tick(port, 1000) is before


@pytest.mark.parametrize(("ours", "lasts"), [(S.TIMEOUT, SHORT_TIMEOUT), (S(0), LONG_TIMEOUT)])
@pytest.mark.parametrize("theirs", [S(0), S.TIMEOUT])
def test_our_timeout_bit_says_how_long_a_lacpdu_is_good(
    ours: PortState, theirs: PortState, lasts: int
) -> None:
    port = make(Receive.DEFAULTED, actor=replace(ACTOR, state=ours))
    hear(port, replace(THEM, state=theirs))
    assert tick(port, lasts - 1) is Receive.CURRENT
    assert tick(port) is Receive.EXPIRED


def test_each_lacpdu_starts_the_time_anew() -> None:
    port = make(Receive.CURRENT, THEM, receive_timer=1)
    hear(port)
    assert tick(port) is Receive.CURRENT


# ---- what a LACPDU changes


@pytest.mark.parametrize("before", [Receive.EXPIRED, Receive.DEFAULTED, Receive.CURRENT])
def test_a_lacpdu_is_recorded(before: Receive) -> None:
    port = make(before, actor=replace(ACTOR, state=ACTOR.state | S.DEFAULTED | S.EXPIRED))
    hear(port)
    assert port.receive is Receive.CURRENT
    assert port.partner == THEM
    assert port.actor == ACTOR
    assert port.matched
    assert port.restart_churn == (before is not Receive.CURRENT)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Receive.PORT_DISABLED, Receive.EXPIRED),
        (Receive.LACP_DISABLED, Receive.LACP_DISABLED),
    ],
)
def test_a_lacpdu_in_another_state_is_lost(before: Receive, after: Receive) -> None:
    port = make(before, lacp_enabled=before is Receive.PORT_DISABLED)
    hear(port)
    assert port.receive is after
    assert port.partner.system == NO_PARTNER.system


@pytest.mark.parametrize("fields", [{"begin": True}, {"enabled": False}])
def test_a_lacpdu_before_initialization_or_without_link_is_lost(fields: dict[str, Any]) -> None:
    port = make(Receive.CURRENT, **fields)
    hear(port)
    assert port.receive is Receive.PORT_DISABLED
    assert port.partner == NO_PARTNER


NEWS: list[dict[str, Any]] = [
    {"port": 5},
    {"port_priority": 1},
    {"system": mac(1, 9)},
    {"system_priority": 1},
    {"key": 9},
    {"state": THEM.state & ~S.AGGREGATION},
]


@pytest.mark.parametrize("fields", NEWS, ids=lambda fields: next(iter(fields)))
def test_another_partner_makes_the_port_look_for_another_aggregator(fields: dict[str, Any]) -> None:
    port = make(Receive.CURRENT, THEM)
    hear(port, replace(THEM, **fields))
    assert not port.selected


@pytest.mark.parametrize("bit", [bit for bit in S if bit is not S.AGGREGATION], ids=lambda bit: bit.name)
def test_other_bits_of_the_partner_do_not(bit: PortState) -> None:
    port = make(Receive.CURRENT, THEM)
    hear(port, replace(THEM, state=THEM.state ^ bit))
    assert port.selected


ASKED = {S.ACTIVITY, S.TIMEOUT, S.SYNCHRONIZATION, S.AGGREGATION}


@pytest.mark.parametrize("bit", S, ids=lambda bit: bit.name)
def test_a_wrong_idea_of_our_state_is_corrected(bit: PortState) -> None:
    port = make(Receive.CURRENT, THEM)
    hear(port, told=replace(port.actor, state=port.actor.state ^ bit))
    assert port.need_to_transmit == (bit in ASKED)


@pytest.mark.parametrize("fields", NEWS[:5], ids=lambda fields: next(iter(fields)))
def test_a_wrong_idea_of_who_we_are_is_corrected(fields: dict[str, Any]) -> None:
    port = make(Receive.CURRENT, THEM)
    hear(port, told=replace(port.actor, **fields))
    assert port.need_to_transmit
    assert not port.matched
    assert port.partner == replace(THEM, state=THEM.state & ~S.SYNCHRONIZATION)


def test_who_knows_us_is_not_answered() -> None:
    port = make(Receive.CURRENT, THEM)
    hear(port)
    assert not port.need_to_transmit


def test_an_individual_partner_is_matched_whomever_it_means() -> None:
    port = make(Receive.CURRENT, THEM)
    alone = replace(THEM, state=IN_SYNC & ~S.AGGREGATION)
    hear(port, alone, told=replace(port.actor, port=9))
    assert port.matched
    assert port.partner == alone


# ---- our own LACPDUs


def test_a_loopback_stops_the_time_until_a_partner_is_heard() -> None:
    looped: list[str] = []
    port = make(Receive.CURRENT, THEM, receive_timer=SHORT_TIMEOUT)
    run_receive(port, Lacpdu(ACTOR, THEM), lambda port: looped.append(port.slave))
    assert looped == ["eth0"]
    assert tick(port, 2 * LONG_TIMEOUT) is Receive.CURRENT
    assert port.partner == THEM
    hear(port)
    assert tick(port, LONG_TIMEOUT) is Receive.EXPIRED


def test_a_port_that_hears_only_itself_is_current_and_reported_each_time() -> None:
    bond = Scripted()
    for _ in range(40):
        bond.tick()
        for _, slave, frame in bond.sent:
            bond.bond.received(slave, frame)
        bond.sent.clear()
    assert len(bond.looped) >= 4
    assert set(bond.looped) == {"eth0"}
    assert bond.port().receive is Receive.CURRENT
    assert bond.port().partner.system == NO_PARTNER.system
