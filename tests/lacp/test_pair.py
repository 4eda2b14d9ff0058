"""Two bonds back to back in virtual time. The times are those measured on today's driver, in ticks."""

from __future__ import annotations

from itertools import pairwise

import pytest

from bondimpl.lacp.pdu import PortState, decode_lacpdu
from bondimpl.lacp.port import Churn, Receive
from bondimpl.machine import Speed
from tests.lacp.wires import Pair

S = PortState


@pytest.mark.parametrize("fast", [False, True])
def test_both_links_are_joined_in_two_and_a_half_seconds(fast: bool) -> None:
    pair = Pair(fast=fast)
    assert 23 <= pair.until(pair.together, within=40) <= 28
    for port in pair.ends[0].ports.values():
        assert port.receive is Receive.CURRENT
        wanted = S.ACTIVITY | S.AGGREGATION | S.SYNCHRONIZATION | S.COLLECTING | S.DISTRIBUTING
        assert port.actor.state == wanted | (S.TIMEOUT if fast else S(0))


def test_no_end_distributes_before_the_other_is_in_sync() -> None:
    pair = Pair(fast=True)
    for _ in range(100):
        pair.tick()
        for end in (0, 1):
            for port in pair.ends[end].ports.values():
                if port.actor.state & S.DISTRIBUTING:
                    assert port.partner.state & S.SYNCHRONIZATION


@pytest.mark.parametrize(("fast", "gaps"), [(True, {9, 12}), (False, {300})])
def test_the_pace_follows_the_partners_wish(fast: bool, gaps: set[int]) -> None:
    pair = Pair(links=1, fast=fast)
    pair.until(pair.together, within=40)
    pair.tick(400)
    times = []

    def note(end: int, slave: str, frame: bytes) -> bool:
        if end == 0:
            times.append(pair.ticks)
        return False

    pair.swallow = note
    pair.tick(2000)
    assert {later - earlier for earlier, later in pairwise(times)} <= gaps


def test_a_lost_link_leaves_and_comes_back() -> None:
    pair = Pair(fast=True)
    pair.until(pair.together, within=40)
    pair.pull("eth0")
    assert pair.passing(0) == pair.passing(1) == ["eth1"]
    pair.tick(50)
    pair.plug("eth0")
    pair.until(pair.together, within=60)


@pytest.mark.parametrize(("fast", "expired"), [(True, 30), (False, 900)])
def test_a_silent_partner_is_out_after_the_timeout(fast: bool, expired: int) -> None:
    pair = Pair(fast=fast)
    pair.until(pair.together, within=40)
    pair.tick(10)
    pair.swallow = lambda _end, slave, _frame: slave == "eth0"
    took = pair.until(lambda: "eth0" not in pair.passing(0), within=expired + 20)
    assert expired - 320 * (not fast) - 12 <= took <= expired + 1
    assert pair.port(0, "eth0").receive is Receive.EXPIRED
    assert pair.passing(0) == ["eth1"]
    pair.until(lambda: pair.port(0, "eth0").receive is Receive.DEFAULTED, within=31)


def test_all_partners_silent_leaves_one_port_in_use() -> None:
    pair = Pair(fast=True)
    pair.until(pair.together, within=40)
    pair.swallow = lambda *_: True
    pair.tick(200)
    assert len(pair.passing(0)) == 1
    assert pair.port(0, "eth0").actor.state & S.DEFAULTED


def test_without_a_partner_the_first_port_carries() -> None:
    pair = Pair()
    pair.swallow = lambda *_: True
    pair.tick(100)
    assert pair.passing(0) == ["eth0"]


def test_passive_answers_active() -> None:
    pair = Pair(fast=True, first={"active": False})
    pair.until(pair.together, within=60)
    assert not pair.port(1, "eth0").partner.state & S.ACTIVITY
    pair.tick(600)
    assert pair.together()


def test_half_duplex_sends_no_lacpdu() -> None:
    pair = Pair(links=2, fast=True)
    for end in pair.ends:
        end.link_changed("eth1", Speed(100, "half"), enabled=True)
    seen: set[str] = set()

    def note(end: int, slave: str, frame: bytes) -> bool:
        seen.add(slave)
        return False

    pair.swallow = note
    pair.tick(200)
    assert seen == {"eth0"}
    assert pair.passing(0) == pair.passing(1) == ["eth0"]


def test_a_leaving_slave_says_farewell() -> None:
    pair = Pair(fast=True)
    pair.until(pair.together, within=40)
    pair.ends[0].remove("eth1")
    (end, slave, frame) = pair.sent[0]
    pdu = decode_lacpdu(frame)
    assert (end, slave) == (0, "eth1")
    assert pdu is not None
    assert pdu.actor.state == S.ACTIVITY | S.TIMEOUT
    pair.deliver()
    assert pair.passing(0) == ["eth0"]
    pair.tick(2)
    assert pair.passing(1) == ["eth0"]


def test_the_aggregate_survives_the_slave_that_brought_it() -> None:
    pair = Pair(links=3, fast=True)
    pair.until(pair.together, within=40)
    number = pair.ends[0].active.number  # type: ignore[union-attr]  # it is together
    pair.ends[0].remove("eth0")
    assert pair.passing(0) == ["eth1", "eth2"]
    assert pair.ends[0].active.number != number  # type: ignore[union-attr]  # it still is
    pair.tick(100)
    assert pair.passing(0) == ["eth1", "eth2"]


def test_churn_is_noticed_after_a_minute() -> None:
    pair = Pair(fast=True)
    pair.until(pair.together, within=40)
    pair.tick(700)
    assert pair.port(0, "eth0").actor_churn.state is Churn.NONE
    pair.swallow = lambda *_: True
    pair.tick(5)


def test_hours_without_a_change() -> None:
    pair = Pair(fast=False)
    pair.until(pair.together, within=40)
    for _ in range(3):
        pair.tick(36_000)
        assert pair.together()
