"""The MII monitor in virtual time (HOWTO sections 2, 8.3 and 12.3)."""

from __future__ import annotations

from functools import partial

import pytest

from bondimpl.slave import Link
from tests.core.world import World

BOTH = pytest.mark.parametrize("era_name", ["howto", "6.x"])
MODES = pytest.mark.parametrize("mode", ["balance-rr", "active-backup", "balance-xor", "broadcast"])


@BOTH
@MODES
def test_a_lost_link_is_noticed_within_one_poll(mode: str, era_name: str) -> None:
    for phase in range(0, 100, 9):
        world = World(mode, miimon="100", era_name=era_name)
        world.run(1000 + phase)
        world.pull("eth0")
        took = world.until(partial(world.lost, "eth0"), within_ms=100)
        assert took == pytest.approx(100 - phase, abs=1)
        assert world.bond.slaves["eth0"].failures == 1
        assert "eth0" not in world.leaves_by(4)


@BOTH
@MODES
def test_downdelay_postpones_the_verdict(mode: str, era_name: str) -> None:
    world = World(mode, miimon="100", downdelay="600", era_name=era_name)
    world.run(1000)
    world.pull("eth0")
    detected = world.until(lambda: world.link("eth0") is Link.FAIL, within_ms=100)
    # A slave that may no longer send is no sender in the modes that look at that themselves.
    assert ("eth0" in world.leaves_by(2)) is (era_name == "howto" or mode == "active-backup")
    assert world.until(lambda: world.link("eth0") is Link.DOWN, within_ms=1000) == pytest.approx(600, abs=1)
    assert detected <= 100


@pytest.mark.parametrize(("era_name", "failures"), [("howto", 1), ("6.x", 0)])
def test_a_loss_shorter_than_downdelay_disables_nothing(era_name: str, failures: int) -> None:
    world = World("active-backup", miimon="50", downdelay="1000", era_name=era_name)
    world.run(500)
    world.pull("eth0")
    world.run(400)
    world.plug("eth0")
    world.run(2000)
    assert world.active == "eth0"
    assert world.link("eth0") is Link.UP
    assert any("up again after" in line for line in world.log())
    assert world.bond.slaves["eth0"].failures == failures


@BOTH
@MODES
def test_updelay_postpones_use(mode: str, era_name: str) -> None:
    world = World(mode, miimon="100", era_name=era_name)
    world.bond.set_option("updelay", "2000")
    world.pull("eth1")
    world.run(500)
    world.plug("eth1")
    world.until(lambda: world.link("eth1") is Link.BACK, within_ms=100)
    assert "eth1" not in world.leaves_by(4)
    assert world.until(lambda: world.link("eth1") is Link.UP, within_ms=3000) == pytest.approx(2000, abs=1)


@pytest.mark.parametrize(("era_name", "failures"), [("howto", 1), ("6.x", 2)])
def test_a_flap_restarts_the_updelay(era_name: str, failures: int) -> None:
    world = World("active-backup", miimon="100", era_name=era_name)
    world.bond.set_option("updelay", "2000")
    world.pull("eth1")
    world.run(500)
    world.plug("eth1")
    world.run(1000)
    world.pull("eth1")
    world.run(500)
    world.plug("eth1")
    took = world.until(lambda: world.link("eth1") is Link.UP, within_ms=3000)
    assert 2000 <= took <= 2100
    assert world.bond.slaves["eth1"].failures == failures
    assert any("down again after" in line for line in world.log())


# Both links lost, one comes back, updelay 30 s: which modes ignore it. Today's driver was measured.
@pytest.mark.parametrize(
    ("mode", "era_name", "ignored"),
    [
        ("balance-rr", "howto", True),
        ("active-backup", "howto", True),
        ("balance-xor", "howto", True),
        ("broadcast", "howto", True),
        ("balance-rr", "6.x", False),
        ("active-backup", "6.x", True),
        ("balance-xor", "6.x", True),
        ("broadcast", "6.x", False),
    ],
)
def test_updelay_is_ignored_when_all_links_are_down(mode: str, era_name: str, ignored: bool) -> None:
    world = World(mode, miimon="100", era_name=era_name)
    world.bond.set_option("updelay", "30000")
    world.pull("eth0")
    world.pull("eth1")
    world.run(500)
    assert not world.machine.bond_carrier
    world.plug("eth0")
    world.plug("eth1")
    took = world.until(lambda: world.machine.bond_carrier, within_ms=40_000)
    assert (took <= 100) == ignored
    if ignored:
        assert [world.link(n) for n in ("eth0", "eth1")] == [Link.UP, Link.BACK], "only the first may skip"


def test_broadcast_enslaved_while_waiting_never_waits_again_today() -> None:
    world = World("broadcast", miimon="100", updelay="30000", era_name="6.x")
    world.run(60_000)
    world.pull("eth0")
    world.run(500)
    world.plug("eth0")
    assert world.until(lambda: world.link("eth0") is Link.UP, within_ms=1000) <= 100


@BOTH
def test_the_waiter_nearest_to_its_end_is_taken(era_name: str) -> None:
    world = World("active-backup", slaves=3, miimon="100", era_name=era_name)
    world.bond.set_option("updelay", "30000")
    for name in ("eth1", "eth2"):
        world.pull(name)
    world.run(500)
    world.plug("eth2")
    world.run(1000)
    world.plug("eth1")
    world.run(1000)
    world.pull("eth0")
    world.until(lambda: world.active != "eth0", within_ms=100)
    assert world.active == "eth2"
    assert world.link("eth1") is Link.BACK
    assert any("new active one" in line and "ms earlier" in line for line in world.log())


def test_waiters_of_other_modes_are_taken_too_in_the_howtos_era() -> None:
    world = World("balance-xor", slaves=3, miimon="100")
    world.bond.set_option("updelay", "30000")
    for name in ("eth1", "eth2"):
        world.pull(name)
    world.run(500)
    world.plug("eth2")
    world.run(1000)
    world.plug("eth1")
    world.run(1000)
    world.pull("eth0")
    world.run(100)
    assert [world.link(n) for n in ("eth0", "eth1", "eth2")] == [Link.DOWN, Link.BACK, Link.UP]


@BOTH
@MODES
def test_without_a_monitor_every_link_is_taken_as_up(mode: str, era_name: str) -> None:
    world = World(mode, era_name=era_name)
    active = world.active
    for name in ("eth0", "eth1"):
        world.pull(name)
    world.run(60_000)
    assert all(slave.link is Link.UP and not slave.failures for slave in world.bond.slaves.values())
    assert world.active == active
    assert world.machine.bond_carrier


@BOTH
def test_a_slave_taken_down_by_hand_counts_as_link_loss(era_name: str) -> None:
    world = World("active-backup", miimon="100", era_name=era_name)
    world.run(1000)
    world.machine.nics["eth0"].up = False
    world.run(100)
    assert world.active == "eth1"


@pytest.mark.parametrize(
    ("mii", "ethtool", "up", "asked"),
    [
        (True, False, True, {"mii"}),
        (False, True, False, {"mii"}),
        (None, True, True, {"mii", "ethtool"}),
        (None, False, False, {"mii", "ethtool"}),
        (None, None, True, {"mii", "ethtool"}),
    ],
)
def test_without_use_carrier_mii_then_ethtool_then_up(
    mii: bool | None, ethtool: bool | None, up: bool, asked: set[str]
) -> None:
    world = World("balance-rr", miimon="100", use_carrier="0")
    nic = world.machine.nics["eth0"]
    nic.mii, nic.ethtool, nic.queries = mii, ethtool, []
    world.run(300)
    assert (world.link("eth0") is Link.UP) == up
    assert set(nic.queries) == asked


def test_a_slave_that_nobody_can_read_is_warned_of() -> None:
    world = World("balance-rr", slaves=0, miimon="100", use_carrier="0")
    world.machine.nics["eth1"].mii = True
    world.enslave("eth0")
    world.enslave("eth1")
    warnings = [line for line in world.log() if "will not detect link failures" in line]
    assert len(warnings) == 1
    assert "eth0" in warnings[0]


def test_use_carrier_asks_nothing_but_the_flag() -> None:
    world = World("balance-rr", miimon="100")
    nic = world.machine.nics["eth0"]
    nic.mii, nic.ethtool = False, False
    world.run(300)
    assert world.link("eth0") is Link.UP
    assert set(nic.queries) == {"carrier"}


@BOTH
def test_states_freeze_while_the_bond_is_down(era_name: str) -> None:
    world = World("active-backup", miimon="100", era_name=era_name)
    world.run(500)
    world.bond.close()
    world.pull("eth0")
    world.run(5000)
    assert (world.link("eth0"), world.active) == (Link.UP, "eth0")
    assert world.leaves_by() == []
    world.bond.open()
    world.run(1)
    assert (world.link("eth0"), world.active) == (Link.DOWN, "eth1")


def test_a_failed_link_goes_on_being_polled() -> None:
    world = World("balance-rr", miimon="100")
    world.pull("eth0")
    world.run(1000)
    nic = world.machine.nics["eth0"]
    nic.queries = []
    world.run(2000)
    assert len(nic.queries) == 20
