"""Port keys, as the driver's /proc shows them."""

from __future__ import annotations

import pytest

from bondimpl.lacp.keys import port_key
from bondimpl.machine import Speed
from tests.lacp.scripted import Scripted


@pytest.mark.parametrize(
    ("mbit", "key"),
    [
        *[(1, 3), (10, 5), (100, 7), (1000, 9), (2500, 11), (5000, 13), (10_000, 15), (14_000, 17)],
        *[(20_000, 19), (25_000, 21), (40_000, 23), (50_000, 25), (56_000, 27), (100_000, 29)],
        *[(200_000, 31), (400_000, 33), (12_345, 1), (None, 1)],
    ],
)
def test_the_speed_is_in_the_key(mbit: int | None, key: int) -> None:
    assert port_key(Speed(mbit, "full"), 0, link_up=True) == key
    assert port_key(Speed(mbit, "half"), 0, link_up=True) == key - 1


def test_the_users_key_is_above_the_speed() -> None:
    assert port_key(Speed(10_000, "full"), 100, link_up=True) == 6415
    assert port_key(Speed(10_000, "full"), 1023, link_up=True) < 1 << 16


def test_unknown_duplex_counts_as_full() -> None:
    assert port_key(Speed(None, None), 0, link_up=True) == 1


@pytest.mark.parametrize("user_key", [0, 3])
def test_without_link_only_the_users_part_is_left(user_key: int) -> None:
    bond = Scripted(user_key=user_key)
    bond.converse("eth0")
    state = bond.port().actor.state
    bond.link("eth0", up=False)
    bond.tick(20)
    assert bond.port().actor.key == user_key << 6
    assert bond.port().actor.state == state, "frozen"
    bond.link("eth0", up=True)
    assert bond.port().actor.key == user_key << 6 | 15


def test_unknown_speed_does_lacp_all_the_same() -> None:
    bond = Scripted(speed=Speed(None, None))
    bond.converse("eth0", ticks=40)
    assert bond.passing() == ["eth0"]
    assert bond.pdus()[-1].actor.key == 1
