"""Who sends when a cable is pulled and no monitor has said so: the rule `carrier_tested_at_transmit`."""

from __future__ import annotations

from typing import Any

import pytest

from bondimpl.forwarding import Discard
from bondimpl.frames.ethernet import BROADCAST
from bondimpl.machine import Speed
from bondimpl.slave import Link
from tests.core.back_to_back import settled
from tests.core.packets import ipv4
from tests.core.world import World

THREE = pytest.mark.parametrize("mode", ["balance-rr", "balance-xor", "broadcast"])
OPTIONS = pytest.mark.parametrize("options", [{}, {"miimon": "100", "downdelay": "600"}], ids=["none", "mii"])


def told(world: World, nic: str, *, cable: bool) -> None:
    """The cable is pulled or plugged, and the device says so."""
    (world.plug if cable else world.pull)(nic)
    world.bond.slave_changed(nic)


@OPTIONS
@THREE
def test_a_slave_without_carrier_is_left_out_as_soon_as_its_device_tells(
    mode: str, options: dict[str, Any]
) -> None:
    world = World(mode, era_name="6.x", **options)
    world.run(1050)
    told(world, "eth0", cable=False)
    assert set(world.leaves_by(8)) == {"eth1"}
    assert world.link("eth0") is Link.UP
    assert world.bond.snapshot().carrier
    told(world, "eth0", cable=True)
    assert "eth0" in {
        slave for last in (0x80, 0x81) for slave in world.leaves_by(8, dst=bytes([2] * 5 + [last]))
    }


@THREE
def test_nothing_is_sent_while_no_slave_has_carrier(mode: str) -> None:
    world = World(mode, era_name="6.x")
    for nic in ("eth0", "eth1"):
        told(world, nic, cable=False)
    assert world.plan.transmit == Discard()
    assert world.bond.snapshot().carrier


@THREE
def test_a_slave_that_joins_without_carrier_is_left_out(mode: str) -> None:
    world = World(mode, slaves=1, era_name="6.x")
    world.pull("eth1")
    world.enslave("eth1")
    assert world.link("eth1") is Link.UP
    assert set(world.leaves_by(8)) == {"eth0"}


@THREE
def test_a_slave_whose_loss_ends_within_downdelay_sends_again(mode: str) -> None:
    world = World(mode, era_name="6.x", miimon="100", downdelay="600")
    world.run(1050)
    told(world, "eth0", cable=False)
    told(world, "eth1", cable=True)
    world.run(200)
    assert world.link("eth0") is Link.FAIL
    told(world, "eth0", cable=True)
    assert set(world.leaves_by(8)) == {"eth1"}  # until the next poll
    world.run(100)
    assert world.link("eth0") is Link.UP
    assert world.plan.transmit == World(mode, era_name="6.x").plan.transmit


@THREE
def test_a_link_that_the_monitor_finds_up_sends_even_if_its_device_kept_silent(mode: str) -> None:
    world = World(mode, era_name="6.x", miimon="100")
    before = world.plan.transmit
    told(world, "eth0", cable=False)
    world.run(200)
    assert world.link("eth0") is Link.DOWN
    world.plug("eth0")
    world.run(200)
    assert world.plan.transmit == before


@pytest.mark.parametrize(
    ("mode", "era_name"),
    [*((mode, "howto") for mode in ("balance-rr", "balance-xor", "broadcast")), ("active-backup", "6.x")],
)
def test_otherwise_the_monitor_alone_decides(mode: str, era_name: str) -> None:
    world = World(mode, era_name=era_name)
    before = world.plan.transmit
    asked = len(world.machine.nics["eth0"].queries)
    told(world, "eth0", cable=False)
    assert world.plan.transmit == before
    assert len(world.machine.nics["eth0"].queries) == asked


@pytest.mark.parametrize(("era_name", "nics"), [("howto", {"eth0", "eth1"}), ("6.x", {"eth1"})])
def test_a_port_without_carrier_carries_no_conversation(era_name: str, nics: set[str]) -> None:
    world = settled(era_name=era_name, downdelay="600").a
    assert set(world.leaves_by(8) + world.leaves_by(8, dst=bytes([2] * 5 + [0x81]))) == {"eth0", "eth1"}
    told(world, "eth0", cable=False)
    assert set(world.leaves_by(8) + world.leaves_by(8, dst=bytes([2] * 5 + [0x81]))) == nics
    assert world.link("eth0") is Link.UP


def test_a_speed_that_is_new_when_a_loss_ends_is_taken_note_of() -> None:
    world = World("active-backup", era_name="6.x", miimon="100", downdelay="600")
    world.run(1050)
    told(world, "eth0", cable=False)
    world.run(200)
    world.machine.nics["eth0"].speed = Speed(100, "full")
    told(world, "eth0", cable=True)
    world.run(200)
    assert world.link("eth0") is Link.UP
    assert world.bond.snapshot().slaves[0].speed_mbit == 100


@pytest.mark.parametrize("mode", ["balance-tlb", "balance-alb"])
def test_without_dynamic_balance_it_is_left_out_as_well(mode: str) -> None:
    world = World(mode, era_name="6.x", miimon="100", downdelay="600", tlb_dynamic_lb="0")
    world.run(1050)
    assert flows(world) == {"eth0", "eth1"}
    told(world, "eth0", cable=False)
    assert flows(world) == {"eth1"}
    world.run(200)
    assert world.link("eth0") is Link.FAIL
    assert flows(world) == {"eth1"}


@THREE
def test_a_loss_that_was_told_and_a_return_that_was_not(mode: str) -> None:
    world = World(mode, era_name="6.x", miimon="100", downdelay="600")
    before = world.plan.transmit
    told(world, "eth0", cable=False)
    world.run(200)
    world.plug("eth0")  # the device keeps silent
    world.run(200)
    assert world.link("eth0") is Link.UP
    assert world.plan.transmit == before


LOAD_BALANCING = pytest.mark.parametrize("mode", ["balance-tlb", "balance-alb"])


def flows(world: World) -> set[str]:
    """The slaves by which frames to eight peers leave."""
    return {slave for peer in range(0x80, 0x88) for slave, _ in world.send(ipv4(peer))}


def to_all(world: World) -> list[str]:
    """The slaves by which a broadcast leaves."""
    return [slave for slave, _ in world.send(ipv4(9, dst=BROADCAST))]


@LOAD_BALANCING
def test_a_slave_without_carrier_loses_its_flows_and_gets_no_new_one(mode: str) -> None:
    world = World(mode, era_name="6.x", miimon="100")
    world.run(1050)
    assert flows(world) == {"eth0"}  # unmeasured flows weigh nothing
    told(world, "eth0", cable=False)
    assert flows(world) == {"eth1"}
    assert world.link("eth0") is Link.UP
    told(world, "eth0", cable=True)
    assert flows(world) == {"eth1"}  # they stay where they are


@LOAD_BALANCING
def test_what_only_the_active_slave_may_send_is_lost_until_there_is_another(mode: str) -> None:
    world = World(mode, era_name="6.x", miimon="100")
    world.run(1050)
    assert to_all(world) == ["eth0"]
    told(world, "eth0", cable=False)
    assert to_all(world) == []
    world.run(150)
    assert to_all(world) == ["eth1"]


@LOAD_BALANCING
def test_with_downdelay_running_a_slave_has_no_flow(mode: str) -> None:
    world = World(mode, era_name="6.x", miimon="100", downdelay="600")
    world.run(1050)
    assert flows(world) == {"eth0"}
    world.pull("eth0")  # the device keeps silent
    world.run(200)
    assert world.link("eth0") is Link.FAIL
    assert flows(world) == {"eth1"}
