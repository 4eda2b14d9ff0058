"""The ARP monitor when it starts or stops, options change, slaves come and go (virtual time)."""

from __future__ import annotations

from typing import Any

import pytest

from bondimpl.frames import arp
from bondimpl.slave import Link
from tests.core.arp_network import OTHER, PEER, ArpNetwork
from tests.core.world import World

BOTH = pytest.mark.parametrize("era_name", ["howto", "6.x"])
MODES = pytest.mark.parametrize("mode", ["balance-rr", "active-backup", "balance-xor", "broadcast"])
SPREADING = pytest.mark.parametrize("mode", ["balance-rr", "balance-xor", "broadcast"])


@BOTH
@MODES
def test_delays_have_no_effect(mode: str, era_name: str) -> None:
    options: dict[str, Any] = {} if era_name == "6.x" else {"updelay": "5000", "downdelay": "5000"}
    network = ArpNetwork(mode, era_name=era_name, shared=True, **options)
    network.broken.add("eth0")
    assert network.until_lost("eth0") <= 600
    network.broken.clear()
    assert network.world.until(lambda: network.world.link("eth0") is Link.UP, 1000) <= 600
    assert any("updelay" in line for line in network.world.log()) == (era_name == "howto")


# A bond brought up anew, or given its interval late (both measured on 6.1: each slave fails at once, and is
# up again an interval later).
@pytest.mark.parametrize(("era_name", "failures"), [("howto", [0, 0]), ("6.x", [1, 1])])
@pytest.mark.parametrize("how", ["reopen", "late interval"])
def test_the_start_after_a_pause(how: str, era_name: str, failures: list[int]) -> None:
    network = ArpNetwork("balance-rr", era_name=era_name)
    if how == "reopen":
        network.world.bond.close()
        network.run(3000)
        network.world.bond.open()
    else:
        network.world.bond.set_option("arp_interval", "0")
        network.run(3000)
        network.world.bond.set_option("arp_interval", "200")
    network.run(1)
    assert network.failures() == failures
    network.run(1000)
    assert (network.links(), network.failures()) == (["up", "up"], failures)


@BOTH
def test_states_freeze_while_the_bond_is_down(era_name: str) -> None:
    network = ArpNetwork("active-backup", era_name=era_name)
    network.world.bond.close()
    network.probes()
    network.broken.add("eth0")
    network.run(5000)
    assert (network.world.link("eth0"), network.world.active, network.probes()) == (Link.UP, "eth0", [])


# Measured on 6.1: without carrier the slave joins as down; the HOWTO's driver took every slave as up.
@pytest.mark.parametrize(("era_name", "link"), [("howto", Link.UP), ("6.x", Link.DOWN)])
def test_a_slave_that_joins_without_carrier(era_name: str, link: Link) -> None:
    world = World("balance-rr", era_name=era_name, arp_interval="200", arp_ip_target="10.0.0.2")
    world.pull("eth2")
    world.enslave("eth2")
    assert world.link("eth2") is link
    world.run(3000)
    assert world.link("eth2") is Link.DOWN


def test_a_late_look_does_not_age_evidence() -> None:
    """The process was held up: an answer that came in time is not too old at a look that comes late."""
    network = ArpNetwork("balance-rr", arp_missed_max="1")
    clock = network.world.clock
    for _ in range(20):
        network.run(150)
        clock._now += 120  # the machine was busy elsewhere: what was due meanwhile comes late
    assert network.failures() == [0, 0]


@pytest.mark.parametrize(
    ("mode", "era_name", "lines"),
    [
        ("active-backup", "6.x", [
            "bond0: (slave eth0): link status definitely down, disabling slave",
            "bond0: (slave eth1): making interface the new active one",
            "bond0: (slave eth0): link status definitely up",
        ]),
        ("active-backup", "howto", [
            "bonding: bond0: link status down for active interface eth0, disabling it",
            "bonding: bond0: making interface eth1 the new active one.",
            "bonding: bond0: backup interface eth0 is now up.",
        ]),
        ("balance-rr", "6.x", [
            "bond0: (slave eth0): interface is now down",
            "bond0: (slave eth0): interface is now up",
        ]),
        ("balance-rr", "howto", [
            "bonding: bond0: interface eth0 is now down.",
            "bonding: bond0: interface eth0 is now up.",
        ]),
    ],
)  # fmt: skip
def test_log_lines(mode: str, era_name: str, lines: list[str]) -> None:
    network = ArpNetwork(mode, shared=True, era_name=era_name)
    seen = len(network.world.log())
    network.broken.add("eth0")
    network.run(2000)
    network.broken.clear()
    network.run(2000)
    assert network.world.log()[seen:] == lines


@BOTH
def test_the_mii_monitor_takes_over_what_was_being_tried(era_name: str) -> None:
    network = ArpNetwork("active-backup", slaves=3, era_name=era_name)
    network.broken |= {"eth0", "eth1", "eth2"}
    network.run(3000)
    network.world.pull("eth2")
    network.world.bond.set_option("miimon", "100")
    network.run(1)
    assert network.world.bond.options.arp_interval == 0
    assert network.links() == ["up", "up", "down"]
    assert not any(slave.tried for slave in network.world.bond.slaves.values())
    network.probes()
    network.run(1000)
    assert network.probes() == []


@BOTH
def test_targets_come_and_go(era_name: str) -> None:
    network = ArpNetwork("balance-rr", era_name=era_name, settle_ms=500)
    bond = network.world.bond
    bond.set_option("arp_ip_target", "+10.0.0.3")
    network.probes()
    network.run(200)
    asked = {packet.target for _, frame in network.probes() if (packet := arp.decode(frame))}
    assert asked == {PEER, OTHER}
    bond.set_option("arp_ip_target", "-10.0.0.2")
    bond.set_option("arp_ip_target", "-10.0.0.3")
    assert "arp_ip_target" in network.world.log()[-1]
    network.probes()
    network.run(3000)
    assert network.probes() == []
    # Without a target today's driver monitors all the same, and fails every slave (measured).
    assert network.world.machine.bond_carrier == (era_name == "howto")
    bond.set_option("arp_ip_target", "+10.0.0.2")
    network.run(1000)
    assert network.links() == ["up", "up"]


@BOTH
def test_the_one_being_tried_may_leave(era_name: str) -> None:
    network = ArpNetwork("active-backup", slaves=3, era_name=era_name)
    network.broken |= {"eth0", "eth1", "eth2"}
    network.run(3000)
    tried = next(iter(network.world.plan.accept))
    network.world.bond.release(tried)
    network.broken.clear()
    network.run(800)
    assert network.world.active is not None
    assert network.world.active != tried


@BOTH
def test_after_a_search_backups_are_watched_again(era_name: str) -> None:
    network = ArpNetwork("active-backup", slaves=3, shared=True, era_name=era_name)
    network.broken |= {"eth0", "eth1", "eth2"}
    network.run(3000)
    network.broken.clear()
    network.run(2000)
    assert network.links() == ["up", "up", "up"]
    backup = next(name for name in network.world.bond.slaves if name != network.world.active)
    network.broken.add(backup)
    network.run(1000)
    assert network.world.lost(backup)


@BOTH
def test_one_that_is_being_tried_is_no_candidate(era_name: str) -> None:
    network = ArpNetwork("active-backup", slaves=3, era_name=era_name)
    network.broken |= {"eth0", "eth1", "eth2"}
    network.run(3000)
    for name in ("eth0", "eth1", "eth2"):
        network.world.bond.set_option("primary", name)
        assert network.world.active is None


def test_what_was_heard_while_the_bond_was_down_does_not_count() -> None:
    """Measured on 6.1: both slaves fail as the bond comes up, whatever passed by meanwhile."""
    network = ArpNetwork("active-backup", shared=True, era_name="6.x")
    network.noise("ip")
    network.world.bond.close()
    network.run(3020)
    network.world.bond.open()
    network.run(1)
    assert network.failures() == [1, 1]


# Today a slave joins with evidence of one interval ago, which a missed_max of 1 may find too old at once.
@pytest.mark.parametrize(("era_name", "failures"), [("howto", 0), ("6.x", 1)])
def test_the_first_interval_of_a_slave(era_name: str, failures: int) -> None:
    network = ArpNetwork("balance-rr", slaves=1, era_name=era_name, arp_missed_max="1")
    network.run(1)
    network.world.enslave("eth1")
    network.run(1000)
    assert network.failures()[1] == failures
    assert network.links()[1] == "up"
