"""What the ARP monitor goes by (HOWTO section 8.1)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lab.cases import (
    HOST_IP,
    PEER_B_IP,
    PEER_IP,
    Bonding,
    Flow,
    Stream,
    StreamMaker,
    Testbed,
    behaviour,
    eventually,
    needs,
    never,
)
from lab.faults import ArpLoss, Blackhole, CablePull, Fault
from testcases.arp_monitor import asks, configured, is_answer, recovery, silence
from testcases.bounds import detection, seconds
from testcases.modes import MODES
from testcases.slaves import link_is
from testcases.wire import Wire

INTERVAL = 100
"""ms. Half of the catalogue's where the case is the same and over sooner."""


@behaviour("8.monitors.two-kinds")
@pytest.mark.parametrize("mode", MODES)
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_either_monitor_sees_a_pulled_cable(mode: str, bed: Testbed, bonded: Bonding) -> None:
    """Steps: pull the first cable under the ARP monitor, then, with a new bond, under the MII monitor.

    Verify: the slave is down within the time of the monitor; it alone is in force.
    """
    with_arp = bonded(mode, policy="round-robin", arp_interval=INTERVAL, arp_ip_target=PEER_IP)
    assert configured(with_arp) == (INTERVAL, (PEER_IP,))
    assert with_arp.status().miimon_ms == 0
    with CablePull(bed, bed.slave_cable(0)):
        eventually(link_is(with_arp, "eth0", "down"), seconds(silence(INTERVAL)), what="eth0 is down")
    with_arp.delete()
    with_mii = bonded(mode, trunk=False, miimon=100)
    assert configured(with_mii) == (0, ())
    assert with_mii.status().miimon_ms == 100
    with CablePull(bed, bed.slave_cable(0)):
        eventually(link_is(with_mii, "eth0", "down"), seconds(detection()), what="eth0 is down")


@behaviour("8.1.arp.replies-mean-link-ok")
@pytest.mark.parametrize("mode", MODES)
@needs(slaves=1, switch=True, roles=("peer_link",), once=True)
def test_a_slave_is_up_as_long_as_answers_come(mode: str, bed: Testbed, bonded: Bonding, wire: Wire) -> None:
    """Steps: one slave, one target, no traffic; lose the target's ARP replies for a while.

    Verify: probes go on and nothing comes back; the slave is down within four intervals, and up again within
    three of the end of the loss.
    """
    bond = bonded(mode, slaves=1, arp_interval=INTERVAL, arp_ip_target=PEER_IP)
    with ArpLoss(bed, bed.cable("peer_link"), "reply") as loss:
        wire.mark()
        eventually(link_is(bond, "eth0", "down"), seconds(silence(INTERVAL)), what="eth0 is down")
        assert loss.swallowed > 0
        assert not wire.arrivals(is_answer)
        wire.mark()
        eventually(lambda: wire.left_by("eth0", asks()), seconds(3 * INTERVAL), what="it asks on")
    eventually(link_is(bond, "eth0", "up"), seconds(recovery(INTERVAL)), what="eth0 is up")


@behaviour("8.1.arp.end-to-end-assurance")
@needs(slaves=2, meeting=True, switch=True, once=True)
def test_a_cable_that_swallows_frames_is_found_out(
    bed: Testbed, bonded: Bonding, stream: StreamMaker, wire: Wire
) -> None:
    """Steps: the ARP monitor; under traffic the cable in use keeps its carrier and swallows every frame, then
    is whole again. Then miimon, and the same for ten polls.

    Verify: the other slave is active within four intervals and carries; the first is up again within three.
    Under miimon nothing changes and nothing arrives.
    """
    bond = bonded("active-backup", arp_interval=INTERVAL, arp_ip_target=PEER_IP)
    with stream("out") as out:
        out.wait_flowing()
        with Blackhole(bed, bed.slave_cable(0)):
            eventually(lambda: bond.status().active == "eth1", seconds(silence(INTERVAL)), what="eth1 active")
            assert link_is(bond, "eth0", "down")()
            wire.mark()
            out.wait_flowing()
            assert set(wire.shares()) == {"eth1"}
        eventually(link_is(bond, "eth0", "up"), seconds(recovery(INTERVAL)), what="eth0 is up")
    bond.delete()
    bond = bonded("active-backup", miimon=100)
    before = bond.status()
    with stream("out") as out:
        out.wait_flowing()
        with Blackhole(bed, bed.slave_cable(0)):
            arrived = out.from_now_on()
            never(lambda: bond.status() != before, during=1.0, what="miimon notices")
            assert not arrived()


@behaviour("8.1.arp.traffic-based")
@pytest.mark.parametrize("mode", MODES)
@needs(slaves=1, switch=True, roles=("peer_link", "peer_b"), once=True)
def test_any_traffic_keeps_a_slave_up(mode: str, bed: Testbed, bonded: Bonding, wire: Wire) -> None:
    """Steps: one slave; the target's ARP replies are lost, another peer sends to the host for 20 intervals,
    then stops.

    Verify: the slave is up while that traffic comes, though no answer does, and down within four intervals
    of its end.
    """
    bond = bonded(mode, slaves=1, arp_interval=INTERVAL, arp_ip_target=PEER_IP)
    other = bed.host("peer_b")
    flow = Flow(dst_mac=bond.host.mac(bond.name), src_ip=PEER_B_IP, dst_ip=HOST_IP)
    with Stream((other, other.nics[0]), (bond.host, bond.name), flow) as traffic:
        traffic.wait_flowing()
        with ArpLoss(bed, bed.cable("peer_link"), "reply"):
            wire.mark()
            never(lambda: not link_is(bond, "eth0", "up")(), during=seconds(20 * INTERVAL), what="a failure")
            assert not wire.arrivals(is_answer)
            traffic.stop()
            eventually(link_is(bond, "eth0", "down"), seconds(silence(INTERVAL)), what="eth0 is down")


@behaviour("12.1.2.mii-less-assurance")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("monitor", ["mii", "arp"])
@needs(slaves=1, switch=True, roles=("peer_link",), once=True)
def test_miimon_finds_the_pulled_cable_only(mode: str, monitor: str, bed: Testbed, bonded: Bonding) -> None:
    """Steps: one slave; one after the other its cable is pulled, its cable swallows every
    frame, ARP is lost, and the link between the switch and the target fails.

    Verify: the ARP monitor finds each within four intervals, miimon the first only.
    """
    arp = {"arp_interval": INTERVAL, "arp_ip_target": PEER_IP}
    options = arp if monitor == "arp" else {"miimon": 100}
    bond = bonded(mode, slaves=1, **options)
    ours, theirs = bed.slave_cable(0), bed.cable("peer_link")
    faults: dict[str, Callable[[], Fault]] = {
        "pull": lambda: CablePull(bed, ours),
        "blackhole": lambda: Blackhole(bed, ours),
        "arp loss": lambda: ArpLoss(bed, ours),
        "remote port": lambda: CablePull(bed, theirs),
    }
    for name, fault in faults.items():
        with fault():
            if monitor == "arp" or name == "pull":
                eventually(link_is(bond, "eth0", "down"), seconds(silence(INTERVAL)), what=f"{name} is found")
            else:
                never(link_is(bond, "eth0", "down"), seconds(silence(INTERVAL)), what=f"{name} is found")
        eventually(link_is(bond, "eth0", "up"), within=2.0, what=f"eth0 is up after {name}")
