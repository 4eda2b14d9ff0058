"""Lost LACPDUs: which losses are noticed, for how long, and that both ends find together again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.lacp.wires import Pair

Fate = Callable[[int, str, bytes], bool]


def the_nth(lost: range) -> Fate:
    """Of all LACPDUs that either end sends from now on, those are lost."""
    count = -1

    def fate(end: int, slave: str, frame: bytes) -> bool:
        nonlocal count
        count += 1
        return count in lost

    return fate


def one_way(lost: range) -> Fate:
    """Of those that the first end sends on eth0."""
    count = the_nth(lost)
    return lambda end, slave, frame: (end, slave) == (0, "eth0") and count(end, slave, frame)


def ticks_apart(pair: Pair, ticks: int) -> list[int]:
    """For how many of the coming ticks each end does not use both links."""
    apart = [0, 0]
    for _ in range(ticks):
        pair.tick()
        for end in (0, 1):
            apart[end] += pair.passing(end) != pair.names
    return apart


@pytest.mark.parametrize("late", [0, 1])
@pytest.mark.parametrize(("fast", "within"), [(True, 40), (False, 310)])
def test_each_lacpdu_of_the_beginning_lost_in_turn(fast: bool, within: int, late: int) -> None:
    """The worst is a missed word of being in sync, which at the slow rate is said again after 30 s."""
    for number in range(24):
        pair = Pair(fast=fast, late=late)
        pair.swallow = the_nth(range(number, number + 1))
        pair.until(pair.together, within)
        assert ticks_apart(pair, 100) == [0, 0]


@pytest.mark.parametrize("late", [0, 1])
@pytest.mark.parametrize(("fast", "period"), [(True, 10), (False, 300)])
def test_each_lacpdu_of_a_settled_pair_lost_in_turn(fast: bool, period: int, late: int) -> None:
    """One alone is never noticed."""
    pair = Pair(fast=fast, late=late)
    pair.until(pair.together, within=40)
    pair.tick(3 * period)
    for number in range(12):
        pair.swallow = the_nth(range(number, number + 1))
        assert ticks_apart(pair, 6 * period) == [0, 0]


@pytest.mark.parametrize("late", [0, 1, 2])
@pytest.mark.parametrize(("fast", "period"), [(True, 10), (False, 300)])
@pytest.mark.parametrize(("lost", "out"), [(1, 0), (2, 1), (3, 4)])
def test_a_few_lost_in_a_row(fast: bool, period: int, late: int, lost: int, out: int) -> None:
    """After two the next comes just as the time is over. From then on they come fast."""
    pair = Pair(fast=fast, late=late)
    pair.until(pair.together, within=40)
    pair.tick(3 * period)
    pair.swallow = one_way(range(lost))
    assert ticks_apart(pair, 8 * period) == [0, out], "only the end that does not hear is out"


@pytest.mark.parametrize(("fast", "lasts"), [(True, 30), (False, 900)])
def test_a_cable_that_carries_no_lacpdus_for_a_while(fast: bool, lasts: int) -> None:
    """Out when the time is over, given up three seconds later: then both ends ask but every 30 s."""
    pair = Pair(fast=fast)
    pair.until(pair.together, within=40)
    pair.tick(10)
    pair.swallow = lambda _end, slave, _frame: slave == "eth0"
    pair.tick(lasts + 1)
    assert pair.passing(0) == pair.passing(1) == ["eth1"]
    pair.tick(60)
    assert pair.port(0, "eth0").aggregator is not pair.port(0, "eth1").aggregator
    assert pair.passing(0) == pair.passing(1) == ["eth1"]
    pair.swallow = lambda *_: False
    pair.until(pair.together, within=320)


@pytest.mark.parametrize("fast", [True, False])
def test_one_way_loss_on_every_cable(fast: bool) -> None:
    """The end that hears nobody uses one port; the other, whose partner does not know it, uses none."""
    pair = Pair(fast=fast)
    pair.until(pair.together, within=40)
    pair.swallow = lambda end, _slave, _frame: end == 1
    pair.tick(1000)
    assert len(pair.passing(0)) == 1
    assert pair.passing(1) == []
    pair.swallow = lambda *_: False
    pair.until(pair.together, within=320)


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("end", [0, 1])
def test_a_partner_that_is_restarted(fast: bool, end: int) -> None:
    pair = Pair(3, fast=fast)
    pair.until(pair.together, within=40)
    pair.tick(50)
    pair.restart(end)
    pair.until(pair.together, within=40 if fast else 340)
    assert ticks_apart(pair, 100) == [0, 0]
