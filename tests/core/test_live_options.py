"""Options of a live bond, changed one by one or several at once."""

from __future__ import annotations

import pytest

from bondimpl.errors import BondError
from bondimpl.slave import Link
from tests.core.world import World

BOTH = pytest.mark.parametrize("era_name", ["howto", "6.x"])


@BOTH
def test_several_options_are_changed_together(era_name: str) -> None:
    world = World("active-backup", miimon="100", era_name=era_name)
    world.bond.set_options({"updelay": "250", "downdelay": "300", "primary": "eth1"})
    options = world.bond.options
    assert (options.updelay, options.downdelay, options.primary) == (200, 300, "eth1")
    assert world.active == "eth1"
    changed = [event.value for event in world.events if event.kind == "option"]
    assert changed == ["updelay=200", "downdelay=300", "primary=eth1"]


@BOTH
@pytest.mark.parametrize("bad", [{"downdelay": "abc"}, {"nosuch": "1"}, {"mode": "0"}])
def test_one_bad_option_changes_none(bad: dict[str, str], era_name: str) -> None:
    world = World("active-backup", miimon="100", era_name=era_name)
    before = world.bond.snapshot()
    with pytest.raises(BondError):
        world.bond.set_options({"updelay": "200", **bad})
    assert world.bond.snapshot() == before


@BOTH
def test_a_new_period_is_in_force_at_once(era_name: str) -> None:
    world = World("active-backup", miimon="10000", era_name=era_name)
    world.run(500)
    world.bond.set_option("miimon", "100")
    world.pull("eth0")
    world.run(100)
    assert world.link("eth0") is Link.DOWN
    world.bond.set_option("miimon", "0")
    world.pull("eth1")
    world.run(60_000)
    assert world.link("eth1") is Link.UP
