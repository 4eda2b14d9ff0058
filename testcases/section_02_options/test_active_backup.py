"""Mode active-backup: one slave carries everything until it fails (HOWTO section 2, `mode`)."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest

from lab import frames
from lab.cases import HOST_IP, PEER_IP, Bonding, StreamMaker, Testbed, behaviour, eventually, needs, never
from lab.faults import CablePull
from lab.switches.base import Learned
from testcases.bounds import detection, seconds
from testcases.slaves import cable_of
from testcases.transfer import Transfer
from testcases.wire import Wire

RETRY_S = 2.0
"""After an outage TCP may wait that long before it tries again."""


@behaviour("2.mode.active-backup.one-active")
@needs(slaves=2)
def test_all_traffic_leaves_by_the_active_slave(bonded: Bonding, stream: StreamMaker, wire: Wire) -> None:
    """Steps: traffic both ways over a bond of two slaves.

    Verify: every frame leaves by the slave that the status names as active, and the other port is silent.
    """
    bond = bonded("active-backup", miimon=100)
    wire.mark()
    with stream("out") as out, stream("in") as back:
        out.run(0.5)
    assert out.report().lost == back.report().lost == 0
    assert bond.status().active == "eth0"
    assert set(wire.shares(lambda _: True)) == {"eth0"}


@behaviour("2.mode.active-backup.failover-on-failure", "6.no-config.active-backup")
@needs(slaves=2)
def test_a_failed_active_slave_is_replaced(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: pull the active slave's cable under traffic both ways.

    Verify: the other slave is active and carries; the outage is at most two polls and the slack; no frame
    comes twice; a gratuitous ARP leaves by the new slave.
    """
    bond = bonded("active-backup", miimon=100)
    with stream("out") as out, stream("in") as back:
        out.wait_flowing()
        wire.mark()
        with CablePull(bed, bed.slave_cable(0)):
            eventually(lambda: bond.status().active == "eth1", within=seconds(detection()))
            out.wait_flowing()
            out.run(0.5)
            assert wire.left_by("eth1", lambda frame: frames.is_gratuitous_arp(frame, HOST_IP))
    for report in (out.report(), back.report()):
        assert report.outage_ms <= detection(2 * 100)
        assert report.duplicates == 0
    assert bond.status().slave("eth0").failures == 1


@behaviour("2.mode.active-backup.mac-on-one-port")
@needs(slaves=2, meeting=True, switch=True)
def test_the_switch_sees_the_bonds_address_on_one_port(
    bed: Testbed, bonded: Bonding, stream: StreamMaker
) -> None:
    """Steps: traffic both ways while the switch's MAC table is read; then the same after a failover.

    Verify: the bond's address is always on the active slave's port, and moves once. (2 s, not a minute.)
    """
    bond = bonded("active-backup", miimon=100)
    mac = bond.host.mac(bond.name)
    ports = {port.name: bed.topology.far_end(port) for port in bed.topology.slaves}
    switch = bed.switch(ports["eth0"].node)

    def strays(active: str) -> list[Learned]:
        return [row for row in switch.mac_table() if row.mac == mac and row.port != ports[active].name]

    with stream("out") as out, stream("in"):
        out.wait_flowing()
        never(lambda: strays("eth0"), during=1.0, what="the address on another port", every=0.02)
        with CablePull(bed, bed.slave_cable(0)):
            eventually(lambda: bond.status().active == "eth1", within=seconds(detection()))
            out.wait_flowing()
            assert Learned(mac, ports["eth1"].name) in switch.mac_table()
            never(lambda: strays("eth1"), during=1.0, what="the address on another port", every=0.02)


@behaviour("2.mode.active-backup.backup-deaf")
@needs(slaves=2, switch=True)
def test_what_a_backup_hears_is_dropped(bonded: Bonding, stream: StreamMaker, wire: Wire) -> None:
    """Steps: the peer sends broadcasts, which the switch floods to both slaves.

    Verify: a copy of each reaches both NICs, and the host hears it once.
    """
    bonded("active-backup", miimon=100)
    with stream("in", dst_mac=frames.BROADCAST) as broadcasts:
        broadcasts.wait_flowing()
        eventually(lambda: len(wire.arrivals()) == 2, within=5.0, what="broadcasts reach both NICs")
    wire.mark()
    with stream("in", dst_mac=frames.BROADCAST) as broadcasts:
        broadcasts.wait_sent(100)
    report = broadcasts.report()
    assert wire.arrivals() == {"eth0": report.sent, "eth1": report.sent}
    assert (report.lost, report.duplicates) == (0, 0)


@behaviour("2.mode.active-backup.no-switch-otherwise")
@needs(slaves=2)
def test_the_active_slave_changes_only_when_it_fails(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: pull the backup's cable and plug it in again; fail eth0; then bring eth0 back.

    Verify: eth0 is active and carries all along the first part; eth1 stays active when eth0 is back. Each is
    watched for ten polls.
    """
    bond = bonded("active-backup", miimon=50)
    with stream("out") as out:
        wire.mark()
        with CablePull(bed, bed.slave_cable(1)):
            never(lambda: bond.status().active != "eth0", during=0.5)
        never(lambda: bond.status().active != "eth0", during=0.5)
        assert set(wire.shares()) == {"eth0"}
        with CablePull(bed, bed.slave_cable(0)):
            eventually(lambda: bond.status().active == "eth1", within=seconds(detection(50)))
            out.wait_flowing()
        wire.mark()
        never(lambda: bond.status().active != "eth1", during=0.5)
        assert bond.status().slave("eth0").mii_status == "up"
        assert set(wire.shares()) == {"eth1"}


@behaviour("2.mode.active-backup.fault-tolerance")
@needs(slaves=3)
def test_a_transfer_survives_two_failures(bed: Testbed, bonded: Bonding, wire: Wire) -> None:
    """Steps: during a TCP transfer pull the active slave's cable, then that of the slave that took over.

    Verify: each time the next one is active in time and carries on; every byte arrives.
    """
    bond = bonded("active-backup", slaves=3, miimon=100)

    def is_active(nic: str) -> bool:
        return bond.status().active == nic

    def carries(nic: str) -> bool:
        return len(wire.left_by(nic, lambda frame: len(frame) > 1000)) > 0

    with Transfer(bond.host, bed.host("peer"), PEER_IP) as transfer, ExitStack() as pulled:
        eventually(lambda: carries("eth0"), within=5.0)
        for nic, successor in (("eth0", "eth1"), ("eth1", "eth2")):
            pulled.enter_context(CablePull(bed, cable_of(bed, nic)))
            eventually(partial(is_active, successor), within=seconds(detection()))
            eventually(partial(carries, successor), within=RETRY_S)
        sent, received = transfer.finish()
    assert sent == received


@behaviour("2.mode.active-backup.primary-matters", "2.primary.device-name")
@needs(slaves=2)
@pytest.mark.parametrize(("options", "active"), [({}, "eth0"), ({"primary": "eth1"}, "eth1")])
def test_the_primary_decides_which_slave_is_active(
    bonded: Bonding, stream: StreamMaker, wire: Wire, options: dict[str, Any], active: str
) -> None:
    """Steps: enslave eth0 and eth1, once without a primary and once with primary=eth1.

    Verify: without it the first slave is active, with it eth1; the status names both; traffic goes that way.
    """
    bond = bonded("active-backup", miimon=100, **options)
    wire.mark()
    with stream("out") as out:
        out.wait_flowing()
    assert (bond.status().active, bond.status().primary) == (active, options.get("primary"))
    assert set(wire.shares()) == {active}
