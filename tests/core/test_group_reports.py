"""IGMP and MLD reports after a change of the active slave."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest

from bondimpl.frames import igmp, mld
from bondimpl.machine import HostGroup, HostIpv6Groups
from tests.core.world import World, mac

BOTH = pytest.mark.parametrize("era_name", ["howto", "6.x"])
SOURCE = IPv4Address("10.0.0.1")
GROUP = HostGroup(IPv4Address("239.1.2.3"), SOURCE)
IN_VLAN = HostGroup(IPv4Address("239.129.0.9"), IPv4Address("10.5.0.1"), vlan=7, igmp=2)

SIX = HostIpv6Groups((IPv6Address("ff05::1:3"), IPv6Address("ff02::1:ff00:1")), IPv6Address("fe80::1"))
SIX_IN_VLAN = HostIpv6Groups(SIX.groups, SIX.source, vlan=7, mld=1)


def failover(mode: str, era_name: str, resend_igmp: str = "1") -> tuple[World, list[float]]:
    """A world in which eth0 failed at a poll, and the times in ms after it at which reports were sent."""
    world = World(mode, miimon="100", era_name=era_name, num_grat_arp="0", resend_igmp=resend_igmp)
    world.machine.groups = (GROUP, IN_VLAN)
    world.machine.ipv6_groups = (SIX, SIX_IN_VLAN)
    world.run(1500)
    world.machine.sent.clear()
    world.pull("eth0")
    world.until(lambda: world.lost("eth0"), within_ms=100)
    times: list[float] = []
    for elapsed in range(3000):
        times += [float(elapsed)] * (len(reports(world)) - len(times))
        world.run(1)
    return world, times


def reports(world: World) -> list[tuple[str, bytes]]:
    """What was sent to a group address of IPv4 or IPv6, and by which slave."""
    sent = world.machine.sent
    return [(slave, frame) for slave, frame in sent if frame[:2].hex() in ("0100", "3333")]


@BOTH
@pytest.mark.parametrize("mode", ["balance-rr", "active-backup", "balance-tlb", "balance-alb"])
def test_each_group_is_reported_on_the_new_slave(mode: str, era_name: str) -> None:
    world, times = failover(mode, era_name)
    assert times == [0] * 5
    assert reports(world) == [
        ("eth1", igmp.report(3, GROUP.group, source=SOURCE, mac=mac(0))),
        ("eth1", igmp.report(2, IN_VLAN.group, source=IN_VLAN.source, mac=mac(0), vlan=7)),
        *(("eth1", frame) for frame in mld.reports(2, SIX.groups, source=SIX.source, mac=mac(0))),
        *(("eth1", frame) for frame in mld.reports(1, SIX.groups, source=SIX.source, mac=mac(0), vlan=7)),
    ]


@BOTH
@pytest.mark.parametrize("mode", ["balance-xor", "broadcast", "802.3ad"])
def test_other_modes_report_nothing(mode: str, era_name: str) -> None:
    assert failover(mode, era_name)[1] == []


@BOTH
@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_how_often_and_when(count: int, era_name: str) -> None:
    _, times = failover("active-backup", era_name, resend_igmp=str(count))
    assert times[::5] == [200 * number for number in range(count)]


def test_a_bond_that_is_brought_down_reports_no_more() -> None:
    world = World("active-backup", miimon="100", resend_igmp="10")
    world.machine.groups = (GROUP,)
    world.run(200)
    world.bond.set_active_slave("eth1")
    world.run(250)
    world.bond.close()
    world.machine.sent.clear()
    world.run(3000)
    assert reports(world) == []


def test_a_failover_does_not_depend_on_reports() -> None:
    world = World("active-backup", miimon="100")
    world.run(200)
    world.machine.fail_on = "bond_groups"
    world.pull("eth0")
    world.run(200)
    assert world.active == "eth1"
    assert any("cannot report multicast groups" in line for line in world.log())
