"""The choice of the active slave (HOWTO section 2: active-backup, primary)."""

from __future__ import annotations

from typing import Any

import pytest

from bondimpl.errors import OptionError, SlaveError
from bondimpl.machine import Speed
from tests.core.world import World

BOTH = pytest.mark.parametrize("era_name", ["howto", "6.x"])


def bond(era_name: str = "howto", slaves: int = 3, **options: Any) -> World:
    world = World("active-backup", slaves=slaves, miimon="100", era_name=era_name, **options)
    world.run(200)
    return world


@BOTH
def test_the_first_slave_is_active_and_alone_used(era_name: str) -> None:
    world = bond(era_name)
    assert world.active == "eth0"
    assert set(world.leaves_by(10)) == {"eth0"}
    assert set(world.plan.accept) == {"eth0"}


@BOTH
def test_a_recovered_slave_does_not_take_over(era_name: str) -> None:
    world = bond(era_name)
    world.pull("eth1")
    world.run(200)
    world.plug("eth1")
    world.run(2000)
    assert world.active == "eth0"
    world.pull("eth0")
    world.run(200)
    assert world.active == "eth1"
    world.plug("eth0")
    world.run(2000)
    assert world.active == "eth1"


@pytest.mark.parametrize(("era_name", "successor"), [("howto", "eth3"), ("6.x", "eth0")])
def test_the_successor_of_the_third_of_four(era_name: str, successor: str) -> None:
    world = bond(era_name, slaves=4)
    world.bond.set_active_slave("eth2")
    world.pull("eth2")
    world.run(200)
    assert world.active == successor


@pytest.mark.parametrize(("era_name", "active"), [("howto", "eth1"), ("6.x", "eth0")])
def test_a_joining_slave(era_name: str, active: str) -> None:
    world = bond(era_name, slaves=2)
    world.bond.set_active_slave("eth1")
    world.enslave("eth2")
    assert world.active == active


@BOTH
def test_nobody_left(era_name: str) -> None:
    world = bond(era_name, slaves=2)
    for name in ("eth0", "eth1"):
        world.pull(name)
    world.run(200)
    assert world.active is None
    assert world.leaves_by() == []
    assert not world.machine.bond_carrier
    assert any("without any active interface" in line for line in world.log())


@BOTH
class TestPrimary:
    def test_it_is_active_when_it_is_up(self, era_name: str) -> None:
        assert bond(era_name, primary="eth1").active == "eth1"

    def test_it_comes_back(self, era_name: str) -> None:
        world = bond(era_name, slaves=2, primary="eth1")
        world.pull("eth1")
        world.run(200)
        assert world.active == "eth0"
        world.plug("eth1")
        world.run(200)
        assert world.active == "eth1"

    def test_others_do_not_disturb_it(self, era_name: str) -> None:
        world = bond(era_name, primary="eth1")
        for _ in range(3):
            world.pull("eth0")
            world.run(200)
            world.plug("eth0")
            world.run(200)
            assert world.active == "eth1"

    def test_it_takes_over_when_it_joins_late(self, era_name: str) -> None:
        world = bond(era_name, slaves=2, primary="eth2", primary_reselect="failure")
        assert world.active == "eth0"
        world.enslave("eth2")
        assert world.active == "eth2"

    def test_it_takes_over_when_it_is_named(self, era_name: str) -> None:
        world = bond(era_name)
        world.bond.set_option("primary", "eth2")
        assert world.active == "eth2"

    def test_failure_lets_the_present_one_stay(self, era_name: str) -> None:
        world = bond(era_name, slaves=2, primary="eth1", primary_reselect="failure")
        world.pull("eth1")
        world.run(200)
        world.plug("eth1")
        world.run(200)
        assert world.active == "eth0"
        world.pull("eth0")
        world.run(200)
        assert world.active == "eth1"

    @pytest.mark.parametrize(
        ("speed", "active"),
        [
            (Speed(10_000, "full"), "eth0"),
            (Speed(40_000, "full"), "eth1"),
            (Speed(10_000, "half"), "eth0"),
        ],
    )
    def test_better_wants_more_speed(self, era_name: str, speed: Speed, active: str) -> None:
        world = bond(era_name, slaves=2, primary="eth1", primary_reselect="better")
        world.pull("eth1")
        world.run(200)
        world.machine.nics["eth1"].speed = speed
        world.plug("eth1")
        world.run(200)
        assert world.active == active

    def test_a_manual_choice_lasts_until_it_comes_up_again(self, era_name: str) -> None:
        world = bond(era_name, primary="eth1")
        world.bond.set_active_slave("eth2")
        world.pull("eth0")
        world.run(200)
        world.plug("eth0")
        world.run(200)
        assert world.active == "eth2"
        world.pull("eth1")
        world.run(200)
        assert world.active == "eth2"
        world.plug("eth1")
        world.run(200)
        assert world.active == "eth1"


def test_prio_decides_today() -> None:
    world = bond("6.x", slaves=3)
    world.bond.set_slave_option("eth2", "prio", "10")
    assert world.active == "eth2"
    world.bond.set_slave_option("eth1", "prio", "5")
    world.pull("eth2")
    world.run(200)
    assert world.active == "eth1"
    world.plug("eth2")
    world.run(200)
    assert world.active == "eth2"


@BOTH
def test_what_cannot_be_made_active(era_name: str) -> None:
    world = bond(era_name)
    world.pull("eth1")
    world.run(200)
    with pytest.raises(SlaveError, match=r"eth1 .* link is down"):
        world.bond.set_active_slave("eth1")
    with pytest.raises(SlaveError, match="eth3 is not a slave"):
        world.bond.set_active_slave("eth3")
    assert world.active == "eth0"
    with pytest.raises(OptionError, match="no active slave"):
        World("balance-rr").bond.set_active_slave("eth0")


@BOTH
def test_a_failing_active_slave_keeps_the_office_while_nobody_is_better(era_name: str) -> None:
    world = bond(era_name, slaves=2, downdelay="3000")
    world.pull("eth1")
    world.run(5000)
    world.pull("eth0")
    world.run(500)
    world.bond.set_option("primary", "eth1")
    world.plug("eth0")
    world.run(5000)
    assert world.active == "eth0"
    assert set(world.leaves_by(3)) == {"eth0"}


@BOTH
def test_releasing_the_active_slave(era_name: str) -> None:
    world = bond(era_name)
    world.bond.release("eth0")
    assert world.active == "eth1"
    assert set(world.leaves_by(3)) == {"eth1"}
    world.bond.release("eth2")
    assert world.active == "eth1"
