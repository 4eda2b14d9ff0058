"""Two bonds back to back in virtual time. Times and states are those measured on today's driver, in ticks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bondimpl.lacp.pdu import PortState, decode_lacpdu
from bondimpl.lacp.port import Receive
from bondimpl.machine import Speed
from tests.lacp.wires import Pair

S = PortState


@pytest.mark.parametrize("late", [0, 1, 2])
@pytest.mark.parametrize("fast", [False, True])
def test_both_links_are_joined_in_two_and_a_half_seconds(fast: bool, late: int) -> None:
    pair = Pair(fast=fast, late=late)
    assert 23 <= pair.until(pair.together, within=40) <= 28


@pytest.mark.parametrize(
    ("options", "first", "second"),
    [({"fast": True}, 63, 63), ({}, 61, 61), ({"active": False}, 60, 60)],
    ids=["fast", "slow", "both passive"],
)
def test_the_states_of_a_settled_pair(options: dict[str, Any], first: int, second: int) -> None:
    pair = Pair(**options)
    pair.until(pair.together, within=40)
    pair.tick(90)
    for port in pair.ends[0].ports.values():
        assert port.receive is Receive.CURRENT
        assert (int(port.actor.state), int(port.partner.state)) == (first, second)


def test_the_states_of_a_passive_and_an_active_end() -> None:
    pair = Pair(first={"active": False})
    pair.until(pair.together, within=40)
    pair.tick(90)
    port = pair.port(0, "eth0")
    assert (int(port.actor.state), int(port.partner.state)) == (60, 61)
    pair.tick(1000)
    assert pair.together()


@pytest.mark.parametrize("fast", [False, True])
def test_no_end_distributes_before_the_other_is_in_sync(fast: bool) -> None:
    pair = Pair(3, fast=fast)

    def in_sync_or_silent() -> None:
        for end in pair.ends:
            for port in end.ports.values():
                assert port.partner.has(S.SYNCHRONIZATION) or not port.actor.has(S.DISTRIBUTING)

    pair.each_tick = in_sync_or_silent
    pair.tick(100)
    assert pair.together()
    pair.pull("eth0")
    pair.tick(100)
    pair.plug("eth0")
    pair.tick(100)
    assert pair.together()


def test_one_end_in_half_duplex_does_not_disturb_the_others() -> None:
    pair = Pair(3, fast=True)
    pair.ends[0].link_changed("eth1", Speed(10_000, "half"), enabled=True)
    pair.tick(200)
    assert pair.passing(0) == pair.passing(1) == ["eth0", "eth2"]


def test_the_far_end_takes_a_farewell_at_its_next_tick() -> None:
    pair = Pair(fast=True)
    pair.until(pair.together, within=40)
    pair.remove(0, "eth1")
    ((end, slave, frame),) = pair.sent
    pdu = decode_lacpdu(frame)
    assert (end, slave) == (0, "eth1")
    assert pdu is not None
    assert int(pdu.actor.state) == 0x03
    pair.tick()
    assert pair.passing(0) == ["eth0"]
    pair.tick()
    assert pair.passing(1) == ["eth0"]


def test_a_slave_that_leaves_and_joins_again() -> None:
    pair = Pair(3, fast=True)
    pair.until(pair.together, within=40)
    pair.remove(1, "eth0")
    pair.tick(30)
    pair.add(1, "eth0")
    pair.until(pair.together, within=40)


def test_another_user_key_starts_the_ports_anew() -> None:
    pair = Pair(fast=True)
    pair.until(pair.together, within=40)
    end = pair.ends[0]
    end.configure(replace(end.config, user_key=100))
    pair.tick()
    assert pair.passing(0) == [] or not pair.together()
    pair.until(pair.together, within=40)
    assert pair.port(1, "eth0").partner.key == 6415


def test_a_port_priority_is_told_to_the_partner() -> None:
    pair = Pair(fast=True)
    pair.until(pair.together, within=40)
    pair.ends[0].set_port_priority("eth1", 7)
    pair.tick(3)
    assert pair.port(1, "eth1").partner.port_priority == 7
    pair.until(pair.together, within=40)


def test_the_collecting_end_hears_what_it_is_told_of_itself() -> None:
    """Both ends know each other's numbers in the end: nothing is left to say but the periodic word."""
    pair = Pair(fast=False)
    pair.until(pair.together, within=40)
    pair.tick(20)
    said = 0

    def count(end: int, slave: str, frame: bytes) -> bool:
        nonlocal said
        said += 1
        return False

    pair.swallow = count
    pair.tick(300)
    assert said == 4
