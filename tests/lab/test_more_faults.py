"""Flapping cables, lost frames, dead hosts, wrong groups and wrong routes: each as seen on the wire."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

import topologies
from lab.errors import LabError
from lab.faults import (
    Fault,
    Flaps,
    FrameLoss,
    Grouped,
    IslCut,
    LacpLoss,
    LacpOff,
    NoPortGroup,
    PortGroup,
    RemotePortFail,
    RouteConflict,
    TargetDown,
    XorDistribution,
)
from lab.switches.base import Lacp
from lab.testbed import Testbed
from lab.waiting import eventually
from tests.lab.frames_on import deliver, ear, heard_by, mac_bytes, probe, send

pytestmark = pytest.mark.root

SOURCE = "02:00:00:00:00:01"
COUNT = 100
PROBES = [probe(number, SOURCE) for number in range(COUNT)]


def arrive(bed: Testbed, frames: list[bytes] = PROBES, expected: int = COUNT, target: str = "peer") -> int:
    """How many of these frames come from eth0 of the host under test to eth0 of another host."""
    return deliver((bed.host("host"), "eth0"), (bed.host(target), "eth0"), frames, expected).total()


def test_flaps_are_seen_by_the_nic(pair: Testbed) -> None:
    host, cable, times = pair.host("host"), pair.slave_cable(1), 4

    def changes() -> int:  # counted at once; events may tell of two at a time
        return int(host.read("/sys/class/net/eth1/carrier_changes"))

    before = changes()
    with Flaps(pair, cable, down_ms=30, up_ms=50, times=times) as fault:
        assert fault.at > 0
        assert not host.interfaces.carrier("eth1")
        flaps = fault.wait()
        assert host.interfaces.carrier("eth1")
    assert changes() - before == 2 * times
    assert [flap.up_s - flap.down_s >= 0.03 for flap in flaps] == [True] * times
    ups = [later.down_s - earlier.up_s for earlier, later in pairwise(flaps)]
    assert all(up >= 0.05 for up in ups)
    told = [moment.text for moment in pair.timeline.moments if moment.source == "fault"]
    assert told.count(f"cable {cable.name} up again") == times


def test_flaps_end_early_with_the_cable_plugged(pair: Testbed) -> None:
    host, cable = pair.host("host"), pair.slave_cable(1)
    with Flaps(pair, cable, down_ms=60_000, up_ms=60_000, times=9) as fault:
        assert not host.interfaces.carrier("eth1")
        with pytest.raises(LabError, match="not over, 0 so far"):
            fault.wait(within=0.01)
    assert host.interfaces.carrier("eth1")
    cable.pull()
    with pytest.raises(LabError, match="not plugged"), Flaps(pair, cable, 1, 1, 1):
        pass
    cable.plug()


def test_frame_loss(pair: Testbed) -> None:
    sent, share = 4000, 0.125
    frames = [probe(number, SOURCE) for number in range(sent)]
    with FrameLoss(pair, pair.slave_cable(0), 100 * share, from_node="host") as fault:
        came = arrive(pair, frames, 1)
        assert (
            deliver((pair.host("peer"), "eth0"), (pair.host("host"), "eth0"), PROBES, COUNT).total() == COUNT
        )
    # Binomial; six standard deviations: one false alarm in 500 million runs.
    assert abs(came - (1 - share) * sent) < 6 * (sent * share * (1 - share)) ** 0.5
    assert fault.swallowed == sent - came
    with FrameLoss(pair, pair.slave_cable(0), 100):
        assert arrive(pair, expected=0) == 0
    with pytest.raises(LabError, match=r"0\.001 percent"):
        FrameLoss(pair, pair.slave_cable(0), 0.001)


def test_lacp_loss_takes_lacpdus_only(pair: Testbed) -> None:
    def slow(subtype: int) -> bytes:
        head = mac_bytes("01:80:c2:00:00:02") + mac_bytes(SOURCE) + b"\x88\x09"
        return head + bytes([subtype, 1]) + bytes(108)

    with LacpLoss(pair, pair.slave_cable(0)) as fault, ear(pair.host("peer"), "eth0") as sock:
        send(pair.host("host"), "eth0", [slow(1), slow(2), probe(5, SOURCE)])
        came = [sock.recv(2048) for _ in range(2)]
    assert [frame[12:15] for frame in came] == [b"\x88\x09\x02", struct.pack("!HB", 0x88B5, 0)]
    assert fault.swallowed == 1


def test_target_down_keeps_every_carrier(star: Testbed) -> None:
    ends = (star.host("peer"), "eth0"), (star.host("host"), "eth0")
    with TargetDown(star, "peer") as fault:
        assert star.host("peer").interfaces.carrier("eth0")
        assert star.host("host").interfaces.carrier("eth0")
        assert deliver(*ends, PROBES, 0).total() == 0
        assert fault.swallowed == COUNT
        assert arrive(star, target="peer_b") == COUNT
    assert deliver(*ends, PROBES, COUNT).total() == COUNT
    with pytest.raises(LabError, match="under test"):
        TargetDown(star, "host")


def test_remote_port_fail(star: Testbed) -> None:
    (far,) = star.cables_of("peer")
    with RemotePortFail(star, far):
        assert not star.host("peer").interfaces.carrier("eth0")
        assert all(star.host("host").interfaces.carrier(nic) for nic in star.host("host").nics)
        assert arrive(star, expected=0) == 0
    assert arrive(star) == COUNT
    with pytest.raises(LabError, match="under test"):
        RemotePortFail(star, star.slave_cable(0))


def test_isl_cut(run_dir: Path, pair: Testbed) -> None:
    with Testbed.build(topologies.build("two_switch_isl"), run_dir) as bed:
        host = bed.host("host")
        ends = (host, "eth0"), (host, "eth1")
        assert deliver(*ends, PROBES, COUNT).total() == COUNT
        with IslCut(bed):
            assert host.interfaces.carrier("eth0")
            assert host.interfaces.carrier("eth1")
            assert deliver(*ends, PROBES, 0).total() == 0
        assert deliver(*ends, PROBES, COUNT).total() == COUNT


def ports(bed: Testbed) -> tuple[str, ...]:
    """The ports of the switch at which the slaves end."""
    return tuple(bed.topology.far_end(slave).name for slave in bed.topology.slaves)


def towards_host(bed: Testbed) -> int:
    """How often the NICs of the host under test hear one broadcast of the peer: a group sends it once."""
    host = bed.host("host")
    with ear(host, "eth0") as a, ear(host, "eth1") as b, ear(host, "eth2") as c, ear(host, "eth3") as d:
        send(bed.host("peer"), "eth0", [probe(1, SOURCE)])
        return sum(n.total() for n in heard_by(dict(zip("abcd", (a, b, c, d), strict=True)), 1).values())


def wait_copies(bed: Testbed, count: int) -> None:
    """Until so many arrive. A port that joins or leaves a group is down and up for a moment; the kernel may
    be late to let it forward.
    """
    eventually(lambda: towards_host(bed), within=3.0, until=lambda heard: heard == count)


def test_no_port_group_and_xor_distribution(star: Testbed) -> None:
    switch = star.switch("switch_a")
    group = PortGroup("po1", ports(star), "round-robin")
    with Grouped(star, switch, group):
        wait_copies(star, 1)
        with NoPortGroup(star, switch, group):
            wait_copies(star, 4)
        wait_copies(star, 1)
        assert spread(star) == 4
    with XorDistribution(star, switch, "po1", ports(star)):
        wait_copies(star, 1)
        assert spread(star) == 1
    wait_copies(star, 4)
    with pytest.raises(LabError, match="no group"), NoPortGroup(star, switch, group):
        pass


def spread(bed: Testbed) -> int:
    """How many NICs of the host under test get frames of one flow from the peer."""
    host = bed.host("host")
    with ear(host, "eth0") as a, ear(host, "eth1") as b, ear(host, "eth2") as c, ear(host, "eth3") as d:
        send(bed.host("peer"), "eth0", [probe(n, SOURCE) for n in range(8)])
        by_ear = heard_by(dict(zip("abcd", (a, b, c, d), strict=True)), 8)
    return sum(bool(numbers) for numbers in by_ear.values())


@pytest.mark.parametrize("static", [False, True])
def test_lacp_off(star: Testbed, static: bool) -> None:
    switch = star.switch("switch_a")
    group = PortGroup("po1", ports(star), lacp=Lacp(fast=True))
    group.make(switch)
    try:
        with LacpOff(star, switch, group, static=static):
            if static:
                assert switch.members("po1") == ports(star)
            with pytest.raises(LabError):
                switch.lacp_ports("po1")
            wait_copies(star, 1 if static else 4)
        assert len(switch.lacp_ports("po1")) == 4
    finally:
        switch.ungroup("po1")
    with pytest.raises(LabError, match="static group"):
        LacpOff(star, switch, PortGroup("po1", ports(star)))


def test_route_conflict(pair: Testbed) -> None:
    host = pair.host("host")
    host.run(["ip", "address", "add", "10.7.0.1/24", "dev", "eth3"])

    def devices() -> list[str]:
        told = json.loads(host.run(["ip", "-json", "route", "show", "10.7.0.0/24"]).stdout)
        return [route["dev"] for route in told]

    def chosen() -> str:
        told = json.loads(host.run(["ip", "-json", "route", "get", "10.7.0.9"]).stdout)
        return str(told[0]["dev"])

    assert chosen() == "eth3"
    with RouteConflict(pair, host, "10.7.0.0/24", ["eth0", "eth1"], within="10.7.0.9"):
        assert devices() == ["eth0", "eth1", "eth3"]
        assert chosen() == "eth0"
        host.interfaces.set_up("eth0", False)
        assert chosen() == "eth1"
        host.interfaces.set_up("eth0", True)
    assert (devices(), chosen()) == (["eth3"], "eth3")


@pytest.mark.parametrize(
    "make",
    [
        lambda bed: Flaps(bed, bed.slave_cable(0), 60_000, 60_000, 2),
        lambda bed: FrameLoss(bed, bed.slave_cable(0), 50),
        lambda bed: LacpLoss(bed, bed.slave_cable(0)),
        lambda bed: TargetDown(bed, "peer"),
    ],
)
def test_it_heals_when_the_case_fails(pair: Testbed, make: Callable[[Testbed], Fault]) -> None:
    def case() -> None:
        with make(pair):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        case()
    assert not pair.slave_cable(0).impairments
    assert arrive(pair) == COUNT
