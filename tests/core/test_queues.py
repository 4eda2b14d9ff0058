"""Option queue_id: which slave has which transmit queue, and what is refused (measured on 6.1)."""

from __future__ import annotations

import pytest

from bondimpl.errors import BondError, OptionError
from bondimpl.proc import proc_text
from bondimpl.slave import Link
from tests.core.world import World

BOTH = pytest.mark.parametrize("era_name", ["howto", "6.x"])
MODES = ["balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb"]


@BOTH
@pytest.mark.parametrize("mode", MODES)
def test_a_queue_is_a_slaves_in_two_modes(mode: str, era_name: str) -> None:
    world = World(mode, era_name=era_name, miimon="100")
    world.bond.set_slave_option("eth1", "queue_id", "2")
    looks = mode in ("balance-rr", "active-backup")
    assert dict(world.plan.queues) == ({2: "eth1"} if looks else {})
    assert world.machine.queues == (16 if looks else 1)
    assert "Slave queue ID: 2" in proc_text(world.bond.snapshot(), "6.1") or era_name == "howto"


@BOTH
def test_a_slave_without_link_has_no_queue(era_name: str) -> None:
    world = World("active-backup", era_name=era_name, miimon="100")
    world.bond.set_slave_option("eth0", "queue_id", "1")
    world.bond.set_slave_option("eth1", "queue_id", "2")
    world.run(200)
    world.pull("eth1")
    world.run(200)
    assert dict(world.plan.queues) == {1: "eth0"}
    world.plug("eth1")
    world.run(200)
    assert dict(world.plan.queues) == {1: "eth0", 2: "eth1"}
    world.bond.release("eth1")
    world.bond.set_slave_option("eth0", "queue_id", "0")
    assert dict(world.plan.queues) == {}


@BOTH
def test_a_slave_whose_link_is_in_doubt_has_no_queue(era_name: str) -> None:
    world = World("active-backup", era_name=era_name, miimon="100", downdelay="500", updelay="500")
    world.bond.set_slave_option("eth1", "queue_id", "2")
    world.run(1000)
    world.pull("eth1")
    world.run(300)
    assert (world.link("eth1"), dict(world.plan.queues)) == (Link.FAIL, {})
    world.run(500)
    world.plug("eth1")
    world.run(300)
    assert (world.link("eth1"), dict(world.plan.queues)) == (Link.BACK, {})
    world.run(500)
    assert (world.link("eth1"), dict(world.plan.queues)) == (Link.UP, {2: "eth1"})


@pytest.mark.parametrize(
    ("number", "errno"),
    [("3", "EPERM"), ("17", "EPERM"), ("65535", "EPERM"), ("65536", "EINVAL"), ("x", "EINVAL")],
)
def test_refusals_change_nothing(number: str, errno: str) -> None:
    world = World("active-backup")
    world.bond.set_slave_option("eth1", "queue_id", "3")
    with pytest.raises(OptionError) as refusal:
        world.bond.set_slave_option("eth0", "queue_id", number)
    assert refusal.value.errno == errno
    assert [slave.options.queue_id for slave in world.bond.slaves.values()] == [0, 3]


@pytest.mark.parametrize("number", ["0", "3", "16"])
def test_what_is_allowed(number: str) -> None:
    """Nobody's queue, its own, and the number of queues itself."""
    world = World("active-backup")
    world.bond.set_slave_option("eth1", "queue_id", "3")
    world.bond.set_slave_option("eth1", "queue_id", number)
    assert world.bond.slaves["eth1"].options.queue_id == int(number)


def test_a_kernel_that_refuses_more_queues() -> None:
    world = World("balance-rr")
    world.machine.fail_on = "open_queues"
    with pytest.raises(BondError):
        world.bond.set_slave_option("eth1", "queue_id", "3")
    world.bond.set_slave_option("eth1", "queue_id", "0")
    assert dict(world.plan.queues) == {}
