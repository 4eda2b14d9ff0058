"""NICs of a speed and a duplex, as ethtool, the cable and the traffic see them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import topologies
from lab.bonding import Bonding
from lab.capture import Capture
from lab.delay_line.nic import SpeedNic
from lab.drivers.fleet import Fleet
from lab.errors import LabError
from lab.faults import CablePull, SpeedMismatch, speed_nics
from lab.testbed import Testbed
from lab.waiting import eventually
from tests.lab.frames_on import arp, deliver, probe, send

pytestmark = pytest.mark.root

SOURCE = "02:00:00:00:00:01"
COUNT = 200
PROBES = [probe(number, SOURCE) for number in range(COUNT)]


@pytest.fixture(scope="module")
def bed(in_sandbox: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Testbed]:
    """Two hosts, four cables; eth0 and eth1 of the host under test have a speed."""
    with Testbed.build(topologies.build("host_to_host"), tmp_path_factory.mktemp("speed")) as made:
        made.nics = speed_nics(made, 2)  # type: ignore[attr-defined]
        yield made


@pytest.fixture
def nics(bed: Testbed) -> tuple[SpeedNic, ...]:
    found: tuple[SpeedNic, ...] = bed.nics  # type: ignore[attr-defined]
    return found


def test_it_says_its_speed(bed: Testbed, nics: tuple[SpeedNic, ...]) -> None:
    before = nics[0].says()
    with SpeedMismatch(bed, nics[0], 100, "half"), SpeedMismatch(bed, nics[1], 1000):
        told = bed.host("host").run(["ethtool", "eth0"]).stdout
        assert "Speed: 100Mb/s" in told
        assert "Duplex: Half" in told
        assert nics[1].says() == (1000, "full")
    assert nics[0].says() == before
    with pytest.raises(LabError, match="0/full"):
        nics[0].set(0)


def test_it_is_the_nic_that_was_there(bed: Testbed) -> None:
    host = bed.host("host")
    assert host.mac("eth0") == SOURCE
    assert host.interfaces.carrier("eth0")
    assert set(host.run(["ls", "/sys/class/net"]).stdout.split()) == {"lo", "eth0", "eth1", "eth2", "eth3"}


def test_frames_pass_both_ways_and_are_captured(bed: Testbed) -> None:
    ends = (bed.host("host"), "eth0"), (bed.host("peer"), "eth0")
    cable = bed.slave_cable(0)
    with Capture.start([cable]) as capture:
        assert deliver(ends[0], ends[1], PROBES, COUNT) == Counter(range(COUNT))
        assert deliver(ends[1], ends[0], PROBES, COUNT) == Counter(range(COUNT))
        send(*ends[1], [arp(1, 1, vlan=7)])
        assert len(capture.frames(cable.a, sent=True)) == COUNT
        last = eventually(
            lambda: capture.frames(cable.a, sent=False), within=5, until=lambda seen: len(seen) == COUNT + 1
        )
        assert last[-1].data == arp(1, 1, vlan=7)


def test_tcp_passes_with_super_frames(bed: Testbed) -> None:
    host, peer = bed.host("host"), bed.host("peer")
    for machine, address in ((host, "10.8.0.1/24"), (peer, "10.8.0.2/24")):
        machine.run(["ip", "address", "add", address, "dev", "eth1"])
    with Capture.start([bed.slave_cable(1)]) as capture:
        server = peer.start(["iperf3", "--server", "--one-off"])
        eventually(lambda: peer.run(["ss", "-Hltn", "sport = :5201"]).stdout, within=5)
        host.run(["iperf3", "--client", "10.8.0.2", "--bytes", "10M"])
        assert eventually(server.poll, within=5, until=lambda code: code is not None) == 0
        assert max(frame.length for frame in capture.frames(bed.slave_cable(1).b, sent=False)) > 9000


def test_it_follows_the_cable_and_the_cable_follows_it(bed: Testbed) -> None:
    host, peer = bed.host("host").interfaces, bed.host("peer").interfaces
    with CablePull(bed, bed.slave_cable(0)):
        assert host.is_up("eth0")
        assert not host.carrier("eth0")
    assert host.carrier("eth0")
    peer.set_up("eth0", False)
    eventually(lambda: not host.carrier("eth0"), within=1)
    peer.set_up("eth0", True)
    eventually(lambda: host.carrier("eth0"), within=1)
    host.set_up("eth0", False)
    eventually(lambda: not peer.carrier("eth0"), within=1)
    host.set_up("eth0", True)
    eventually(lambda: peer.carrier("eth0"), within=1)
    ends = (bed.host("host"), "eth0"), (bed.host("peer"), "eth0")
    assert deliver(*ends, PROBES, COUNT) == Counter(range(COUNT))


def test_it_goes_with_the_testbed(run_dir: Path) -> None:
    with Testbed.build(topologies.build("host_to_host"), run_dir) as bed:
        (nic,) = speed_nics(bed, 1)
    assert nic._carrier
    assert nic._carrier.child.poll() == 0


def test_the_driver_under_test_goes_by_the_speed_it_says(run_dir: Path) -> None:
    with Testbed.build(topologies.build("host_to_host"), run_dir) as bed:
        nics = speed_nics(bed, 4)
        for nic in nics:
            nic.set(1000)
        bond = Bonding(bed, Fleet(bed))("802.3ad", slaves=4, miimon=100, lacp_rate="fast")

        def groups() -> list[list[str]]:
            by_id: dict[int | None, list[str]] = {}
            for slave in bond.status().slaves:
                by_id.setdefault(slave.aggregator_id, []).append(slave.name)
            return sorted(by_id.values())

        assert groups() == [["eth0", "eth1", "eth2", "eth3"]]
        with SpeedMismatch(bed, nics[0], 100), SpeedMismatch(bed, nics[1], 100):
            split = [["eth0", "eth1"], ["eth2", "eth3"]]
            eventually(groups, within=10, until=lambda found: found == split, what="groups by speed")
            with SpeedMismatch(bed, nics[3], 1000, "half"):
                three = [["eth0", "eth1"], ["eth2"], ["eth3"]]
                eventually(groups, within=10, until=lambda found: found == three, what="half duplex apart")
