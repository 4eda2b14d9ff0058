"""The ARP monitor and what fails behind the switch (HOWTO section 12.2.2)."""

from __future__ import annotations

import pytest

from lab.cases import PEER_B_IP, PEER_IP, BondHandle, Bonding, Testbed, behaviour, eventually, needs, never
from lab.faults import CablePull
from testcases.arp_monitor import asks, silence
from testcases.bounds import detection, seconds
from testcases.section_06_switch.mac_table import port_of_slave
from testcases.section_12_high_availability.test_multiple_switches import between
from testcases.slaves import link_is
from testcases.wire import Wire

INTERVAL = 100
"""ms. Half of the catalogue's, so that the cases are over sooner."""
BOTH = f"{PEER_IP},{PEER_B_IP}"
READY_S = 5.0


def active_is(bond: BondHandle, nic: str, within: float) -> None:
    """Wait until the slave is up, and active where the mode has an active one."""

    def in_use() -> bool:
        view = bond.status()
        return view.slave(nic).mii_status == "up" and (view.mode == "broadcast" or view.active == nic)

    eventually(in_use, within, what=f"{nic} is in use")


def monitored(bonded: Bonding, targets: str, mode: str = "active-backup") -> BondHandle:
    """A bond with the ARP monitor; eth0 is up, and in active-backup active.

    A backup on a switch that no probe reaches is down: only the active slave asks.
    """
    settings = {"arp_interval": INTERVAL, "arp_ip_target": targets}
    if mode == "active-backup":
        settings["primary"] = "eth0"
    bond = bonded(mode, ready=False, **settings)  # type: ignore[arg-type]  # options of the driver
    active_is(bond, "eth0", READY_S)
    return bond


@behaviour("12.2.2.monitor.port3-visible-to-arp")
@needs(slaves=2, meeting=False, roles=("isl", "uplink_a", "peer_b"), once=True)
def test_the_arp_monitor_sees_the_failure_of_port3(bed: Testbed, bonded: Bonding, wire: Wire) -> None:
    """Steps: no ISL, a target behind each switch, eth0 active; pull the cable of port3 of switch A.

    Verify: eth0 keeps its carrier and is declared down; eth1 is active within four intervals and a round of
    probes, asks, and carries traffic to what is behind switch B.
    """
    with CablePull(bed, bed.cable("isl")):
        bond = monitored(bonded, BOTH)
        with CablePull(bed, bed.cable("uplink_a")):
            active_is(bond, "eth1", seconds(silence(INTERVAL, rounds=2)))
            assert link_is(bond, "eth0", "down")()
            assert bed.slave_cable(0).plugged
            out, back = between(bond, bed, "peer_b")
            wire.mark()
            with out, back:
                out.wait_flowing()
                back.wait_flowing()
            assert set(wire.shares()) == {"eth1"}
            assert set(wire.shares(asks(PEER_B_IP))) == {"eth1"}


@behaviour("12.2.2.monitor.reliable-port-fail-either")
@pytest.mark.parametrize("monitor", ["mii", "arp"])
@needs(slaves=2, meeting=False, roles=("isl", "uplink_a"), once=True)
def test_a_switch_that_drops_its_ports_serves_both_monitors(
    monitor: str, bed: Testbed, bonded: Bonding
) -> None:
    """Steps: eth0 active; port3 of switch A fails, and the switch takes port1 down.

    Verify: eth1 is active within the time of the monitor.
    """
    if monitor == "mii":
        bond, bound = bonded("active-backup", miimon=100), detection()
    else:
        bond, bound = monitored(bonded, BOTH), silence(INTERVAL)
    assert bond.status().active == "eth0"
    with CablePull(bed, bed.cable("uplink_a")):
        bed.switch("switch_a").port_admin(port_of_slave(bed, 0), False)
        active_is(bond, "eth1", seconds(bound))
        assert link_is(bond, "eth0", "down")()


@behaviour("12.2.2.monitor.target-per-switch", "12.2.2.monitor.target-for-any-active")
@pytest.mark.parametrize("mode", ["active-backup", "broadcast"])
@needs(slaves=2, meeting=False, roles=("isl", "peer_b"), once=True)
def test_a_target_behind_each_switch_serves_either_slave(mode: str, bed: Testbed, bonded: Bonding) -> None:
    """Steps: the ISL is cut, a target behind each switch; eth0 is in use for ten intervals, then its cable is
    pulled, and eth1 is for ten.

    Verify: each stays up as long as it is in use.
    """
    with CablePull(bed, bed.cable("isl")):
        bond = monitored(bonded, BOTH, mode)
        never(lambda: not link_is(bond, "eth0", "up")(), during=seconds(10 * INTERVAL))
        with CablePull(bed, bed.slave_cable(0)):
            active_is(bond, "eth1", seconds(silence(INTERVAL, rounds=2)))
            failures = bond.status().slave("eth1").failures
            never(lambda: not link_is(bond, "eth1", "up")(), during=seconds(10 * INTERVAL))
            assert bond.status().slave("eth1").failures == failures


@behaviour("12.2.2.monitor.target-per-switch")
@pytest.mark.parametrize("mode", ["active-backup", "broadcast"])
@needs(slaves=2, meeting=False, roles=("isl", "peer_b"), once=True)
def test_one_target_leaves_the_other_switch_without_any(
    mode: str, bed: Testbed, bonded: Bonding, wire: Wire
) -> None:
    """Steps: a target behind switch A only; cut the ISL, then pull the cable of eth0.

    Verify: eth1 is declared down within six intervals although switch B works, and does not come back.
    """
    bond = monitored(bonded, PEER_IP, mode)
    with CablePull(bed, bed.cable("isl")), CablePull(bed, bed.slave_cable(0)):
        eventually(link_is(bond, "eth1", "down"), seconds(silence(INTERVAL, rounds=2)), what="eth1 is down")
        wire.mark()
        never(link_is(bond, "eth1", "up"), during=seconds(5 * INTERVAL), what="eth1 comes back")
        assert set(wire.shares(asks())) == {"eth1"}
        assert bed.slave_cable(1).plugged
