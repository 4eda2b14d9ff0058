"""Mode active-backup: one slave carries everything until it fails (HOWTO section 2, `mode`)."""

from __future__ import annotations

from lab import frames
from lab.cases import HOST_IP, Bonding, StreamMaker, Testbed, behaviour, eventually, needs
from lab.faults import CablePull
from testcases.bounds import detection, seconds
from testcases.wire import Wire


@behaviour("2.mode.active-backup.one-active", "2.mode.active-backup.mac-on-one-port")
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
    assert set(wire.shares(lambda frame: True)) == {"eth0"}


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
