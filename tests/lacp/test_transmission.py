"""When LACPDUs leave: the periodic machine, the answers, and the pace that neither may exceed."""

from __future__ import annotations

from itertools import pairwise

import pytest

from bondimpl.lacp.pdu import PortState
from bondimpl.lacp.port import Periodic
from bondimpl.machine import Speed
from tests.lacp.scripted import IN_SYNC, Scripted
from tests.lacp.wires import Pair

S = PortState
SLOW = IN_SYNC & ~S.TIMEOUT
PASSIVE = IN_SYNC & ~S.ACTIVITY


def gaps(times: list[int]) -> set[int]:
    return {later - earlier for earlier, later in pairwise(times)}


def test_without_partner_fast_while_expired_then_every_half_minute() -> None:
    """The driver's times (0.2 1.2 2.2 2.5 3.5 s, in ticks that it makes 10 % long), then 30 s."""
    bond = Scripted()
    bond.tick(1000)
    assert bond.times() == [3, 12, 21, 24, 33, 333, 633, 933]


@pytest.mark.parametrize("ours", [False, True])
@pytest.mark.parametrize(("theirs", "pace"), [(IN_SYNC, {9, 12}), (SLOW, {300})])
def test_the_partner_sets_the_pace_whatever_our_rate(ours: bool, theirs: PortState, pace: set[int]) -> None:
    bond = Scripted(fast=ours)
    bond.converse("eth0", ticks=100, state=theirs)
    bond.sent.clear()
    bond.converse("eth0", ticks=3000, state=theirs)
    assert gaps(bond.times()) == pace


def test_ten_ticks_on_a_grid_of_three() -> None:
    bond = Scripted(fast=True)
    bond.converse("eth0", ticks=200)
    times = bond.times()[-7:]
    assert [later - earlier for earlier, later in pairwise(times)] in (
        [9, 9, 12, 9, 9, 12],
        [9, 12, 9, 9, 12, 9],
        [12, 9, 9, 12, 9, 9],
    )


def test_a_partner_that_turns_fast_is_served_at_once() -> None:
    bond = Scripted()
    bond.converse("eth0", ticks=120, state=SLOW)
    bond.sent.clear()
    bond.hear("eth0", state=IN_SYNC)
    bond.tick(3)
    assert len(bond.times()) == 1


def test_a_partner_that_turns_slow_is_believed_at_the_next_tick() -> None:
    bond = Scripted()
    bond.converse("eth0", ticks=120, state=IN_SYNC)
    bond.hear("eth0", state=SLOW)
    bond.sent.clear()
    bond.tick()
    assert bond.port().periodic in (Periodic.SLOW, Periodic.TRANSMIT)
    bond.converse("eth0", ticks=290, state=SLOW)
    assert len(bond.times()) <= 1


@pytest.mark.parametrize(("ours", "theirs"), [(True, PASSIVE), (False, IN_SYNC)])
def test_one_active_end_is_enough(ours: bool, theirs: PortState) -> None:
    bond = Scripted(active=ours)
    bond.converse("eth0", ticks=100, state=theirs)
    bond.sent.clear()
    bond.converse("eth0", ticks=100, state=theirs)
    assert gaps(bond.times()) == {9, 12}


def test_two_passive_ends_have_no_period() -> None:
    bond = Scripted(active=False)
    bond.converse("eth0", ticks=100, state=PASSIVE)
    bond.sent.clear()
    bond.converse("eth0", ticks=3000, state=PASSIVE)
    assert bond.port().periodic is Periodic.NONE
    assert bond.sent == []


def test_a_passive_end_alone_is_silent_once_it_has_begun() -> None:
    bond = Scripted(active=False)
    bond.tick(100)
    bond.sent.clear()
    bond.tick(10_000)
    assert bond.sent == []


def test_a_passive_end_answers() -> None:
    bond = Scripted(active=False)
    bond.tick(100)
    bond.sent.clear()
    wrong = bond.port().partner
    bond.hear("eth0", told=wrong, state=PASSIVE)
    bond.tick(3)
    assert len(bond.times()) == 1


def test_a_flood_gets_one_answer_in_three_ticks() -> None:
    bond = Scripted(fast=True)
    bond.converse("eth0", ticks=50)
    bond.sent.clear()
    for _ in range(300):
        bond.tick()
        for _ in range(5):
            bond.hear("eth0", told=bond.partner("eth0"))
    assert gaps(bond.times()) == {3}


@pytest.mark.parametrize("fast", [False, True])
def test_the_pace_is_never_exceeded(fast: bool) -> None:
    """Two bonds in which something changes all the time."""
    pair = Pair(2, fast=fast)
    times: dict[tuple[int, str], list[int]] = {}

    def note(end: int, slave: str, frame: bytes) -> bool:
        times.setdefault((end, slave), []).append(pair.ticks)
        return pair.ticks % 7 == 0

    pair.swallow = note
    for round_ in range(200):
        pair.ends[round_ % 2].set_port_priority("eth0", round_)
        pair.pull("eth1") if round_ % 3 == 0 else pair.plug("eth1")
        pair.tick(1 + round_ % 4)
    assert min(gaps(times[0, "eth0"])) == 3
    assert all(min(gaps(sent)) >= 3 for sent in times.values())


@pytest.mark.parametrize("up", [True, False], ids=["half duplex", "no link"])
def test_no_lacpdu_from_a_port_that_cannot(up: bool) -> None:
    bond = Scripted(speed=Speed(100, "half") if up else Speed(100, "full"))
    bond.link("eth0", up=up)
    bond.tick(1000)
    assert bond.sent == []
    assert bond.port().periodic is Periodic.NONE


def test_what_waits_for_the_link_is_sent_when_it_returns() -> None:
    bond = Scripted(fast=True)
    bond.converse("eth0", ticks=60)
    bond.link("eth0", up=False)
    bond.tick(30)
    bond.sent.clear()
    bond.link("eth0", up=True)
    bond.tick(4)
    assert len(bond.times()) == 1
